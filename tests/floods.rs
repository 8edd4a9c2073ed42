//! Too much of everything from one side: it is refused there, and nobody else notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

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

/// An HTTP/2 frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

/// POST /mine/x to https://x, as HPACK has it.
fn post() -> Vec<u8> {
    [&[0x83, 0x87, 0x44, 7][..], b"/mine/x", &[0x41, 1], b"x"].concat()
}

/// A header line of 8,000 bytes, whole and as HPACK has it: nothing is wrong with it but that
/// there is always another. Its value's length is 127 and 7,873, in groups of seven bits.
fn line() -> Vec<u8> {
    let name_and_length = [0, 1, b'a', 0x7f, 0x80 | 65, 61];
    [&name_and_length[..], &[b'x'; 8000]].concat()
}

/// Writes until the relay ends the connection; how many bytes it took.
async fn until_ended(relay: &TestRelay, mut next: impl FnMut(u32) -> Vec<u8>) -> usize {
    let tls = Tls::trusting(&relay.ca().unwrap()).offering(&["h2"]);
    let stream = tls.connect(relay.address()).await.unwrap();
    let (mut read, mut write) = tokio::io::split(stream);
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        let _ = read.read_to_end(&mut heard).await;
        heard
    });
    let hello = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    write.write_all(&hello).await.unwrap();
    let mut written = 0;
    for round in 0.. {
        let bytes = next(round);
        written += bytes.len();
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
    let client = TestClient::listen(&relay, &app, &[]).await;
    assert_eq!(client.sender().post("/hook", "before").await.status(), 200);
    let before = relay.process.rss();

    let reset = until_ended(&relay, |round| {
        let many = (0..200u32).flat_map(|each| {
            let stream = 1 + 2 * (round * 200 + each);
            let cancel = 8u32.to_be_bytes();
            [
                frame(HEADERS, 4, stream, &post()),
                frame(RST_STREAM, 0, stream, &cancel),
            ]
            .concat()
        });
        many.collect()
    })
    .await;
    let continued = until_ended(&relay, |round| match round {
        // No end of the headers, ever.
        0 => frame(HEADERS, 0, 1, &post()),
        _ => frame(CONTINUATION, 0, 1, &line()),
    })
    .await;
    eprintln!(
        "HTTP/2: ended after {reset} bytes of resets, after {continued} bytes of continuations"
    );
    assert!(continued < 4 * 1024 * 1024, "{continued}");
    let grown = relay.process.rss().saturating_sub(before);
    assert!(grown < 16 * 1024 * 1024, "{grown} bytes");
    assert_eq!(client.sender().post("/hook", "after").await.status(), 200);
    assert_eq!(app.texts(), ["before", "after"]);
}
