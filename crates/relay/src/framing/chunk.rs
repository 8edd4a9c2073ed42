//! The line before a chunk's data: its size, and extensions that nobody reads.

use super::Refusal;
use super::field::has_control;
use super::head::MAX_LENGTH;

/// The longest size line, line end included: 256 bytes.
///
/// Sixteen digits, and room for a signature as an extension; without a bound, extensions would
/// be a way to send bytes without end that count for no body.
pub(super) const CHUNK_LINE_BYTES: usize = 256;

/// A size of more digits is refused, even if they are zeros.
const MAX_DIGITS: usize = 16;

/// The size that a line announces. The line comes without its line end.
///
/// RFC 9112 lets white space stand before an extension, as "bad" and for old senders only; it
/// is refused.
pub(super) fn parse_chunk_size(line: &[u8]) -> Result<u64, Refusal> {
    let digits_end = line.iter().position(|byte| !byte.is_ascii_hexdigit());
    let (digits, extensions) = line.split_at(digits_end.unwrap_or(line.len()));
    let well_formed = !digits.is_empty() && matches!(extensions, [] | [b';', ..]);
    if !well_formed || has_control(extensions) {
        return Err(Refusal::ChunkSize);
    }
    if digits.len() > MAX_DIGITS {
        return Err(Refusal::ChunkSizeOverflow);
    }
    let digits = str::from_utf8(digits).unwrap_or_default();
    u64::from_str_radix(digits, 16)
        .ok()
        .filter(|size| *size <= MAX_LENGTH)
        .ok_or(Refusal::ChunkSizeOverflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_hexadecimal() {
        assert_eq!(parse_chunk_size(b"0"), Ok(0));
        assert_eq!(parse_chunk_size(b"1aF"), Ok(0x1af));
        assert_eq!(parse_chunk_size(b"0000000000000005"), Ok(5));
        assert_eq!(parse_chunk_size(b"7fffffffffffffff"), Ok(MAX_LENGTH));
        assert_eq!(parse_chunk_size(b"5;a=b;c=\"d e\""), Ok(5));
        assert_eq!(parse_chunk_size(b"5;\t"), Ok(5));
    }

    #[test]
    fn nothing_else_is_a_size() {
        for line in [
            "", ";a", " 5", "5 ", "5 ;a", "5\t", "+5", "-5", "0x5", "5,a", "g", "5;a\0",
        ] {
            assert_eq!(
                parse_chunk_size(line.as_bytes()),
                Err(Refusal::ChunkSize),
                "{line:?}"
            );
        }
        for line in ["8000000000000000", "ffffffffffffffff", "00000000000000005"] {
            assert_eq!(
                parse_chunk_size(line.as_bytes()),
                Err(Refusal::ChunkSizeOverflow)
            );
        }
    }
}
