//! The body and the target of a decoded message lie in the bytes it came in: neither is copied.

use bytes::Bytes;

use crate::limits::CHUNK_BYTES;
use crate::{
    Answer, Chunk, Delivery, DeliveryId, ExchangeId, HeadersBuilder, Kind, Request, Response,
    Scheme, Seq, ToClient, ToRelay, Wire,
};

#[test]
fn a_request_shares_the_bytes_it_came_in() {
    let mut headers = HeadersBuilder::default();
    headers.push(b"content-type", b"application/json");
    headers.push(b"x-hub-signature-256", b"sha256=d57c68ca");
    let message = ToClient::Request(Request {
        exchange: ExchangeId(1),
        delivery: Box::new(Delivery {
            id: DeliveryId::from_bytes([7; 16]),
            seq: Seq(1),
            received_at_us: 1,
            kind: Kind::Live,
            method: "POST".into(),
            target: Bytes::from_static(b"/hook?a=1"),
            headers: headers.build(),
            scheme: Scheme::Https,
            forwarded_for: "::1".into(),
            body_bytes: None,
            attempted: false,
            signature: None,
        }),
        body: vec![7; CHUNK_BYTES].into(),
        end: true,
    });
    let bytes = message.encode();
    let ToClient::Request(request) = ToClient::decode(bytes.clone()).unwrap() else {
        panic!("a request is none");
    };
    assert_shared(&bytes, &request.body);
    assert_shared(&bytes, &request.delivery.target);
}

#[test]
fn an_answer_and_further_pieces_share_the_bytes_they_came_in() {
    let mut headers = HeadersBuilder::default();
    headers.push(b"content-type", b"application/json");
    let message = ToRelay::Answer(Answer {
        exchange: ExchangeId(1),
        response: Response {
            status: 200,
            reason: Some(Bytes::from_static(b"Fine")),
            headers: headers.build(),
        },
        body: vec![7; CHUNK_BYTES].into(),
        end: false,
    });
    let bytes = message.encode();
    let ToRelay::Answer(answer) = ToRelay::decode(bytes.clone()).unwrap() else {
        panic!("an answer is none");
    };
    assert_shared(&bytes, &answer.body);
    assert_shared(&bytes, &answer.response.reason.unwrap());

    let piece = Chunk {
        exchange: ExchangeId(1),
        data: vec![7; CHUNK_BYTES].into(),
        end: false,
    };
    let bytes = ToClient::RequestBody(piece).encode();
    let ToClient::RequestBody(piece) = ToClient::decode(bytes.clone()).unwrap() else {
        panic!("a piece is none");
    };
    assert_shared(&bytes, &piece.data);
}

fn assert_shared(whole: &Bytes, part: &Bytes) {
    assert!(!part.is_empty());
    let (whole, part) = (whole.as_ptr_range(), part.as_ptr_range());
    assert!(whole.start <= part.start && part.end <= whole.end);
}
