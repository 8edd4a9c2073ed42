//! An exchange for the tests of this folder.

use std::time::Duration;

use kreel_wire::{Headers, HeadersBuilder};

use super::{Answer, Exchange, Request, Timings};

pub(super) fn headers(lines: &[(&str, &[u8])]) -> Headers {
    let mut builder = HeadersBuilder::default();
    for (name, value) in lines {
        builder.push(name.as_bytes(), value);
    }
    builder.build()
}

/// The header lines of a webhook with a secret, and of an answer with a cookie.
pub(super) fn heads() -> (Headers, Headers) {
    let request = headers(&[
        ("content-type", b"application/json"),
        ("authorization", b"Bearer s3cret"),
        ("x-raw", b"caf\xe9"),
        ("cookie", b"a=1; b=2"),
    ]);
    let answer = headers(&[
        ("content-type", b"text/plain"),
        ("set-cookie", b"session=s3cret; HttpOnly; Path=/"),
    ]);
    (request, answer)
}

/// A webhook that was answered.
pub(super) fn exchange<'a>(heads: &'a (Headers, Headers), body: &'a [u8]) -> Exchange<'a> {
    Exchange {
        id: "019ab5f2-7c1e-7d3a-9f00-0123456789ab",
        received_at_us: 1_767_225_600_000_000,
        request: Request {
            method: "POST",
            url: "https://relay.example/hook?a=%20b&c=d+e&f",
            headers: &heads.0,
            body,
            is_whole: true,
        },
        answer: Some(Answer {
            status: 201,
            reason: None,
            headers: &heads.1,
            body: b"ok",
            is_whole: true,
        }),
        failure: None,
        started_at_us: Some(1_767_225_600_001_500),
        timings: Timings {
            connect: Some(Duration::from_micros(500)),
            first_byte: Some(Duration::from_micros(12_500)),
            total: Some(Duration::from_millis(13)),
        },
    }
}
