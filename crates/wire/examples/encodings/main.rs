//! What the encoding costs on real heads, beside JSON: bytes, time to encode, time to decode.
//!
//! `cargo run --release -p kreel-wire --example encodings` prints the table in
//! `docs/protocol.md`. Both encodings take turns in each round; the medians are shown.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod heads;
mod json;

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kreel_wire::Wire;

/// How often each measurement has its turn.
const ROUNDS: usize = 31;

/// How long each measurement of a round takes, about.
const SPELL: Duration = Duration::from_millis(4);

/// How many messages are handled at a stretch: few enough to stay in the cache, as on a link.
const BATCH: usize = 16;

fn main() {
    println!("| message | protobuf | as JSON | encode | as JSON | decode | as JSON |");
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
        measure(
            &mut times[0],
            || message.clone(),
            |message| message.encode().len(),
        );
        measure(
            &mut times[1],
            || message.clone(),
            |message| to_json(message).len(),
        );
        measure(&mut times[2], || arrived(&ours), M::decode);
        measure(&mut times[3], || arrived(&json), from_json);
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

/// Adds the times `work` takes on one of what `input` makes; making it, and dropping what comes
/// out, is not counted. One time a batch: the median passes over those that were interrupted.
fn measure<I, O>(times: &mut Vec<f64>, input: impl Fn() -> I, work: impl Fn(I) -> O) {
    let (mut inputs, mut outputs) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    let start = Instant::now();
    while start.elapsed() < SPELL {
        inputs.extend((0..BATCH).map(|_| input()));
        let begin = Instant::now();
        outputs.extend(inputs.drain(..).map(|input| work(black_box(input))));
        times.push(begin.elapsed().as_nanos() as f64 / BATCH as f64);
        black_box(&mut outputs).clear();
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
