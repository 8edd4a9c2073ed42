//! Requests that no two servers would read alike, by what is wrong with them.

/// What follows a request line and a host.
const HEADS: [(&str, &str); 15] = [
    (
        "length, then encoding",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "encoding, then length",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    (
        "two lengths",
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    ),
    ("a list of lengths", "Content-Length: 3, 3\r\n\r\nabc"),
    ("a length with a sign", "Content-Length: +3\r\n\r\nabc"),
    (
        "a length past all numbers",
        "Content-Length: 99999999999999999999999\r\n\r\n",
    ),
    (
        "an encoding twice",
        "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "an unknown encoding",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "an encoding behind a space",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "an encoding behind a tab",
        "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    ),
    ("bare LF in the head", "X: a\nContent-Length: 1\r\n\r\nx"),
    ("bare CR in a value", "X: a\rContent-Length: 1\r\n\r\nx"),
    ("NUL in a value", "X: a\0b\r\n\r\n"),
    ("a folded line", "X: a\r\n b\r\n\r\n"),
    ("a line without a colon", "X\r\n\r\n"),
];

/// What follows a head that announces chunks.
const CHUNKS: [(&str, &str); 6] = [
    ("a size that is no number", "zz\r\nabc\r\n0\r\n\r\n"),
    ("a size with a sign", "-3\r\nabc\r\n0\r\n\r\n"),
    ("a size with a prefix", "0x3\r\nabc\r\n0\r\n\r\n"),
    (
        "a size past all numbers",
        "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    ),
    ("a chunk longer than its size", "3\r\nabcd\r\n0\r\n\r\n"),
    ("a chunk that ends in bare LF", "3\nabc\n0\n\n"),
];

/// What is put in place of what in a good request.
const CHANGES: [(&str, &str, &str); 5] = [
    ("bare LF everywhere", "\r\n", "\n"),
    ("no host", "Host: a\r\n", ""),
    ("two hosts", "Host: a\r\n", "Host: a\r\nHost: b\r\n"),
    ("a host that is none", "Host: a\r\n", "Host: a b/c\r\n"),
    ("an unknown version", "HTTP/1.1", "HTTP/1.2"),
];

/// What is no request at all.
const OTHERS: [(&str, &[u8]); 4] = [
    ("CONNECT", b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
    ("HTTP/2 unasked", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("another protocol", b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"),
    (
        "the beginning of TLS",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ),
];

/// All of them, for a tunnel: `head` is a request line and a host.
pub(super) fn malformed(head: &str) -> Vec<(&'static str, Vec<u8>)> {
    let chunked = |body: &str| format!("{head}Transfer-Encoding: chunked\r\n\r\n{body}");
    let good = format!("{head}Content-Length: 1\r\n\r\nx");
    let heads = HEADS.map(|(what, rest)| (what, format!("{head}{rest}")));
    let chunks = CHUNKS.map(|(what, body)| (what, chunked(body)));
    let changed = CHANGES.map(|(what, from, to)| (what, good.replace(from, to)));
    let many = "X: y\r\n".repeat(100_000);
    let long = "y".repeat(1 << 20);
    let large = [
        ("100,000 headers", format!("{head}{many}\r\n")),
        ("a header of a MiB", format!("{head}X: {long}\r\n\r\n")),
        (
            "a path of a MiB",
            good.replace("/bad", &format!("/bad{long}")),
        ),
        (
            "a chunk extension of a MiB",
            chunked(&format!("1;{long}\r\nx\r\n0\r\n\r\n")),
        ),
        ("100,000 trailers", chunked(&format!("0\r\n{many}\r\n"))),
    ];
    let texts = heads.into_iter().chain(chunks).chain(changed).chain(large);
    let texts = texts.map(|(what, text)| (what, text.into_bytes()));
    let others = OTHERS.map(|(what, bytes)| (what, bytes.to_owned()));
    texts
        .chain(others)
        .chain([("noise", noise(4096))])
        .collect()
}

/// Bytes without rhyme, the same each time.
pub(super) fn noise(bytes: u32) -> Vec<u8> {
    let byte = |number: u32| number.wrapping_mul(2_654_435_761).to_be_bytes()[0];
    (0..bytes).map(byte).collect()
}
