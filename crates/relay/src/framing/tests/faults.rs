//! Requests with a fault, each with the number of the offending message and the refusal. The stories
//! of the whole program send them, too.

#[path = "faults/chunks.rs"]
mod chunks;
#[path = "faults/heads.rs"]
mod heads;

use chunks::CHUNKS;
use heads::{FIELDS, HOSTS, REQUEST_LINES};

use super::{LIMITS, Refusal};

/// A request that must be refused.
pub(super) struct Fault {
    /// What the sender sends.
    pub(super) raw: Vec<u8>,
    /// The number of the offending message.
    pub(super) message: u64,
    /// What is wrong with it.
    pub(super) refusal: Refusal,
}

/// All of them.
pub(super) fn faults() -> Vec<Fault> {
    let lines = REQUEST_LINES.iter().map(|(line, refusal)| {
        let raw = [line, &b"\r\nHost: a\r\n\r\n"[..]].concat();
        (raw, 1, *refusal)
    });
    let fields = FIELDS.iter().map(|(field, refusal)| {
        let raw = [&b"POST / HTTP/1.1\r\nHost: a\r\n"[..], field, b"\r\n\r\n"].concat();
        (raw, 1, *refusal)
    });
    let hosts = HOSTS.iter().map(|value| {
        let raw = [&b"GET / HTTP/1.1\r\nHost: "[..], value, b"\r\n\r\n"].concat();
        (raw, 1, Refusal::Host)
    });
    let chunks = CHUNKS.iter().map(|(chunks, refusal)| {
        let head = &b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
        ([head, chunks].concat(), 1, *refusal)
    });
    let others = OTHERS
        .iter()
        .map(|(raw, message, refusal)| (raw.to_vec(), *message, *refusal));
    lines
        .chain(fields)
        .chain(hosts)
        .chain(chunks)
        .chain(others)
        .chain(too_large())
        .map(|(raw, message, refusal)| Fault {
            raw,
            message,
            refusal,
        })
        .collect()
}

/// What fits none of the above.
const OTHERS: &[(&[u8], u64, Refusal)] = &[
    (b"GET / HTTP/1.1\r\n\r\n", 1, Refusal::NoHost),
    (
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
        1,
        Refusal::RepeatedHost,
    ),
    (b"GET / HTTP/1.0\r\nHost:\r\n\r\n", 1, Refusal::Host),
    (b"GET http://a/ HTTP/1.1\r\n\r\n", 1, Refusal::NoHost),
    (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 1, Refusal::Folded),
    (b"GET / HTTP/1.1\nHost: a\n\n", 1, Refusal::BareLf),
    (b"GET / HTTP/1.1\r\nHost: a\n\r\n", 1, Refusal::BareLf),
    (b"GET / HTTP/1.1\r\nHost: a\r\n\n", 1, Refusal::BareLf),
    (
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        1,
        Refusal::TransferEncodingIn10,
    ),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1, Refusal::Version),
    // What follows a message is the next one, however it came there.
    (
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n",
        2,
        Refusal::EmptyLines,
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhello\r\n",
        2,
        Refusal::RequestLine,
    ),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n0\r\n\r\n",
        2,
        Refusal::RequestLine,
    ),
    (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\
        GET /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\
        Content-Length: 5\r\n\r\n0\r\n\r\n",
        3,
        Refusal::LengthAndEncoding,
    ),
    (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nhi\r\nx\r\n",
        2,
        Refusal::ChunkSize,
    ),
    (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\
        GET /too-early HTTP/1.1\r\nHost: a\r\n\r\n",
        1,
        Refusal::BeforeUpgrade,
    ),
];

fn too_large() -> Vec<(Vec<u8>, u64, Refusal)> {
    let limit = LIMITS.max_head_bytes;
    let lines = LIMITS.max_header_lines;
    let head = "POST / HTTP/1.1\r\nHost: a\r\n";
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    let long = "x".repeat(limit);
    let half = format!("X: {}\r\n", "x".repeat(limit / 2));
    let too_large = Refusal::HeadTooLarge { limit };
    let too_many = Refusal::TooManyLines { limit: lines };
    let faults = [
        (format!("GET /{long} HTTP/1.1\r\n"), 1, too_large),
        (format!("{head}X: {long}\r\n\r\n"), 1, too_large),
        (format!("{head}{long}"), 1, too_large),
        (format!("{head}{half}{half}\r\n"), 1, too_large),
        (format!("{head}\r\n{head}{half}{half}\r\n"), 2, too_large),
        (
            format!("{head}{}\r\n", "X: 1\r\n".repeat(lines)),
            1,
            too_many,
        ),
        (
            format!("{head}\r\n{head}{}\r\n", "X: 1\r\n".repeat(lines)),
            2,
            too_many,
        ),
        (
            format!("{chunked}5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(254)),
            1,
            Refusal::ChunkLineTooLong { limit: 256 },
        ),
        (
            format!("{chunked}{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(300)),
            1,
            Refusal::ChunkLineTooLong { limit: 256 },
        ),
        // Nothing but the length is wrong with an extension that has no end yet.
        (
            format!("{chunked}0;{}", "x".repeat(300)),
            1,
            Refusal::ChunkLineTooLong { limit: 256 },
        ),
        (
            format!("{chunked}0\r\n{half}{half}\r\n"),
            1,
            Refusal::TrailersTooLarge { limit },
        ),
        (
            format!("{chunked}0\r\n{}\r\n", "X: 1\r\n".repeat(lines + 1)),
            1,
            Refusal::TooManyTrailers { limit: lines },
        ),
    ];
    faults
        .into_iter()
        .map(|(raw, message, refusal)| (raw.into_bytes(), message, refusal))
        .collect()
}
