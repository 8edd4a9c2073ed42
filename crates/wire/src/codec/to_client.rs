//! What the relay says ⇄ bytes.

use bytes::Bytes;
use prost::Message as _;

use super::handshake::status;
use super::{
    DecodeError, Wire, acceptable, at_most, bytes_of, chunk, chunk_to_proto, fit, goodbye,
    goodbye_to_proto, headers, in_line, text,
};
use crate::limits::CHUNK_BYTES;
use crate::proto::{self, Fields, Lines, ToClientKind};
use crate::{
    Delivery, DeliveryId, ExchangeId, Kind, Request, Scheme, Seq, ToClient, Verdict, is_token,
};

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

impl Delivery {
    /// Whether a client takes this head, or why it would end the link over it. What a store has
    /// kept may be older than the limits.
    pub fn check(&self) -> Result<(), DecodeError> {
        check_line(&self.method, &self.target, &self.forwarded_for)?;
        fit(&self.headers, self.method.len() + self.target.len())
    }
}

fn check_line(method: &str, target: &[u8], forwarded_for: &str) -> Result<(), DecodeError> {
    if !is_token(method.as_bytes()) {
        return Err(DecodeError::Method);
    }
    if !is_target(target) {
        return Err(DecodeError::Target);
    }
    in_line(forwarded_for.as_bytes())
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
    fields.number(
        15,
        delivery
            .signature
            .map_or(0, |verdict| verdict.number().into()),
    );
    fields.within(1)
}

fn request_from_proto(request: proto::Request) -> Result<Request, DecodeError> {
    let id = <[u8; 16]>::try_from(&request.delivery_id[..]).map_err(|_| DecodeError::Id {
        got: request.delivery_id.len(),
    })?;
    check_line(&request.method, &request.target, &request.forwarded_for)?;
    at_most("a body piece", request.body.len(), CHUNK_BYTES)?;
    let line_bytes = request.method.len() + request.target.len();
    let delivery = Box::new(Delivery {
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
        signature: Verdict::from_number(request.signature),
    });
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

#[cfg(test)]
mod tests {
    use crate::HeadersBuilder;
    use crate::limits::{HEAD_BYTES, HEADER_COUNT};

    use super::*;

    fn delivery(target: &'static str, lines: &[(&str, &str)]) -> Delivery {
        let mut headers = HeadersBuilder::default();
        for (name, value) in lines {
            headers.push(name.as_bytes(), value.as_bytes());
        }
        Delivery {
            id: DeliveryId::from_bytes([7; 16]),
            seq: Seq(1),
            received_at_us: 1,
            kind: Kind::Queued,
            method: "POST".into(),
            target: target.into(),
            headers: headers.build(),
            scheme: Scheme::Https,
            forwarded_for: "192.0.2.1".into(),
            body_bytes: Some(0),
            attempted: false,
            signature: None,
        }
    }

    /// A verdict of a newer relay must not pass for a good one.
    #[test]
    fn a_verdict_nobody_knows_is_not_good() {
        for (number, verdict) in [
            (0, None),
            (1, Some(Verdict::Good)),
            (4, Some(Verdict::Stale)),
            (6, Some(Verdict::Wrong)),
            (u32::MAX, Some(Verdict::Wrong)),
        ] {
            assert_eq!(Verdict::from_number(number), verdict);
        }
    }

    /// What is found before it is sent is what the other end would find.
    #[test]
    fn a_head_is_checked_as_the_client_will() {
        let long = "y".repeat(HEAD_BYTES);
        let many = vec![("x", "y"); HEADER_COUNT + 1];
        for (delivery, is_fit) in [
            (delivery("/x?y", &[("a", "b"), ("a", "")]), true),
            (delivery("", &many[1..]), true),
            (delivery("", &many), false),
            (delivery("", &[("x", &long)]), false),
            (delivery("x", &[]), false),
            (delivery("/ x", &[]), false),
            (delivery("/", &[("X", "y")]), false),
            (delivery("/", &[("x", "a\nb")]), false),
        ] {
            let request = Request {
                exchange: ExchangeId(1),
                body: Bytes::new(),
                end: true,
                delivery: Box::new(delivery.clone()),
            };
            let decoded = ToClient::decode(ToClient::Request(request).encode());
            assert_eq!(decoded.is_ok(), is_fit, "{delivery:?}");
            assert_eq!(delivery.check().is_ok(), is_fit, "{delivery:?}");
        }
    }
}
