//! kreel: relay and client as a user starts them, with record and inspection on.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::process::Command;

use super::Stage;
use crate::load::{Target, Tls};
use crate::process::{Printout, Process};
use crate::tls::believing;

/// Starts a relay and one client.
pub(super) async fn start(stage: &Stage, dir: &Path, tls: bool) -> Result<(Target, Vec<Process>)> {
    let relay = Relay::start(stage, dir, tls).await?;
    let (client, mut printout) = relay.client(stage, dir, Client::Quiet)?;
    let mut processes = vec![relay.process, client];
    let url = processes[1].line(&mut printout).await?;
    processes[1].ignore(printout);
    let target =
        target(&url).with_context(|| format!("`kreel listen --print-url` said {url:?}"))?;
    Ok((target, processes))
}

/// A running relay.
#[derive(Debug)]
pub(crate) struct Relay {
    /// The process.
    pub(crate) process: Process,
    /// Its public address.
    pub(crate) url: String,
    /// The file its first token is in.
    pub(crate) token: PathBuf,
    /// Its certificate, if it speaks TLS.
    pub(crate) certificate: Option<PathBuf>,
}

/// What a client prints.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Client {
    /// Nothing but the address.
    Quiet,
    /// One object a line.
    Json,
}

impl Relay {
    /// Starts a relay with its files in this folder and waits until it listens.
    pub(crate) async fn start(stage: &Stage, dir: &Path, tls: bool) -> Result<Self> {
        Self::start_with(stage, dir, tls, &[]).await
    }

    /// The same with further options.
    pub(crate) async fn start_with(
        stage: &Stage,
        dir: &Path,
        tls: bool,
        options: &[&str],
    ) -> Result<Self> {
        let data = dir.join("relay");
        let token = dir.join("token");
        let mut command = kreel(stage, dir)?;
        command
            .args(["relay", "--listen", "127.0.0.1:0", "--json"])
            .args(["--tls", if tls { "self-signed" } else { "off" }])
            .arg("--data")
            .arg(&data)
            .arg("--token-file")
            .arg(&token)
            // All of a scenario's links have one token.
            .args(["--limit", "max_links_per_token=10000"])
            .args(["--limit", "max_tunnels_per_token=1000000"])
            .args(options);
        let (mut process, mut printout) = Process::talking("relay", &mut command, dir)?;
        let line = process.line(&mut printout).await?;
        process.ignore(printout);
        Ok(Self {
            url: ready(&line)?,
            process,
            token,
            certificate: tls.then(|| data.join("cert.pem")),
        })
    }

    /// Where to post to a tunnel whose client is gone.
    pub(crate) fn kept_at(&self, tunnel: &str) -> Result<Target> {
        let target = target(&format!("{}/{tunnel}", self.url))?;
        Ok(Target {
            kept: true,
            ..target
        })
    }

    /// Where to post to a tunnel whose client is there.
    pub(crate) fn tunnel_at(&self, tunnel: &str) -> Result<Target> {
        target(&format!("{}/{tunnel}", self.url))
    }

    /// Where the relay itself can be reached.
    pub(crate) fn target(&self) -> Result<Target> {
        target(&self.url)
    }

    /// Starts a client with a new tunnel; it may not be connected yet.
    pub(crate) fn client(
        &self,
        stage: &Stage,
        dir: &Path,
        client: Client,
    ) -> Result<(Process, Printout)> {
        self.client_on(stage, dir, client, &["--new"])
    }

    /// The same with the tunnel that these options name.
    pub(crate) fn client_on(
        &self,
        stage: &Stage,
        dir: &Path,
        client: Client,
        tunnel: &[&str],
    ) -> Result<(Process, Printout)> {
        let mut command = kreel(stage, dir)?;
        command
            .args(["listen", &stage.app.to_string()])
            .args(tunnel)
            .args(["--relay", &self.url])
            .arg("--token-file")
            .arg(&self.token);
        if let Some(certificate) = &self.certificate {
            command.arg("--relay-ca").arg(certificate);
        }
        match client {
            Client::Quiet => command.args(["--output", "quiet", "--print-url"]),
            Client::Json => command.arg("--json"),
        };
        Process::talking("client", &mut command, dir)
    }
}

/// The address in a `ready` line.
pub(crate) fn ready(line: &str) -> Result<String> {
    let event: Value = serde_json::from_str(line).with_context(|| format!("no event: {line:?}"))?;
    let url = (event["type"] == "ready").then(|| event["url"].as_str());
    let url = url.flatten().map(str::to_owned);
    url.with_context(|| format!("not ready: {line:?}"))
}

/// Whether a line only says that the client is on its way.
pub(crate) fn is_connecting(line: &str) -> bool {
    serde_json::from_str::<Value>(line).is_ok_and(|event| event["type"] == "connecting")
}

/// kreel with nothing of the user's: its settings and its history are in this folder.
fn kreel(stage: &Stage, dir: &Path) -> Result<Command> {
    let mut command = Command::new(stage.tools.kreel.as_ref().context("no kreel")?);
    let kreel = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("KREEL_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| kreel(name)) {
        command.env_remove(name);
    }
    command
        .current_dir(dir)
        .stdin(std::process::Stdio::null())
        .env("XDG_DATA_HOME", dir.join("data"))
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env("XDG_STATE_HOME", dir.join("state"))
        .env("XDG_CACHE_HOME", dir.join("cache"));
    Ok(command)
}

/// Where to post, from a tunnel's address.
fn target(url: &str) -> Result<Target> {
    let url: http::Uri = url.trim().parse()?;
    let authority = url.authority().context("an address without a host")?;
    let tls = if url.scheme_str() == Some("https") {
        let (connector, name) = (believing()?, authority.host().to_owned().try_into()?);
        Some(Tls { connector, name })
    } else {
        None
    };
    let port = authority.port_u16().context("an address without a port")?;
    Ok(Target {
        addr: SocketAddr::from(([127, 0, 0, 1], port)),
        host: authority.to_string(),
        path: format!("{}/hook", url.path().trim_end_matches('/')),
        tls,
        kept: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_is_where_its_address_says() {
        let target = target("http://127.0.0.1:8080/calm-otter\n").unwrap();
        assert_eq!(target.addr, ([127, 0, 0, 1], 8080).into());
        assert_eq!(target.host, "127.0.0.1:8080");
        assert_eq!(target.path, "/calm-otter/hook");
    }

    #[test]
    fn only_ready_is_ready() {
        assert_eq!(
            ready(r#"{"type":"ready","url":"http://x/y"}"#).unwrap(),
            "http://x/y"
        );
        assert!(ready(r#"{"type":"error","url":"http://x/y"}"#).is_err());
        assert!(ready("ready").is_err());
        assert!(is_connecting(r#"{"type":"connecting","relay":"x"}"#));
        assert!(!is_connecting(r#"{"type":"ready","url":"http://x/y"}"#) && !is_connecting("x"));
    }
}
