//! The escapes of JSON strings, read.

/// The bytes a string means, given what stands between its quotes; none if an escape is wrong.
/// A lone surrogate, which no text has, becomes the three bytes it would take.
pub(super) fn unescaped(raw: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'\\' {
            text.push(*byte);
            rest = after;
            continue;
        }
        let (escape, after) = after.split_first()?;
        rest = after;
        match escape {
            b'"' | b'\\' | b'/' => text.push(*escape),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'u' => rest = push_unit(rest, &mut text)?,
            _ => return None,
        }
    }
    Some(text)
}

/// The character of `\u` and its digits, with the second half of a pair if it follows.
fn push_unit<'a>(rest: &'a [u8], text: &mut Vec<u8>) -> Option<&'a [u8]> {
    let high = unit(rest)?;
    let rest = rest.get(4..)?;
    if (0xd800..0xdc00).contains(&high)
        && let Some(low) = rest.strip_prefix(b"\\u").and_then(unit)
        && (0xdc00..0xe000).contains(&low)
    {
        let c = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        let c = char::from_u32(c)?;
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        return rest.get(6..);
    }
    match char::from_u32(high) {
        Some(c) => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let [high, low] = [0x80 | (high >> 6 & 0x3f) as u8, 0x80 | (high & 0x3f) as u8];
            text.extend_from_slice(&[0xed, high, low]);
        }
    }
    Some(rest)
}

fn unit(digits: &[u8]) -> Option<u32> {
    let digits = digits.get(..4)?;
    let digits = digits.iter().all(u8::is_ascii_hexdigit).then_some(digits)?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
