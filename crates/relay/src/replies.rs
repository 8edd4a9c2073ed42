//! Senders waiting on one link, each under its exchange: put in once, claimed once.
//!
//! Owned by the link's task alone, so there is nothing to lock. Dropping it tells everyone
//! that the link is gone.

use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use kreel_wire::limits::{MESSAGE_COST_BYTES, WINDOW_BYTES};
use kreel_wire::{Answer, Chunk, ExchangeId, Failure, Response};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::limits::ANSWER_WINDOW_BYTES;

/// What a waiting sender is told.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The app's answer begins.
    Answered(Response, ReplyBody),
    /// There will be none.
    Failed(Failure),
}

/// The body of an app's answer.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    /// All of it.
    Whole(Bytes),
    /// Its beginning, and where the rest comes. The channel closing before the piece marked as
    /// the end means that the answer broke off.
    Streamed(Bytes, mpsc::Receiver<Chunk>),
}

/// How the client broke the protocol on an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Violation {
    /// A message for an exchange that was never opened.
    #[error("a message for exchange {0}, which was never opened")]
    NeverOpened(u32),
    /// A second answer, or a body piece before the answer.
    #[error("messages of exchange {0} are out of order")]
    OutOfOrder(u32),
    /// More of a body than there was credit for.
    #[error("exchange {0} was sent more than its credit")]
    CreditOverrun(u32),
    /// More credit than anybody could use.
    #[error("exchange {0} was granted too much credit")]
    CreditFlood(u32),
}

/// The exchanges open on a link.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    open: HashMap<u32, Exchange>,
    highest: u32,
}

#[derive(Debug)]
struct Exchange {
    stage: Stage,
    /// The credit for the request's body, while that is under way.
    upload: Option<Arc<Semaphore>>,
}

#[derive(Debug)]
enum Stage {
    /// Nobody waits: a kept delivery.
    Silent,
    /// A sender waits for the answer to begin.
    Waiting(oneshot::Sender<Reply>),
    /// A sender takes the answer piece by piece.
    Streaming {
        pieces: mpsc::Sender<Chunk>,
        credit_bytes: i64,
    },
}

/// The most messages that fit a window, each of which costs some credit even if empty; and one
/// more for each grant on its way.
const PIECES: usize = (WINDOW_BYTES / MESSAGE_COST_BYTES) as usize + 8;

/// The most unused credit for a request's body: far above any sensible window.
const CREDIT_LIMIT_BYTES: usize = 64 * 1024 * 1024;

impl Replies {
    /// Opens an exchange; with no sender waiting if `reply` is absent.
    pub(crate) fn insert(
        &mut self,
        exchange: ExchangeId,
        reply: Option<oneshot::Sender<Reply>>,
        upload: Option<Arc<Semaphore>>,
    ) {
        self.highest = exchange.0;
        let stage = reply.map_or(Stage::Silent, Stage::Waiting);
        if matches!(stage, Stage::Waiting(_)) || upload.is_some() {
            self.open.insert(exchange.0, Exchange { stage, upload });
        }
    }

    /// How many exchanges are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// Hands an answer's beginning to its sender.
    pub(crate) fn answer(&mut self, answer: Answer) -> Result<(), Violation> {
        let Answer {
            exchange,
            response,
            body,
            end,
        } = answer;
        let Some(open) = self.find(exchange)? else {
            return Ok(());
        };
        let Stage::Waiting(reply) = std::mem::replace(&mut open.stage, Stage::Silent) else {
            return Err(Violation::OutOfOrder(exchange.0));
        };
        let body = if end {
            // The app may answer before it has read all of the request, and go on reading.
            if open.upload.is_none() {
                self.open.remove(&exchange.0);
            }
            ReplyBody::Whole(body)
        } else {
            let (pieces, rest) = mpsc::channel(PIECES);
            open.stage = Stage::Streaming {
                pieces,
                credit_bytes: ANSWER_WINDOW_BYTES.into(),
            };
            ReplyBody::Streamed(body, rest)
        };
        // A sender that has left does not mind.
        let _ = reply.send(Reply::Answered(response, body));
        Ok(())
    }

    /// Hands a further piece of an answer to its sender.
    pub(crate) fn piece(&mut self, chunk: Chunk) -> Result<(), Violation> {
        let id = chunk.exchange;
        let Some(open) = self.find(id)? else {
            return Ok(());
        };
        let Stage::Streaming {
            pieces,
            credit_bytes,
        } = &mut open.stage
        else {
            return Err(Violation::OutOfOrder(id.0));
        };
        *credit_bytes -= i64::from(chunk.cost_bytes());
        if *credit_bytes < 0 {
            return Err(Violation::CreditOverrun(id.0));
        }
        let end = chunk.end;
        // Full can't be, within the credit; closed means that the sender has left.
        let _ = pieces.try_send(chunk);
        if end {
            open.stage = Stage::Silent;
            if open.upload.is_none() {
                self.open.remove(&id.0);
            }
        }
        Ok(())
    }

    /// Tells a sender that there will be no answer, or no more of it.
    pub(crate) fn fail(&mut self, exchange: ExchangeId, failure: Failure) -> Result<(), Violation> {
        if self.find(exchange)?.is_some()
            && let Some(Exchange {
                stage: Stage::Waiting(reply),
                ..
            }) = self.remove(exchange)
        {
            let _ = reply.send(Reply::Failed(failure));
        }
        Ok(())
    }

    /// Lets more of a request's body through.
    pub(crate) fn grant(&mut self, exchange: ExchangeId, bytes: u32) -> Result<(), Violation> {
        if let Some(Exchange {
            upload: Some(credit),
            ..
        }) = self.find(exchange)?
        {
            let more = bytes as usize;
            if credit.available_permits() + more > CREDIT_LIMIT_BYTES {
                return Err(Violation::CreditFlood(exchange.0));
            }
            credit.add_permits(more);
        }
        Ok(())
    }

    /// Notes that this end grants more of an answer's body. Whether the exchange is still open.
    pub(crate) fn granted(&mut self, exchange: ExchangeId, bytes: u32) -> bool {
        match self.open.get_mut(&exchange.0) {
            Some(Exchange {
                stage: Stage::Streaming { credit_bytes, .. },
                ..
            }) => {
                *credit_bytes += i64::from(bytes);
                true
            }
            _ => false,
        }
    }

    /// The request's body is complete. An exchange nobody waits on ends here.
    pub(crate) fn uploaded(&mut self, exchange: ExchangeId) {
        if let Some(open) = self.open.get_mut(&exchange.0) {
            open.upload = None;
            if matches!(open.stage, Stage::Silent) {
                self.open.remove(&exchange.0);
            }
        }
    }

    /// Ends an exchange from this side. Whether it was still open.
    pub(crate) fn end(&mut self, exchange: ExchangeId) -> bool {
        self.remove(exchange).is_some()
    }

    fn remove(&mut self, exchange: ExchangeId) -> Option<Exchange> {
        let mut open = self.open.remove(&exchange.0)?;
        if let Some(credit) = open.upload.take() {
            credit.close();
        }
        Some(open)
    }

    /// The exchange, or nothing if it is over: messages cross each other.
    fn find(&mut self, exchange: ExchangeId) -> Result<Option<&mut Exchange>, Violation> {
        if exchange.0 > self.highest || exchange.0 == 0 {
            return Err(Violation::NeverOpened(exchange.0));
        }
        Ok(self.open.get_mut(&exchange.0))
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        for exchange in self.open.values() {
            if let Some(credit) = &exchange.upload {
                credit.close();
            }
        }
    }
}

#[cfg(test)]
mod tests;
