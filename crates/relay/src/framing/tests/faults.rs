//! Requests with a fault, each with the number of the offending message and the refusal.

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

/// Request lines.
const REQUEST_LINES: &[(&[u8], Refusal)] = &[
    (b"GET /", Refusal::RequestLine),
    (b"GET", Refusal::RequestLine),
    (b"GET  / HTTP/1.1", Refusal::RequestLine),
    (b"GET /  HTTP/1.1", Refusal::RequestLine),
    (b"GET / a HTTP/1.1", Refusal::RequestLine),
    (b"GET / HTTP/1.1 ", Refusal::RequestLine),
    (b"GET / HTTP / 1.1", Refusal::RequestLine),
    (b"GET / http/1.1", Refusal::RequestLine),
    (b"GET\t/\tHTTP/1.1", Refusal::RequestLine),
    (b" GET / HTTP/1.1", Refusal::Method),
    (b"G\0T / HTTP/1.1", Refusal::Method),
    (b"GET: / HTTP/1.1", Refusal::Method),
    (b"G\xc3\x89T / HTTP/1.1", Refusal::Method),
    (b"CONNECT a:443 HTTP/1.1", Refusal::Connect),
    (b"CONNECT / HTTP/1.1", Refusal::Connect),
    (b"OPTIONS * HTTP/1.1", Refusal::Asterisk),
    (b"GET * HTTP/1.1", Refusal::Asterisk),
    (b"GET a:80 HTTP/1.1", Refusal::Target),
    (b"GET a HTTP/1.1", Refusal::Target),
    (b"GET /a#b HTTP/1.1", Refusal::Target),
    (b"GET /a\0 HTTP/1.1", Refusal::Target),
    (b"GET /a\tb HTTP/1.1", Refusal::Target),
    (b"GET /a\x7f HTTP/1.1", Refusal::Target),
    (b"GET /caf\xe9 HTTP/1.1", Refusal::Target),
    (b"GET ftp://a/ HTTP/1.1", Refusal::Target),
    (b"GET http:///a HTTP/1.1", Refusal::Target),
    (b"GET http://u:p@a/ HTTP/1.1", Refusal::Target),
    (b"GET http://a:b/ HTTP/1.1", Refusal::Target),
    (b"GET http://b/ HTTP/1.1", Refusal::HostMismatch),
    (b"GET http://a:80/ HTTP/1.1", Refusal::HostMismatch),
    (b"GET / HTTP/0.9", Refusal::Version),
    (b"GET / HTTP/1.2", Refusal::Version),
    (b"GET / HTTP/2", Refusal::Version),
    (b"GET / HTTP/1.01", Refusal::Version),
    (b"GET / HTTP/1.1\r", Refusal::BareCr),
    (b"GET /\r HTTP/1.1", Refusal::BareCr),
    (b"\r\n\r\nGET / HTTP/1.1", Refusal::EmptyLines),
    (b"\nGET / HTTP/1.1", Refusal::BareLf),
];

/// Header lines after a good `Host`.
const FIELDS: &[(&[u8], Refusal)] = &[
    (b" X: 1", Refusal::Folded),
    (b"X: 1\r\n 2", Refusal::Folded),
    (b"X: 1\r\n\t2", Refusal::Folded),
    (b"X", Refusal::NoColon),
    (b": 1", Refusal::EmptyName),
    (b"X : 1", Refusal::SpaceBeforeColon),
    (b"Content-Length\t: 5", Refusal::SpaceBeforeColon),
    (b"X Y: 1", Refusal::Name),
    (b"X(Y): 1", Refusal::Name),
    (b"X\0: 1", Refusal::Name),
    (b"\xc3\xa9: 1", Refusal::Name),
    (b"X: a\0b", Refusal::Control),
    (b"X: a\x0bb", Refusal::Control),
    (b"X: \x7f", Refusal::Control),
    (b"X: a\rb", Refusal::BareCr),
    (b"X: a\r", Refusal::BareCr),
    (b"X\r: a", Refusal::BareCr),
    (b"X: a\nY: b", Refusal::BareLf),
    (b"X: a\n", Refusal::BareLf),
    (b"Host: a", Refusal::RepeatedHost),
    (b"host: b", Refusal::RepeatedHost),
    (b"Content-Length:", Refusal::ContentLength),
    (b"Content-Length: -1", Refusal::ContentLength),
    (b"Content-Length: +5", Refusal::ContentLength),
    (b"Content-Length: 1 2", Refusal::ContentLength),
    (b"Content-Length: 5, 5", Refusal::ContentLength),
    (b"Content-Length: 5;", Refusal::ContentLength),
    (b"Content-Length: 0x5", Refusal::ContentLength),
    (
        b"Content-Length: 9223372036854775808",
        Refusal::ContentLengthOverflow,
    ),
    (
        b"Content-Length: 18446744073709551621",
        Refusal::ContentLengthOverflow,
    ),
    (
        b"Content-Length: 0\r\nContent-Length: 0",
        Refusal::RepeatedContentLength,
    ),
    (
        b"Content-Length: 5\r\ncontent-length: 6",
        Refusal::RepeatedContentLength,
    ),
    (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        Refusal::LengthAndEncoding,
    ),
    (
        b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        Refusal::LengthAndEncoding,
    ),
    (b"Transfer-Encoding:", Refusal::TransferEncoding),
    (b"Transfer-Encoding: identity", Refusal::TransferEncoding),
    (
        b"Transfer-Encoding: gzip, chunked",
        Refusal::TransferEncoding,
    ),
    (
        b"Transfer-Encoding: chunked, chunked",
        Refusal::TransferEncoding,
    ),
    (b"Transfer-Encoding: chunked;q=1", Refusal::TransferEncoding),
    (b"Transfer-Encoding: \"chunked\"", Refusal::TransferEncoding),
    (b"Transfer-Encoding: chunke", Refusal::TransferEncoding),
    (
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        Refusal::TransferEncoding,
    ),
    (b"Transfer-Encoding: \x0bchunked", Refusal::Control),
];

/// Values of `Host`.
const HOSTS: &[&[u8]] = &[
    b"",
    b"a b",
    b"a, b",
    b"u@a",
    b"a/",
    b"http://a",
    b"a:",
    b":80",
    b"a:65536",
    b"a:8x",
    b"a:1:2",
    b"[::1",
    b"[::1]a",
    b"[::g]",
    b"::1",
    b"caf\xc3\xa9",
    b"a%",
    b"a\\b",
    b"<a>",
];

/// What follows the head of a chunked body.
const CHUNKS: &[(&[u8], Refusal)] = &[
    (b"\r\n", Refusal::ChunkSize),
    (b"x\r\n", Refusal::ChunkSize),
    (b" 5\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5 \r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5 ;a\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"+5\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"0x5\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5,a\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"5;a\0\r\nhello\r\n0\r\n\r\n", Refusal::ChunkSize),
    (b"0;\0\r\n\r\n", Refusal::ChunkSize),
    (b"5\nhello\r\n0\r\n\r\n", Refusal::BareLf),
    (b"5;a\nhello\r\n0\r\n\r\n", Refusal::BareLf),
    (b"5;a\rb\r\nhello\r\n0\r\n\r\n", Refusal::BareCr),
    (b"5\r\r\nhello\r\n0\r\n\r\n", Refusal::BareCr),
    (b"8000000000000000\r\n", Refusal::ChunkSizeOverflow),
    (
        b"10000000000000005\r\nhello\r\n0\r\n\r\n",
        Refusal::ChunkSizeOverflow,
    ),
    (
        b"00000000000000005\r\nhello\r\n0\r\n\r\n",
        Refusal::ChunkSizeOverflow,
    ),
    (b"5\r\nhello!\r\n0\r\n\r\n", Refusal::ChunkEnd),
    (b"5\r\nhello0\r\n\r\n", Refusal::ChunkEnd),
    (b"5\r\nhello\r0\r\n\r\n", Refusal::ChunkEnd),
    (b"5\r\nhello\n0\r\n\r\n", Refusal::BareLf),
    (b"4\r\nhello\r\n0\r\n\r\n", Refusal::ChunkEnd),
    (b"6\r\nhello\r\n0\r\n\r\n", Refusal::BareLf),
    (b"5\r\nhello\r\n\r\n", Refusal::ChunkSize),
    (b"0\r\n\n", Refusal::BareLf),
    (b"0\r\n\r\r\n", Refusal::BareCr),
    (b"0\r\nX: 1\n\r\n", Refusal::BareLf),
    (b"0\r\nX: 1\rY: 2\r\n\r\n", Refusal::BareCr),
    (b"0\r\nX\r\n\r\n", Refusal::NoColon),
    (b"0\r\nX : 1\r\n\r\n", Refusal::SpaceBeforeColon),
    (b"0\r\nX: \0\r\n\r\n", Refusal::Control),
    (b"0\r\nX: 1\r\n 2\r\n\r\n", Refusal::Folded),
    (b"0\r\nContent-Length: 5\r\n\r\n", Refusal::Trailer),
    (
        b"0\r\nX: 1\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
        Refusal::Trailer,
    ),
    (b"0\r\nHost: b\r\n\r\n", Refusal::Trailer),
    (b"0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Refusal::NoColon),
];

/// What fits none of the above.
const OTHERS: &[(&[u8], u64, Refusal)] = &[
    (b"GET / HTTP/1.1\r\n\r\n", 1, Refusal::NoHost),
    (b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 1, Refusal::RepeatedHost),
    (b"GET / HTTP/1.0\r\nHost:\r\n\r\n", 1, Refusal::Host),
    (b"GET http://a/ HTTP/1.1\r\n\r\n", 1, Refusal::NoHost),
    (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 1, Refusal::Folded),
    (b"GET / HTTP/1.1\nHost: a\n\n", 1, Refusal::BareLf),
    (b"GET / HTTP/1.1\r\nHost: a\n\r\n", 1, Refusal::BareLf),
    (b"GET / HTTP/1.1\r\nHost: a\r\n\n", 1, Refusal::BareLf),
    (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 1, Refusal::TransferEncodingIn10),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1, Refusal::Version),
    // What follows a message is the next one, however it came there.
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n", 2, Refusal::EmptyLines),
    (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhello\r\n", 2, Refusal::RequestLine),
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n0\r\n\r\n",
        2,
        Refusal::RequestLine,
    ),
    (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\
        GET /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        3,
        Refusal::LengthAndEncoding,
    ),
    (
        b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
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
