//! What the encoding costs on real heads, beside JSON: bytes, time to encode, time to decode.
//!
//! `cargo run --release -p kreel-wire --example encodings` prints the table in
//! `docs/protocol.md`. Both encodings take turns in each round; the medians are shown.

mod heads;
mod json;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kreel_wire::Wire;

/// An odd number, so that there is a middle one.
const ROUNDS: usize = 31;

/// How long each measurement of a round takes, about.
const SPELL: Duration = Duration::from_millis(4);

/// How many messages are handled at a stretch: few enough to stay in the cache, as on a link.
const BATCH: usize = 16;

fn main() {
    println!("| message | protobuf | JSON | encode | JSON | decode | JSON |");
    println!("|---|---|---|---|---|---|---|");
    for (what, message) in heads::to_client() {
        row(what, &message, json::from_to_client, json::to_client);
    }
    for (what, message) in heads::to_relay() {
        row(what, &message, json::from_to_relay, json::to_relay);
    }
}

fn row<M: Wire + Clone + PartialEq + std::fmt::Debug>(
    what: &str,
    message: &M,
    to_json: fn(M) -> Bytes,
    from_json: fn(Bytes) -> Option<M>,
) {
    let (ours, json) = (message.clone().encode(), to_json(message.clone()));
    assert_eq!(M::decode(ours.clone()).as_ref().ok(), Some(message));
    assert_eq!(from_json(json.clone()).as_ref(), Some(message));

    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        // What was encoded is dropped at once, as the websocket does: it copies.
        times[0].push(each_ns(
            || message.clone(),
            |message| message.encode().len(),
        ));
        times[1].push(each_ns(
            || message.clone(),
            |message| to_json(message).len(),
        ));
        times[2].push(each_ns(|| arrived(&ours), M::decode));
        times[3].push(each_ns(|| arrived(&json), from_json));
    }
    let [encode, encode_json, decode, decode_json] = times.map(median);
    println!(
        "| {what} | {} B | {} B, ×{:.2} | {encode:.0} ns | {encode_json:.0} ns, ×{:.1} | \
         {decode:.0} ns | {decode_json:.0} ns, ×{:.1} |",
        ours.len(),
        json.len(),
        json.len() as f64 / ours.len() as f64,
        encode_json / encode,
        decode_json / decode,
    );
}

/// Bytes as a websocket hands them on: an allocation of their own, not shared yet.
fn arrived(bytes: &Bytes) -> Bytes {
    Bytes::from(bytes.to_vec())
}

/// The time `work` takes on one of what `input` makes; making it, and dropping what comes out,
/// is not counted.
fn each_ns<I, O>(input: impl Fn() -> I, work: impl Fn(I) -> O) -> f64 {
    let (start, mut spent, mut count) = (Instant::now(), Duration::ZERO, 0);
    let (mut inputs, mut outputs) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    while start.elapsed() < SPELL {
        inputs.extend((0..BATCH).map(|_| input()));
        let begin = Instant::now();
        outputs.extend(inputs.drain(..).map(|input| work(black_box(input))));
        spent += begin.elapsed();
        black_box(&mut outputs).clear();
        count += BATCH;
    }
    spent.as_nanos() as f64 / count as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
