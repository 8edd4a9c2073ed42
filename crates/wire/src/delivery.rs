//! A delivery, and what became of an attempt to hand it to the app.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crate::{DeliveryId, Headers, Seq};

/// The head of a webhook as it arrived, never changed. Its body travels beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its one name for life.
    pub id: DeliveryId,
    /// Its position in its tunnel.
    pub seq: Seq,
    /// When the relay had its head: microseconds since 1970, by the relay's clock.
    pub received_at_us: u64,
    /// Whether a sender waits for the answer.
    pub kind: Kind,
    /// The method, a token.
    pub method: Box<str>,
    /// Path and query as sent, without the tunnel's part: empty, or it begins with `/` or `?`.
    pub target: Bytes,
    /// The header lines as sent, `host` among them.
    pub headers: Headers,
    /// How the sender reached the relay.
    pub scheme: Scheme,
    /// The address of the sender, with those of proxies in between, as `X-Forwarded-For` has it.
    pub forwarded_for: Arc<str>,
    /// The body's size in bytes, where the sender told it beforehand.
    pub body_bytes: Option<u64>,
    /// It went to a client before while its sender waited, or was settled: an attempt at it may
    /// have been made.
    pub attempted: bool,
    /// What the relay found of its signature, where the tunnel's owner has it look.
    pub signature: Option<Verdict>,
}

/// What was found of a webhook's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is made with the secret, over these bytes, just now.
    Good,
    /// There is none.
    Missing,
    /// There is something in its place that is none, or more than one could mean.
    Malformed,
    /// Its time is too long ago, or too far ahead.
    Stale,
    /// It is made with another secret, or over other bytes.
    Wrong,
}

impl Verdict {
    /// Its number, on the wire and in files.
    pub fn number(self) -> u8 {
        match self {
            Self::Good => 1,
            Self::Missing => 2,
            Self::Malformed => 3,
            Self::Stale => 4,
            Self::Wrong => 5,
        }
    }

    /// The verdict of a number; none for 0. What this build does not know is not good.
    pub fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => return None,
            1 => Self::Good,
            2 => Self::Missing,
            3 => Self::Malformed,
            4 => Self::Stale,
            _ => Self::Wrong,
        })
    }

    /// Whether the webhook is from whom it says.
    pub fn is_good(self) -> bool {
        self == Self::Good
    }

    /// A stable word for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Stale => "stale",
            Self::Wrong => "wrong",
        }
    }
}

/// Whether a sender waits for the answer to a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The sender waits: answer on the exchange.
    Live,
    /// The relay has answered already and kept the delivery: only acknowledge it.
    Queued,
}

/// How a sender reached the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Over TLS.
    Https,
    /// In the clear.
    Http,
}

impl Scheme {
    /// The scheme as URLs and `X-Forwarded-Proto` spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }
}

/// The head of an app's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200 to 999; informational answers (1xx) do not travel.
    pub status: u16,
    /// The reason phrase, where it is not the usual one for the status.
    pub reason: Option<Bytes>,
    /// The header lines in order, without those of the hop.
    pub headers: Headers,
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The app answered, with whatever status.
    Answered(Response),
    /// No complete answer came.
    Failed(Failure),
}

/// Why an attempt brought no complete answer. Each sentence is for the developer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// Nothing accepted the connection.
    #[error("the app refused the connection at {address}")]
    Refused {
        /// Where it was tried.
        address: String,
    },
    /// The connection could not be made for another reason: name, route or TLS.
    #[error("could not connect to the app at {address}: {cause}")]
    Unreachable {
        /// Where it was tried.
        address: String,
        /// What the system or TLS said.
        cause: String,
    },
    /// The app took longer than `--timeout`.
    #[error("the app did not finish its answer within {after:?}")]
    TimedOut {
        /// The time it was given.
        after: Duration,
    },
    /// The app took the request and closed the connection without an answer.
    #[error("the app closed the connection before it answered")]
    Died,
    /// The app closed the connection in the middle of its answer.
    #[error(
        "the app closed the connection in the middle of its answer, after {after_bytes} bytes of body"
    )]
    DiedMidAnswer {
        /// How many bytes of the body came.
        after_bytes: u64,
    },
    /// What the app sent is not HTTP, or breaks a limit.
    #[error("the app's answer could not be read: {cause}")]
    Garbled {
        /// What was wrong with it.
        cause: String,
    },
    /// The sender broke off before its request was complete, or the relay took it back.
    #[error("the request was taken back before it was complete")]
    SenderLeft,
    /// The client is shutting down or the link is gone.
    #[error("the attempt was given up: {cause}")]
    GivenUp {
        /// Why.
        cause: String,
    },
}

impl Failure {
    /// A stable word for scripts: the `failure` of an `attempt` in `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::TimedOut { .. } => "timed_out",
            Self::Died => "died",
            Self::DiedMidAnswer { .. } => "died_mid_answer",
            Self::Garbled { .. } => "garbled",
            Self::SenderLeft => "sender_left",
            Self::GivenUp { .. } => "given_up",
        }
    }
}
