//! Small messages to spoil: valid ones, and bytes that the encoder would not make.

use bytes::Bytes;
use prost::Message as _;

use crate::proto::{self, First, ToClientKind, ToRelayKind};
use crate::{
    Answer, Delivery, DeliveryId, ExchangeId, Headers, Kind, Request, Response, Scheme, Seq,
    ToClient, ToRelay, Wire,
};

pub(super) fn request(headers: Headers) -> Request {
    Request {
        exchange: ExchangeId(1),
        delivery: Box::new(Delivery {
            id: DeliveryId::from_bytes([7; 16]),
            seq: Seq(1),
            received_at_us: 1,
            kind: Kind::Live,
            method: "POST".into(),
            target: Bytes::from_static(b"/"),
            headers,
            scheme: Scheme::Https,
            forwarded_for: "::1".into(),
            body_bytes: None,
            attempted: false,
            signature: None,
        }),
        body: Bytes::new(),
        end: true,
    }
}

pub(super) fn answer(headers: Headers) -> Answer {
    Answer {
        exchange: ExchangeId(1),
        response: Response {
            status: 200,
            reason: None,
            headers,
        },
        body: Bytes::new(),
        end: true,
    }
}

/// A valid request's bytes, but for one change behind the encoder's back.
pub(super) fn request_with(change: impl FnOnce(&mut proto::Request)) -> Bytes {
    let bytes = ToClient::Request(request(Headers::default())).encode();
    let Some(ToClientKind::Request(mut request)) = proto::ToClient::decode(bytes).unwrap().kind
    else {
        panic!("a request is none");
    };
    change(&mut request);
    down_bytes(ToClientKind::Request(request))
}

pub(super) fn answer_with(change: impl FnOnce(&mut proto::Answer)) -> Bytes {
    let bytes = ToRelay::Answer(answer(Headers::default())).encode();
    let Some(ToRelayKind::Answer(mut answer)) = proto::ToRelay::decode(bytes).unwrap().kind else {
        panic!("an answer is none");
    };
    change(&mut answer);
    up_bytes(ToRelayKind::Answer(answer))
}

pub(super) fn down_bytes(kind: ToClientKind) -> Bytes {
    proto::ToClient { kind: Some(kind) }.encode_to_vec().into()
}

pub(super) fn up_bytes(kind: ToRelayKind) -> Bytes {
    proto::ToRelay { kind: Some(kind) }.encode_to_vec().into()
}

pub(super) fn first_bytes(first: First) -> Bytes {
    proto::WelcomeOrReject { first: Some(first) }
        .encode_to_vec()
        .into()
}
