//! Attempts ⇄ rows.

use std::time::Duration;

use kreel_wire::Failure;
use rusqlite::{CachedStatement, Connection, params};

use super::StoredAttempt;
use super::record::{key, signed, write_headers};
use crate::AttemptEnd;

/// What stands in place of a failure where the app was not to have a delivery: a stable word.
pub const WITHHELD: &str = "withheld";

/// What writes attempts: looked up once for many.
pub(super) fn inserting(db: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO attempt (key, began_at_us, is_replay, url, request_headers,
            status, reason, failure, failure_words, answer_headers, answer_body, answer_bytes,
            connect_us, first_byte_us, total_us, is_edited, method, body, other_target)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
            ?19)",
    )
}

/// Writes an attempt that is over, in place of an earlier one of its number.
pub(super) fn insert(
    inserting: &mut CachedStatement<'_>,
    number: i64,
    attempt: &StoredAttempt,
    scratch: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    scratch.clear();
    if let Some((_, headers)) = &attempt.request {
        write_headers(headers, scratch);
    }
    let answer_at = scratch.len();
    if let Some(answer) = &attempt.answer {
        write_headers(&answer.head.headers, scratch);
    }
    let (request, answer) = scratch.split_at(answer_at);
    let (failure, answer_bytes) = match &attempt.end {
        AttemptEnd::Answered { body_bytes, .. } => (None, Some(*body_bytes)),
        AttemptEnd::Failed(Failure::DiedMidAnswer { after_bytes }) => {
            (Some(&attempt.end), Some(*after_bytes))
        }
        AttemptEnd::Failed(_) => (Some(&attempt.end), None),
    };
    let words = match (failure, &attempt.withheld) {
        (Some(AttemptEnd::Failed(failure)), _) => Some((failure.code(), failure.to_string())),
        (_, Some(why)) => Some((WITHHELD, why.to_string())),
        _ => None,
    };
    let status = match (&attempt.end, &attempt.answer) {
        (AttemptEnd::Answered { status, .. }, _) => Some(*status),
        (_, Some(answer)) => Some(answer.head.status),
        (_, None) => None,
    };
    let kept = attempt.answer.as_ref();
    inserting.execute(params![
        key(number, attempt.attempt),
        signed(attempt.began_at_us),
        attempt.is_replay,
        attempt.request.as_ref().map(|(url, _)| url),
        attempt.request.as_ref().map(|_| request),
        status,
        kept.and_then(|answer| answer.head.reason.as_deref()),
        words.as_ref().map(|(code, _)| code),
        words.as_ref().map(|(_, words)| words),
        kept.map(|_| answer),
        kept.map(|answer| &*answer.body),
        answer_bytes,
        attempt.timings.connect.map(micros),
        attempt.timings.first_byte.map(micros),
        micros(attempt.timings.total),
        attempt.changed.is_edited,
        attempt.changed.method,
        attempt.changed.body.as_deref(),
        attempt.changed.to,
    ])?;
    Ok(())
}

/// An end in short: a status, or the stable word of a failure.
pub(super) fn outcome(attempt: &StoredAttempt) -> (Option<u16>, Option<&'static str>) {
    match &attempt.end {
        AttemptEnd::Answered { status, .. } => {
            let withheld = attempt.withheld.as_ref().map(|_| WITHHELD);
            (Some(*status), withheld)
        }
        AttemptEnd::Failed(failure) => (None, Some(failure.code())),
    }
}

/// A span as the file has it.
pub(super) fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
