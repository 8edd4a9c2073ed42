//! What the history keeps of a delivery, as evidence about a job.

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use kreel_client::{HistoryError, KeptAttempt, Reader, WITHHELD};
use kreel_krea::{Attempt, Outcome};

use crate::limits::GATHER_BODY_BYTES;

/// As much of a body as a job can have.
pub(crate) fn body_of(reader: &Reader, number: i64) -> Result<Bytes, HistoryError> {
    let mut body = BytesMut::new();
    for place in 0.. {
        match reader.piece(number, place)? {
            Some(first) if place == 0 && first.len() as u64 >= GATHER_BODY_BYTES => {
                return Ok(first);
            }
            Some(more) if (body.len() as u64) < GATHER_BODY_BYTES => {
                body.extend_from_slice(&more);
            }
            _ => break,
        }
    }
    Ok(body.freeze())
}

/// When and why a delivery was withheld, if this is no attempt but that.
pub(super) fn withheld(kept: &KeptAttempt) -> Option<(Timestamp, String)> {
    let (code, words) = kept.failure.as_ref()?;
    (code == WITHHELD).then(|| (time(kept.began_at_us), words.clone()))
}

/// An attempt, as the history keeps it.
pub(super) fn attempt(kept: &KeptAttempt) -> Attempt {
    let outcome = match (kept.status, &kept.failure) {
        (Some(status), None) => Outcome::Answered(status),
        _ => Outcome::Failed,
    };
    Attempt {
        began_at: time(kept.began_at_us),
        outcome,
        took: kept.timings.total,
    }
}

/// A time from its column.
pub(super) fn time(us: u64) -> Timestamp {
    let us = i64::try_from(us).unwrap_or(i64::MAX);
    Timestamp::from_microsecond(us).unwrap_or(Timestamp::MAX)
}
