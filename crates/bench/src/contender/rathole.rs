//! rathole: a TCP tunnel with a pool of data channels dialled by the client.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::Result;
use tokio::process::Command;

use super::{Stage, free_port, hook};
use crate::load::Target;
use crate::process::Process;

/// Starts server and client with one TCP service and the default settings.
pub(super) fn start(stage: &Stage, dir: &Path) -> Result<(Target, Vec<Process>)> {
    let (control, public) = (free_port()?, free_port()?);
    let server = dir.join("server.toml");
    fs::write(
        &server,
        format!(
            "[server]\nbind_addr = \"127.0.0.1:{control}\"\ndefault_token = \"bench\"\n\
             [server.services.app]\nbind_addr = \"127.0.0.1:{public}\"\n"
        ),
    )?;
    let client = dir.join("client.toml");
    fs::write(
        &client,
        format!(
            "[client]\nremote_addr = \"127.0.0.1:{control}\"\ndefault_token = \"bench\"\n\
             [client.services.app]\nlocal_addr = \"{}\"\n",
            stage.app
        ),
    )?;
    let rathole = stage.tools.peer("rathole");
    let run = |role, flag, config| {
        let mut command = Command::new(&rathole);
        Process::quiet(role, command.arg(flag).arg(config), dir)
    };
    let processes = vec![
        run("relay", "--server", server)?,
        run("client", "--client", client)?,
    ];
    Ok((hook((Ipv4Addr::LOCALHOST, public).into()), processes))
}
