//! What the client says ⇄ bytes.

use bytes::Bytes;
use prost::Message as _;

use super::handshake::status;
use super::{
    DecodeError, Wire, at_most, bytes_of, chunk, chunk_to_proto, failure, goodbye,
    goodbye_to_proto, headers, in_line,
};
use crate::limits::{ACKS, CHUNK_BYTES, TEXT_BYTES};
use crate::proto::{self, Fields, Lines, ToRelayKind};
use crate::{Answer, ExchangeId, Response, Seq, ToRelay};

impl Wire for ToRelay {
    fn encode(self) -> Bytes {
        let kind = match self {
            Self::Answer(answer) => return encode_answer(&answer),
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

fn encode_answer(answer: &Answer) -> Bytes {
    let Answer {
        exchange,
        response,
        body,
        end,
    } = answer;
    // One too long for the relay is left away: it tells nothing that the status doesn't.
    let reason = response.reason.as_deref();
    let reason = reason.filter(|reason| reason.len() <= TEXT_BYTES);
    let mut fields = Fields::with_capacity(response.headers.size_bytes() + body.len());
    fields.number(1, exchange.0.into());
    fields.number(2, response.status.into());
    fields.optional_bytes(3, reason);
    fields.lines(4, &response.headers);
    fields.bytes(5, body);
    fields.flag(6, *end);
    fields.within(1)
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
