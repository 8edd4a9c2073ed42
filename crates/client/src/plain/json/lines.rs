//! Updates as lines.

use std::io::{self, Write};

use jiff::Timestamp;
use serde_json::Serializer;

use super::escape::Inert;
use super::{CountersLine, Line};
use crate::{Attempt, AttemptEnd, Counters, Kind, Ready, Summary, Update};

impl<'a> Line<'a> {
    /// The line for an update, if programs need to know of it.
    pub fn of(update: &'a Update, tunnel: Option<&'a str>) -> Option<Self> {
        Some(match update {
            Update::Connecting { attempt } => Self::Connecting { attempt: *attempt },
            Update::Ready(ready) => Self::ready(ready),
            Update::Reconnecting {
                cause,
                code,
                in_,
                attempt,
                ..
            } => Self::Reconnecting {
                code,
                cause,
                in_ms: u64::try_from(in_.as_millis()).unwrap_or(u64::MAX),
                attempt: *attempt,
            },
            Update::Delivery(delivery) => Self::delivery(delivery, tunnel),
            Update::Attempt(attempt) => Self::attempt(attempt),
            Update::Answered {
                delivery,
                status,
                by,
            } => Self::Answered {
                delivery_id: delivery.id.to_string(),
                status: *status,
                by: by.as_str(),
            },
            Update::Captured(delivery) => Self::Captured {
                delivery_id: delivery.id.to_string(),
            },
            Update::Withheld { delivery, why } => Self::Withheld {
                delivery_id: delivery.id.to_string(),
                message: why,
            },
            Update::AppDown { address, failure } => Self::AppDown {
                address,
                failure: failure.code(),
                message: failure.to_string(),
            },
            Update::AppUp { waiting } => Self::AppUp { waiting: *waiting },
            Update::Draining { done, total } => Self::Draining {
                done: *done,
                total: *total,
            },
            Update::Drained { total } => Self::Drained { total: *total },
            Update::Replaying {
                delivery,
                done,
                failed,
                total,
            } => Self::Replaying {
                delivery_id: delivery.to_string(),
                done: *done,
                failed: *failed,
                total: *total,
            },
            Update::NotReplayed { delivery, why } => Self::NotReplayed {
                delivery_id: delivery.to_string(),
                message: why,
            },
            Update::Held { on, waiting, .. } => Self::Held {
                on: *on,
                waiting: *waiting,
            },
            Update::HistoryFailing { cause } => Self::HistoryFailing { cause },
            Update::HistoryMended => Self::HistoryMended,
            Update::Counters(counters) => Self::Counters((*counters).into()),
            Update::Skipped { count } => Self::Skipped { count: *count },
            // It is measured every few seconds, and says nothing about a delivery.
            Update::Latency(_) | Update::Stopping { .. } => return None,
            // What is decided about it is told.
            Update::Gated(_) => return None,
        })
    }

    fn ready(ready: &'a Ready) -> Self {
        Self::Ready {
            url: &ready.url,
            subdomain_url: ready.subdomain_url.as_deref(),
            forward_to: ready.forward_to.as_deref(),
            tunnel: ready.tunnel.as_str(),
            relay: &ready.relay,
            relay_version: &ready.relay_version,
            waiting: ready.waiting,
        }
    }

    fn delivery(delivery: &'a Summary, tunnel: Option<&'a str>) -> Self {
        Self::Delivery {
            id: delivery.id.to_string(),
            seq: delivery.seq.0,
            tunnel,
            method: &delivery.method,
            path: String::from_utf8_lossy(&delivery.target).into_owned(),
            size_bytes: delivery.size_bytes,
            received_at: rfc3339(delivery.received_at_us),
            queued: delivery.kind == Kind::Queued,
        }
    }

    fn attempt(attempt: &'a Attempt) -> Self {
        let (status, answer_bytes, failure) = match &attempt.end {
            AttemptEnd::Answered { status, body_bytes } => (Some(*status), Some(*body_bytes), None),
            AttemptEnd::Failed(failure) => (None, None, Some(failure)),
        };
        let timings = &attempt.timings;
        Self::Attempt {
            delivery_id: attempt.delivery.id.to_string(),
            attempt: attempt.attempt,
            status,
            failure: failure.map(kreel_wire::Failure::code),
            message: failure.map(ToString::to_string),
            duration_ms: milliseconds(timings.total),
            connect_ms: timings.connect.map(milliseconds),
            first_byte_ms: timings.first_byte.map(milliseconds),
            answer_bytes,
            replay: attempt.replay,
            edited: attempt.is_edited,
        }
    }

    /// Writes the line, and flushes so that a reader has it at once.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        // One write for the whole line: a reader never sees half of one.
        out.write_all(&inert_line(self)?)?;
        out.flush()
    }
}

/// A value as one line of JSON, in which nothing acts on a terminal.
pub fn inert_line(value: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    value.serialize(&mut Serializer::with_formatter(&mut line, Inert))?;
    line.push(b'\n');
    Ok(line)
}

impl From<Counters> for CountersLine {
    fn from(counters: Counters) -> Self {
        let Counters {
            received,
            delivered,
            failed,
            broken_off,
            waiting,
            duplicates,
            lost,
        } = counters;
        Self {
            received,
            delivered,
            failed,
            broken_off,
            waiting,
            duplicates,
            lost,
        }
    }
}

/// Milliseconds to the microsecond.
pub fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A time as RFC 3339 has it, in UTC.
pub fn rfc3339(us_since_1970: u64) -> String {
    let time = i64::try_from(us_since_1970)
        .ok()
        .and_then(|us| Timestamp::from_microsecond(us).ok());
    // A relay's clock past the year 9999 is its own affair.
    time.unwrap_or(Timestamp::MAX).to_string()
}
