//! A sender's body, piece by piece, within its size and its time.

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use kreel_wire::limits::CHUNK_BYTES;
use tokio::time::timeout;

use super::problem::Problem;
use crate::limits::BODY_PAUSE;

/// What is still to come of a sender's body.
#[derive(Debug)]
pub(super) struct SenderBody {
    incoming: Incoming,
    left_bytes: u64,
    limit_bytes: u64,
}

impl SenderBody {
    /// A body of at most this many bytes. One that says it is larger is refused at once.
    pub(super) fn new(incoming: Incoming, limit_bytes: u64) -> Result<Self, Problem> {
        if incoming.size_hint().lower() > limit_bytes {
            return Err(Problem::TooLarge(limit_bytes));
        }
        Ok(Self {
            incoming,
            left_bytes: limit_bytes,
            limit_bytes,
        })
    }

    /// The body's size in bytes, where the sender told it.
    pub(super) fn told_bytes(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// Whether nothing is to come any more.
    pub(super) fn is_complete(&self) -> bool {
        self.incoming.is_end_stream()
    }

    /// The next run of bytes; nothing when the body is complete.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let frame = timeout(BODY_PAUSE, self.incoming.frame())
                .await
                .map_err(|_| Problem::TooSlow)?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|_| Problem::BadRequest("the request broke off"))?;
            // Trailers are not carried on.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            self.left_bytes = self
                .left_bytes
                .checked_sub(data.len() as u64)
                .ok_or(Problem::TooLarge(self.limit_bytes))?;
            return Ok(Some(data));
        }
    }

    /// The beginning of the body: all of it if it fits one message, or at least a message's
    /// worth. So a small webhook is handed on complete or not at all.
    pub(super) async fn beginning(&mut self) -> Result<Vec<Bytes>, Problem> {
        let (mut runs, mut bytes) = (Vec::new(), 0);
        while bytes < CHUNK_BYTES && !self.is_complete() {
            let Some(run) = self.next().await? else { break };
            bytes += run.len();
            runs.push(run);
        }
        Ok(runs)
    }
}
