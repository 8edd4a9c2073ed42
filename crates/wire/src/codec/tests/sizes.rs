//! What is too large or too numerous, and what just fits.

use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;

use super::raw::{answer, answer_with, down_bytes, first_bytes, request, request_with, up_bytes};
use crate::codec::DecodeError;
use crate::limits::{ACKS, CHUNK_BYTES, HEAD_BYTES, HEADER_COUNT, MESSAGE_BYTES, TEXT_BYTES, WAIT};
use crate::proto::{self, First, ToClientKind, ToRelayKind};
use crate::{
    Chunk, ExchangeId, GoodbyeReason, Headers, HeadersBuilder, Hello, Seq, ToClient, ToRelay,
    WelcomeOrReject, Wire,
};

#[test]
fn the_largest_message_fits_and_one_byte_more_of_a_head_does_not() {
    let lines = HEADER_COUNT;
    let line_bytes = (HEAD_BYTES - "POST".len() - "/".len()) / lines;
    let rest = HEAD_BYTES - "POST".len() - "/".len() - line_bytes * lines;
    let head = |more: usize| {
        let mut builder = HeadersBuilder::default();
        for line in 0..lines {
            let more = if line == 0 { rest + more } else { 0 };
            builder.push(b"x", &vec![b'v'; line_bytes - 1 + more]);
        }
        let mut request = request(builder.build());
        request.delivery.forwarded_for = "1".repeat(TEXT_BYTES).into();
        request.body = vec![b'b'; CHUNK_BYTES].into();
        (request.exchange, request.delivery.seq) = (ExchangeId(u32::MAX), Seq(u64::MAX));
        request.delivery.received_at_us = u64::MAX;
        ToClient::Request(request)
    };
    let bytes = head(0).encode();
    assert!(bytes.len() <= MESSAGE_BYTES, "{}", bytes.len());
    assert_eq!(ToClient::decode(bytes).unwrap(), head(0));
    too_large(ToClient::decode(head(1).encode()), "a head", HEAD_BYTES + 1);
}

#[test]
fn too_many_header_lines_are_refused_without_reading_them_all() {
    let mut builder = HeadersBuilder::default();
    (0..=HEADER_COUNT).for_each(|_| builder.push(b"x", b"1"));
    let bytes = ToClient::Request(request(builder.build())).encode();
    too_large(
        ToClient::decode(bytes),
        "a head's count of lines",
        HEADER_COUNT + 1,
    );

    // Two bytes each here, and eight each in memory if they were all taken.
    let status_200 = b"\x10\xc8\x01".to_vec();
    let empty_lines = [status_200, b"\x22\x00".repeat(100_000)].concat();
    let mut bytes = vec![0x0a];
    prost::encode_length_delimiter(empty_lines.len(), &mut bytes).unwrap();
    bytes.extend(empty_lines);
    assert!(bytes.len() < MESSAGE_BYTES);
    too_large(
        ToRelay::decode(bytes.into()),
        "a head's count of lines",
        HEADER_COUNT + 1,
    );
}

#[test]
fn pieces_texts_and_acknowledgements_have_a_size() {
    let large = Bytes::from(vec![0; CHUNK_BYTES + 1]);
    let long = "t".repeat(TEXT_BYTES + 1);
    let piece = Chunk {
        exchange: ExchangeId(1),
        data: large.clone(),
        end: true,
    };
    let body = |what| (what, CHUNK_BYTES + 1);
    let (what, got) = body("a body piece");
    too_large(
        ToClient::decode(ToClient::RequestBody(piece.clone()).encode()),
        what,
        got,
    );
    too_large(
        ToRelay::decode(ToRelay::AnswerBody(piece).encode()),
        what,
        got,
    );
    let request = request_with(|request| request.body = large.clone());
    too_large(ToClient::decode(request), what, got);
    let answer = answer_with(|answer| answer.body = large);
    too_large(ToRelay::decode(answer), what, got);

    let seqs = (0..=ACKS as u64).map(Seq).collect();
    let ack = ToRelay::Ack { seqs }.encode();
    too_large(
        ToRelay::decode(ack),
        "a count of acknowledgements",
        ACKS + 1,
    );

    let (what, got) = ("a text", TEXT_BYTES + 1);
    let goodbye = proto::Goodbye {
        reason: 1,
        message: long.clone(),
    };
    let down = ToClientKind::Goodbye(goodbye.clone());
    too_large(ToClient::decode(down_bytes(down)), what, got);
    too_large(
        ToRelay::decode(up_bytes(ToRelayKind::Goodbye(goodbye))),
        what,
        got,
    );
    for failed in [
        proto::Failed {
            address: long.clone(),
            ..Default::default()
        },
        proto::Failed {
            cause: long.clone(),
            ..Default::default()
        },
    ] {
        too_large(
            ToRelay::decode(up_bytes(ToRelayKind::Failed(failed))),
            what,
            got,
        );
    }
    let request = request_with(|request| request.forwarded_for = long.clone());
    too_large(ToClient::decode(request), what, got);
    let hello = proto::Hello {
        client: long.clone(),
        tunnel: "abc".into(),
        ..Default::default()
    };
    too_large(Hello::decode(hello.encode_to_vec().into()), what, got);
    for welcome in [
        proto::Welcome {
            relay: long.clone(),
            ..Default::default()
        },
        proto::Welcome {
            url: long.clone(),
            ..Default::default()
        },
        proto::Welcome {
            subdomain_url: Some(long.clone()),
            ..Default::default()
        },
    ] {
        too_large(
            WelcomeOrReject::decode(first_bytes(First::Welcome(welcome))),
            what,
            got,
        );
    }
    let reject = proto::Reject {
        reason: 1,
        message: long.clone(),
    };
    too_large(
        WelcomeOrReject::decode(first_bytes(First::Reject(reject))),
        what,
        got,
    );
    let answer = answer_with(|answer| answer.reason = Some(long.into()));
    too_large(ToRelay::decode(answer), "a reason phrase", got);
}

#[test]
fn nobody_waits_for_more_than_a_day() {
    let hello = |wait_ms| proto::Hello {
        tunnel: "abc".into(),
        wait_ms,
        ..Default::default()
    };
    let day_ms = 86_400_000;
    let day = Hello::decode(hello(day_ms).encode_to_vec().into()).unwrap();
    assert_eq!(day.policy.wait, WAIT);
    let mut more = day.clone();
    more.policy.wait = Duration::MAX;
    assert_eq!(Hello::decode(more.encode()).unwrap(), day);
    for ms in [day_ms + 1, u64::MAX] {
        let decoded = Hello::decode(hello(ms).encode_to_vec().into());
        too_large(decoded, "a wait in milliseconds", ms as usize);
    }
}

#[test]
fn texts_of_our_own_are_cut_rather_than_refused() {
    let message = format!("{}\u{1f980}", "t".repeat(TEXT_BYTES - 1));
    let goodbye = ToClient::Goodbye {
        reason: GoodbyeReason::Protocol,
        message,
    };
    let decoded = ToClient::decode(goodbye.encode()).unwrap();
    let expected = "t".repeat(TEXT_BYTES - 1);
    assert!(matches!(decoded, ToClient::Goodbye { message, .. } if message == expected));

    let mut long = answer(Headers::default());
    long.response.reason = Some(vec![b'r'; TEXT_BYTES + 1].into());
    let expected = ToRelay::Answer(answer(Headers::default()));
    assert_eq!(
        ToRelay::decode(ToRelay::Answer(long).encode()).unwrap(),
        expected
    );
}

fn too_large<M: std::fmt::Debug>(decoded: Result<M, DecodeError>, of: &str, size: usize) {
    match decoded {
        Err(DecodeError::TooLarge { what, got, .. }) => assert_eq!((what, got), (of, size)),
        Ok(_) => panic!("{of} of {size} was taken"),
        Err(error) => panic!("{of}: {error}"),
    }
}
