//! Reads one HTTP/1.1 answer out of a buffer; just enough for what servers send to a `POST`.

use std::borrow::Cow;

/// An answer that is all there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// Its status.
    pub(super) status: u16,
    /// Its body.
    pub(super) body: Cow<'a, [u8]>,
    /// Whether the server will take another request on the connection.
    pub(super) keep: bool,
}

/// Why bytes are not an answer.
pub(super) type Garbled = &'static str;

impl<'a> Answer<'a> {
    /// The answer in these bytes, or nothing as long as some of it is missing.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Garbled> {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(end) =
            head.parse(bytes).map_err(|_| "not an HTTP answer")?
        else {
            return Ok(None);
        };
        let rest = &bytes[end..];
        let framed = match framing(head.headers)? {
            Framing::Length(length) => exact(rest, length)?,
            Framing::Chunked => dechunk(rest)?,
        };
        let keep = !header(head.headers, "connection").is_some_and(is_close);
        Ok(framed.map(|body| Self {
            status: head.code.unwrap_or(0),
            body,
            keep,
        }))
    }
}

enum Framing {
    Length(usize),
    Chunked,
}

fn framing(headers: &[httparse::Header<'_>]) -> Result<Framing, Garbled> {
    if header(headers, "transfer-encoding").is_some() {
        return Ok(Framing::Chunked);
    }
    let length = header(headers, "content-length").ok_or("an answer without a length")?;
    let length = std::str::from_utf8(length).ok();
    let length = length.and_then(|digits| digits.parse().ok());
    length.map(Framing::Length).ok_or("not a content-length")
}

fn header<'a>(headers: &[httparse::Header<'a>], name: &str) -> Option<&'a [u8]> {
    let found = headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
    found.map(|h| h.value)
}

fn is_close(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"close")
}

fn exact(rest: &[u8], length: usize) -> Result<Option<Cow<'_, [u8]>>, Garbled> {
    match rest.len() {
        have if have < length => Ok(None),
        have if have == length => Ok(Some(Cow::Borrowed(rest))),
        _ => Err("more bytes than the answer has"),
    }
}

fn dechunk(mut rest: &[u8]) -> Result<Option<Cow<'_, [u8]>>, Garbled> {
    let mut body = Vec::new();
    loop {
        let parsed = httparse::parse_chunk_size(rest).map_err(|_| "not a chunk")?;
        let httparse::Status::Complete((start, size)) = parsed else {
            return Ok(None);
        };
        let size = usize::try_from(size).map_err(|_| "an absurd chunk")?;
        let Some(end) = start.checked_add(size).and_then(|end| end.checked_add(2)) else {
            return Err("an absurd chunk");
        };
        let Some(chunk) = rest.get(start..end) else {
            return Ok(None);
        };
        let Some(data) = chunk.strip_suffix(b"\r\n") else {
            return Err("a chunk without its end");
        };
        body.extend_from_slice(data);
        rest = &rest[end..];
        match (size, rest) {
            (0, []) => return Ok(Some(Cow::Owned(body))),
            (0, _) => return Err("more bytes than the answer has"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab 1";
    const CHUNKED: &[u8] =
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n2\r\n 1\r\n0\r\n\r\n";

    #[test]
    fn both_framings_give_the_body_once_it_is_whole() {
        for whole in [PLAIN, CHUNKED] {
            for cut in 0..whole.len() {
                assert_eq!(Answer::parse(&whole[..cut]), Ok(None), "cut at {cut}");
            }
            let answer = Answer::parse(whole).unwrap().unwrap();
            assert_eq!((answer.status, answer.keep), (200, true));
            assert_eq!(&*answer.body, b"ab 1");
        }
    }

    #[test]
    fn a_server_that_wants_to_close_is_heard() {
        let bytes = b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        let answer = Answer::parse(bytes).unwrap().unwrap();
        assert_eq!((answer.status, answer.keep), (502, false));
    }

    #[test]
    fn nonsense_is_an_error_and_not_a_wait() {
        assert!(Answer::parse(b"SSH-2.0-x\r\n").is_err());
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(Answer::parse(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab").is_err());
    }
}
