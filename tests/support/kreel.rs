//! `kreel` with any words: for commands that end by themselves, and to see how others end.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;

use super::client::Home;
use super::process::Process;
use super::wait::{DEADLINE, within};

/// A command line to run, in a home of its own unless it is given one.
#[derive(Debug, Clone)]
pub(crate) struct Kreel {
    args: Vec<String>,
    env: Vec<(String, String)>,
    input: Vec<u8>,
    home: Home,
    runner: Vec<String>,
    leads: bool,
}

/// A program that has ended, and what it left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
    /// How long it ran.
    pub(crate) took: Duration,
}

impl Kreel {
    /// `kreel` with these words.
    pub(crate) fn new(args: &[&str]) -> Self {
        Self {
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: Vec::new(),
            input: Vec::new(),
            home: Home::new(),
            runner: Vec::new(),
            leads: false,
        }
    }

    /// With these words besides.
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|&arg| arg.to_owned()));
        self
    }

    /// With an option whose value is a path.
    pub(crate) fn path(mut self, option: &str, path: &Path) -> Self {
        self.args
            .extend([option.to_owned(), path.display().to_string()]);
        self
    }

    /// With this variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// With this on its standard input.
    pub(crate) fn input(mut self, text: &str) -> Self {
        self.input = text.as_bytes().to_owned();
        self
    }

    /// In this home.
    pub(crate) fn home(mut self, home: &Home) -> Self {
        self.home = home.clone();
        self
    }

    /// By way of another program, which takes its place: `faketime …`.
    pub(crate) fn through(mut self, runner: &[&str]) -> Self {
        self.runner = runner.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// As the leader of a process group, as shells start commands at a terminal.
    pub(crate) fn leading(mut self) -> Self {
        self.leads = true;
        self
    }

    /// Starts it, and does not wait.
    pub(crate) fn start(&self) -> Process {
        Process::start(&self.name(), &mut self.command())
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self) -> Finished {
        super::machine::share();
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let start = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // One that does not read its input may be gone by now.
        let _ = input.write_all(&self.input).await;
        drop(input);
        let output = within(&self.name(), DEADLINE, child.wait_with_output())
            .await
            .unwrap();
        Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            took: start.elapsed(),
        }
    }

    fn name(&self) -> String {
        format!("kreel {}", self.args.join(" "))
    }

    fn command(&self) -> tokio::process::Command {
        let command = Process::kreel(
            &self.args,
            self.home.path(),
            &self.home.project(),
            &self.env,
        );
        let mut command = Process::through(&self.runner, command);
        if self.leads {
            command.process_group(0);
        }
        command
    }
}

impl Finished {
    /// Waits for the end of a process; what of its standard output has been read is not here.
    pub(crate) async fn of(process: &mut Process, deadline: Duration) -> Self {
        let start = Instant::now();
        let code = process.ended(deadline).await.code();
        let mut stdout = String::new();
        while let Some(line) = process.line_at_hand() {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        Self {
            code,
            stdout,
            stderr: process.stderr(),
            took: start.elapsed(),
        }
    }

    /// Standard output of a command that must succeed.
    pub(crate) fn success(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self}");
        &self.stdout
    }

    /// Asserts that it failed as `docs/errors.md` says: with this exit code, this code of the
    /// fault and all of these words on standard error, and not as if nothing had happened.
    pub(crate) fn failed(&self, exit: i32, code: &str, words: &[&str]) {
        self.failed_after_ready(exit, code, words);
        for never in ["Ready", "ready  "] {
            let said = self.stdout.contains(never) || self.stderr.contains(never);
            assert!(!said, "{never}: {self}");
        }
    }

    /// The same of one that had worked before.
    pub(crate) fn failed_after_ready(&self, exit: i32, code: &str, words: &[&str]) {
        assert_eq!(self.code, Some(exit), "{self}");
        assert!(
            self.stderr.contains(&format!("error {code}: ")),
            "no {code}: {self}"
        );
        assert!(self.stderr.contains("\n  next: "), "no advice: {self}");
        for word in words {
            assert!(self.stderr.contains(word), "nothing of {word:?}: {self}");
        }
        assert!(!self.stderr.contains("panicked"), "{self}");
    }
}

impl std::fmt::Display for Finished {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
            took,
        } = self;
        write!(
            f,
            "exit code {code:?} after {took:?}\n--- stdout:\n{stdout}--- stderr:\n{stderr}---"
        )
    }
}
