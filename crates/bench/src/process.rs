//! A child process that does not outlive its value: killed on drop, its own children with it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::usage::{self, Usage};

/// A running program.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its part in the variant: `relay`, `client`…
    pub(crate) role: &'static str,
    child: Child,
    pid: u32,
    log: PathBuf,
    /// Held open: the app ends when it closes.
    _stdin: Option<ChildStdin>,
    drain: Option<AbortHandle>,
}

/// What a program prints, line by line.
#[derive(Debug)]
pub(crate) struct Printout(Lines<BufReader<ChildStdout>>);

impl Process {
    /// Starts a program that prints nothing of interest. Its errors go to a file in `dir`.
    pub(crate) fn quiet(role: &'static str, command: &mut Command, dir: &Path) -> Result<Self> {
        Self::start(
            role,
            command.stdin(Stdio::null()).stdout(Stdio::null()),
            dir,
        )
    }

    /// Starts a program and hands out what it prints.
    pub(crate) fn talking(
        role: &'static str,
        command: &mut Command,
        dir: &Path,
    ) -> Result<(Self, Printout)> {
        let mut process = Self::start(role, command.stdout(Stdio::piped()), dir)?;
        let stdout = process.child.stdout.take().context("no pipe")?;
        Ok((process, Printout(BufReader::new(stdout).lines())))
    }

    fn start(role: &'static str, command: &mut Command, dir: &Path) -> Result<Self> {
        let program = command.as_std().get_program().to_owned();
        let log = dir.join(format!("{role}.log"));
        let mut child = command
            .stderr(File::create(&log)?)
            // Nobody is slowed down by what the shell happens to set.
            .env_remove("RUST_BACKTRACE")
            .env_remove("RUST_LOG")
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self {
            role,
            pid: child.id().context("it ended at once")?,
            _stdin: child.stdin.take(),
            child,
            log,
            drain: None,
        })
    }

    /// The next line of what it prints.
    pub(crate) async fn line(&mut self, printout: &mut Printout) -> Result<String> {
        match timeout(READY_WITHIN, printout.0.next_line()).await {
            Ok(Ok(Some(line))) => Ok(line),
            Ok(Ok(None)) => Err(self.trouble("ended before it was ready")),
            Ok(Err(broken)) => Err(broken.into()),
            Err(_) => Err(self.trouble("said nothing")),
        }
    }

    /// Reads and forgets what else it prints, so that it never waits for us.
    pub(crate) fn ignore(&mut self, mut printout: Printout) {
        let drain = async move { while let Ok(Some(_)) = printout.0.next_line().await {} };
        self.drain = Some(tokio::spawn(drain).abort_handle());
    }

    /// Fails if it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            Some(status) => bail!(self.trouble(&format!("ended ({status})"))),
            None => Ok(()),
        }
    }

    /// Asks it to end, and waits until it has; what it wrote to standard error.
    pub(crate) async fn stop(mut self) -> Result<String> {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid
            .and_then(Pid::from_raw)
            .context("it has ended already")?;
        kill_process(pid, Signal::TERM)?;
        match timeout(READY_WITHIN, self.child.wait()).await {
            Ok(ended) => ended?,
            Err(_) => bail!(self.trouble("does not end")),
        };
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// The process's own and its children's use of the machine.
    pub(crate) fn usage(&self) -> Usage {
        usage::of_tree(self.pid)
    }

    /// What happened, with the last lines it wrote to standard error.
    pub(crate) fn trouble(&self, what: &str) -> anyhow::Error {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n  ");
        anyhow!("{} (pid {}) {what}\n  {tail}", self.role, self.pid)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(drain) = self.drain.take() {
            drain.abort();
        }
        // No id: it has ended and been reaped, and the number may be another's by now.
        if self.child.id().is_none() {
            return;
        }
        // The parent first: nginx's master would start new workers.
        let children = usage::children(self.pid);
        let _ = self.child.start_kill();
        for child in children {
            let pid = i32::try_from(child).ok().and_then(Pid::from_raw);
            if let Some(pid) = pid {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// Runs a program to its end, its output on our standard error.
pub(crate) async fn finish(command: &mut Command) -> Result<()> {
    let program = command.as_std().get_program().to_owned();
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .kill_on_drop(true)
        .status()
        .await
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("{} failed ({status})", program.display());
    }
    Ok(())
}

/// The first line a program prints when asked for its version; empty where there is none.
pub(crate) async fn version(program: impl AsRef<OsStr>, flag: &str) -> Result<String> {
    let output = match Command::new(program).arg(flag).output().await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        output => output?,
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// No program here needs a second; a loaded machine may need several.
pub(crate) const READY_WITHIN: Duration = Duration::from_secs(20);

/// Enough of a log to see what went wrong.
const LOG_LINES: usize = 12;
