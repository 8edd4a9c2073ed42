//! A child process that does not outlive its value, with what it says in files.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{Instant, sleep, timeout};

/// Who is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    /// `kreel relay`.
    Relay,
    /// `kreel listen`.
    Client,
    /// The local app.
    App,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relay => "relay",
            Self::Client => "client",
            Self::App => "app",
        })
    }
}

/// A running program. Killed on drop.
#[derive(Debug)]
pub(crate) struct Process {
    role: Role,
    child: Child,
    pid: Pid,
    out: PathBuf,
    /// Where in `out` its own lines begin.
    begins_at: u64,
    /// Held open: the app ends when it closes.
    _stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts a program; what it says goes to the end of two files in `logs`.
    pub(crate) fn start(role: Role, command: &mut Command, logs: &Path) -> Result<Self> {
        let open = |name: String| -> Result<(PathBuf, File)> {
            let path = logs.join(name);
            let file = OpenOptions::new().create(true).append(true).open(&path);
            Ok((
                path.clone(),
                file.with_context(|| format!("cannot open {}", path.display()))?,
            ))
        };
        let (out, stdout) = open(format!("{role}.out"))?;
        let (_, mut stderr) = open(format!("{role}.err"))?;
        let begins_at = stdout.metadata()?.len();
        let program = command.as_std().get_program().to_owned();
        let mut child = command
            .stdout(stdout)
            .stderr(stderr.try_clone()?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let pid = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.context("it ended at once")?;
        writeln!(stderr, "--- {role}, pid {}", pid.as_raw_nonzero())?;
        Ok(Self {
            role,
            pid,
            _stdin: child.stdin.take(),
            child,
            out,
            begins_at,
        })
    }

    /// The events of this type it has printed, if it prints one a line.
    pub(crate) fn events(&self, kind: &str) -> Result<Vec<Value>> {
        let mut file = File::open(&self.out)?;
        file.seek(SeekFrom::Start(self.begins_at))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let start = format!("{{\"type\":\"{kind}\"");
        let lines = text.split(|byte| *byte == b'\n');
        let ours = lines.filter(|line| line.starts_with(start.as_bytes()));
        Ok(ours
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect())
    }

    /// Waits for an event of this type; none if it ends before.
    pub(crate) async fn says(&mut self, kind: &str, within: Duration) -> Result<Option<Value>> {
        let end = Instant::now() + within;
        loop {
            let ended = self.ended()?;
            if let Some(event) = self.events(kind)?.into_iter().next() {
                return Ok(Some(event));
            }
            if ended.is_some() {
                return Ok(None);
            }
            if Instant::now() > end {
                bail!("the {} did not say {kind:?} within {within:?}", self.role);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Sends a signal, unless it has ended: then the number may be another's.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.child.id().is_some() {
            let _ = kill_process(self.pid, signal);
        }
    }

    /// SIGKILL; it is gone when this returns.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.signal(Signal::KILL);
        self.wait(GONE_WITHIN).await.map(drop)
    }

    /// SIGTERM, and waits for its end; how it ended.
    pub(crate) async fn terminate(&mut self, within: Duration) -> Result<ExitStatus> {
        self.signal(Signal::TERM);
        self.wait(within).await
    }

    async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        match timeout(within, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("the {} did not end within {within:?}", self.role),
        }
    }

    /// The most memory it has had so far, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid.as_raw_nonzero());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        number.unwrap_or_default()
    }
}

/// Standard input for one that ends when it closes, and nothing of the user's settings.
pub(crate) fn command(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", dir)
        .env("XDG_DATA_HOME", dir.join("data"))
        .env("XDG_CONFIG_HOME", dir.join("config"))
        .env("XDG_STATE_HOME", dir.join("state"))
        .env("XDG_CACHE_HOME", dir.join("cache"))
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null());
    command
}

/// Often enough not to be waited for.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A kill takes milliseconds; a loaded machine may need seconds to notice.
const GONE_WITHIN: Duration = Duration::from_secs(20);
