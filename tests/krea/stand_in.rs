//! `kreel mock krea` as a process, and calls to it.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, DEADLINE, Kreel, Post, Process, Sender};

/// A running mock. Killed on drop.
pub(super) struct StandIn {
    /// The process.
    pub(super) process: Process,
    /// Its address as a URL.
    pub(super) url: String,
    sender: Sender,
}

/// A model that takes about 7 s in life.
pub(super) const FLUX: &str = "/generate/image/bfl/flux-1-dev";

impl StandIn {
    /// A mock with these options, a thousand times as fast as life.
    pub(super) async fn start(options: &[&str]) -> Self {
        let fast = ["mock", "krea", "--port", "0", "--json", "--speed"];
        let kreel = match options.contains(&"--speed") {
            true => Kreel::new(&fast[..5]),
            false => Kreel::new(&fast).args(&["1000"]),
        };
        Self::of(&kreel.args(options)).await
    }

    /// The mock this command line starts.
    pub(super) async fn of(kreel: &Kreel) -> Self {
        let mut process = kreel.start();
        let ready = process
            .line("its ready line", DEADLINE)
            .await
            .expect("it starts");
        let ready: Value = serde_json::from_str(&ready).unwrap();
        let url = ready["url"].as_str().unwrap().to_owned();
        let address: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        Self {
            process,
            url,
            sender: Sender::direct(address),
        }
    }

    /// A call with a token and these headers.
    pub(super) async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let mut post = Post::new(method, path).header("Authorization", "Bearer test");
        for (name, value) in headers {
            post = post.header(name, value);
        }
        if let Some(body) = body {
            post = post
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        self.sender.send(post).await
    }

    /// A call as it is.
    pub(super) async fn raw(&self, post: Post) -> Answer {
        self.sender.send(post).await
    }

    /// `GET`.
    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &[], None).await
    }

    /// `GET` that must succeed.
    pub(super) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Starts a job, whose id is given back.
    pub(super) async fn job(&self, path: &str, body: Value) -> String {
        let answer = self.call("POST", path, &[], Some(&body)).await;
        id(&answer)
    }

    /// Starts an image job with this prompt and a webhook to this address.
    pub(super) async fn image(&self, prompt: &str, webhook: &str) -> String {
        let body = json!({"prompt": prompt});
        let headers = [("X-Webhook-URL", webhook)];
        id(&self.call("POST", FLUX, &headers, Some(&body)).await)
    }

    /// Uploads a file of this kind.
    pub(super) async fn upload(&self, kind: &str, bytes: &[u8]) -> Answer {
        let mut body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n--b\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\na fox\r\n--b--\r\n");
        let post = Post::new("POST", "/assets")
            .header("Authorization", "Bearer test")
            .header("Content-Type", "multipart/form-data; boundary=b");
        self.raw(post.body(body)).await
    }

    /// Waits until a job has this status.
    pub(super) async fn reaches(&self, job: &str, status: &str) -> Value {
        let start = tokio::time::Instant::now();
        loop {
            let object = self.json(&format!("/jobs/{job}")).await;
            if object["status"] == status {
                return object;
            }
            assert!(start.elapsed() < DEADLINE, "not {status} in time: {object}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The next line it prints of this type.
    pub(super) async fn tells(&mut self, kind: &str) -> Value {
        loop {
            let line = self.process.line(kind, DEADLINE).await.expect("it goes on");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["type"] == kind {
                return event;
            }
        }
    }
}

/// The id of the job an answer is about.
pub(super) fn id(answer: &Answer) -> String {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()["job_id"].as_str().unwrap().to_owned()
}
