//! bare: the yardstick's two ends.

use std::net::Ipv4Addr;
use std::path::Path;

use anyhow::{Context, Result};
use tokio::process::Command;

use super::{Stage, hook};
use crate::load::Target;
use crate::process::Process;

/// Starts relay and client, which keeps what comes if it is told where.
pub(super) async fn start(
    stage: &Stage,
    dir: &Path,
    kept_in: Option<&Path>,
) -> Result<(Target, Vec<Process>)> {
    let mut relay = Command::new(&stage.tools.bench);
    let (mut relay, mut printout) = Process::talking("relay", relay.arg("bare-relay"), dir)?;
    let line = relay.line(&mut printout).await?;
    relay.ignore(printout);
    let (link, public) = line.split_once(' ').context("two ports")?;
    let port = |text: &str| -> Result<u16> { text.parse().context("a port") };
    let link = format!("127.0.0.1:{}", port(link)?);
    let mut client = Command::new(&stage.tools.bench);
    client
        .arg("bare-client")
        .args([link, stage.app.to_string()]);
    if let Some(file) = kept_in {
        client.arg("--record").arg(file);
    }
    let client = Process::quiet("client", &mut client, dir)?;
    let target = hook((Ipv4Addr::LOCALHOST, port(public)?).into());
    Ok((target, vec![relay, client]))
}
