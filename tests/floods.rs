//! Too much of everything from one side: it is refused there, and nobody else notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::support::h2::{END_HEADERS, END_STREAM, Http2, PREFACE, frame, kind, line};
use crate::support::{DEADLINE, LocalApp, Post, Sender, TestClient, TestRelay, Tls, machine};

/// What one address may do each second in these stories.
const RATE: u64 = 50;

/// How many connections flood, ten times as fast as they may.
const CONNECTIONS: u64 = 64;

fn from(address: &str, path: &str) -> Post {
    Post::new("POST", path)
        .header("X-Forwarded-For", address)
        .body("a webhook")
}

/// The median time of an answer to a sender that is alone on its tunnel.
async fn median(sender: &Sender) -> Duration {
    let mut times = Vec::new();
    for _ in 0..60 {
        let asked = Instant::now();
        assert_eq!(
            sender.send(from("198.51.100.1", "/hook")).await.status(),
            200
        );
        times.push(asked.elapsed());
        sleep(Duration::from_millis(30)).await;
    }
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_flood_is_refused_and_others_do_not_notice() {
    machine::alone();
    let rate = format!("requests_per_second_per_address={RATE}");
    let relay = TestRelay::with(&["--behind-proxy", "--limit", &rate]).await;
    let app = LocalApp::answering(200).await;
    let flooded = TestClient::listen(&relay, &app, &[]).await;
    let other = TestClient::listen(&relay, &app, &["--new"]).await;
    assert_ne!(flooded.tunnel(), other.tunnel());
    let quiet = median(&other.sender()).await;
    let before = relay.process.rss();

    let (passed, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut flood = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (sender, passed, refused) = (flooded.sender(), passed.clone(), refused.clone());
        flood.spawn(async move {
            let bytes = sender.bytes(&from("203.0.113.66", "/flood"));
            let mut connection = sender.connect().await;
            loop {
                let answer = connection.exchange(&bytes).await.unwrap();
                match answer.status() {
                    200 => passed.fetch_add(1, Ordering::Relaxed),
                    429 => {
                        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                        assert!((1..=5).contains(&wait), "{wait}");
                        refused.fetch_add(1, Ordering::Relaxed)
                    }
                    status => panic!("{status}: {}", answer.text()),
                };
                sleep(Duration::from_millis(1000 * CONNECTIONS / (10 * RATE))).await;
            }
        });
    }
    let begun = Instant::now();
    let busy = median(&other.sender()).await;
    let seconds = begun.elapsed().as_secs_f64();
    flood.abort_all();
    let (passed, refused) = (
        passed.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed),
    );
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let allowed = RATE as f64 * (seconds + 1.0 + 5.0);
    eprintln!(
        "flood: {passed} passed, {refused} refused in {seconds:.1} s; another's median {quiet:?} before, {busy:?} meanwhile"
    );
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let passed = passed as f64;
    assert!(passed <= allowed, "{passed} of {allowed}");
    assert!(refused > passed as u64, "{refused}");
    // A millisecond is what a machine of two processors that does both sides needs anyway.
    assert!(
        busy < quiet * 2 + Duration::from_millis(1),
        "{quiet:?} → {busy:?}"
    );
    let grown = relay.process.rss().saturating_sub(before);
    assert!(grown < 8 * 1024 * 1024, "{grown} bytes");
}

/// POST /mine/x to https://x, as HPACK has it.
fn post() -> Vec<u8> {
    [&[0x83, 0x87, 0x44, 7][..], b"/mine/x", &[0x41, 1], b"x"].concat()
}

/// What the relay is flooded with: the frames of one round, by its number.
type Flood = fn(u32) -> Vec<u8>;

/// Streams begun and reset.
fn resets(round: u32) -> Vec<u8> {
    let many = (0..200u32).flat_map(|each| {
        let stream = 1 + 2 * (round * 200 + each);
        let cancel = 8u32.to_be_bytes();
        [
            frame(kind::HEADERS, END_HEADERS, stream, &post()),
            frame(kind::RST_STREAM, 0, stream, &cancel),
        ]
        .concat()
    });
    many.collect()
}

/// A head without an end: nothing is wrong with its lines but that there is always another.
fn continuations(round: u32) -> Vec<u8> {
    match round {
        0 => frame(kind::HEADERS, 0, 1, &post()),
        _ => frame(kind::CONTINUATION, 0, 1, &line(b"a", &[b'x'; 8000])),
    }
}

/// The same with nothing in it.
fn empty_continuations(round: u32) -> Vec<u8> {
    match round {
        0 => frame(kind::HEADERS, 0, 1, &post()),
        _ => frame(kind::CONTINUATION, 0, 1, b"").repeat(20),
    }
}

fn pings(_: u32) -> Vec<u8> {
    frame(kind::PING, 0, 0, &[7; 8]).repeat(100)
}

fn settings(_: u32) -> Vec<u8> {
    frame(kind::SETTINGS, 0, 0, &[0, 1, 0, 0, 0, 0]).repeat(100)
}

/// Pieces of a body with nothing in them.
fn empty_data(round: u32) -> Vec<u8> {
    match round {
        0 => frame(kind::HEADERS, END_HEADERS, 1, &post()),
        _ => frame(kind::DATA, 0, 1, b"").repeat(100),
    }
}

/// A line of 4,000 bytes, remembered once and then said again by a byte each: 60 MB a head. Each is
/// answered 431 as long as one likes to send them; 300 of them would be 18 GB.
fn hpack_bomb(round: u32) -> Vec<u8> {
    if round == 300 {
        return Vec::new();
    }
    let mut remembered = line(b"a", &[b'x'; 4000]);
    // Literal with incremental indexing (RFC 7541, section 6.2.1).
    remembered[0] = 0x40;
    let head = [post(), remembered, vec![0x80 | 62; 15_000]].concat();
    let (first, rest) = head.split_at(15_000);
    let stream = 1 + 2 * round;
    let ends = END_HEADERS;
    [
        frame(kind::HEADERS, END_STREAM, stream, first),
        frame(kind::CONTINUATION, ends, stream, rest),
    ]
    .concat()
}

/// Writes until the relay ends the connection, or there is no more; how many bytes it took.
async fn until_ended(relay: &TestRelay, flood: Flood) -> usize {
    let tls = Tls::trusting(&relay.ca().unwrap()).offering(&["h2"]);
    let stream = tls.connect(relay.address()).await.unwrap();
    let (mut read, mut write) = tokio::io::split(stream);
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        let _ = read.read_to_end(&mut heard).await;
        heard
    });
    let hello = [PREFACE, &frame(kind::SETTINGS, 0, 0, &[])].concat();
    write.write_all(&hello).await.unwrap();
    let mut written = 0;
    for round in 0.. {
        let bytes = flood(round);
        written += bytes.len();
        if bytes.is_empty() {
            let _ = write.shutdown().await;
            break;
        }
        if write.write_all(&bytes).await.is_err()
            || write.flush().await.is_err()
            || heard.is_finished()
        {
            break;
        }
        assert!(written < 64 * 1024 * 1024, "it takes it for ever");
    }
    timeout(DEADLINE, heard).await.unwrap().unwrap();
    written
}

#[tokio::test]
async fn http2_floods_end_their_own_connection_and_nothing_else() {
    machine::alone();
    let relay = TestRelay::secure().await;
    let app = LocalApp::answering(200).await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    let quiet = median(&sender).await;
    let before = relay.process.rss();
    let floods: [(&str, Flood); 7] = [
        ("resets", resets),
        ("continuations", continuations),
        ("empty continuations", empty_continuations),
        ("pings", pings),
        ("settings", settings),
        ("empty data", empty_data),
        ("an HPACK bomb", hpack_bomb),
    ];
    for (what, flood) in floods {
        // One connection after the other, as long as somebody else is measured beside them.
        let flooding = async {
            let mut most = 0;
            for _ in 0..5 {
                most = most.max(until_ended(&relay, flood).await);
            }
            most
        };
        let (most, busy) = tokio::join!(flooding, median(&sender));
        let grown = relay.process.rss().saturating_sub(before);
        eprintln!(
            "{what}: ended after {most} bytes at the most; another's median {quiet:?} before, {busy:?} meanwhile; {grown} bytes grown"
        );
        assert!(most < 16 * 1024 * 1024, "{what}: {most}");
        assert!(grown < 16 * 1024 * 1024, "{what}: {grown} bytes");
        assert!(
            busy < quiet * 2 + Duration::from_millis(5),
            "{what}: {quiet:?} → {busy:?}"
        );
    }
    assert_eq!(sender.post("/hook", "after").await.status(), 200);
    let posts = 60 * (1 + floods.len()) + 1;
    assert_eq!(app.count(), posts, "nothing else came through");
    let events = client.events();
    assert!(events.iter().all(|event| event["type"] != "reconnecting"));
}

/// Who only answers pings has no reason to stay.
#[tokio::test]
async fn an_http2_connection_without_requests_ends_though_it_answers_pings() {
    let limits = ["--limit", "idle_time=2s", "--limit", "head_time=1s"];
    let relay = TestRelay::with(&[&["--tls", "self-signed"], &limits[..]].concat()).await;
    let mut connection = Http2::to(&relay).await;
    let pongs = async {
        while let Ok((kind, _, payload)) = connection.frame().await {
            if kind == kind::PING {
                let pong = frame(kind::PING, 1, 0, &payload);
                let _ = connection.write(&pong).await;
            }
        }
    };
    timeout(DEADLINE, pongs).await.expect("it ends");

    // Nor does a head that never ends.
    let mut connection = Http2::to(&relay).await;
    let begun = frame(kind::HEADERS, 0, 1, &post());
    connection.write(&begun).await.unwrap();
    connection.ends().await;
    relay.says("a head did not arrive in time").await;
}

/// One tunnel's flood is refused to that tunnel's senders, whatever addresses they have.
#[tokio::test]
async fn a_flood_of_many_addresses_is_refused_by_its_tunnel() {
    machine::alone();
    let rate = format!("requests_per_second_per_tunnel={RATE}");
    let relay = TestRelay::with(&["--behind-proxy", "--limit", &rate]).await;
    let app = LocalApp::answering(200).await;
    let flooded = TestClient::listen(&relay, &app, &[]).await;
    let other = TestClient::listen(&relay, &app, &["--new"]).await;
    let quiet = median(&other.sender()).await;
    let (passed, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut flood = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (sender, passed, refused) = (flooded.sender(), passed.clone(), refused.clone());
        flood.spawn(async move {
            let bytes = sender.bytes(&from(&format!("203.0.113.{number}"), "/flood"));
            let mut connection = sender.connect().await;
            loop {
                match connection.exchange(&bytes).await.unwrap().status() {
                    200 => passed.fetch_add(1, Ordering::Relaxed),
                    429 => refused.fetch_add(1, Ordering::Relaxed),
                    status => panic!("{status}"),
                };
                sleep(Duration::from_millis(1000 * CONNECTIONS / (10 * RATE))).await;
            }
        });
    }
    let begun = Instant::now();
    let busy = median(&other.sender()).await;
    let seconds = begun.elapsed().as_secs() + 1;
    flood.abort_all();
    let (passed, refused) = (
        passed.load(Ordering::Relaxed),
        refused.load(Ordering::Relaxed),
    );
    eprintln!("tunnel flood: {passed} passed, {refused} refused; {quiet:?} → {busy:?}");
    assert!(passed <= RATE * (seconds + 5), "{passed}");
    assert!(refused > passed, "{refused}");
    assert!(
        busy < quiet * 2 + Duration::from_millis(1),
        "{quiet:?} → {busy:?}"
    );
}
