//! Failures ⇄ bytes: a kind, and up to two texts and a number that belong to it.

use std::time::Duration;

use super::{DecodeError, cut, millis, text};
use crate::proto::{self, FailureKind};
use crate::{ExchangeId, Failure};

pub(super) fn to_proto(exchange: ExchangeId, failure: Failure) -> proto::Failed {
    let mut failed = proto::Failed {
        exchange: exchange.0,
        ..proto::Failed::default()
    };
    let kind = match failure {
        Failure::Refused { address } => {
            failed.address = cut(address);
            FailureKind::Refused
        }
        Failure::Unreachable { address, cause } => {
            failed.address = cut(address);
            failed.cause = cut(cause);
            FailureKind::Unreachable
        }
        Failure::TimedOut { after } => {
            failed.number = millis(after);
            FailureKind::TimedOut
        }
        Failure::Died => FailureKind::Died,
        Failure::DiedMidAnswer { after_bytes } => {
            failed.number = after_bytes;
            FailureKind::DiedMidAnswer
        }
        Failure::Garbled { cause } => {
            failed.cause = cut(cause);
            FailureKind::Garbled
        }
        Failure::SenderLeft => FailureKind::SenderLeft,
        Failure::GivenUp { cause } => {
            failed.cause = cut(cause);
            FailureKind::GivenUp
        }
    };
    failed.set_kind(kind);
    failed
}

pub(super) fn from_proto(failed: proto::Failed) -> Result<Failure, DecodeError> {
    let kind = failed.kind();
    let (address, cause) = (text(failed.address)?, text(failed.cause)?);
    Ok(match kind {
        FailureKind::Refused => Failure::Refused { address },
        FailureKind::Unreachable => Failure::Unreachable { address, cause },
        FailureKind::TimedOut => Failure::TimedOut {
            after: Duration::from_millis(failed.number),
        },
        FailureKind::Died => Failure::Died,
        FailureKind::DiedMidAnswer => Failure::DiedMidAnswer {
            after_bytes: failed.number,
        },
        FailureKind::Garbled => Failure::Garbled { cause },
        FailureKind::SenderLeft => Failure::SenderLeft,
        FailureKind::GivenUp | FailureKind::Unknown => Failure::GivenUp { cause },
    })
}
