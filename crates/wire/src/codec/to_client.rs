//! What the relay says ⇄ bytes.

use bytes::Bytes;
use prost::Message as _;

use super::handshake::status;
use super::{
    DecodeError, Wire, acceptable, at_most, bytes_of, chunk, chunk_to_proto, goodbye,
    goodbye_to_proto, headers, in_line, text,
};
use crate::limits::CHUNK_BYTES;
use crate::proto::{self, Fields, Lines, ToClientKind};
use crate::{Delivery, DeliveryId, ExchangeId, Kind, Request, Scheme, Seq, ToClient, is_token};

impl Wire for ToClient {
    fn encode(self) -> Bytes {
        let kind = match self {
            Self::Request(request) => return encode_request(&request),
            Self::RequestBody(chunk) => ToClientKind::RequestBody(chunk_to_proto(chunk)),
            Self::Credit { exchange, bytes } => ToClientKind::Credit(proto::Credit {
                exchange: exchange.0,
                bytes,
            }),
            Self::Cancel { exchange } => ToClientKind::Cancel(proto::Cancel {
                exchange: exchange.0,
            }),
            Self::Answered { exchange, status } => ToClientKind::Answered(proto::Answered {
                exchange: exchange.0,
                status: status.map(u32::from),
            }),
            Self::Goodbye { reason, message } => {
                ToClientKind::Goodbye(goodbye_to_proto(reason, message))
            }
        };
        bytes_of(&proto::ToClient { kind: Some(kind) })
    }

    fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        Ok(
            match proto::ToClient::decode(bytes)?
                .kind
                .ok_or(DecodeError::UnknownKind)?
            {
                ToClientKind::Request(request) => Self::Request(request_from_proto(request)?),
                ToClientKind::RequestBody(piece) => Self::RequestBody(chunk(piece)?),
                ToClientKind::Credit(credit) => Self::Credit {
                    exchange: ExchangeId(credit.exchange),
                    bytes: credit.bytes,
                },
                ToClientKind::Cancel(cancel) => Self::Cancel {
                    exchange: ExchangeId(cancel.exchange),
                },
                ToClientKind::Answered(answered) => Self::Answered {
                    exchange: ExchangeId(answered.exchange),
                    status: answered.status.map(status).transpose()?,
                },
                ToClientKind::Goodbye(farewell) => {
                    let (reason, message) = goodbye(farewell)?;
                    Self::Goodbye { reason, message }
                }
            },
        )
    }
}

fn encode_request(request: &Request) -> Bytes {
    let Request {
        exchange,
        delivery,
        body,
        end,
    } = request;
    let mut fields = Fields::with_capacity(delivery.headers.size_bytes() + body.len());
    fields.number(1, exchange.0.into());
    fields.bytes(2, delivery.id.as_bytes());
    fields.number(3, delivery.seq.0);
    fields.number(4, delivery.received_at_us);
    fields.flag(5, delivery.kind == Kind::Queued);
    fields.bytes(6, delivery.method.as_bytes());
    fields.bytes(7, &delivery.target);
    fields.lines(8, &delivery.headers);
    fields.flag(9, delivery.scheme == Scheme::Https);
    fields.bytes(10, acceptable(&delivery.forwarded_for).as_bytes());
    fields.optional_number(11, delivery.body_bytes);
    fields.bytes(12, body);
    fields.flag(13, *end);
    fields.flag(14, delivery.attempted);
    fields.within(1)
}

fn request_from_proto(request: proto::Request) -> Result<Request, DecodeError> {
    let id = <[u8; 16]>::try_from(&request.delivery_id[..]).map_err(|_| DecodeError::Id {
        got: request.delivery_id.len(),
    })?;
    if !is_token(request.method.as_bytes()) {
        return Err(DecodeError::Method);
    }
    if !is_target(&request.target) {
        return Err(DecodeError::Target);
    }
    in_line(request.forwarded_for.as_bytes())?;
    at_most("a body piece", request.body.len(), CHUNK_BYTES)?;
    let line_bytes = request.method.len() + request.target.len();
    let delivery = Delivery {
        id: DeliveryId::from_bytes(id),
        seq: Seq(request.seq),
        received_at_us: request.received_at_us,
        kind: if request.queued {
            Kind::Queued
        } else {
            Kind::Live
        },
        method: request.method.into(),
        target: request.target,
        headers: headers(Lines::take(request.headers), line_bytes)?,
        scheme: if request.https {
            Scheme::Https
        } else {
            Scheme::Http
        },
        forwarded_for: text(request.forwarded_for)?.into(),
        body_bytes: request.body_bytes,
        attempted: request.attempted,
    };
    let exchange = ExchangeId(request.exchange);
    Ok(Request {
        exchange,
        delivery,
        body: request.body,
        end: request.end,
    })
}

fn is_target(target: &[u8]) -> bool {
    matches!(target.first(), None | Some(b'/' | b'?'))
        && target.iter().all(|byte| *byte > b' ' && *byte != 0x7f)
}
