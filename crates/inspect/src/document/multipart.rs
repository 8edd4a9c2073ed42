//! The parts of a multipart body (RFC 2046, section 5.1), found without copying.
//!
//! Lenient: line ends may be LF alone, the last boundary may be missing, headers may be broken.

use std::ops::Range;

use memchr::memmem;

use crate::inert::inert_bytes;
use crate::limits::{PART_HEAD_BYTES, PARTS};

/// One part: where it stands in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its header lines.
    pub head: Range<usize>,
    /// What follows them.
    pub body: Range<usize>,
}

/// What was found in a multipart body.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What stands before the first boundary.
    pub preamble: Range<usize>,
    /// The parts in order.
    pub parts: Vec<Part>,
    /// What stands after the last boundary, or beyond the most parts.
    pub rest: Range<usize>,
    /// Whether the last boundary is there.
    pub is_whole: bool,
}

/// The boundary that the content type tells.
pub(super) fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    parameter(content_type, b"boundary").filter(|it| !it.is_empty())
}

/// The boundary that a body begins with, when the content type tells none.
pub(super) fn sniffed_boundary(body: &[u8]) -> Option<Vec<u8>> {
    let line = &body[..memchr::memchr(b'\n', body)?];
    let name = line.trim_ascii_end().strip_prefix(b"--")?;
    let is_boundary = (1..=70).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic);
    let next = body[line.len() + 1..].get(..8)?;
    (is_boundary && next.eq_ignore_ascii_case(b"content-")).then(|| name.to_vec())
}

/// Finds the parts.
pub(super) fn parts(body: &[u8], boundary: &[u8]) -> Parts {
    let mark = [b"--", boundary].concat();
    let mut found = Parts::default();
    let mut start = None;
    let mut end = 0;
    for at in memmem::find_iter(body, &mark).filter(|at| is_line_start(body, *at)) {
        let after = at + mark.len();
        let is_last = body[after..].starts_with(b"--");
        let Some(next) = line_after(body, after + if is_last { 2 } else { 0 }) else {
            continue;
        };
        match start {
            None => found.preamble = 0..content_end(body, at),
            Some(start) => found
                .parts
                .push(part(body, start..content_end(body, at).max(start))),
        }
        (start, end) = (Some(next), next);
        if is_last {
            found.is_whole = true;
            break;
        }
        if found.parts.len() == PARTS {
            found.rest = next..body.len();
            return found;
        }
    }
    match start {
        Some(start) if !found.is_whole => {
            if start < body.len() {
                found.parts.push(part(body, start..body.len()));
            }
            end = body.len();
        }
        _ => {}
    }
    found.rest = end..body.len();
    found
}

/// What a part is called and is, for its heading.
pub(super) fn heading(number: usize, head: &[u8], body: &[u8]) -> String {
    let disposition = header(head, b"content-disposition").unwrap_or_default();
    let mut words = format!("Part {number}");
    for name in [&b"name"[..], b"filename"] {
        if let Some(value) = parameter(disposition, name) {
            let (name, value) = (inert_bytes(name), inert_bytes(&value));
            words.push_str(&format!(" · {name} \"{value}\""));
        }
    }
    if let Some(kind) = header(head, b"content-type") {
        words.push_str(&format!(" · {}", inert_bytes(kind)));
    }
    words.push_str(&format!(" · {}", super::about::size(body.len())));
    words
}

/// The value of the first header line with this lower-case name.
pub(super) fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|it| *it == b'\n').find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let is_it = line[..colon].trim_ascii().eq_ignore_ascii_case(name);
        is_it.then(|| line[colon + 1..].trim_ascii())
    })
}

/// A parameter of a header value: `; name=value` or `; name="value"`.
fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut rest = &value[memchr::memchr(b';', value)?..];
    while let Some(after) = rest.trim_ascii_start().strip_prefix(b";") {
        let equals = memchr::memchr(b'=', after)?;
        let is_it = after[..equals].trim_ascii().eq_ignore_ascii_case(name);
        let (text, following) = parameter_value(after[equals + 1..].trim_ascii_start());
        if is_it {
            return Some(text);
        }
        rest = following;
    }
    None
}

/// A token or a quoted string, and what follows it.
fn parameter_value(value: &[u8]) -> (Vec<u8>, &[u8]) {
    let Some(quoted) = value.strip_prefix(b"\"") else {
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        return (value[..end].trim_ascii().to_vec(), &value[end..]);
    };
    let mut text = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return (text, &quoted[at + 1..]),
            // Browsers escape quotes as %22 and leave backslashes be, so only these two count.
            b'\\' if matches!(quoted.get(at + 1), Some(b'"' | b'\\')) => {
                text.extend(bytes.next().map(|it| it.1));
            }
            _ => text.push(*byte),
        }
    }
    (text, &[])
}

fn part(body: &[u8], range: Range<usize>) -> Part {
    let bytes = &body[range.clone()];
    let window = &bytes[..bytes.len().min(PART_HEAD_BYTES)];
    let (head, after) = if window.starts_with(b"\r\n") {
        (0, 2)
    } else if window.starts_with(b"\n") {
        (0, 1)
    } else {
        let crlf = memmem::find(window, b"\r\n\r\n").map(|it| (it, it + 4));
        let lf = memmem::find(window, b"\n\n").map(|it| (it, it + 2));
        match (crlf, lf) {
            (Some(one), Some(other)) => one.min(other),
            (one, other) => one.or(other).unwrap_or((0, 0)),
        }
    };
    Part {
        head: range.start..range.start + head,
        body: range.start + after..range.end,
    }
}

fn is_line_start(body: &[u8], at: usize) -> bool {
    at == 0 || body[at - 1] == b'\n'
}

/// Where the next line begins, if nothing but white space is left on this one.
fn line_after(body: &[u8], at: usize) -> Option<usize> {
    let rest = body.get(at..)?;
    let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |it| it + 1);
    rest[..end].trim_ascii().is_empty().then_some(at + end)
}

/// The line end before a boundary belongs to the boundary.
fn content_end(body: &[u8], at: usize) -> usize {
    let before = &body[..at];
    let before = before.strip_suffix(b"\n").unwrap_or(before);
    before.strip_suffix(b"\r").unwrap_or(before).len()
}
