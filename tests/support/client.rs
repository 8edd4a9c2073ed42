//! `kreel listen` as a process, with a home and a project folder of its own.

mod listen;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

pub(crate) use self::listen::Listen;
use super::kreel::Kreel;
use super::process::Process;
use super::relay::TestRelay;
use super::schema;
use super::sender::Sender;
use super::wait::DEADLINE;

/// What may stand as TARGET of `kreel listen`.
pub(crate) trait AppAddress {
    /// The text to type.
    fn target(&self) -> String;
}

impl AppAddress for str {
    fn target(&self) -> String {
        self.to_owned()
    }
}

impl AppAddress for String {
    fn target(&self) -> String {
        self.clone()
    }
}

/// A user's folders: what the client remembers is in here. Removed when nobody uses it any more.
#[derive(Debug, Clone)]
pub(crate) struct Home(Arc<TempDir>);

impl Home {
    /// A new one, with an empty project in it.
    pub(crate) fn new() -> Self {
        let home = Self(Arc::new(tempfile::tempdir().unwrap()));
        std::fs::create_dir(home.project()).unwrap();
        home
    }

    /// `$HOME`.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The folder `kreel listen` is run in.
    pub(crate) fn project(&self) -> PathBuf {
        self.path().join("project")
    }
}

/// A running client. Killed on drop.
#[derive(Debug)]
pub(crate) struct TestClient {
    /// The process, for signals and memory.
    pub(crate) process: Process,
    listen: Listen,
    ca: Option<PathBuf>,
    events: Vec<Value>,
    read: usize,
    url: Option<String>,
}

impl TestClient {
    /// Listens on a new tunnel for this app with these options, and is ready.
    pub(crate) async fn listen(
        relay: &TestRelay,
        app: &(impl AppAddress + ?Sized),
        flags: &[&str],
    ) -> Self {
        Listen::on(relay).to(app).flags(flags).start().await
    }

    /// The tunnel's public address.
    pub(crate) fn url(&self) -> &str {
        self.url
            .as_deref()
            .expect("the client was started and is ready")
    }

    /// The tunnel's name.
    pub(crate) fn tunnel(&self) -> &str {
        self.url().rsplit('/').next().unwrap()
    }

    /// A sender that posts to the public address.
    pub(crate) fn sender(&self) -> Sender {
        Sender::to(self.url(), self.ca.as_deref())
    }

    /// The next event of this type after those looked at, skipping others. Panics after the
    /// deadline, or if the client ends before.
    pub(crate) async fn next_event(&mut self, kind: &str, deadline: Duration) -> Value {
        let found = self
            .next_matching(kind, deadline, |event| event["type"] == kind)
            .await;
        found.unwrap_or_else(|| panic!("{}", self.trouble(&format!("ended without {kind:?}"))))
    }

    /// The next event this is true of, skipping others; nothing if the client ends before.
    pub(crate) async fn next_matching(
        &mut self,
        what: &str,
        deadline: Duration,
        mut matches: impl FnMut(&Value) -> bool,
    ) -> Option<Value> {
        let end = Instant::now() + deadline;
        loop {
            while let Some(event) = self.events.get(self.read) {
                self.read += 1;
                if matches(event) {
                    return Some(event.clone());
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            match tokio::time::timeout(left, self.process.line(what, DEADLINE + deadline)).await {
                Ok(Some(line)) => self.take(&line),
                Ok(None) => return None,
                Err(_) => panic!(
                    "{}",
                    self.trouble(&format!("did not print {what} within {deadline:?}"))
                ),
            }
        }
    }

    /// All events so far, looked at or not.
    pub(crate) fn events(&mut self) -> &[Value] {
        while let Some(line) = self.process.line_at_hand() {
            self.take(&line);
        }
        &self.events
    }

    /// How many deliveries the relay had kept for it when it became ready last.
    pub(crate) fn waited(&mut self) -> u64 {
        let ready = self.events().iter().rfind(|event| event["type"] == "ready");
        ready.expect("it is ready")["waiting"].as_u64().unwrap()
    }

    /// The next line of text, of a client that is [`plain`](Listen::plain).
    pub(crate) async fn line(&mut self, what: &str) -> String {
        let line = self.process.line(what, DEADLINE).await;
        line.unwrap_or_else(|| panic!("{}", self.process.trouble(&format!("ended without {what}"))))
    }

    /// What it has written to standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.process.stderr()
    }

    /// Waits for its end; its exit code, or none if a signal ended it.
    pub(crate) async fn exit_code(&mut self, deadline: Duration) -> Option<i32> {
        self.process.ended(deadline).await.code()
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// SIGTERM; its exit code.
    pub(crate) async fn terminate(&mut self) -> Option<i32> {
        self.process.terminate().await
    }

    /// SIGSTOP: it holds its sockets and does nothing.
    pub(crate) fn stop(&self) {
        self.process.stop();
    }

    /// SIGCONT.
    pub(crate) fn cont(&self) {
        self.process.cont();
    }

    /// The memory it has at the moment, in bytes.
    pub(crate) fn rss(&self) -> u64 {
        self.process.rss()
    }

    /// What it was started with, to start it again.
    pub(crate) fn again(&self) -> Listen {
        self.listen.clone()
    }

    /// Another command in the same home and project, like `requests list`.
    pub(crate) fn beside(&self, words: &[&str]) -> Kreel {
        self.listen.beside(words)
    }

    /// Where it keeps its history.
    pub(crate) fn history(&self) -> PathBuf {
        self.listen.history_file()
    }

    /// The objects that `kreel requests` prints for these words, newest first.
    pub(crate) async fn requests(&self, words: &[&str]) -> Vec<Value> {
        let command = self.beside(&["requests"]).args(words).args(&["--json"]);
        let command = command.path("--history", &self.history());
        schema::lines(command.run().await.success())
    }

    /// Waits until the history has this many deliveries that stand so.
    pub(crate) async fn has_on_record(&self, standing: &str, count: usize) {
        let end = Instant::now() + DEADLINE;
        loop {
            let listed = self.requests(&["list", "--limit", "100000"]).await;
            let stand = listed.iter().filter(|row| row["standing"] == standing);
            if stand.count() == count {
                return;
            }
            assert!(
                Instant::now() < end,
                "the history never has {count} {standing}: {listed:#?}"
            );
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// What `kreel status` counts.
    pub(crate) async fn status(&self) -> Value {
        let command = self.listen.with_relay(self.beside(&["status", "--json"]));
        let command = command.path("--history", &self.history());
        let said: Value = serde_json::from_str(&command.run().await.stdout).unwrap();
        said["counters"].clone()
    }

    /// The same for people.
    pub(crate) async fn status_text(&self) -> String {
        let command = self.listen.with_relay(self.beside(&["status"]));
        command.run().await.success().to_owned()
    }

    fn take(&mut self, line: &str) {
        assert!(self.listen.json, "this client prints text: use `line`");
        let event: Value = serde_json::from_str(line).unwrap_or_else(|error| {
            panic!(
                "{}",
                self.process
                    .trouble(&format!("printed no JSON ({error}): {line}"))
            )
        });
        schema::check(&event);
        self.events.push(event);
    }

    fn trouble(&mut self, what: &str) -> String {
        let events: Vec<String> = self.events().iter().map(Value::to_string).collect();
        self.process
            .trouble(&format!("{what}; its events:\n{}", events.join("\n")))
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        // What nobody looked at must be as documented, too.
        if !std::thread::panicking() && self.listen.json {
            self.events();
        }
    }
}
