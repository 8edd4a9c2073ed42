//! A history in a folder of its own, and deliveries to put into it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kreel_wire::{
    Delivery, DeliveryId, Failure, HeadersBuilder, Kind, Response, Scheme, Seq, TunnelName,
};
use rusqlite::Connection;
use tokio::sync::mpsc::UnboundedReceiver;

use super::super::{Changed, Done, History, Job, Recorder, Standing, StoredAnswer, StoredAttempt};
use crate::{AttemptEnd, Timings};

pub(super) const RELAY: &str = "https://relay.example";

/// A folder that goes with its value.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kreel-history-{}-{next}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("kreel/history.db")
    }

    pub(super) fn open(&self) -> History {
        let opened = History::open(&self.file()).unwrap();
        assert_eq!((opened.set_aside, opened.newer), (None, None));
        opened.history
    }

    /// A connection to look behind the curtain.
    pub(super) fn db(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn tunnel() -> TunnelName {
    "my-app".parse().unwrap()
}

/// A recorder, and what it says under a deadline.
pub(super) struct Desk {
    pub(super) recorder: Recorder,
    told: UnboundedReceiver<Done>,
}

impl Desk {
    pub(super) fn new(history: &History) -> Self {
        let (recorder, told) = history.recorder(RELAY, &tunnel()).unwrap();
        Self { recorder, told }
    }

    pub(super) fn put(&self, job: Job) {
        self.recorder.jobs().put(job);
    }

    pub(super) async fn told(&mut self) -> Done {
        let told = tokio::time::timeout(Duration::from_secs(20), self.told.recv());
        told.await.expect("it says something").expect("it runs")
    }

    /// All that waits.
    pub(super) async fn backlog(&mut self) -> Vec<(u64, u32)> {
        self.put(Job::Backlog {
            after: None,
            since_us: None,
            limit: 1_000_000,
        });
        match self.told().await {
            Done::Backlog { rows, beyond: 0 } => rows
                .iter()
                .map(|row| (row.summary.seq.0, row.attempts))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until all that was put is in the file. What is told meanwhile is skipped.
    pub(super) async fn settle(&mut self) {
        self.put(Job::Backlog {
            after: None,
            since_us: None,
            limit: 1,
        });
        while !matches!(self.told().await, Done::Backlog { .. }) {}
    }

    pub(super) async fn body(&self, id: DeliveryId) -> Vec<u8> {
        let mut body = Vec::new();
        for number in 0.. {
            let (reply, answer) = tokio::sync::oneshot::channel();
            self.put(Job::Load { id, number, reply });
            match answer.await.unwrap().unwrap() {
                Some(piece) => body.extend_from_slice(&piece),
                None => break,
            }
        }
        body
    }
}

/// A delivery with ten headers.
pub(super) fn delivery(seq: u64, kind: Kind) -> Box<Delivery> {
    let mut headers = HeadersBuilder::with_capacity(10);
    for (name, value) in [
        ("host", "my-app.relay.example"),
        ("user-agent", "Krea-Webhooks/1.0 (+https://krea.ai)"),
        ("content-type", "application/json"),
        ("content-length", "600"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate, br"),
        ("x-request-id", "5f0c7d3a-5a77-4f3a-9a3e-2b1f4a1d9c11"),
        ("x-webhook-attempt", "1"),
        (
            "traceparent",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ),
        (
            "x-signature",
            "sha256=5d41402abc4b2a76b9719d911017c5925d41402abc4b2a76b9719d911017c592",
        ),
    ] {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    Box::new(Delivery {
        id: DeliveryId::generate(),
        seq: Seq(seq),
        received_at_us: 1_790_000_000_000_000 + seq,
        kind,
        method: "POST".into(),
        target: Bytes::from_static(b"/api/webhooks/krea?project=1"),
        headers: headers.build(),
        scheme: Scheme::Https,
        forwarded_for: "203.0.113.7".into(),
        body_bytes: None,
        attempted: false,
        signature: None,
    })
}

pub(super) fn begin(delivery: &Delivery, first: impl Into<Bytes>, is_complete: bool) -> Job {
    Job::Begin {
        delivery: Box::new(delivery.clone()),
        first: first.into(),
        is_complete,
    }
}

pub(super) fn receive(delivery: &Delivery, first: impl Into<Bytes>, is_complete: bool) -> Job {
    Job::Receive {
        delivery: Box::new(delivery.clone()),
        first: first.into(),
        is_complete,
    }
}

pub(super) fn piece(delivery: &Delivery, data: impl Into<Bytes>, end: bool) -> Job {
    Job::Piece {
        id: delivery.id,
        data: data.into(),
        end,
    }
}

pub(super) fn ended(delivery: &Delivery, standing: Standing, attempt: u32) -> Job {
    Job::Ended {
        id: delivery.id,
        standing,
        attempt: Box::new(attempt_of(delivery, standing, attempt)),
    }
}

pub(super) fn attempt_of(delivery: &Delivery, standing: Standing, attempt: u32) -> StoredAttempt {
    let is_answered = standing == Standing::Answered;
    let mut headers = HeadersBuilder::with_capacity(4);
    headers.push(b"content-type", b"application/json");
    headers.push(b"date", b"Thu, 24 Dec 2026 12:00:00 GMT");
    let answer = StoredAnswer {
        head: Response {
            status: 200,
            reason: None,
            headers: headers.build(),
        },
        body: Bytes::from_static(b"{\"ok\":true}"),
    };
    StoredAttempt {
        attempt,
        began_at_us: delivery.received_at_us + 100,
        is_replay: false,
        changed: Changed::default(),
        request: Some((
            "http://localhost:3000/api/webhooks/krea?project=1".to_owned(),
            delivery.headers.clone(),
        )),
        withheld: None,
        end: match is_answered {
            true => AttemptEnd::Answered {
                status: 200,
                body_bytes: 11,
            },
            false => AttemptEnd::Failed(Failure::Died),
        },
        answer: is_answered.then_some(answer),
        timings: Timings {
            connect: None,
            first_byte: is_answered.then_some(Duration::from_micros(300)),
            total: Duration::from_micros(420),
        },
    }
}

/// The counters: received; live, waiting, answered, failed, lost, broken off, captured; duplicates.
pub(super) fn counters(db: &Connection) -> [i64; 9] {
    let sql = "SELECT received, live, waiting, answered, failed, lost, broken_off, captured,
        duplicates FROM tunnel";
    db.query_row(sql, [], |row| {
        let mut counters = [0; 9];
        for (column, counter) in counters.iter_mut().enumerate() {
            *counter = row.get(column)?;
        }
        Ok(counters)
    })
    .unwrap()
}
