//! The bytes of each message, as protobuf (proto3) sees them. Tags are never reused.
//!
//! These types only mirror the encoding; `codec` turns them into the crate's own and back.

mod fields;
mod lines;

use bytes::Bytes;
use prost::{Enumeration, Message, Oneof};

pub(crate) use self::fields::Fields;
pub(crate) use self::lines::Lines;

pub(crate) type RequestLines = Lines<8>;
pub(crate) type AnswerLines = Lines<4>;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Hello {
    #[prost(string, tag = "1")]
    pub(crate) client: String,
    #[prost(fixed64, tag = "2")]
    pub(crate) instance: u64,
    #[prost(string, tag = "3")]
    pub(crate) tunnel: String,
    #[prost(uint32, tag = "4")]
    pub(crate) answer_now: u32,
    #[prost(uint64, tag = "5")]
    pub(crate) wait_ms: u64,
    #[prost(bool, tag = "6")]
    pub(crate) strict: bool,
    #[prost(uint32, tag = "7")]
    pub(crate) window_bytes: u32,
    #[prost(uint64, optional, tag = "8")]
    pub(crate) since_us: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct WelcomeOrReject {
    #[prost(oneof = "First", tags = "1, 2")]
    pub(crate) first: Option<First>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum First {
    #[prost(message, tag = "1")]
    Welcome(Welcome),
    #[prost(message, tag = "2")]
    Reject(Reject),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Welcome {
    #[prost(string, tag = "1")]
    pub(crate) relay: String,
    #[prost(string, tag = "2")]
    pub(crate) url: String,
    #[prost(string, optional, tag = "3")]
    pub(crate) subdomain_url: Option<String>,
    #[prost(uint32, tag = "4")]
    pub(crate) window_bytes: u32,
    #[prost(uint64, tag = "5")]
    pub(crate) max_body_bytes: u64,
    #[prost(uint64, tag = "6")]
    pub(crate) waiting: u64,
    #[prost(uint64, tag = "7")]
    pub(crate) last_seq: u64,
    #[prost(uint64, tag = "8")]
    pub(crate) now_us: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Reject {
    #[prost(enumeration = "RejectReason", tag = "1")]
    pub(crate) reason: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(crate) enum RejectReason {
    Unknown = 0,
    NameTaken = 1,
    BadHello = 2,
    Full = 3,
    Revoked = 4,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ToClient {
    #[prost(oneof = "ToClientKind", tags = "1, 2, 3, 4, 5, 6")]
    pub(crate) kind: Option<ToClientKind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum ToClientKind {
    #[prost(message, tag = "1")]
    Request(Request),
    #[prost(message, tag = "2")]
    RequestBody(Chunk),
    #[prost(message, tag = "3")]
    Credit(Credit),
    #[prost(message, tag = "4")]
    Cancel(Cancel),
    #[prost(message, tag = "5")]
    Answered(Answered),
    #[prost(message, tag = "6")]
    Goodbye(Goodbye),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ToRelay {
    #[prost(oneof = "ToRelayKind", tags = "1, 2, 3, 4, 5, 6")]
    pub(crate) kind: Option<ToRelayKind>,
}

#[derive(Clone, PartialEq, Oneof)]
pub(crate) enum ToRelayKind {
    #[prost(message, tag = "1")]
    Answer(Answer),
    #[prost(message, tag = "2")]
    AnswerBody(Chunk),
    #[prost(message, tag = "3")]
    Failed(Failed),
    #[prost(message, tag = "4")]
    Credit(Credit),
    #[prost(message, tag = "5")]
    Ack(Ack),
    #[prost(message, tag = "6")]
    Goodbye(Goodbye),
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Request {
    #[prost(uint32, tag = "1")]
    pub(crate) exchange: u32,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) delivery_id: Bytes,
    #[prost(uint64, tag = "3")]
    pub(crate) seq: u64,
    #[prost(uint64, tag = "4")]
    pub(crate) received_at_us: u64,
    #[prost(bool, tag = "5")]
    pub(crate) queued: bool,
    #[prost(string, tag = "6")]
    pub(crate) method: String,
    #[prost(bytes = "bytes", tag = "7")]
    pub(crate) target: Bytes,
    #[prost(oneof = "RequestLines", tags = "8")]
    pub(crate) headers: Option<RequestLines>,
    #[prost(bool, tag = "9")]
    pub(crate) https: bool,
    #[prost(string, tag = "10")]
    pub(crate) forwarded_for: String,
    #[prost(uint64, optional, tag = "11")]
    pub(crate) body_bytes: Option<u64>,
    #[prost(bytes = "bytes", tag = "12")]
    pub(crate) body: Bytes,
    #[prost(bool, tag = "13")]
    pub(crate) end: bool,
    #[prost(bool, tag = "14")]
    pub(crate) attempted: bool,
    #[prost(uint32, tag = "15")]
    pub(crate) signature: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answer {
    #[prost(uint32, tag = "1")]
    pub(crate) exchange: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) status: u32,
    #[prost(bytes = "bytes", optional, tag = "3")]
    pub(crate) reason: Option<Bytes>,
    #[prost(oneof = "AnswerLines", tags = "4")]
    pub(crate) headers: Option<AnswerLines>,
    #[prost(bytes = "bytes", tag = "5")]
    pub(crate) body: Bytes,
    #[prost(bool, tag = "6")]
    pub(crate) end: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Chunk {
    #[prost(uint32, tag = "1")]
    pub(crate) exchange: u32,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) data: Bytes,
    #[prost(bool, tag = "3")]
    pub(crate) end: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Credit {
    #[prost(uint32, tag = "1")]
    pub(crate) exchange: u32,
    #[prost(uint32, tag = "2")]
    pub(crate) bytes: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Cancel {
    #[prost(uint32, tag = "1")]
    pub(crate) exchange: u32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Answered {
    #[prost(uint32, tag = "1")]
    pub(crate) exchange: u32,
    #[prost(uint32, optional, tag = "2")]
    pub(crate) status: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Failed {
    #[prost(uint32, tag = "1")]
    pub(crate) exchange: u32,
    #[prost(enumeration = "FailureKind", tag = "2")]
    pub(crate) kind: i32,
    #[prost(string, tag = "3")]
    pub(crate) address: String,
    #[prost(string, tag = "4")]
    pub(crate) cause: String,
    #[prost(uint64, tag = "5")]
    pub(crate) number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(crate) enum FailureKind {
    Unknown = 0,
    Refused = 1,
    Unreachable = 2,
    TimedOut = 3,
    Died = 4,
    DiedMidAnswer = 5,
    Garbled = 6,
    SenderLeft = 7,
    GivenUp = 8,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Ack {
    #[prost(uint64, repeated, tag = "1")]
    pub(crate) seqs: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Goodbye {
    #[prost(enumeration = "GoodbyeReason", tag = "1")]
    pub(crate) reason: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub(crate) enum GoodbyeReason {
    Unknown = 0,
    Draining = 1,
    Replaced = 2,
    Revoked = 3,
    Protocol = 4,
}
