//! Deliveries as objects for scripts.

use std::borrow::Cow;

use kreel_client::plain::{milliseconds, rfc3339};
use kreel_client::{KeptAttempt, Row, Whole};
use kreel_inspect::mask::Masking;
use kreel_wire::Headers;
use serde_json::{Value, json};

/// What stands for a secret.
pub(super) const MASK: &str = "********";

/// A delivery in brief.
pub(super) fn of_row(row: &Row) -> Value {
    let (last, signature) = (row.last.as_ref(), row.summary.signature);
    json!({
        "type": "request",
        "id": row.summary.id.to_string(),
        "seq": row.summary.seq.0,
        "tunnel": row.tunnel,
        "relay": row.relay,
        "method": row.summary.method,
        "path": path(&row.summary.target),
        "size_bytes": row.summary.size_bytes,
        "received_at": rfc3339(row.summary.received_at_us),
        "standing": row.standing.as_str(),
        "attempts": row.attempts,
        "status": last.and_then(|last| last.status),
        "failure": last.and_then(|last| last.failure.as_deref()),
        "duration_ms": last.map(|last| milliseconds(last.total)),
        "marked": row.is_marked,
        "note": row.note,
        "replays": row.replays.count,
        "synthesised": row.is_synthesised(),
        "verified": signature.map(kreel_wire::Verdict::is_good),
        "signature": signature.map(kreel_wire::Verdict::as_str),
    })
}

/// All of a delivery but its body.
pub(super) fn of_whole(whole: &Whole, masking: &Masking) -> Value {
    let mut object = of_row(&whole.row);
    object["is_complete"] = whole.row.is_complete.into();
    object["scheme"] = whole.delivery.scheme.as_str().into();
    object["forwarded_for"] = (&*whole.delivery.forwarded_for).into();
    object["headers"] = headers(&whole.delivery.headers, masking);
    let attempt = |attempt| of_attempt(attempt, masking);
    object["attempts_ended"] = whole.attempts.iter().map(attempt).collect();
    object
}

fn of_attempt(attempt: &KeptAttempt, masking: &Masking) -> Value {
    let request = attempt.request.as_ref();
    let answer = attempt.answer.as_ref();
    let failure = attempt.failure.as_ref();
    json!({
        "attempt": attempt.number,
        "began_at": rfc3339(attempt.began_at_us),
        "replay": attempt.is_replay,
        "edited": attempt.is_edited,
        "method": attempt.method,
        "other_target": attempt.other_target,
        "url": request.map(|(url, _)| url),
        "request_headers": request.map(|(_, lines)| headers(lines, masking)),
        "status": attempt.status,
        "failure": failure.map(|(code, _)| code),
        "message": failure.map(|(_, words)| words),
        "answer_headers": answer.map(|(lines, _)| headers(lines, masking)),
        "answer_bytes": attempt.answer_bytes,
        "duration_ms": milliseconds(attempt.timings.total),
        "connect_ms": attempt.timings.connect.map(milliseconds),
        "first_byte_ms": attempt.timings.first_byte.map(milliseconds),
    })
}

/// Names and values in order, with their repeats.
fn headers(headers: &Headers, masking: &Masking) -> Value {
    let pair = |line: kreel_wire::Header<'_>| {
        let value = match masking.hides(line.name) {
            true => Cow::Borrowed(MASK),
            false => String::from_utf8_lossy(line.value),
        };
        json!([String::from_utf8_lossy(line.name), value])
    };
    headers.iter().map(pair).collect()
}

/// Path and query; bytes that are not UTF-8 replaced.
fn path(target: &[u8]) -> Cow<'_, str> {
    match target {
        [] => Cow::Borrowed("/"),
        target => String::from_utf8_lossy(target),
    }
}
