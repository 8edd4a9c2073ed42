//! bore: a connection of the sender becomes a connection dialled back by the client.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::{Stage, free_port, hook, listening};
use crate::load::Target;
use crate::process::Process;

/// Starts server and client; the client tries once, so the server must listen first.
pub(super) async fn start(stage: &Stage, dir: &Path) -> Result<(Target, Vec<Process>)> {
    let bore = stage.tools.peer("bore");
    let port = free_port()?;
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, CONTROL_PORT))
        .with_context(|| format!("bore's port {CONTROL_PORT} is taken; another bench running?"))?;
    drop(probe);
    let mut server = Command::new(&bore);
    server
        .args(["server", "--bind-addr", "127.0.0.1"])
        .args(["--min-port", &port.to_string()])
        .args(["--max-port", &port.to_string()]);
    let server = Process::quiet("relay", &mut server, dir)?;
    listening((Ipv4Addr::LOCALHOST, CONTROL_PORT).into()).await?;
    let mut client = Command::new(&bore);
    client
        .args(["local", &stage.app.port().to_string()])
        .args(["--local-host", "127.0.0.1", "--to", "127.0.0.1"])
        .args(["--port", &port.to_string()]);
    let client = Process::quiet("client", &mut client, dir)?;
    let target = hook((Ipv4Addr::LOCALHOST, port).into());
    Ok((target, vec![server, client]))
}

/// Not configurable in bore.
const CONTROL_PORT: u16 = 7835;
