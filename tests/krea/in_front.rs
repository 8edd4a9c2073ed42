//! `kreel proxy krea` as a process, and what it prints.

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::{DEADLINE, Home, Kreel, Post, Process, Sender};

/// A running proxy. Killed on drop.
pub(super) struct InFront {
    /// The process.
    pub(super) process: Process,
    /// Its address as a URL.
    pub(super) url: String,
    /// Where its files would be.
    pub(super) home: Home,
    /// All lines read so far.
    pub(super) lines: Vec<String>,
}

impl InFront {
    /// A proxy in front of this server, with these options.
    pub(super) async fn of(upstream: &str, options: &[&str]) -> Self {
        Self::with(upstream, options, &[]).await
    }

    /// The same, with these variables in its environment.
    pub(super) async fn with(upstream: &str, options: &[&str], env: &[(&str, &str)]) -> Self {
        let home = Home::new();
        let words = [
            "proxy",
            "krea",
            "--port",
            "0",
            "--json",
            "--upstream",
            upstream,
        ];
        let mut kreel = Kreel::new(&words).args(options).home(&home);
        for (name, value) in env {
            kreel = kreel.env(name, *value);
        }
        let mut process = kreel.start();
        let ready = process
            .line("its ready line", DEADLINE)
            .await
            .expect("it starts");
        let object: Value = serde_json::from_str(&ready).unwrap();
        Self {
            process,
            url: object["url"].as_str().unwrap().to_owned(),
            home,
            lines: vec![ready],
        }
    }

    /// A sender straight to it.
    pub(super) fn sender(&self) -> Sender {
        let address: SocketAddr = self.url.trim_start_matches("http://").parse().unwrap();
        Sender::direct(address)
    }

    /// A call with a token.
    pub(super) fn call(&self, method: &str, path: &str) -> Post {
        Post::new(method, path).header("Authorization", "Bearer test")
    }

    /// The next line it prints of this type.
    pub(super) async fn tells(&mut self, kind: &str) -> Value {
        loop {
            let line = self.process.line(kind, DEADLINE).await.expect("it goes on");
            let event: Value = serde_json::from_str(&line).unwrap();
            self.lines.push(line);
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// The codes of what it has to say about the next call.
    pub(super) async fn notices(&mut self) -> Vec<String> {
        let event = self.tells("answered").await;
        let notices = event["notices"].as_array().unwrap().iter();
        notices
            .map(|notice| notice["code"].as_str().unwrap().to_owned())
            .collect()
    }
}
