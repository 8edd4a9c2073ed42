//! The ways a webhook can take to the app, each as running processes and an address to post to.

mod bare;
mod bore;
mod kreel;
mod nginx;
mod rathole;

pub(crate) use kreel::{Client, Relay, is_connecting, ready};

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::Instant;

use crate::load::{Load, Senders, Target};
use crate::process::{Process, READY_WITHIN};
use crate::tools::Tools;
use crate::usage::Usage;

/// A way to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Variant {
    /// Straight to it: what the generator and the app cost by themselves.
    Direct,
    /// `bore`, a TCP tunnel.
    Bore,
    /// `rathole`, a TCP tunnel.
    Rathole,
    /// nginx as a plain reverse proxy.
    Nginx,
    /// The least that can be done over a websocket: a yardstick.
    Bare,
    /// The same, and what came and was answered kept in a file.
    BareRecord,
    /// Ours.
    Kreel,
}

impl Variant {
    /// Every variant, in the order of the report.
    pub(crate) const ALL: [Self; 7] = [
        Self::Direct,
        Self::Bore,
        Self::Rathole,
        Self::Nginx,
        Self::Bare,
        Self::BareRecord,
        Self::Kreel,
    ];
    /// The names, in the same order.
    pub(crate) const NAMES: [&str; 7] = [
        "direct",
        "bore",
        "rathole",
        "nginx",
        "bare",
        "bare-record",
        "kreel",
    ];

    /// What one types and reads.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether it is there only to tell what the machine lets a tunnel reach.
    pub(crate) fn is_yardstick(self) -> bool {
        matches!(self, Self::Bare | Self::BareRecord)
    }

    /// Whether it can end TLS itself.
    pub(crate) fn tls(self) -> bool {
        matches!(self, Self::Nginx | Self::Kreel)
    }
}

/// What every contender runs on: the programs, a folder and the app.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The programs.
    pub(crate) tools: Tools,
    /// The app's address.
    pub(crate) app: SocketAddr,
    dir: PathBuf,
    _app: Process,
}

impl Stage {
    /// Starts the app.
    pub(crate) async fn set(tools: Tools, dir: &Path) -> Result<Self> {
        let mut command = Command::new(&tools.bench);
        command.arg("app").stdin(std::process::Stdio::piped());
        let (mut process, mut printout) = Process::talking("app", &mut command, dir)?;
        let line = process.line(&mut printout).await?;
        process.ignore(printout);
        Ok(Self {
            app: line.parse().context("the app's address")?,
            dir: dir.to_owned(),
            tools,
            _app: process,
        })
    }

    /// A new folder for one contender.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        std::fs::create_dir(&dir)?;
        Ok(dir)
    }
}

/// A way that is open.
#[derive(Debug)]
pub(crate) struct Contender {
    /// Which it is.
    pub(crate) variant: Variant,
    /// Where to post.
    pub(crate) target: Arc<Target>,
    /// What it consists of, the public end first.
    pub(crate) processes: Vec<Process>,
    /// What each process used before the first load.
    pub(crate) at_rest: Vec<Usage>,
}

impl Contender {
    /// Starts a variant and waits until a webhook comes through.
    pub(crate) async fn start(variant: Variant, tls: bool, stage: &Stage) -> Result<Self> {
        let dir = stage.folder(&format!(
            "{}{}",
            variant.name(),
            if tls { "-tls" } else { "" }
        ))?;
        let (target, processes) = match variant {
            Variant::Direct => (hook(stage.app), Vec::new()),
            Variant::Bore => bore::start(stage, &dir).await?,
            Variant::Rathole => rathole::start(stage, &dir)?,
            Variant::Nginx => nginx::start(stage, &dir, tls)?,
            Variant::Bare => bare::start(stage, &dir, None).await?,
            Variant::BareRecord => bare::start(stage, &dir, Some(&dir.join("record.db"))).await?,
            Variant::Kreel => kreel::start(stage, &dir, tls).await?,
        };
        let mut contender = Self {
            variant,
            target: Arc::new(target),
            processes,
            at_rest: Vec::new(),
        };
        contender.answers().await.with_context(|| {
            let name = variant.name();
            format!("{name} is not usable (leave it out with --variants)")
        })?;
        contender.at_rest = contender.processes.iter().map(Process::usage).collect();
        Ok(contender)
    }

    /// The processor time of all its processes.
    pub(crate) fn cpu(&self) -> Duration {
        self.processes.iter().map(|p| p.usage().cpu).sum()
    }

    /// Waits until it does nothing any more, so that what it put off is counted as its own.
    pub(crate) async fn rest(&self) {
        let deadline = Instant::now() + REST_WITHIN;
        let mut before = self.cpu();
        let mut still = 0;
        while still < 2 && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
            let now = self.cpu();
            still = if now == before { still + 1 } else { 0 };
            before = now;
        }
    }

    /// Posts until the app answers.
    async fn answers(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        let once = Load {
            senders: 1,
            body_bytes: 600,
            fresh: true,
            requests: 1,
            pace: None,
        };
        loop {
            for process in &mut self.processes {
                process.check()?;
            }
            let mut senders = Senders::new(Arc::clone(&self.target), once);
            let sample = senders.run(1, READY_WITHIN).await;
            if sample.errors == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!(sample.complaint.unwrap_or_default());
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The plain target at an address.
fn hook(addr: SocketAddr) -> Target {
    Target {
        addr,
        host: addr.to_string(),
        path: "/hook".to_owned(),
        tls: None,
        kept: false,
    }
}

/// A loopback port nobody listens on at the moment, for programs that cannot choose themselves.
fn free_port() -> Result<u16> {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(probe.local_addr()?.port())
}

/// Waits until somebody listens at an address.
async fn listening(addr: SocketAddr) -> Result<()> {
    let deadline = Instant::now() + READY_WITHIN;
    while TcpStream::connect(addr).await.is_err() {
        if Instant::now() > deadline {
            bail!("nobody listens at {addr}");
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Two ticks of the processor clock.
const POLL: Duration = Duration::from_millis(20);

/// A variant still busy after this is so all the time.
const REST_WITHIN: Duration = Duration::from_secs(2);
