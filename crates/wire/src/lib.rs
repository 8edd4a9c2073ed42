//! What travels between a kreel relay and a kreel client.
//!
//! Messages, their bytes and their limits; nothing here opens a socket, reads a clock or
//! spawns a task. `docs/protocol.md` shows every message with its bytes.

mod codec;
mod delivery;
#[cfg(test)]
mod golden;
mod handshake;
mod http;
mod id;
pub mod inert;
pub mod limits;
mod message;
mod proto;
pub mod rules;

pub use codec::{DecodeError, Wire};
pub use delivery::{Delivery, Failure, Kind, Outcome, Response, Scheme, Verdict};
pub use handshake::{
    AnswerMode, Hello, Policy, Reject, RejectReason, SUBPROTOCOLS, Version, Welcome,
    WelcomeOrReject,
};
pub use http::{Header, Headers, HeadersBuilder, InvalidHeader, is_token};
pub use id::{DeliveryId, ExchangeId, InvalidName, Seq, TunnelName};
pub use message::{Answer, Chunk, GoodbyeReason, Request, ToClient, ToRelay};
