//! A sender's body, piece by piece, within its size and its time. What is held of it costs
//! about its size, however small the pieces it is sent in.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use kreel_wire::limits::CHUNK_BYTES;
use tokio::time::{Instant, timeout};

use super::problem::Problem;
use crate::config::Limits;

/// What is still to come of a sender's body.
#[derive(Debug)]
pub(super) struct SenderBody {
    incoming: Incoming,
    /// hyper does not say that a chunked body is over before one asked it for more.
    ended: bool,
    pace: Pace,
    left_bytes: u64,
    limit_bytes: u64,
    /// Small runs, copied together.
    small: BytesMut,
    /// A run that came while small ones were gathered.
    ahead: Option<Bytes>,
}

impl SenderBody {
    /// A body of at most this many bytes, within the limits of time. One that says it is larger
    /// is refused at once.
    pub(super) fn new(
        incoming: Incoming,
        limit_bytes: u64,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        if incoming.size_hint().lower() > limit_bytes {
            return Err(Problem::TooLarge(limit_bytes));
        }
        Ok(Self {
            incoming,
            ended: false,
            pace: Pace::within(limits),
            left_bytes: limit_bytes,
            limit_bytes,
            small: BytesMut::new(),
            ahead: None,
        })
    }

    /// The body's size in bytes, where the sender told it.
    pub(super) fn told_bytes(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// Whether nothing is to come any more.
    pub(super) fn is_complete(&self) -> bool {
        self.ahead.is_none() && self.is_read()
    }

    /// The next run of bytes; nothing when the body is complete. Small runs that are at hand
    /// come as one.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let Some(first) = self.receive().await? else {
            return Ok(None);
        };
        if first.len() >= SMALL_BYTES || self.is_read() {
            return Ok(Some(first));
        }
        self.gather(&first);
        while self.small.len() < SMALL_BYTES && !self.is_read() {
            match self.receive_at_hand().await? {
                Some(run) if run.len() < SMALL_BYTES => self.gather(&run),
                large_or_none => {
                    self.ahead = large_or_none;
                    break;
                }
            }
        }
        Ok(self.gathered())
    }

    /// The beginning of the body: all of it if it fits one message, or at least a message's
    /// worth. So a small webhook is handed on complete or not at all.
    pub(super) async fn beginning(&mut self) -> Result<Vec<Bytes>, Problem> {
        let (mut runs, mut bytes) = (Vec::new(), 0);
        while bytes < CHUNK_BYTES && !self.is_read() {
            let Some(run) = self.receive().await? else {
                break;
            };
            let only = bytes == 0 && self.is_read();
            bytes += run.len();
            let small = run.len() < SMALL_BYTES && !only;
            if small {
                self.gather(&run);
            }
            if !small || self.small.len() >= SMALL_BYTES {
                runs.extend(self.gathered());
            }
            if !small {
                runs.push(run);
            }
        }
        runs.extend(self.gathered());
        Ok(runs)
    }

    fn is_read(&self) -> bool {
        self.ended || self.incoming.is_end_stream()
    }

    /// Copies a small run: it costs no handle of its own then, and does not keep the buffer
    /// alive that it was read into.
    fn gather(&mut self, run: &[u8]) {
        if self.small.capacity() - self.small.len() < run.len() {
            self.small.reserve(SMALL_BYTES);
        }
        self.small.extend_from_slice(run);
    }

    /// What was gathered, if anything. The room left behind it is for the next small runs.
    fn gathered(&mut self) -> Option<Bytes> {
        (!self.small.is_empty()).then(|| self.small.split().freeze())
    }

    /// What hyper hands out next, in the sender's time.
    async fn receive(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.ended {
            let asked = Instant::now();
            let frame = timeout(self.pace.patience(), self.incoming.frame()).await;
            self.pace.spend(asked.elapsed());
            let frame = frame.map_err(|_| Problem::TooSlow)?;
            if let Some(data) = self.take(frame)? {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// What hyper hands out within a moment.
    async fn receive_at_hand(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.ended {
            let asked = Instant::now();
            let frame = timeout(MOMENT, self.incoming.frame()).await;
            self.pace.spend(asked.elapsed());
            let Ok(frame) = frame else { return Ok(None) };
            if let Some(data) = self.take(frame)? {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The bytes of a frame, if it has any. Trailers are not carried on.
    fn take(
        &mut self,
        frame: Option<Result<http_body::Frame<Bytes>, hyper::Error>>,
    ) -> Result<Option<Bytes>, Problem> {
        let Some(frame) = frame else {
            self.ended = true;
            return Ok(None);
        };
        let frame = frame.map_err(|_| Problem::BadRequest("the request broke off"))?;
        let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) else {
            return Ok(None);
        };
        let bytes = data.len() as u64;
        self.pace.earn(bytes);
        self.left_bytes = self
            .left_bytes
            .checked_sub(bytes)
            .ok_or(Problem::TooLarge(self.limit_bytes))?;
        Ok(Some(data))
    }
}

/// How fast a sender is. What the relay waits for itself, credit or the disk, is not counted.
#[derive(Debug)]
struct Pace {
    /// How long it may still take, by what it brought. However much that was, it is a pause's time
    /// at the most: who was quick once is not waited for for ever.
    credit: Duration,
    /// What is left of the longest a body may take.
    left: Duration,
    pause: Duration,
    bytes_per_second: u64,
}

impl Pace {
    fn within(limits: &Limits) -> Self {
        Self {
            credit: limits.body_grace,
            left: limits.body_time,
            pause: limits.body_pause,
            bytes_per_second: limits.body_bytes_per_second.max(1),
        }
    }

    /// The sender brought so much.
    fn earn(&mut self, bytes: u64) {
        let micros = bytes.saturating_mul(1_000_000) / self.bytes_per_second;
        let earned = self.credit.saturating_add(Duration::from_micros(micros));
        self.credit = self.credit.max(earned.min(self.pause));
    }

    /// It was waited for so long.
    fn spend(&mut self, time: Duration) {
        self.credit = self.credit.saturating_sub(time);
        self.left = self.left.saturating_sub(time);
    }

    /// How long the sender may be silent now.
    fn patience(&self) -> Duration {
        self.credit.min(self.pause).min(self.left)
    }
}

/// Runs below this size are copied together: 4 KiB, a memory page. Larger ones are few enough.
const SMALL_BYTES: usize = 4 * 1024;

/// How long a small run waits for the next: 1 ms. hyper hands out one chunk at a time, each
/// after its own task had a turn; and nobody notices a millisecond in a body that trickles.
const MOMENT: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
