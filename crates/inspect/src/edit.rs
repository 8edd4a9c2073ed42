//! A request as one readable file for an editor, and back.
//!
//! What can't be shown as text stands in the file as a word that means "as it came", so that the
//! rest can be edited all the same. What is written and read unchanged is the same to the byte.

mod fault;
mod read;

use bytes::Bytes;
use kreel_wire::{Header, Headers};
use thiserror::Error;

pub use self::fault::{Fault, with_fault};
pub use self::read::read;

/// A whole request: as it came, or as the user wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query without the tunnel's part: empty, or it begins with `/` or `?`.
    pub target: Bytes,
    /// The header lines in their order.
    pub headers: Headers,
    /// The whole body.
    pub body: Bytes,
}

/// Why a request can't be written as a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotEditable {
    /// A method that could not be told from a comment, or is none.
    #[error("its method {method:?} can't be written on a line of its own")]
    Method {
        /// The method.
        method: String,
    },
}

/// The largest body that is written as text: 4 MiB, which editors still open at once.
pub const TEXT_BYTES: usize = 4 * 1024 * 1024;

/// What stands for a path or a value that is no text.
const UNCHANGED: &str = "@unchanged";

/// What stands for a body that is no text.
const BODY_UNCHANGED: &str = "@body unchanged";

const HEAD: &str = "\
# This request will be handed over again as you leave it here. What came stays as it is.
# A method and a path, header lines, a blank line, the body. Lines like these are left out.
# Content-Length follows the body, unless you set another.
";

const NO_FINAL_LINE_FEED: &str = "\
# The body that came does not end with a line feed: one at the end of this file is not sent.
";

const FINAL_LINE_FEED: &str = "\
# The body that came ends with a line feed, and so does this file.
";

const WORDS: &str = "\
# A word with @ stands for what can't be shown as text and is sent as it came. To send a text that
# begins with @ there, write it twice.
";

/// The file for a request.
pub fn write(request: &Request) -> Result<Vec<u8>, NotEditable> {
    let Request {
        method,
        target,
        headers,
        body,
    } = request;
    if method.starts_with('#') || !kreel_wire::is_token(method.as_bytes()) {
        let method = method.clone();
        return Err(NotEditable::Method { method });
    }
    let mut head = method.clone().into_bytes();
    if !target.is_empty() {
        head.push(b' ');
        match read::is_target(target) {
            true => head.extend_from_slice(target),
            false => head.extend_from_slice(UNCHANGED.as_bytes()),
        }
    }
    head.push(b'\n');
    for (place, line) in headers.iter().enumerate() {
        write_header(headers, place, &line, &mut head);
    }
    head.push(b'\n');
    match text(body) {
        None => head.extend_from_slice(format!("{BODY_UNCHANGED}\n").as_bytes()),
        Some(text) => {
            if text.starts_with('@') {
                head.push(b'@');
            }
            head.extend_from_slice(text.as_bytes());
        }
    }
    let mut file = HEAD.as_bytes().to_vec();
    match (text(body), body.last()) {
        (None, _) | (_, None) => {}
        (_, Some(b'\n')) => file.extend_from_slice(FINAL_LINE_FEED.as_bytes()),
        (_, Some(_)) => file.extend_from_slice(NO_FINAL_LINE_FEED.as_bytes()),
    }
    if head.contains(&b'@') {
        file.extend_from_slice(WORDS.as_bytes());
    }
    file.extend_from_slice(&head);
    Ok(file)
}

fn write_header(headers: &Headers, place: usize, line: &Header, file: &mut Vec<u8>) {
    file.extend_from_slice(line.name);
    file.extend_from_slice(b": ");
    match read::is_value(line.value) {
        true if line.value.starts_with(b"@") => {
            file.push(b'@');
            file.extend_from_slice(line.value);
        }
        true => file.extend_from_slice(line.value),
        false => {
            let before = headers.iter().take(place);
            let nth = before.filter(|other| other.name == line.name).count() + 1;
            file.extend_from_slice(format!("{UNCHANGED} {nth}").as_bytes());
        }
    }
    file.push(b'\n');
}

/// A body as text, if an editor can be trusted with it.
fn text(body: &[u8]) -> Option<&str> {
    if body.len() > TEXT_BYTES {
        return None;
    }
    let is_shown = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let text = std::str::from_utf8(body).ok()?;
    text.chars().all(is_shown).then_some(text)
}

/// What differs between two requests, in words. Values are not among them: they may be secrets.
pub fn changes(original: &Request, edited: &Request) -> Vec<String> {
    let mut changes = Vec::new();
    if original.method != edited.method {
        changes.push(format!("method {} → {}", original.method, edited.method));
    }
    if original.target != edited.target {
        let shown = |target: &[u8]| crate::inert::inert_bytes(target).into_owned();
        changes.push(format!(
            "path {} → {}",
            shown(&original.target),
            shown(&edited.target)
        ));
    }
    header_changes(&original.headers, &edited.headers, &mut changes);
    let (before, now) = (original.body.len(), edited.body.len());
    if before != now {
        changes.push(format!("body {before} → {now} bytes"));
    } else if original.body != edited.body {
        changes.push(format!("body changed, still {now} bytes"));
    }
    changes
}

fn header_changes(original: &Headers, edited: &Headers, changes: &mut Vec<String>) {
    if original == edited {
        return;
    }
    let before = changes.len();
    let mut names: Vec<&[u8]> = Vec::new();
    for line in original.iter().chain(edited) {
        if !names.contains(&line.name) {
            names.push(line.name);
        }
    }
    for name in names {
        let (was, is) = (|| original.all(name), || edited.all(name));
        let what = match (was().next(), is().next()) {
            _ if was().eq(is()) => continue,
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        changes.push(format!("header {} {what}", String::from_utf8_lossy(name)));
    }
    if changes.len() == before {
        changes.push("headers in another order".to_owned());
    }
}

#[cfg(test)]
mod tests;
