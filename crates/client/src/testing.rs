//! What several tests need: a relay and an app that do as they are told.

mod app;
mod relay;
pub(crate) mod tls;

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use kreel_wire::{Delivery, DeliveryId, ExchangeId, Headers, Kind, Policy, Request, Scheme, Seq};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub(crate) use self::app::FakeApp;
pub(crate) use self::relay::{FakeLink, FakeRelay};
use crate::{
    Client, Command, Config, Ended, History, HostHeader, LinkError, Match, Reader, Update, Whole,
};

/// Waits for what must happen soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("it did not happen in time")
}

/// Options for a client of this relay with this app.
pub(crate) fn config(relay: &str, target: Option<&str>) -> Config {
    Config {
        relay: relay.parse().unwrap(),
        token: "kreel_test_token".parse().unwrap(),
        relay_ca: None,
        tunnel: "my-tunnel".parse().unwrap(),
        policy: Policy::default(),
        target: target.map(|target| target.parse().unwrap()),
        timeout: None,
        headers: Vec::new(),
        host_header: HostHeader::Rewrite,
        insecure: false,
        grace: Duration::from_secs(5),
        relay_name: relay.to_owned(),
        since: crate::Since::Last,
        gate: None,
        retries: 0,
    }
}

/// The id with this number.
pub(crate) fn id(number: u64) -> DeliveryId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    DeliveryId::from_bytes(bytes)
}

/// A delivery with this number as its id and position.
pub(crate) fn delivery(number: u64, kind: Kind) -> Delivery {
    Delivery {
        id: id(number),
        seq: Seq(number),
        received_at_us: 1_700_000_000_000_000,
        kind,
        method: "POST".into(),
        target: Bytes::from_static(b"/hook?n=1"),
        headers: headers(&[("host", "public.example"), ("x-sender", "yes")]),
        scheme: Scheme::Https,
        forwarded_for: "192.0.2.7".into(),
        body_bytes: None,
        attempted: false,
        signature: None,
    }
}

/// Header lines.
pub(crate) fn headers(lines: &[(&str, &str)]) -> Headers {
    Headers::checked(lines.iter().copied()).unwrap()
}

/// The message that hands a delivery over with its whole body.
pub(crate) fn whole(exchange: u32, mut delivery: Delivery, body: &'static str) -> Request {
    delivery.body_bytes = Some(body.len() as u64);
    Request {
        exchange: ExchangeId(exchange),
        delivery: Box::new(delivery),
        body: Bytes::from_static(body.as_bytes()),
        end: true,
    }
}

/// A client that runs.
pub(crate) struct TestClient {
    pub(crate) commands: mpsc::Sender<Command>,
    updates: mpsc::Receiver<Update>,
    task: JoinHandle<Result<Ended, LinkError>>,
    folder: tempfile::TempDir,
}

impl TestClient {
    pub(crate) fn start(config: Config) -> Self {
        let (commands, commands_out) = mpsc::channel(8);
        let (updates_in, updates) = mpsc::channel(1024);
        let folder = tempfile::tempdir().unwrap();
        let opened = History::open(&folder.path().join("history.db")).unwrap();
        let client = Client::new(config, opened.history).unwrap();
        let task = tokio::spawn(client.run(commands_out, updates_in));
        Self {
            commands,
            updates,
            task,
            folder,
        }
    }

    /// Waits for the first update that this picks something from.
    pub(crate) async fn update<T>(&mut self, pick: impl Fn(&Update) -> Option<T>) -> T {
        soon(async {
            loop {
                let update = self.updates.recv().await.expect("the client has ended");
                if let Some(picked) = pick(&update) {
                    return picked;
                }
            }
        })
        .await
    }

    pub(crate) async fn ready(&mut self) {
        self.update(|update| matches!(update, Update::Ready(_)).then_some(()))
            .await;
    }

    pub(crate) async fn command(&self, command: Command) {
        self.commands.send(command).await.unwrap();
    }

    /// The history, while it is written.
    pub(crate) fn reader(&self) -> Reader {
        let file = self.folder.path().join("history.db");
        Reader::open(&file).unwrap().unwrap()
    }

    /// What the history has of a delivery now.
    pub(crate) fn kept(&self, number: u64) -> Whole {
        kept(&self.reader(), number)
    }

    /// What the run ended with, and what the history has of a delivery then.
    pub(crate) async fn ended_with(self, number: u64) -> (Result<Ended, LinkError>, Whole) {
        let ended = soon(self.task).await.unwrap();
        let file = self.folder.path().join("history.db");
        let reader = Reader::open(&file).unwrap().unwrap();
        (ended, kept(&reader, number))
    }

    /// What the run ended with.
    pub(crate) async fn ended(self) -> Result<Ended, LinkError> {
        soon(self.task).await.unwrap()
    }
}

fn kept(reader: &Reader, number: u64) -> Whole {
    let Match::One(row) = reader.find(&id(number).to_string()).unwrap() else {
        panic!("the history does not have it");
    };
    reader.get(row).unwrap().unwrap()
}
