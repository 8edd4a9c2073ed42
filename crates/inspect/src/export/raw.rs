//! A request as the bytes of an HTTP/1.1 message.

use super::Request;
use crate::mask::{MASKED, Masking, scheme};

/// The message: request line, header lines as they came, body. `Host` and `Content-Length`
/// are added where the sender's framing left them out; `Transfer-Encoding` goes, since the body
/// stands here as it is.
pub fn raw(request: &Request<'_>, masking: &Masking) -> Vec<u8> {
    let mut message = Vec::with_capacity(request.body.len() + 512);
    let (authority, target) = split(request.url);
    for part in [request.method, " ", &target, " HTTP/1.1\r\n"] {
        message.extend_from_slice(part.as_bytes());
    }
    if request.headers.first("host").is_none() {
        push(&mut message, b"host", authority.as_bytes());
    }
    for header in request.headers {
        if header.is("transfer-encoding") {
            continue;
        }
        if masking.hides(header.name) {
            push(&mut message, header.name, masked(header.value).as_bytes());
        } else {
            push(&mut message, header.name, header.value);
        }
    }
    if !request.body.is_empty() && request.headers.first("content-length").is_none() {
        let length = request.body.len().to_string();
        push(&mut message, b"content-length", length.as_bytes());
    }
    message.extend_from_slice(b"\r\n");
    message.extend_from_slice(request.body);
    message
}

/// What stands for a secret in a message or a document.
pub(super) fn masked(value: &[u8]) -> String {
    match scheme(value) {
        Some(scheme) => format!("{scheme} {MASKED}"),
        None => MASKED.to_owned(),
    }
}

/// The authority of a URL, and its path and query.
fn split(url: &str) -> (&str, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if target.starts_with('/') {
        return (authority, target.to_owned());
    }
    (authority, format!("/{target}"))
}

fn push(message: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    for part in [name, b": ", value, b"\r\n"] {
        message.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use kreel_wire::{Headers, HeadersBuilder};

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut builder = HeadersBuilder::default();
        for (name, value) in lines {
            builder.push(name.as_bytes(), value.as_bytes());
        }
        builder.build()
    }

    #[test]
    fn a_message_is_what_the_sender_sent() {
        let headers = headers(&[
            ("x-b", "1"),
            ("host", "relay.example"),
            ("transfer-encoding", "chunked"),
            ("x-b", "2"),
            ("cookie", "a=1"),
        ]);
        let request = Request {
            method: "POST",
            url: "https://relay.example/hook?a=b",
            headers: &headers,
            body: b"\xff\0",
            is_whole: true,
        };
        let message = raw(&request, &Masking::off());
        assert_eq!(
            message,
            b"POST /hook?a=b HTTP/1.1\r\nx-b: 1\r\nhost: relay.example\r\nx-b: 2\r\n\
              cookie: a=1\r\ncontent-length: 2\r\n\r\n\xff\0"
        );
        let masked = raw(&request, &Masking::standard());
        assert!(String::from_utf8_lossy(&masked).contains("cookie: ••••••\r\n"));
    }

    #[test]
    fn an_address_without_path_asks_for_the_root() {
        assert_eq!(split("http://a:1"), ("a:1", "/".to_owned()));
        assert_eq!(split("http://a:1?b"), ("a:1", "/?b".to_owned()));
        assert_eq!(split("http://a:1/b?c"), ("a:1", "/b?c".to_owned()));
        let headers = headers(&[]);
        let request = Request {
            method: "GET",
            url: "http://a:1",
            headers: &headers,
            body: b"",
            is_whole: true,
        };
        let message = raw(&request, &Masking::standard());
        assert_eq!(message, b"GET / HTTP/1.1\r\nhost: a:1\r\n\r\n");
    }
}
