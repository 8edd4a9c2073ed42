//! An edited file as a request, or what is wrong with it.

use bytes::Bytes;
use http::uri::PathAndQuery;
use kreel_wire::{Headers, is_token};

use super::{BODY_UNCHANGED, Fault, Request, UNCHANGED};

/// The lines of a file, and how many of them were read.
struct Lines<'a> {
    rest: &'a [u8],
    read: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end.
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.read += 1;
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (line, rest) = match end {
            Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
            None => (self.rest, &self.rest[self.rest.len()..]),
        };
        self.rest = rest;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn fault(&self, what: impl Into<String>, hint: &str) -> Fault {
        Fault::new(self.read.max(1), what, hint)
    }
}

/// Reads an edited file; `original` is what it was made from. Nothing of a faulty file is lost:
/// [`with_fault`](super::with_fault) says what is wrong at its top.
pub fn read(file: &[u8], original: &Request) -> Result<Request, Fault> {
    let mut lines = Lines {
        rest: file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file),
        read: 0,
    };
    let (method, target) = request_line(&mut lines, original)?;
    let mut headers = Vec::new();
    let mut lengths = Vec::new();
    loop {
        let Some(line) = lines.next() else {
            if original.body.is_empty() {
                break;
            }
            return Err(lines.fault(
                "there is no blank line behind the headers",
                "put one there, also to send no body at all",
            ));
        };
        if line.is_empty() {
            break;
        }
        let (name, value) = header(line, &lines, original, &headers)?;
        if name == "content-length" {
            lengths.push((lines.read, value.clone()));
        }
        headers.push((name, value));
    }
    let body = body(&mut lines, original)?;
    for (line, value) in lengths {
        check_length(line, &value, body.len(), original)?;
    }
    let headers = Headers::checked(headers)
        .map_err(|error| lines.fault(error.to_string(), "look at the header lines again"))?;
    Ok(Request {
        method,
        target,
        headers,
        body,
    })
}

/// What some editors put at the beginning of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn request_line(lines: &mut Lines<'_>, original: &Request) -> Result<(String, Bytes), Fault> {
    const HINT: &str = "write a method and a path, as in POST /hook?n=1";
    let line = loop {
        match lines.next() {
            None => return Err(lines.fault("there is no request line", HINT)),
            Some(line) if line.starts_with(b"#") || line.trim_ascii().is_empty() => {}
            Some(line) => break line.trim_ascii(),
        }
    };
    let end = line.iter().position(u8::is_ascii_whitespace);
    let (method, target) = line.split_at(end.unwrap_or(line.len()));
    let target = target.trim_ascii();
    // As people copy it.
    let target = target
        .strip_suffix(b" HTTP/1.1")
        .unwrap_or(target)
        .trim_ascii();
    if !is_token(method) {
        let method = crate::inert::inert_bytes(method);
        return Err(lines.fault(format!("{method} can't be a method"), HINT));
    }
    let method = String::from_utf8_lossy(method).into_owned();
    if method == "CONNECT" {
        let hint = "it is for proxies, and the app is none; any other method will do";
        return Err(lines.fault("CONNECT can't be sent", hint));
    }
    let target = match target {
        [] => Bytes::new(),
        target if target == UNCHANGED.as_bytes() => original.target.clone(),
        target if is_target(target) => Bytes::copy_from_slice(target),
        target => {
            let target = crate::inert::inert_bytes(target);
            return Err(lines.fault(
                format!("{target} can't be a path"),
                "it begins with / or ?, and has no space and no #; write %20 for a space",
            ));
        }
    };
    Ok((method, target))
}

/// Whether a path and query can stand on the request line, and be sent.
pub(super) fn is_target(target: &[u8]) -> bool {
    let is_odd = |c: char| c.is_control() || c.is_whitespace() || c == '#';
    let whole = match target {
        [b'/', ..] => Bytes::copy_from_slice(target),
        [b'?', ..] => [b"/", target].concat().into(),
        _ => return false,
    };
    let is_text = std::str::from_utf8(target).is_ok_and(|text| !text.contains(is_odd));
    is_text && PathAndQuery::from_maybe_shared(whole).is_ok()
}

/// Whether a value can stand on a line and be read as it is.
pub(super) fn is_value(value: &[u8]) -> bool {
    let is_odd = |c: char| c.is_control() && c != '\t';
    let is_text = std::str::from_utf8(value).is_ok_and(|text| !text.contains(is_odd));
    is_text && value.trim_ascii() == value
}

fn header(
    line: &[u8],
    lines: &Lines<'_>,
    original: &Request,
    before: &[(Bytes, Bytes)],
) -> Result<(Bytes, Bytes), Fault> {
    const HINT: &str = "a header is a line like content-type: text/plain, and behind the last one \
        comes a blank line";
    let shown = || crate::inert::inert_bytes(&line[..line.len().min(SHOWN_BYTES)]).into_owned();
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return Err(lines.fault(format!("{:?} is no header", shown()), HINT));
    };
    let (name, value) = (
        line[..colon].trim_ascii_end(),
        line[colon + 1..].trim_ascii(),
    );
    if !is_token(name) {
        let name = crate::inert::inert_bytes(&name[..name.len().min(SHOWN_BYTES)]);
        return Err(lines.fault(format!("{name:?} can't be the name of a header"), HINT));
    }
    let name = Bytes::from(name.to_ascii_lowercase());
    let value = match value {
        [b'@', b'@', ..] => Bytes::copy_from_slice(&value[1..]),
        [b'@', ..] => came(&name, value, original).ok_or_else(|| {
            let hint = "write @@ for a value that begins with @";
            lines.fault(format!("{:?} stands for nothing", shown()), hint)
        })?,
        value => Bytes::copy_from_slice(value),
    };
    if value.iter().any(|byte| matches!(byte, 0 | b'\r')) {
        let hint = "take the control characters out of it";
        return Err(lines.fault(format!("the value of {:?} can't be sent", shown()), hint));
    }
    if before.len() >= kreel_wire::limits::HEADER_COUNT {
        let hint = "take some out";
        return Err(lines.fault("there are too many headers", hint));
    }
    Ok((name, value))
}

/// How much of a line is repeated in words.
const SHOWN_BYTES: usize = 60;

/// The value that came, for which a word stands.
fn came(name: &[u8], value: &[u8], original: &Request) -> Option<Bytes> {
    let value = std::str::from_utf8(value).ok()?;
    let nth = value.strip_prefix(UNCHANGED)?.trim_start();
    let nth: usize = if nth.is_empty() { 1 } else { nth.parse().ok()? };
    let mut lines = original.headers.iter().filter(|line| line.name == name);
    lines
        .nth(nth.checked_sub(1)?)
        .map(|line| line.shared_value())
}

/// What is left of the file, without the line feed that an editor has put behind it.
fn body(lines: &mut Lines<'_>, original: &Request) -> Result<Bytes, Fault> {
    let rest = lines.rest;
    let is_added = original.body.last() != Some(&b'\n');
    let body = match rest.strip_suffix(b"\n") {
        Some(body) if is_added => body,
        _ => rest,
    };
    if !body.starts_with(b"@") {
        return Ok(Bytes::copy_from_slice(body));
    }
    if let [b'@', b'@', ..] = body {
        return Ok(Bytes::copy_from_slice(&body[1..]));
    }
    if rest.trim_ascii() == BODY_UNCHANGED.as_bytes() {
        return Ok(original.body.clone());
    }
    lines.next();
    Err(lines.fault(
        "the body begins with @ and is none of the words that do",
        "write @@ for a text that begins with @, or only @body unchanged for the body that came",
    ))
}

/// A length is what came, or true: the app would wait for the rest, or take it for another request.
fn check_length(line: usize, value: &[u8], bytes: usize, original: &Request) -> Result<(), Fault> {
    let mut senders = original.headers.iter();
    let is_senders = senders.any(|line| line.is("content-length") && line.value == value);
    if is_senders || value == bytes.to_string().as_bytes() {
        return Ok(());
    }
    let value = crate::inert::inert_bytes(value);
    Err(Fault::new(
        line,
        format!("Content-Length says {value}, and the body has {bytes} bytes"),
        "take the line out: the length follows the body by itself",
    ))
}
