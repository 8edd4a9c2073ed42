//! A history full of made-up deliveries, for measurements.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use kreel_wire::{Delivery, DeliveryId, HeadersBuilder, Kind, Response, Scheme, Seq, TunnelName};

use super::bodies::Bodies;
use super::file::OpenFile;
use super::group::Group;
use super::register::register;
use super::{Changed, HistoryError, Job, Standing, StoredAnswer, StoredAttempt, words};
use crate::{AttemptEnd, Timings};

/// Writes so many answered deliveries into a history, and indexes them. Each has the words
/// `krea` and `jobN` with its own number. Number 33 and each 50,000th after it is odd: a PUT
/// with the header `x-odd`, answered with 503.
pub fn fill(path: &Path, tunnel: &TunnelName, count: u64) -> Result<(), HistoryError> {
    let mut file = OpenFile::open(path)?.0;
    write(&mut file, tunnel, count).map_err(|error| HistoryError::of(path, error))
}

fn write(file: &mut OpenFile, tunnel: &TunnelName, count: u64) -> rusqlite::Result<()> {
    let name = ("https://relay.example".to_owned(), tunnel.clone());
    let number = register(&mut file.db, &name, true)?;
    let mut bodies = Bodies::default();
    for first in (0..count).step_by(GROUP) {
        file.db.execute_batch("BEGIN IMMEDIATE")?;
        let mut group = Group::begin(&file.db, number, &mut bodies)?;
        for seq in first..count.min(first + GROUP as u64) {
            let (begin, ended) = made_up(seq);
            group.perform(begin)?;
            group.perform(ended)?;
        }
        group.finish(false)?;
        file.db.execute_batch("COMMIT")?;
    }
    while words::index_some(&file.db)? {}
    Ok(())
}

fn made_up(seq: u64) -> (Job, Job) {
    let is_odd = seq % 50_000 == 33;
    let mut headers = HeadersBuilder::with_capacity(6);
    for (name, value) in [
        ("host", "my-app.relay.example"),
        ("user-agent", "Krea-Webhooks/1.0"),
        ("content-type", "application/json"),
        ("accept-encoding", "gzip, deflate, br"),
        ("x-request-id", "5f0c7d3a-5a77-4f3a-9a3e-2b1f4a1d9c11"),
    ] {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    if is_odd {
        headers.push(b"x-odd", b"yes");
    }
    let (method, status) = if is_odd { ("PUT", 503) } else { ("POST", 200) };
    let word = |place: u64| WORDS[(seq.wrapping_mul(0x9e37_79b9) >> place) as usize % WORDS.len()];
    let body = format!(
        r#"{{"job_id":"job{seq}","status":"completed","result":{{"urls":["https://gen.krea.ai/{seq}.png"]}},"prompt":"{} {} {}"}}"#,
        word(3),
        word(7),
        word(13),
    );
    let delivery = Delivery {
        id: DeliveryId::generate(),
        seq: Seq(seq),
        received_at_us: 1_790_000_000_000_000 + seq * 1_000,
        kind: Kind::Live,
        method: method.into(),
        target: Bytes::from_static(b"/api/webhooks/krea"),
        headers: headers.build(),
        scheme: Scheme::Https,
        forwarded_for: "203.0.113.7".into(),
        body_bytes: Some(body.len() as u64),
        attempted: false,
        signature: None,
    };
    let attempt = StoredAttempt {
        attempt: 1,
        began_at_us: delivery.received_at_us,
        is_replay: false,
        changed: Changed::default(),
        request: Some((
            "http://localhost:3000/api/webhooks/krea".to_owned(),
            delivery.headers.clone(),
        )),
        withheld: None,
        end: AttemptEnd::Answered {
            status,
            body_bytes: 2,
        },
        answer: Some(StoredAnswer {
            head: Response {
                status,
                reason: None,
                headers: HeadersBuilder::default().build(),
            },
            body: Bytes::from_static(b"ok"),
        }),
        timings: Timings {
            connect: None,
            first_byte: None,
            total: Duration::from_millis(12),
        },
    };
    let id = delivery.id;
    let begin = Job::Begin {
        delivery: Box::new(delivery),
        first: body.into(),
        is_complete: true,
    };
    let ended = Job::Ended {
        id,
        standing: Standing::Answered,
        attempt: Box::new(attempt),
    };
    (begin, ended)
}

/// How many share a transaction: nobody else wants to write.
const GROUP: usize = 10_000;

const WORDS: [&str; 16] = [
    "a", "quiet", "harbour", "at", "dawn", "with", "red", "boats", "and", "gulls", "over", "still",
    "water", "in", "soft", "light",
];
