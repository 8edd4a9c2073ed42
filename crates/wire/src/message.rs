//! What is said once a link is open: one enum per direction.

use bytes::Bytes;

use crate::{Delivery, ExchangeId, Failure, Response, Seq};

/// From the relay to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToClient {
    /// A delivery, with the first piece of its body.
    Request(Request),
    /// A further piece of a delivery's body.
    RequestBody(Chunk),
    /// More of the answer's body may be sent.
    Credit {
        /// On which exchange.
        exchange: ExchangeId,
        /// How much more, in bytes.
        bytes: u32,
    },
    /// The request is taken back before it was complete: hand nothing on, or break off.
    Cancel {
        /// Which exchange is over.
        exchange: ExchangeId,
    },
    /// The relay has answered the sender itself, or the sender has left after its request was
    /// complete: the attempt goes on, its answer is no longer wanted.
    Answered {
        /// Which exchange is over.
        exchange: ExchangeId,
        /// What the sender was told; none if it left.
        status: Option<u16>,
    },
    /// The relay closes the link; nothing follows.
    Goodbye {
        /// Why, for programs.
        reason: GoodbyeReason,
        /// Why, for people.
        message: String,
    },
}

/// From the client to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToRelay {
    /// The app's answer, with the first piece of its body.
    Answer(Answer),
    /// A further piece of an answer's body.
    AnswerBody(Chunk),
    /// The attempt failed before its answer was complete; nothing follows on this exchange.
    Failed {
        /// On which exchange.
        exchange: ExchangeId,
        /// Why.
        failure: Failure,
    },
    /// More of the request's body may be sent.
    Credit {
        /// On which exchange.
        exchange: ExchangeId,
        /// How much more, in bytes.
        bytes: u32,
    },
    /// The client answers for these deliveries from now on: the relay may forget them.
    Ack {
        /// Their positions, in any order.
        seqs: Vec<Seq>,
    },
    /// The client closes the link; nothing follows.
    Goodbye {
        /// Why, for programs.
        reason: GoodbyeReason,
        /// Why, for people.
        message: String,
    },
}

/// A delivery on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The exchange it opens.
    pub exchange: ExchangeId,
    /// Its head. Boxed, since it is handed on many times on its way.
    pub delivery: Box<Delivery>,
    /// The first piece of its body, possibly empty; costs no credit.
    pub body: Bytes,
    /// Whether the body ends here.
    pub end: bool,
}

/// An app's answer on its way to the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The exchange it belongs to.
    pub exchange: ExchangeId,
    /// Its head.
    pub response: Response,
    /// The first piece of its body, possibly empty; costs no credit.
    pub body: Bytes,
    /// Whether the body ends here.
    pub end: bool,
}

/// A further piece of a body, at most [`CHUNK_BYTES`](crate::limits::CHUNK_BYTES) long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The exchange it belongs to.
    pub exchange: ExchangeId,
    /// Its bytes, possibly none.
    pub data: Bytes,
    /// Whether the body ends here.
    pub end: bool,
}

impl Chunk {
    /// The credit this piece uses up.
    pub fn cost_bytes(&self) -> u32 {
        let data = u32::try_from(self.data.len()).unwrap_or(u32::MAX);
        data.saturating_add(crate::limits::MESSAGE_COST_BYTES)
    }
}

/// Why a link is closed, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodbyeReason {
    /// This end is shutting down: come back soon.
    Draining,
    /// Another client has taken the tunnel: stay away.
    Replaced,
    /// The token is no longer valid: stay away.
    Revoked,
    /// The other end broke the protocol.
    Protocol,
    /// A reason this build does not know.
    Unknown,
}
