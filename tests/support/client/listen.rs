//! What to run `kreel listen` with.

use std::path::{Path, PathBuf};

use super::{AppAddress, Home, TestClient};
use crate::support::kreel::Kreel;
use crate::support::process::Process;
use crate::support::relay::TestRelay;
use crate::support::wait::DEADLINE;

/// What to run `kreel listen` with.
#[derive(Debug, Clone)]
pub(crate) struct Listen {
    relay: String,
    token_file: Option<PathBuf>,
    ca: Option<PathBuf>,
    target: Option<String>,
    flags: Vec<String>,
    env: Vec<(String, String)>,
    home: Home,
    folder: Option<PathBuf>,
    history: Option<PathBuf>,
    runner: Vec<String>,
    pub(super) json: bool,
}

impl Listen {
    /// On a tunnel of this relay, with its first token.
    pub(crate) fn on(relay: &TestRelay) -> Self {
        Self {
            relay: relay.url().to_owned(),
            token_file: Some(relay.token_file()),
            ca: relay.ca(),
            target: None,
            flags: Vec::new(),
            env: Vec::new(),
            home: Home::new(),
            folder: None,
            history: None,
            runner: Vec::new(),
            json: true,
        }
    }

    /// At this address, whatever is there, with a token that nobody knows.
    pub(crate) fn at(url: &str) -> Self {
        Self {
            relay: url.to_owned(),
            token_file: None,
            ca: None,
            target: None,
            flags: Vec::new(),
            env: vec![(
                "KREEL_TOKEN".to_owned(),
                format!("kreel_{}", "stranger".repeat(5)),
            )],
            home: Home::new(),
            folder: None,
            history: None,
            runner: Vec::new(),
            json: true,
        }
    }

    /// For this app; without one deliveries are captured.
    pub(crate) fn to(mut self, app: &(impl AppAddress + ?Sized)) -> Self {
        self.target = Some(app.target());
        self
    }

    /// With these options besides.
    pub(crate) fn flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|&flag| flag.to_owned()));
        self
    }

    /// With its history in this file.
    pub(crate) fn history(mut self, file: &Path) -> Self {
        self.history = Some(file.to_owned());
        self
    }

    /// With this variable besides.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With the relay at this address, as through a [`Wire`](super::Wire).
    pub(crate) fn relay(mut self, url: &str) -> Self {
        self.relay = url.to_owned();
        self
    }

    /// With another token file, or none.
    pub(crate) fn token_file(mut self, path: Option<PathBuf>) -> Self {
        self.token_file = path;
        self
    }

    /// Trusting these certificates, or the system's.
    pub(crate) fn ca(mut self, path: Option<PathBuf>) -> Self {
        self.ca = path;
        self
    }

    /// In this home, as after a restart.
    pub(crate) fn home(mut self, home: &Home) -> Self {
        self.home = home.clone();
        self
    }

    /// In this folder instead of the home's project.
    pub(crate) fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// By way of another program, which takes its place: `ip netns exec …`.
    pub(crate) fn through(mut self, runner: Vec<String>) -> Self {
        self.runner = runner;
        self
    }

    /// Without `--json`: standard output is text, to be read by [`TestClient::line`].
    pub(crate) fn plain(mut self) -> Self {
        self.json = false;
        self
    }

    /// Another command in the same home and project.
    pub(super) fn beside(&self, words: &[&str]) -> Kreel {
        Kreel::new(words).home(&self.home)
    }

    /// Where the history is.
    pub(super) fn history_file(&self) -> PathBuf {
        let usual = || self.home.path().join("data/kreel/history.db");
        self.history.clone().unwrap_or_else(usual)
    }

    /// A command that asks the same relay with the same token.
    pub(super) fn with_relay(&self, command: Kreel) -> Kreel {
        let mut command = command.args(&["--relay", &self.relay]);
        if let Some(file) = &self.token_file {
            command = command.path("--token-file", file);
        }
        if let Some(file) = &self.ca {
            command = command.path("--relay-ca", file);
        }
        command
    }

    /// What is typed after `kreel`.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut args = vec!["listen".to_owned()];
        args.extend(self.target.clone());
        args.extend(["--relay".to_owned(), self.relay.clone()]);
        let path = |path: &PathBuf| path.display().to_string();
        if let Some(file) = &self.token_file {
            args.extend(["--token-file".to_owned(), path(file)]);
        }
        if let Some(file) = &self.ca {
            args.extend(["--relay-ca".to_owned(), path(file)]);
        }
        if let Some(file) = &self.history {
            args.extend(["--history".to_owned(), path(file)]);
        }
        if self.json {
            args.push("--json".to_owned());
        }
        args.extend_from_slice(&self.flags);
        args
    }

    /// The variables it is given besides those every `kreel` gets.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.env
    }

    /// What is put before its command line.
    pub(crate) fn runner(&self) -> &[String] {
        &self.runner
    }

    /// The home it is run in.
    pub(crate) fn at_home(&self) -> &Home {
        &self.home
    }

    /// Starts it, and does not wait: for stories in which it fails, or prints text.
    pub(crate) fn spawn(self) -> TestClient {
        let args = self.words();
        let folder = self.folder.clone().unwrap_or_else(|| self.home.project());
        let command = Process::kreel(&args, self.home.path(), &folder, &self.env);
        let mut command = Process::through(&self.runner, command);
        TestClient {
            process: Process::start("kreel listen", &mut command),
            ca: self.ca.clone(),
            listen: self,
            events: Vec::new(),
            read: 0,
            url: None,
        }
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(self) -> TestClient {
        let mut client = self.spawn();
        let ready = client.next_event("ready", DEADLINE).await;
        client.url = ready["url"].as_str().map(str::to_owned);
        client
    }
}
