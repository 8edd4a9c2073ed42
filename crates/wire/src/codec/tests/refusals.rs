//! What a decoder must not let through, each refused for its own reason.

use bytes::Bytes;
use prost::Message as _;

use super::raw::{answer, answer_with, down_bytes, first_bytes, request, request_with, up_bytes};
use crate::codec::DecodeError;
use crate::proto::{self, First, ToClientKind, ToRelayKind};
use crate::{
    GoodbyeReason, HeadersBuilder, Hello, InvalidHeader, InvalidName, ToClient, ToRelay,
    WelcomeOrReject, Wire,
};

#[test]
fn nothing_and_unknown_kinds_are_no_messages() {
    for bytes in [&b""[..], b"\x3a\x00", b"\xa0\x06\x01"] {
        let bytes = Bytes::from_static(bytes);
        for error in [
            ToClient::decode(bytes.clone()).unwrap_err(),
            ToRelay::decode(bytes.clone()).unwrap_err(),
            WelcomeOrReject::decode(bytes).unwrap_err(),
        ] {
            assert!(matches!(error, DecodeError::UnknownKind), "{error}");
        }
    }
}

#[test]
fn fields_of_another_type_are_malformed() {
    for bytes in [
        &b"\x08\x01"[..],
        b"\x0a\x02\x0a\x00",
        b"\x0a\x05\x08",
        b"\xff",
    ] {
        let error = ToClient::decode(Bytes::from_static(bytes)).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed(_)), "{error}");
    }
    let method = request_with(|request| request.method = "\u{0}".into());
    let broken = method
        .iter()
        .map(|byte| if *byte == 0 { 0xff } else { *byte });
    let error = ToClient::decode(broken.collect()).unwrap_err();
    assert!(matches!(error, DecodeError::Malformed(_)), "{error}");
}

#[test]
fn header_lines_that_would_break_out_are_refused() {
    for (name, value, why) in [
        (&b"x-a"[..], &b"1\r\nx-b: 2"[..], InvalidHeader::Value),
        (b"x-a", b"1\n", InvalidHeader::Value),
        (b"x-a", b"\r", InvalidHeader::Value),
        (b"x-a", b"\0", InvalidHeader::Value),
        (b"X-A", b"1", InvalidHeader::Name),
        (b"x a", b"1", InvalidHeader::Name),
        (b"x-a:", b"1", InvalidHeader::Name),
        (b"x\r\ny", b"1", InvalidHeader::Name),
        (b"\xc3\xa4", b"1", InvalidHeader::Name),
        (b"", b"1", InvalidHeader::Name),
    ] {
        let mut builder = HeadersBuilder::default();
        builder.push(b"x-fine", b"1");
        builder.push(name, value);
        let headers = builder.build();
        let down = ToClient::decode(ToClient::Request(request(headers.clone())).encode());
        assert!(
            matches!(down, Err(DecodeError::Header(ref got)) if *got == why),
            "{down:?}"
        );
        let up = ToRelay::decode(ToRelay::Answer(answer(headers)).encode());
        assert!(
            matches!(up, Err(DecodeError::Header(ref got)) if *got == why),
            "{up:?}"
        );
    }
}

#[test]
fn texts_that_become_part_of_a_line_are_looked_at_too() {
    for bad in ["1.2.3.4\r\nx: y", "\0", "\x7f", "\x1b[2J"] {
        let request = request_with(|request| request.forwarded_for = bad.into());
        let down = ToClient::decode(request);
        assert!(
            matches!(down, Err(DecodeError::Header(InvalidHeader::Value))),
            "{down:?}"
        );
        let answer = answer_with(|answer| answer.reason = Some(bad.into()));
        let up = ToRelay::decode(answer);
        assert!(
            matches!(up, Err(DecodeError::Header(InvalidHeader::Value))),
            "{up:?}"
        );
    }
    for bad in [
        "https://relay.example/a\x1b[2Jb",
        "https://relay.example/\u{202e}",
        "a b",
    ] {
        let welcome = proto::Welcome {
            url: bad.into(),
            ..Default::default()
        };
        let first = WelcomeOrReject::decode(first_bytes(First::Welcome(welcome)));
        assert!(matches!(first, Err(DecodeError::Url)), "{first:?}");
    }
}

#[test]
fn request_lines_that_could_not_be_one_are_refused() {
    for method in ["", "GET /", "GE\nT", "G\u{e4}T", "a/b"] {
        let down = ToClient::decode(request_with(|request| request.method = method.into()));
        assert!(
            matches!(down, Err(DecodeError::Method)),
            "{method:?}: {down:?}"
        );
    }
    for target in [
        "hook",
        "http://169.254.169.254/",
        "*",
        "/a b",
        "/a\r\nx: y",
        "/\0",
        "/\x7f",
        " /",
    ] {
        let down = ToClient::decode(request_with(|request| request.target = target.into()));
        assert!(
            matches!(down, Err(DecodeError::Target)),
            "{target:?}: {down:?}"
        );
    }
    for id in [0, 15, 17] {
        let down = ToClient::decode(request_with(|request| {
            request.delivery_id = vec![7; id].into();
        }));
        assert!(
            matches!(down, Err(DecodeError::Id { got }) if got == id),
            "{down:?}"
        );
    }
}

#[test]
fn statuses_are_final_ones() {
    for status in [0, 1, 100, 101, 103, 199, 1000, 65_736, u32::MAX] {
        let up = ToRelay::decode(answer_with(|answer| answer.status = status));
        assert!(
            matches!(up, Err(DecodeError::Status { got }) if got == status),
            "{up:?}"
        );
        let answered = proto::Answered {
            exchange: 1,
            status: Some(status),
        };
        let down = ToClient::decode(down_bytes(ToClientKind::Answered(answered)));
        assert!(
            matches!(down, Err(DecodeError::Status { got }) if got == status),
            "{down:?}"
        );
        let hello = proto::Hello {
            answer_now: status,
            tunnel: "abc".into(),
            ..Default::default()
        };
        let hello = Hello::decode(hello.encode_to_vec().into());
        assert_eq!(hello.is_ok(), status == 0, "{hello:?}");
    }
}

#[test]
fn tunnels_have_a_name() {
    let hello = proto::Hello {
        tunnel: "_kreel".into(),
        ..Default::default()
    };
    let error = Hello::decode(hello.encode_to_vec().into()).unwrap_err();
    assert!(
        matches!(
            error,
            DecodeError::Name(InvalidName::Character { got: '_' })
        ),
        "{error}"
    );
}

#[test]
fn reasons_of_later_versions_are_unknown_ones() {
    let goodbye = proto::Goodbye {
        reason: 99,
        message: "later".into(),
    };
    let decoded = ToClient::decode(down_bytes(ToClientKind::Goodbye(goodbye))).unwrap();
    let ToClient::Goodbye { reason, message } = decoded else {
        panic!("{decoded:?}");
    };
    assert_eq!((reason, &*message), (GoodbyeReason::Unknown, "later"));
    let failed = proto::Failed {
        kind: 99,
        cause: "later".into(),
        ..Default::default()
    };
    let decoded = ToRelay::decode(up_bytes(ToRelayKind::Failed(failed))).unwrap();
    assert!(
        matches!(decoded, ToRelay::Failed { failure: crate::Failure::GivenUp { cause }, .. } if cause == "later")
    );
}
