//! Many at once, and large beside small: nothing is lost, mixed up, held up or heaped up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::http::{Digester, Framing};
use crate::support::{
    Answer, Connection, DEADLINE, Digest, LocalApp, Post, Sender, TestClient, TestRelay,
    eventually, machine, within,
};

/// The answer is to this very request: it names the id and the hash of the body.
fn belongs(answer: &Answer, id: &str, body: &[u8]) {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let said = answer.json();
    assert_eq!(said["target"], format!("/{id}?{id}"));
    assert!(
        said["headers"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!(["x-id", id])),
        "{said}"
    );
    assert_eq!(said["body_sha256"], Digest::of(body).sha256, "{id}");
}

/// One sender, half of whose requests go over one connection and half over new ones.
async fn send_all(sender: Sender, number: usize, requests: usize) {
    let mut kept: Option<Connection> = None;
    for request in 0..requests {
        let id = format!("{number}-{request}");
        // Every size up to 4 KiB, and now and then one of several messages.
        let size = match request % 50 {
            49 => 150_000 + number,
            _ => (number * 1_009 + request * 31) % 4_096,
        };
        let body = id.bytes().cycle().take(size).collect::<Vec<u8>>();
        let post = Post::new("POST", format!("/{id}?{id}"))
            .header("X-Id", &id)
            .body(body.clone());
        let bytes = sender.bytes(&post);
        let answer = if request % 2 == 0 {
            let connection = match &mut kept {
                Some(connection) => connection,
                none => none.insert(sender.connect().await),
            };
            within("an answer", DEADLINE, connection.exchange(&bytes))
                .await
                .unwrap()
        } else {
            sender.raw(&bytes).await
        };
        belongs(&answer, &id, &body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_from_64_senders_have_each_their_own_answer() {
    const SENDERS: usize = 64;
    const REQUESTS: usize = 10_000;
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let requests = REQUESTS / SENDERS + usize::from(number < REQUESTS % SENDERS);
        senders.spawn(send_all(client.sender(), number, requests));
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
    assert_eq!(app.count(), REQUESTS);
    assert_eq!(client.terminate().await, Some(143));
    let counters = client
        .next_matching("the last counters", DEADLINE, |event| {
            event["received"] == REQUESTS
        })
        .await;
    let counters = counters.expect("counters");
    for (name, count) in [
        ("delivered", REQUESTS),
        ("failed", 0),
        ("waiting", 0),
        ("duplicates", 0),
        ("lost", 0),
    ] {
        assert_eq!(counters[name], count, "{counters}");
    }
}

/// How long small webhooks take, one after another on one connection.
async fn latencies(sender: &Sender) -> Vec<Duration> {
    let mut connection = sender.connect().await;
    let post = sender.bytes(&Post::new("POST", "/small").body("{\"small\": true}"));
    let mut latencies = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let start = Instant::now();
        let answer = within("an answer", DEADLINE, connection.exchange(&post))
            .await
            .unwrap();
        latencies.push(start.elapsed());
        assert_eq!(answer.status(), 200);
    }
    latencies.sort_unstable();
    latencies
}

/// The p99 of small webhooks through the tunnel, and of those posted to the app itself beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct P99 {
    tunnel: Duration,
    direct: Duration,
}

async fn p99(tunnel: &Sender, direct: &Sender) -> P99 {
    P99 {
        tunnel: latencies(tunnel).await[SAMPLES * 99 / 100],
        direct: latencies(direct).await[SAMPLES * 99 / 100],
    }
}

/// The middle one of each: a neighbour on the machine may spoil a round or two.
fn middle(rounds: &[P99]) -> P99 {
    let middle = |of: fn(&P99) -> Duration| {
        let mut all: Vec<Duration> = rounds.iter().map(of).collect();
        all.sort_unstable();
        all[all.len() / 2]
    };
    P99 {
        tunnel: middle(|round| round.tunnel),
        direct: middle(|round| round.direct),
    }
}

const ROUNDS: usize = 5;
const SAMPLES: usize = 500;
const UPLOAD_BYTES: u64 = 50_000_000;
const ANSWER_BYTES: usize = 20_000_000;

/// How an upload is read.
#[derive(Debug, Default)]
struct Reading {
    /// How much has been.
    bytes: AtomicU64,
    pace: AtomicU8,
}

/// About 3 MB a second.
const SLOW: u8 = 0;
/// Not at all.
const PAUSED: u8 = 1;
/// As fast as it comes.
const FAST: u8 = 2;

impl Reading {
    fn go(&self, pace: u8) {
        self.pace.store(pace, Ordering::Relaxed);
    }

    fn pace(&self) -> u8 {
        self.pace.load(Ordering::Relaxed)
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// `/upload` is read at a pace that may be changed; `/large` is a large answer.
async fn slow_app(reading: Arc<Reading>) -> LocalApp {
    LocalApp::with(move |mut visit| {
        let reading = reading.clone();
        async move {
            match visit.head.target().as_slice() {
                b"/upload" => {
                    let (mut framing, mut digester) =
                        (Framing::of_request(&visit.head), Digester::default());
                    while let Some(piece) = visit
                        .connection
                        .piece_of(&mut framing, 32 * 1024)
                        .await
                        .ok()?
                    {
                        digester.add(&piece);
                        let bytes = piece.len() as u64;
                        reading.bytes.fetch_add(bytes, Ordering::Relaxed);
                        if reading.pace() != FAST {
                            sleep(Duration::from_millis(10)).await;
                        }
                        while reading.pace() == PAUSED {
                            sleep(Duration::from_millis(10)).await;
                        }
                    }
                    let hash = digester.finish().sha256;
                    visit
                        .answer(
                            format!("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{hash}")
                                .as_bytes(),
                        )
                        .await
                }
                b"/large" => {
                    visit.receive().await;
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {ANSWER_BYTES}\r\n\r\n");
                    visit.connection.write(head.as_bytes()).await.ok()?;
                    let block = [b'y'; 50_000];
                    for _ in 0..ANSWER_BYTES / block.len() {
                        visit.connection.write(&block).await.ok()?;
                    }
                    Some(visit.connection)
                }
                _ => {
                    visit.receive().await;
                    visit
                        .answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        .await
                }
            }
        }
    })
    .await
}

/// Uploads 50 MB; the hash of what was sent and the one the app says it has had.
async fn upload(sender: Sender) -> (String, String) {
    let mut connection = sender.connect().await;
    let head = Post::new("POST", "/upload").header("Content-Length", UPLOAD_BYTES.to_string());
    connection.write(&sender.bytes(&head)).await.unwrap();
    let mut digester = Digester::default();
    for number in 0..UPLOAD_BYTES / 50_000 {
        let block = number.to_le_bytes().repeat(50_000 / 8);
        digester.add(&block);
        connection.write(&block).await.unwrap();
    }
    let answer = connection.answer("POST").await.unwrap();
    (digester.finish().sha256, answer.text())
}

/// Reads a byte a second of a large answer, for ever.
async fn sip(sender: Sender, bytes: Arc<AtomicU64>) {
    let mut connection = sender.connect().await;
    connection
        .write(&sender.bytes(&Post::new("GET", "/large")))
        .await
        .unwrap();
    let head = connection.head().await.unwrap().unwrap();
    let mut framing = Framing::of_answer(&head, "GET");
    while connection
        .piece_of(&mut framing, 1)
        .await
        .unwrap()
        .is_some()
    {
        bytes.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_secs(1)).await;
    }
}

/// A 50 MB upload to a slow app and a sender that reads a byte a second go on while small
/// webhooks are measured. Rounds in which the upload moves take turns with rounds in which it
/// rests, so that both find the machine the same.
///
/// Sender, app, relay and client share the processors with the upload. What that alone costs is
/// measured beside it, on webhooks that go to the app itself: those are woken for twice (the app,
/// the sender), those through the tunnel six times (relay and client, there and back, besides), and
/// may wait for a processor each time. So much is granted beside the factor, and the millisecond in
/// which clocks and timers tick.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_webhooks_stay_quick_and_memory_flat_beside_large_and_slow_ones() {
    const TICK: Duration = Duration::from_millis(1);
    const GROWTH_BYTES: u64 = 32 * 1024 * 1024;
    machine::alone();
    let (reading, sipped) = <(Arc<Reading>, Arc<AtomicU64>)>::default();
    let app = slow_app(reading.clone()).await;
    let relay = TestRelay::start().await;
    let client = TestClient::listen(&relay, &app, &["--wait", "10m"]).await;
    let (sender, direct) = (client.sender(), Sender::direct(app.address()));
    // The first ones find everything cold.
    latencies(&sender).await;
    let before = (relay.process.peak_rss(), client.process.peak_rss());

    let uploading = tokio::spawn(upload(sender.clone()));
    let sipping = tokio::spawn(sip(sender.clone(), sipped.clone()));
    let under_way = || reading.bytes() > 2_000_000 && sipped.load(Ordering::Relaxed) > 0;
    eventually("both are under way", DEADLINE, under_way).await;
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        reading.go(PAUSED);
        idle.push(p99(&sender, &direct).await);
        reading.go(SLOW);
        let from = reading.bytes();
        busy.push(p99(&sender, &direct).await);
        assert!(reading.bytes() > from, "it was to move meanwhile");
    }
    assert!(
        !uploading.is_finished() && !sipping.is_finished(),
        "they were to go on meanwhile"
    );

    reading.go(FAST);
    let (sent, received) = within("the upload", DEADLINE, uploading).await.unwrap();
    assert_eq!(sent, received);
    assert!(!sipping.is_finished());
    sipping.abort();
    let after = (relay.process.peak_rss(), client.process.peak_rss());
    let growth = (after.0 - before.0, after.1 - before.1);
    let (idle, busy) = (middle(&idle), middle(&busy));
    eprintln!(
        "p99 of small webhooks: idle {idle:?}, beside large ones {busy:?}; growth {growth:?} bytes"
    );
    let machine = busy.direct.saturating_sub(idle.direct) * 3;
    assert!(
        busy.tunnel <= idle.tunnel * 3 + machine + TICK,
        "p99 was {idle:?} and is {busy:?}"
    );
    assert!(
        growth.0 < GROWTH_BYTES && growth.1 < GROWTH_BYTES,
        "grown by {growth:?}, from {before:?}"
    );
}
