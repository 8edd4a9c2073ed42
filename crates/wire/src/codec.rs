//! Messages ⇄ bytes, one message a websocket frame. Decoding checks everything it promises.

mod failure;
mod handshake;
mod to_client;
mod to_relay;

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crate::limits::{CHUNK_BYTES, HEAD_BYTES, HEADER_COUNT, TEXT_BYTES};
use crate::{
    Chunk, ExchangeId, GoodbyeReason, Headers, HeadersBuilder, InvalidHeader, InvalidName, proto,
};

/// What can travel in a websocket message.
pub trait Wire: Sized {
    /// The message's bytes. What this end builds is within the limits, so it can't fail.
    fn encode(self) -> Bytes;

    /// The message in these bytes. Bodies, targets and reasons stay slices of them.
    fn decode(bytes: Bytes) -> Result<Self, DecodeError>;
}

/// Why bytes are not a message of the direction they came from.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Not protobuf, or a field of another type.
    #[error("not a message of this protocol")]
    Malformed(#[from] prost::DecodeError),
    /// A message of a kind this version does not know, or none at all.
    #[error("a message of an unknown kind")]
    UnknownKind,
    /// A delivery's id does not have sixteen bytes.
    #[error("a delivery id of {got} bytes instead of 16")]
    Id {
        /// Its length.
        got: usize,
    },
    /// The tunnel's name is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A header line that can't be one.
    #[error(transparent)]
    Header(#[from] InvalidHeader),
    /// A method that is not a token.
    #[error("a method that is not a token")]
    Method,
    /// A target that is neither empty nor begins with `/` or `?`, or holds control characters.
    #[error("a target that can't stand in a request line")]
    Target,
    /// An address holds something else than visible ASCII.
    #[error("an address with characters that can't stand in one")]
    Url,
    /// A status outside 200 to 999.
    #[error("the status {got} is no final one")]
    Status {
        /// The status.
        got: u32,
    },
    /// Something larger or more numerous than `limits` allows.
    #[error("{what} of {got} is over the limit of {limit}")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What came.
        got: usize,
    },
}

fn chunk_to_proto(chunk: Chunk) -> proto::Chunk {
    proto::Chunk {
        exchange: chunk.exchange.0,
        data: chunk.data,
        end: chunk.end,
    }
}

fn chunk(chunk: proto::Chunk) -> Result<Chunk, DecodeError> {
    at_most("a body piece", chunk.data.len(), CHUNK_BYTES)?;
    Ok(Chunk {
        exchange: ExchangeId(chunk.exchange),
        data: chunk.data,
        end: chunk.end,
    })
}

fn headers(lines: HeadersBuilder, rest_bytes: usize) -> Result<Headers, DecodeError> {
    at_most("a head's count of lines", lines.len(), HEADER_COUNT)?;
    let headers = lines.checked()?;
    at_most("a head", headers.size_bytes() + rest_bytes, HEAD_BYTES)?;
    Ok(headers)
}

/// The same of lines that are to be sent.
fn fit(headers: &Headers, rest_bytes: usize) -> Result<(), DecodeError> {
    at_most("a head's count of lines", headers.len(), HEADER_COUNT)?;
    headers.check()?;
    at_most("a head", headers.size_bytes() + rest_bytes, HEAD_BYTES)
}

fn goodbye_to_proto(reason: GoodbyeReason, message: String) -> proto::Goodbye {
    let reason = match reason {
        GoodbyeReason::Draining => proto::GoodbyeReason::Draining,
        GoodbyeReason::Replaced => proto::GoodbyeReason::Replaced,
        GoodbyeReason::Revoked => proto::GoodbyeReason::Revoked,
        GoodbyeReason::Protocol => proto::GoodbyeReason::Protocol,
        GoodbyeReason::Unknown => proto::GoodbyeReason::Unknown,
    };
    proto::Goodbye {
        reason: reason.into(),
        message: cut(message),
    }
}

fn goodbye(goodbye: proto::Goodbye) -> Result<(GoodbyeReason, String), DecodeError> {
    let reason = match goodbye.reason() {
        proto::GoodbyeReason::Draining => GoodbyeReason::Draining,
        proto::GoodbyeReason::Replaced => GoodbyeReason::Replaced,
        proto::GoodbyeReason::Revoked => GoodbyeReason::Revoked,
        proto::GoodbyeReason::Protocol => GoodbyeReason::Protocol,
        proto::GoodbyeReason::Unknown => GoodbyeReason::Unknown,
    };
    Ok((reason, text(goodbye.message)?))
}

/// Refuses what could not be a part of a line: control characters, which may end it.
fn in_line(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes
        .iter()
        .any(|byte| *byte < b' ' && *byte != b'\t' || *byte == 0x7f)
    {
        return Err(InvalidHeader::Value.into());
    }
    Ok(())
}

fn text(text: String) -> Result<String, DecodeError> {
    at_most("a text", text.len(), TEXT_BYTES)?;
    Ok(text)
}

/// Cuts a text of ours to what the other end accepts, at a character's edge.
fn cut(mut text: String) -> String {
    text.truncate(acceptable(&text).len());
    text
}

/// As much of a text as the other end accepts.
fn acceptable(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn at_most(what: &'static str, got: usize, limit: usize) -> Result<(), DecodeError> {
    if got > limit {
        Err(DecodeError::TooLarge { what, limit, got })
    } else {
        Ok(())
    }
}

/// Encodes into one allocation of the exact size.
fn bytes_of(message: &impl prost::Message) -> Bytes {
    Bytes::from(message.encode_to_vec())
}

#[cfg(test)]
mod tests;
