//! Single lines of an answer, without their ends.

use kreel_wire::is_token;

/// The name and the value of a header line; nothing if it is none.
pub(super) fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    (is_token(name) && is_text(value)).then(|| (name, value.trim_ascii()))
}

/// Whether this is a header line.
pub(super) fn is_field(line: &[u8]) -> bool {
    field(line).is_some()
}

/// Whether nothing in it is a control character, but for tabs.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    let is_fit = |byte: &u8| *byte >= b' ' && *byte != 0x7f || *byte == b'\t';
    bytes.iter().all(is_fit)
}

/// The size a chunk's line tells, before its extensions.
pub(super) fn chunk_size(line: &[u8]) -> Option<u64> {
    let end = memchr::memchr(b';', line).unwrap_or(line.len());
    let (size, extensions) = line.split_at(end);
    // Some servers pad it.
    let size = size.trim_ascii_end();
    let is_number = (1..=16).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit);
    if !is_number || !is_text(extensions) {
        return None;
    }
    let size = u64::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
    i64::try_from(size).is_ok().then_some(size)
}

/// A plain number of bytes.
pub(super) fn length(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number: u64 = std::str::from_utf8(value)
        .ok()
        .filter(|_| digits)?
        .parse()
        .ok()?;
    i64::try_from(number).is_ok().then_some(number)
}
