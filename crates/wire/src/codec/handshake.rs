//! The handshake's messages ⇄ bytes.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;

use super::{DecodeError, Wire, at_most, bytes_of, cut, millis, text};
use crate::limits::WAIT;
use crate::proto::{self, First};
use crate::{AnswerMode, Hello, Policy, Reject, RejectReason, Seq, Welcome, WelcomeOrReject};

impl Wire for Hello {
    fn encode(self) -> Bytes {
        bytes_of(&proto::Hello {
            client: cut(self.client),
            instance: self.instance,
            tunnel: self.tunnel.to_string(),
            answer_now: match self.policy.answer {
                AnswerMode::App => 0,
                AnswerMode::Now(status) => status.into(),
            },
            wait_ms: millis(self.policy.wait.min(WAIT)),
            strict: self.policy.strict,
            window_bytes: self.window_bytes,
            since_us: self.since_us,
        })
    }

    fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        let hello = proto::Hello::decode(bytes)?;
        let answer = match hello.answer_now {
            0 => AnswerMode::App,
            now => AnswerMode::Now(status(now)?),
        };
        Ok(Self {
            client: text(hello.client)?,
            instance: hello.instance,
            tunnel: hello.tunnel.parse()?,
            policy: Policy {
                answer,
                wait: wait(hello.wait_ms)?,
                strict: hello.strict,
            },
            window_bytes: hello.window_bytes,
            since_us: hello.since_us,
        })
    }
}

impl Wire for WelcomeOrReject {
    fn encode(self) -> Bytes {
        let first = match self {
            Self::Welcome(welcome) => First::Welcome(proto::Welcome {
                relay: cut(welcome.relay),
                url: welcome.url,
                subdomain_url: welcome.subdomain_url,
                window_bytes: welcome.window_bytes,
                max_body_bytes: welcome.max_body_bytes,
                waiting: welcome.waiting,
                last_seq: welcome.last_seq.0,
                now_us: welcome.now_us,
            }),
            Self::Reject(reject) => First::Reject(proto::Reject {
                reason: match reject.reason {
                    RejectReason::NameTaken => proto::RejectReason::NameTaken,
                    RejectReason::BadHello => proto::RejectReason::BadHello,
                    RejectReason::Full => proto::RejectReason::Full,
                    RejectReason::Revoked => proto::RejectReason::Revoked,
                    RejectReason::Unknown => proto::RejectReason::Unknown,
                }
                .into(),
                message: cut(reject.message),
            }),
        };
        bytes_of(&proto::WelcomeOrReject { first: Some(first) })
    }

    fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        match proto::WelcomeOrReject::decode(bytes)?
            .first
            .ok_or(DecodeError::UnknownKind)?
        {
            First::Welcome(welcome) => Ok(Self::Welcome(Welcome {
                relay: text(welcome.relay)?,
                url: url(welcome.url)?,
                subdomain_url: welcome.subdomain_url.map(url).transpose()?,
                window_bytes: welcome.window_bytes,
                max_body_bytes: welcome.max_body_bytes,
                waiting: welcome.waiting,
                last_seq: Seq(welcome.last_seq),
                now_us: welcome.now_us,
            })),
            First::Reject(reject) => Ok(Self::Reject(Reject {
                reason: match reject.reason() {
                    proto::RejectReason::NameTaken => RejectReason::NameTaken,
                    proto::RejectReason::BadHello => RejectReason::BadHello,
                    proto::RejectReason::Full => RejectReason::Full,
                    proto::RejectReason::Revoked => RejectReason::Revoked,
                    proto::RejectReason::Unknown => RejectReason::Unknown,
                },
                message: text(reject.message)?,
            })),
        }
    }
}

/// A final status (RFC 9110, section 15); higher ones than 599 exist in the wild.
pub(super) fn status(got: u32) -> Result<u16, DecodeError> {
    match u16::try_from(got) {
        Ok(status @ 200..=999) => Ok(status),
        _ => Err(DecodeError::Status { got }),
    }
}

fn wait(ms: u64) -> Result<Duration, DecodeError> {
    let whole = |number| usize::try_from(number).unwrap_or(usize::MAX);
    at_most("a wait in milliseconds", whole(ms), whole(millis(WAIT)))?;
    Ok(Duration::from_millis(ms))
}

/// An address: it is printed and copied, so it must not hold anything that a terminal obeys.
fn url(url: String) -> Result<String, DecodeError> {
    if url.bytes().all(|byte| byte.is_ascii_graphic()) {
        text(url)
    } else {
        Err(DecodeError::Url)
    }
}
