//! A process that does not outlive its value, with what it prints.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::wait::{DEADLINE, eventually, within};

/// The program as it was built.
pub(crate) const KREEL: &str = env!("CARGO_BIN_EXE_kreel");

/// A running program. Killed on drop.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    pid: u32,
    stdout: mpsc::UnboundedReceiver<String>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts a program with no standard input.
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        super::machine::share();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} can't be started: {error}"));
        let (lines, stdout) = mpsc::unbounded_channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        let stderr = Arc::new(Mutex::new(String::new()));
        let heard = stderr.clone();
        let readers = vec![
            tokio::spawn(each_line(out, move |line| drop(lines.send(line)))),
            tokio::spawn(each_line(err, move |line| {
                let mut heard = heard.lock().unwrap();
                heard.push_str(&line);
                heard.push('\n');
            })),
        ];
        Self {
            name: name.to_owned(),
            pid: child.id().expect("it has not been waited for"),
            child,
            stdout,
            stderr,
            readers,
        }
    }

    /// `kreel` with these arguments, at home in this folder and with nothing of our environment.
    pub(crate) fn kreel(
        args: &[String],
        home: &Path,
        cwd: &Path,
        env: &[(String, String)],
    ) -> Command {
        Self::kreel_at(Path::new(KREEL), args, home, cwd, env)
    }

    /// The same, installed here.
    pub(crate) fn kreel_at(
        program: &Path,
        args: &[String],
        home: &Path,
        cwd: &Path,
        env: &[(String, String)],
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(cwd)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("RUST_BACKTRACE", "1")
            .envs(env.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The same by way of another program, which takes its place: `ip netns exec …`.
    pub(crate) fn through(runner: &[String], command: Command) -> Command {
        let Some((program, words)) = runner.split_first() else {
            return command;
        };
        let inner = command.as_std();
        let mut outer = Command::new(program);
        outer
            .args(words)
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear();
        outer.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        if let Some(folder) = inner.get_current_dir() {
            outer.current_dir(folder);
        }
        outer
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The next line of standard output; nothing once it is closed. Panics after the deadline.
    pub(crate) async fn line(&mut self, what: &str, deadline: Duration) -> Option<String> {
        match tokio::time::timeout(deadline, self.stdout.recv()).await {
            Ok(line) => line,
            Err(_) => panic!(
                "{}",
                self.trouble(&format!("did not print {what} within {deadline:?}"))
            ),
        }
    }

    /// A line of standard output that is there already.
    pub(crate) fn line_at_hand(&mut self) -> Option<String> {
        self.stdout.try_recv().ok()
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid)
            .ok()
            .and_then(Pid::from_raw)
            .unwrap();
        // One that has ended already is no fault: stories race with exits on purpose.
        let _ = self.child.id().map(|_| kill_process(pid, signal));
    }

    /// Sends a signal to it and all of its group, as a terminal does on Ctrl-C. It must lead one.
    pub(crate) fn signal_group(&self, signal: Signal) {
        let group = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let _ = self
            .child
            .id()
            .map(|_| kill_process_group(group.unwrap(), signal));
    }

    /// Waits until it takes this signal in its own way.
    pub(crate) async fn catches(&mut self, signal: Signal) {
        let bit = 1_u64 << (signal.as_raw() - 1);
        let status = format!("/proc/{}/status", self.pid);
        let caught = || {
            let status = std::fs::read_to_string(&status).unwrap_or_default();
            let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            mask.is_some_and(|mask| mask & bit != 0)
        };
        eventually("it takes signals", DEADLINE, caught).await;
    }

    /// How much of a processor it has had; nothing once it is gone.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // Behind the name, which may hold anything: user and system time in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
        Some(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
    }

    /// Waits for its end, and for all it printed.
    pub(crate) async fn ended(&mut self, deadline: Duration) -> ExitStatus {
        let waited = tokio::time::timeout(deadline, self.child.wait()).await;
        let Ok(status) = waited else {
            panic!(
                "{}",
                self.trouble(&format!("did not end within {deadline:?}"))
            );
        };
        for reader in self.readers.drain(..) {
            let _ = within("the end of its output", DEADLINE, reader).await;
        }
        status.unwrap()
    }

    /// SIGKILL, and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.ended(DEADLINE).await;
    }

    /// SIGTERM, and the exit code; none if a signal ended it.
    pub(crate) async fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ended(DEADLINE).await.code()
    }

    /// SIGSTOP: it holds its sockets and does nothing.
    pub(crate) fn stop(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub(crate) fn cont(&self) {
        self.signal(Signal::CONT);
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The memory it has at the moment, in bytes.
    pub(crate) fn rss(&self) -> u64 {
        self.status_bytes("VmRSS:")
    }

    /// The most memory it has had, in bytes.
    pub(crate) fn peak_rss(&self) -> u64 {
        self.status_bytes("VmHWM:")
    }

    fn status_bytes(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with(field))
            .unwrap_or_default();
        let number = line
            .split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<u64>().ok());
        number.unwrap_or_else(|| panic!("{}", self.trouble("has no memory any more"))) * 1024
    }

    /// What happened, with what it wrote to standard error.
    pub(crate) fn trouble(&self, what: &str) -> String {
        format!(
            "{} (pid {}) {what}\n--- its standard error:\n{}---",
            self.name,
            self.pid,
            self.stderr()
        )
    }
}

async fn each_line(mut from: impl tokio::io::AsyncBufRead + Unpin, mut take: impl FnMut(String)) {
    let mut line = Vec::new();
    while matches!(from.read_until(b'\n', &mut line).await, Ok(1..)) {
        take(
            String::from_utf8_lossy(&line)
                .trim_end_matches('\n')
                .to_owned(),
        );
        line.clear();
    }
}
