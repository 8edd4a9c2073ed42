//! Random messages, and random bytes that resemble them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A good message, and its body.
pub(super) type Message = (Vec<u8>, Vec<u8>);

/// Some good messages.
pub(super) fn messages() -> impl Strategy<Value = Vec<Message>> {
    vec(prop_oneof![plain(), of_known_length(), chunked()], 1..5)
}

/// Bytes that resemble messages.
pub(super) fn fragments() -> impl Strategy<Value = Vec<u8>> {
    vec(select(FRAGMENTS), 0..40).prop_map(|fragments| fragments.concat())
}

/// Bytes of which a few are lost, replaced, repeated or new.
pub(super) fn change(raw: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let places = (any::<Index>(), 0..20usize, 0..20usize);
    (raw, places, select(FRAGMENTS), 0..4).prop_map(|(raw, places, fragment, kind)| {
        let (place, lost, repeated) = places;
        let (before, after) = raw.split_at(place.index(raw.len() + 1));
        let rest = &after[lost.min(after.len())..];
        let again = &after[..repeated.min(after.len())];
        match kind {
            0 => [before, rest].concat(),
            1 => [before, fragment, rest].concat(),
            2 => [before, fragment, after].concat(),
            _ => [before, again, after].concat(),
        }
    })
}

/// Pieces of messages, good and bad.
const FRAGMENTS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n",
    b"GET",
    b"POST /a?b ",
    b"HTTP/1.1\r\n",
    b"HTTP/1.0\r\n",
    b"Host: a\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Upgrade: b\r\n",
    b"Expect: 100-continue\r\n",
    b"X: ",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"0",
    b"5",
    b"hello",
    b"\r\n\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b":",
    b";",
    b" ",
    b"\t",
    b"/",
    b"*",
    b"%",
    b",",
    b"\x7f",
    b"\xff",
    b"\xc3\xa9",
];

fn plain() -> impl Strategy<Value = Message> {
    head().prop_map(|head| ([&head[..], b"\r\n"].concat(), Vec::new()))
}

fn of_known_length() -> impl Strategy<Value = Message> {
    (head(), vec(any::<u8>(), 0..100)).prop_map(|(head, body)| {
        let length = format!("Content-Length: {}\r\n\r\n", body.len());
        ([&head[..], length.as_bytes(), &body].concat(), body)
    })
}

fn chunked() -> impl Strategy<Value = Message> {
    let extension = select(&["", ";", ";a", ";a=b;c=\"d\""][..]);
    let chunks = vec((vec(any::<u8>(), 1..40), extension), 0..5);
    let trailers = select(&["", "X-Sum: 1\r\n", "a:\r\nb: \u{e9}\r\n"][..]);
    (head(), chunks, trailers).prop_map(|(head, chunks, trailers)| {
        let mut raw = [&head[..], b"Transfer-Encoding: chunked\r\n\r\n"].concat();
        for (data, extension) in &chunks {
            raw.extend_from_slice(format!("{:x}{extension}\r\n", data.len()).as_bytes());
            raw.extend_from_slice(data);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
        let body = chunks.into_iter().flat_map(|(data, _)| data).collect();
        (raw, body)
    })
}

/// A head without what frames the body, and without its end.
fn head() -> impl Strategy<Value = Vec<u8>> {
    let method = select(&["GET", "POST", "PUT", "DELETE", "x"][..]);
    let target = select(&["/", "/a/b?c=d", "/%00", "/\u{e9}", "http://a/b"][..]);
    let before = select(&["", "\r\n"][..]);
    let fields = vec(
        select(&["X: 1\r\n", "Y:\r\n", "Z: \t\u{e9} \r\n", "Cookie: a=b\r\n"][..]),
        0..9,
    );
    (before, method, target, fields).prop_map(|(before, method, target, fields)| {
        let fields = fields.concat();
        format!("{before}{method} {target} HTTP/1.1\r\nHost: a\r\n{fields}").into_bytes()
    })
}
