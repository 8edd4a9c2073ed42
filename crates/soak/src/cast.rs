//! Relay, client and app as processes, and how each is started again after its death.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep};

use crate::ledger::APP;
use crate::process::{Process, Role, command};
use crate::progress::Progress;
use crate::senders::Target;
use crate::wire::{State, Wire};

/// The programs that are played with.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// kreel.
    pub(crate) kreel: PathBuf,
    /// This program, which is also the app.
    pub(crate) soak: PathBuf,
}

/// Everyone on stage. All are killed on drop.
#[derive(Debug)]
pub(crate) struct Cast {
    programs: Programs,
    dir: PathBuf,
    data: PathBuf,
    progress: Arc<Progress>,
    relay_address: SocketAddr,
    app_address: SocketAddr,
    wire: Arc<Wire>,
    /// How senders are answered; options of `kreel listen`.
    pub(crate) answer: Vec<&'static str>,
    /// The app has no moods.
    even_app: bool,
    running: BTreeMap<Role, Process>,
    /// The most memory each had in any of its lives, in KiB.
    pub(crate) peaks_kib: BTreeMap<Role, u64>,
    /// Those that ended without being told to.
    pub(crate) deaths: Vec<String>,
}

// Not 127.0.0.1, which is where connections come from: while a program is down its port could be
// taken by somebody's outgoing connection, even by one to that very port.
const APP_AT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, 77)), 0);
const RELAY_AT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, 78)), 0);
const WIRE_AT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, 79)), 0);

impl Cast {
    /// Starts all three, with files in `dir` and the relay's in `data`, until the tunnel is open.
    pub(crate) async fn start(
        programs: &Programs,
        dir: &Path,
        data: &Path,
        progress: &Arc<Progress>,
        even_app: bool,
    ) -> Result<Self> {
        let app = start_app(programs, dir, APP_AT, progress.seed, even_app);
        let (app, app_address) = listening(Role::App, app).await?;
        let relay = start_relay(programs, dir, data, RELAY_AT);
        let (relay, relay_address) = listening(Role::Relay, relay).await?;
        let mut cast = Self {
            programs: programs.clone(),
            dir: dir.to_owned(),
            data: data.to_owned(),
            progress: Arc::clone(progress),
            relay_address,
            app_address,
            wire: Arc::new(Wire::open(WIRE_AT, relay_address).await?),
            answer: Vec::new(),
            even_app,
            running: BTreeMap::from([(Role::App, app), (Role::Relay, relay)]),
            peaks_kib: BTreeMap::new(),
            deaths: Vec::new(),
        };
        cast.start_again(Role::Client).await?;
        cast.client_is_ready().await?;
        Ok(cast)
    }

    /// The network between client and relay.
    pub(crate) fn wire(&self) -> Arc<Wire> {
        Arc::clone(&self.wire)
    }

    /// Where senders post to.
    pub(crate) fn target(&self) -> Target {
        Target {
            address: self.relay_address,
            path: format!("/{TUNNEL}"),
        }
    }

    /// One who is on stage.
    pub(crate) fn process(&mut self, role: Role) -> Result<&mut Process> {
        self.running
            .get_mut(&role)
            .with_context(|| format!("there is no {role}"))
    }

    /// SIGKILL, if it is there.
    pub(crate) async fn kill(&mut self, role: Role) -> Result<()> {
        let Some(mut process) = self.running.remove(&role) else {
            return Ok(());
        };
        if let Some(status) = process.ended()? {
            if role == Role::Client && process.events("ready")?.is_empty() {
                // It tells its user when it finds no relay at all, and ends.
                self.progress.add("client found no relay");
                self.progress.client_is_gone();
                return Ok(());
            }
            self.deaths.push(format!(
                "the {role} ended by itself ({status}); see {role}.err"
            ));
        }
        let peak = self.peaks_kib.entry(role).or_default();
        *peak = process.peak_kib().max(*peak);
        process.kill().await?;
        if role == Role::Client {
            self.progress.client_is_gone();
        }
        Ok(())
    }

    /// Notes who has ended without being told to, and starts it again.
    pub(crate) async fn look_after(&mut self) -> Result<()> {
        for role in [Role::Relay, Role::App, Role::Client] {
            let ended = match self.running.get_mut(&role) {
                Some(process) => process.ended()?.is_some(),
                None => true,
            };
            if ended {
                self.kill(role).await?;
                self.start_again(role).await?;
            }
        }
        Ok(())
    }

    /// Starts one again where it was, and waits until it listens; the client only begins to
    /// connect.
    pub(crate) async fn start_again(&mut self, role: Role) -> Result<()> {
        let end = Instant::now() + READY_WITHIN;
        loop {
            if role == Role::Client {
                self.progress.client_comes();
            }
            let mut process = self.spawn(role)?;
            if role == Role::Client || process.says("ready", READY_WITHIN).await?.is_some() {
                self.running.insert(role, process);
                return Ok(());
            }
            // A full disk is a reason, as is a port in use.
            self.progress.add(match role {
                Role::Relay => "relay could not start",
                _ => "app could not start",
            });
            if Instant::now() > end {
                bail!("the {role} does not start again; see {role}.err");
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Starts one without waiting for it to be ready.
    pub(crate) fn spawn(&self, role: Role) -> Result<Process> {
        let Self {
            programs,
            dir,
            data,
            ..
        } = self;
        match role {
            Role::App => start_app(
                programs,
                dir,
                self.app_address,
                self.progress.seed,
                self.even_app,
            ),
            Role::Relay => start_relay(programs, dir, data, self.relay_address),
            Role::Client => {
                let mut client = command(&programs.kreel, dir);
                client
                    .args(["listen", &format!("http://{}", self.app_address)])
                    .args(["--relay", &format!("http://{}", self.wire.address())])
                    .args(["--tunnel", TUNNEL, "--wait", "1s", "--json"])
                    .args(&self.answer)
                    .arg("--token-file")
                    .arg(dir.join("token"));
                Process::start(role, &mut client, dir)
            }
        }
    }

    /// Has the link made anew; how many deliveries the relay keeps then.
    pub(crate) async fn kept_at_a_new_link(&mut self) -> Result<u64> {
        let before = self.process(Role::Client)?.events("ready")?.len();
        self.wire.cut().await;
        self.wire.set(State::Open);
        let end = Instant::now() + READY_WITHIN;
        loop {
            let events = self.process(Role::Client)?.events("ready")?;
            if let Some(ready) = events.get(before) {
                return ready["waiting"].as_u64().context("ready without a count");
            }
            if Instant::now() > end {
                bail!("the client did not find its way back; see client.err");
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn client_is_ready(&mut self) -> Result<()> {
        let ready = self
            .process(Role::Client)?
            .says("ready", READY_WITHIN)
            .await?;
        ready
            .map(drop)
            .context("the client ended before it was ready; see client.err")
    }
}

fn start_app(
    programs: &Programs,
    dir: &Path,
    at: SocketAddr,
    seed: u64,
    even: bool,
) -> Result<Process> {
    let mut app = command(&programs.soak, dir);
    app.arg("app")
        .args(["--listen", &at.to_string(), "--seed", &seed.to_string()])
        .args(even.then_some("--even"))
        .arg("--ledger")
        .arg(dir.join(APP))
        .stdin(Stdio::piped());
    Process::start(Role::App, &mut app, dir)
}

fn start_relay(programs: &Programs, dir: &Path, data: &Path, at: SocketAddr) -> Result<Process> {
    let mut relay = command(&programs.kreel, dir);
    relay
        .args([
            "relay",
            "--listen",
            &at.to_string(),
            "--tls",
            "off",
            "--json",
        ])
        .arg("--data")
        .arg(data)
        .arg("--token-file")
        .arg(dir.join("token"));
    Process::start(Role::Relay, &mut relay, dir)
}

async fn listening(role: Role, process: Result<Process>) -> Result<(Process, SocketAddr)> {
    let mut process = process?;
    let ready = process.says("ready", READY_WITHIN).await?;
    let ready = ready.with_context(|| format!("the {role} does not start; see {role}.err"))?;
    let address = ready["listen"]
        .as_str()
        .context("ready without an address")?
        .parse()?;
    Ok((process, address))
}

/// The tunnel's name.
pub(crate) const TUNNEL: &str = "soak-tunnel";

/// None of them needs a second; a loaded machine or a full disk may take longer.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(30);
