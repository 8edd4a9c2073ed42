//! A real hyper behind the gate: what it serves, what it answers, and that it closes.

use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, UPGRADE};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::faults::{Fault, faults};
use super::generated::{change, fragments, messages};
use super::{ACCEPTED, LIMITS, Refusal, read_slowly};
use crate::framing::{Gate, GatedIo};

/// What came of it when a sender sent some bytes and waited for the end.
struct Outcome {
    /// The bodies of the messages that the service read to their end.
    served: Vec<Vec<u8>>,
    /// The statuses of the answers.
    statuses: Vec<u16>,
}

impl Outcome {
    /// How many answers were refusals.
    fn refusals(&self) -> usize {
        let is_refusal = |status: &&u16| (400..500).contains(*status);
        self.statuses.iter().filter(is_refusal).count()
    }
}

/// A hyper with the gate's limits. It serves on when the sender has closed its side.
fn hyper() -> http1::Builder {
    let mut hyper = http1::Builder::new();
    hyper
        .half_close(true)
        .max_header_size(LIMITS.max_head_bytes)
        .max_headers(LIMITS.max_header_lines);
    hyper
}

/// Sends bytes over a pipe that holds so many.
///
/// `hang_up`: then the sender closes its side; otherwise it waits for hyper to close.
async fn send(hyper: &http1::Builder, raw: &[u8], pipe_bytes: usize, hang_up: bool) -> Outcome {
    let (sender, relay) = duplex(pipe_bytes);
    let served = Mutex::default();
    let conversation =
        async { tokio::join!(talk(sender, raw, hang_up), serve(hyper, relay, &served)).0 };
    let answers = tokio::time::timeout(Duration::from_secs(5), conversation).await;
    let answers = answers.expect("hyper closes the connection");
    Outcome {
        served: served.into_inner().unwrap(),
        statuses: statuses(&answers),
    }
}

async fn talk(sender: DuplexStream, raw: &[u8], hang_up: bool) -> String {
    let (mut reading, mut writing) = tokio::io::split(sender);
    let write = async {
        // Fails once hyper has closed.
        let _ = writing.write_all(raw).await;
        if hang_up {
            let _ = writing.shutdown().await;
        }
    };
    let mut answers = String::new();
    let (_, read) = tokio::join!(write, reading.read_to_string(&mut answers));
    read.unwrap();
    answers
}

async fn serve(hyper: &http1::Builder, relay: DuplexStream, served: &Mutex<Vec<Vec<u8>>>) {
    let service = service_fn(async |request: Request<Incoming>| {
        let body = request.into_body().collect().await;
        // Time for hyper to read on.
        tokio::task::yield_now().await;
        let answer = Response::builder();
        let answer = match body {
            Ok(body) => {
                served.lock().unwrap().push(body.to_bytes().to_vec());
                answer
            }
            Err(_) => answer.status(400).header(CONNECTION, "close"),
        };
        answer.body(Empty::<Bytes>::new())
    });
    let io = TokioIo::new(GatedIo::new(relay, LIMITS));
    // Fails after a refusal.
    let _ = hyper.serve_connection(io, service).await;
}

/// The statuses of answers without bodies.
fn statuses(answers: &str) -> Vec<u16> {
    answers
        .lines()
        .filter_map(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok())
        .collect()
}

#[tokio::test]
async fn good_messages_are_served_with_their_bodies() {
    for (raw, bodies) in ACCEPTED {
        for pipe_bytes in [1, 7, 4096] {
            let outcome = send(&hyper(), raw, pipe_bytes, true).await;
            assert_eq!(&outcome.served, bodies, "{}", raw.escape_ascii());
            assert_eq!(outcome.statuses, vec![200; bodies.len()]);
        }
    }
}

#[tokio::test]
async fn a_bad_message_gets_one_refusal_and_the_connection_is_closed() {
    for half_close in [false, true] {
        let mut hyper = hyper();
        hyper.half_close(half_close);
        for fault in faults() {
            let status = match fault.refusal {
                Refusal::HeadTooLarge { .. } | Refusal::TooManyLines { .. } => 431,
                _ => 400,
            };
            is_refused(&hyper, &fault, status).await;
        }
    }
}

#[tokio::test]
async fn a_hyper_with_other_limits_refuses_as_well() {
    for fault in faults() {
        is_refused(&http1::Builder::new(), &fault, 400).await;
    }
}

async fn is_refused(hyper: &http1::Builder, fault: &Fault, status: u16) {
    for pipe_bytes in [1, 7, 64, 4096] {
        // Until the bytes that are too early come, nothing is wrong with the head.
        if fault.refusal == Refusal::BeforeUpgrade && pipe_bytes < fault.raw.len() {
            continue;
        }
        let outcome = send(hyper, &fault.raw, pipe_bytes, false).await;
        let raw = fault.raw.escape_ascii();
        let before = fault.message as usize - 1;
        assert_eq!(outcome.served.len(), before, "{raw}");
        assert_eq!(outcome.statuses[..before], vec![200; before], "{raw}");
        assert_eq!(outcome.statuses[before..], [status], "{raw}");
    }
}

fn raw_messages() -> impl Strategy<Value = Vec<u8>> {
    messages().prop_map(|messages| messages.into_iter().flat_map(|(raw, _)| raw).collect())
}

proptest! {
    /// Whatever comes, hyper serves what the gate took it for: no message more, no other body.
    #[test]
    fn hyper_reads_what_the_gate_reads(
        raw in prop_oneof![fragments(), raw_messages(), change(raw_messages())],
        pipe_bytes in prop_oneof![Just(1usize), 2..100usize, Just(8192)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let outcome = runtime.block_on(send(&hyper(), &raw, pipe_bytes, true));
        let reading = read_slowly(&raw);
        let all_served = reading.bodies == outcome.served;
        prop_assert!(reading.bodies.starts_with(&outcome.served), "{}", raw.escape_ascii());
        // hyper may refuse what the gate lets pass, but it overlooks nothing.
        let explained = match outcome.refusals() {
            0 => (reading.verdict.is_ok() && all_served) || ends_early(&raw),
            refusals => refusals == 1,
        };
        prop_assert!(explained, "{}", raw.escape_ascii());
    }
}

/// Whether hyper may close the connection before it has read all of these bytes.
fn ends_early(raw: &[u8]) -> bool {
    ["HTTP/1.0", "close", "Upgrade"].iter().any(|word| {
        raw.windows(word.len())
            .any(|window| window == word.as_bytes())
    })
}

#[tokio::test]
async fn an_accepted_upgrade_is_no_longer_http() {
    let (mut sender, relay) = duplex(64);
    let gated = GatedIo::new(relay, LIMITS);
    let gate = gated.gate();
    let connection = {
        let gate = gate.clone();
        let service = service_fn(move |request| accept_upgrade(request, gate.clone()));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(gated), service);
        tokio::spawn(connection.with_upgrades())
    };
    let head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    sender.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    sender.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 101");
    sender.write_all(b"\0\r\n\r\nGET\n").await.unwrap();
    sender.shutdown().await.unwrap();
    let mut rest = Vec::new();
    sender.read_to_end(&mut rest).await.unwrap();
    assert!(
        rest.ends_with(b"\r\n\r\n\0\r\n\r\nGET\n"),
        "{}",
        rest.escape_ascii()
    );
    connection.await.unwrap().unwrap();
    assert_eq!(gate.refused(), None);
}

/// Accepts to echo what follows.
async fn accept_upgrade(
    mut request: Request<Incoming>,
    gate: Gate,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    gate.accept_upgrade().unwrap();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let (mut from, mut to) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
        tokio::io::copy(&mut from, &mut to).await.unwrap();
        to.shutdown().await.unwrap();
    });
    let answer = Response::builder().status(101);
    let answer = answer.header(CONNECTION, "upgrade").header(UPGRADE, "echo");
    Ok(answer.body(Empty::new()).unwrap())
}
