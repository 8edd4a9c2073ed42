//! What the client says ⇄ bytes.

use bytes::Bytes;
use prost::Message as _;

use super::handshake::status;
use super::{
    DecodeError, Wire, at_most, bytes_of, chunk, chunk_to_proto, failure, goodbye,
    goodbye_to_proto, headers, in_line,
};
use crate::limits::{ACKS, CHUNK_BYTES, TEXT_BYTES};
use crate::proto::{self, Lines, ToRelayKind};
use crate::{Answer, ExchangeId, Response, Seq, ToRelay};

impl Wire for ToRelay {
    fn encode(self) -> Bytes {
        let kind = match self {
            Self::Answer(answer) => ToRelayKind::Answer(answer_to_proto(answer)),
            Self::AnswerBody(chunk) => ToRelayKind::AnswerBody(chunk_to_proto(chunk)),
            Self::Failed { exchange, failure } => {
                ToRelayKind::Failed(failure::to_proto(exchange, failure))
            }
            Self::Credit { exchange, bytes } => ToRelayKind::Credit(proto::Credit {
                exchange: exchange.0,
                bytes,
            }),
            Self::Ack { seqs } => ToRelayKind::Ack(proto::Ack {
                seqs: seqs.into_iter().map(|seq| seq.0).collect(),
            }),
            Self::Goodbye { reason, message } => {
                ToRelayKind::Goodbye(goodbye_to_proto(reason, message))
            }
        };
        bytes_of(&proto::ToRelay { kind: Some(kind) })
    }

    fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        Ok(
            match proto::ToRelay::decode(bytes)?
                .kind
                .ok_or(DecodeError::UnknownKind)?
            {
                ToRelayKind::Answer(answer) => Self::Answer(answer_from_proto(answer)?),
                ToRelayKind::AnswerBody(piece) => Self::AnswerBody(chunk(piece)?),
                ToRelayKind::Failed(failed) => Self::Failed {
                    exchange: ExchangeId(failed.exchange),
                    failure: failure::from_proto(failed)?,
                },
                ToRelayKind::Credit(credit) => Self::Credit {
                    exchange: ExchangeId(credit.exchange),
                    bytes: credit.bytes,
                },
                ToRelayKind::Ack(ack) => {
                    at_most("a count of acknowledgements", ack.seqs.len(), ACKS)?;
                    Self::Ack {
                        seqs: ack.seqs.into_iter().map(Seq).collect(),
                    }
                }
                ToRelayKind::Goodbye(farewell) => {
                    let (reason, message) = goodbye(farewell)?;
                    Self::Goodbye { reason, message }
                }
            },
        )
    }
}

fn answer_to_proto(answer: Answer) -> proto::Answer {
    proto::Answer {
        exchange: answer.exchange.0,
        status: answer.response.status.into(),
        // One too long for the relay is left away: it tells nothing that the status doesn't.
        reason: answer
            .response
            .reason
            .filter(|reason| reason.len() <= TEXT_BYTES),
        headers: Lines::new(answer.response.headers.into_lines()),
        body: answer.body,
        end: answer.end,
    }
}

fn answer_from_proto(answer: proto::Answer) -> Result<Answer, DecodeError> {
    at_most("a body piece", answer.body.len(), CHUNK_BYTES)?;
    if let Some(reason) = &answer.reason {
        at_most("a reason phrase", reason.len(), TEXT_BYTES)?;
        in_line(reason)?;
    }
    let response = Response {
        status: status(answer.status)?,
        headers: headers(Lines::take(answer.headers), 0)?,
        reason: answer.reason,
    };
    let exchange = ExchangeId(answer.exchange);
    Ok(Answer {
        exchange,
        response,
        body: answer.body,
        end: answer.end,
    })
}
