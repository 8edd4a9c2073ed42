//! The tokens of JSON: where each ends, or the first byte that can't be in it.

use memchr::memchr2;

use super::Unexpected;

/// The first byte that is no white space.
pub(in crate::document) fn skip_space(source: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = source.get(at) {
        at += 1;
    }
    at
}

/// One past a string that is known to be whole; the end of the source if it is not.
pub(in crate::document) fn string_end(source: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = source.get(at..).and_then(|it| memchr2(b'"', b'\\', it)) {
        at += found;
        if source[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    source.len()
}

/// One past the string that begins here.
pub(super) fn string(source: &[u8], start: usize) -> Result<usize, Unexpected> {
    let mut at = start + 1;
    loop {
        match plain_end(source, at) {
            (end, Some(b'"')) => return Ok(end + 1),
            (end, Some(b'\\')) => at = escape(source, end + 1)?,
            (end, Some(_)) => return Err((end, "no control character inside a string")),
            (end, None) => return Err((end, "`\"` at the end of the string")),
        }
    }
}

/// The first byte that is not simply part of a string.
fn plain_end(source: &[u8], mut at: usize) -> (usize, Option<u8>) {
    // Blocks first, which the compiler turns into vector code.
    while let Some(block) = source.get(at..at + 16) {
        let is_special =
            |found, byte: &u8| found | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
        if block.iter().fold(false, is_special) {
            break;
        }
        at += 16;
    }
    while let Some(&byte) = source.get(at) {
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            return (at, Some(byte));
        }
        at += 1;
    }
    (at, None)
}

/// One past an escape, whose letter is here.
fn escape(source: &[u8], at: usize) -> Result<usize, Unexpected> {
    match source.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            for digit in at + 1..at + 5 {
                if !source.get(digit).is_some_and(u8::is_ascii_hexdigit) {
                    return Err((digit, "four hexadecimal digits after `\\u`"));
                }
            }
            Ok(at + 5)
        }
        _ => Err((at, "one of `\" \\ / b f n r t u` after `\\`")),
    }
}

/// One past the string, number or literal that begins here, if any does.
pub(super) fn scalar(source: &[u8], at: usize) -> Result<Option<usize>, Unexpected> {
    match source.get(at) {
        Some(b'"') => string(source, at).map(Some),
        Some(b't') => literal(source, at, b"true", "`true`").map(Some),
        Some(b'f') => literal(source, at, b"false", "`false`").map(Some),
        Some(b'n') => literal(source, at, b"null", "`null`").map(Some),
        Some(b'-' | b'0'..=b'9') => number(source, at).map(Some),
        _ => Ok(None),
    }
}

fn literal(
    source: &[u8],
    at: usize,
    word: &[u8],
    expected: &'static str,
) -> Result<usize, Unexpected> {
    for (place, byte) in (at..).zip(word) {
        if source.get(place) != Some(byte) {
            return Err((place, expected));
        }
    }
    Ok(at + word.len())
}

fn number(source: &[u8], start: usize) -> Result<usize, Unexpected> {
    let mut at = start + usize::from(source[start] == b'-');
    at = match source.get(at) {
        Some(b'0') => at + 1,
        _ => digits(source, at)?,
    };
    if source.get(at) == Some(&b'.') {
        at = digits(source, at + 1)?;
    }
    if let Some(b'e' | b'E') = source.get(at) {
        let sign = usize::from(matches!(source.get(at + 1), Some(b'+' | b'-')));
        at = digits(source, at + 1 + sign)?;
    }
    Ok(at)
}

/// One past one digit or more.
fn digits(source: &[u8], start: usize) -> Result<usize, Unexpected> {
    let count = source
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take_while(|it| it.is_ascii_digit())
        .count();
    match count {
        0 => Err((start, "a digit")),
        _ => Ok(start + count),
    }
}
