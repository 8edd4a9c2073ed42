//! What a JSON string says, its escapes resolved.

/// The text between the quotes of `source`. What stands for no character (a lone surrogate, bytes
/// that are not UTF-8) comes out as it stands in the source, so that nothing is lost.
pub(in crate::document) fn unescape(source: &[u8]) -> Vec<u8> {
    let inner = source.strip_prefix(b"\"").unwrap_or(source);
    let mut rest = inner.strip_suffix(b"\"").unwrap_or(inner);
    let mut text = Vec::with_capacity(rest.len());
    while let Some(plain) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let (character, length) = one(rest);
        match character {
            Some(it) => text.extend_from_slice(it.encode_utf8(&mut [0; 4]).as_bytes()),
            None => text.extend_from_slice(&rest[..length]),
        }
        rest = &rest[length..];
    }
    text.extend_from_slice(rest);
    text
}

/// The escape that begins here: what it stands for, and how long it is.
pub(super) fn one(escape: &[u8]) -> (Option<char>, usize) {
    let simple = match escape.get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode(escape),
        Some(it @ (b'"' | b'\\' | b'/')) => char::from(*it),
        _ => return (None, escape.len().min(2)),
    };
    (Some(simple), 2)
}

fn unicode(escape: &[u8]) -> (Option<char>, usize) {
    let Some(first) = unit(escape) else {
        return (None, 2);
    };
    if let Some(c) = char::from_u32(first) {
        return (Some(c), 6);
    }
    let second = escape.get(6..).and_then(unit);
    match second {
        Some(low @ 0xdc00..=0xdfff) if first < 0xdc00 => {
            let c = 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00);
            (char::from_u32(c), 12)
        }
        _ => (None, 6),
    }
}

/// The number in `\uXXXX`.
fn unit(escape: &[u8]) -> Option<u32> {
    let digits = escape.strip_prefix(b"\\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, 16).ok()
}
