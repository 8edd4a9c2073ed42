//! One header line: its name, its value, and which bytes may stand in them (RFC 9112, section 5).

use kreel_wire::is_token;
use memchr::memchr;

use super::Refusal;

/// A well-formed header line.
pub(super) struct Field<'a> {
    /// The name, as it was written.
    pub(super) name: &'a [u8],
    /// The value, without the white space around it.
    pub(super) value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The field of a line, which comes without its line end.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, Refusal> {
        if line.first().is_some_and(|first| is_space(*first)) {
            return Err(Refusal::Folded);
        }
        let colon = memchr(b':', line).ok_or(Refusal::NoColon)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        check_name(name)?;
        if has_control(value) {
            return Err(Refusal::Control);
        }
        // No other ASCII white space is left than SP and HTAB.
        let value = value.trim_ascii();
        Ok(Self { name, value })
    }

    /// Whether this is its name; names compare without case.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Whether a control character other than HTAB is among these bytes.
pub(super) fn has_control(bytes: &[u8]) -> bool {
    let is_control = |byte: u8| (byte < b' ') & (byte != b'\t') | (byte == 0x7f);
    // Without an early end, which would keep this from being vectorised.
    bytes
        .iter()
        .fold(false, |any, byte| any | is_control(*byte))
}

fn check_name(name: &[u8]) -> Result<(), Refusal> {
    match name {
        [] => Err(Refusal::EmptyName),
        [.., last] if is_space(*last) => Err(Refusal::SpaceBeforeColon),
        name if !is_token(name) => Err(Refusal::Name),
        _ => Ok(()),
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &[u8]) -> Option<Refusal> {
        Field::parse(line).err()
    }

    #[test]
    fn values_lose_the_white_space_around_them() {
        for line in ["X-A:b c", "x-a: b c", "X-a:\t b c \t"] {
            let field = Field::parse(line.as_bytes()).unwrap();
            assert!(field.is("x-a"));
            assert_eq!(field.value, b"b c");
        }
        assert_eq!(Field::parse(b"x-a:").unwrap().value, b"");
        assert_eq!(Field::parse(b"x-a: \t ").unwrap().value, b"");
        assert_eq!(Field::parse(b"x-a: b:c").unwrap().value, b"b:c");
    }

    #[test]
    fn names_are_tokens_right_before_the_colon() {
        assert_eq!(refusal(b" x: 1"), Some(Refusal::Folded));
        assert_eq!(refusal(b"\tx"), Some(Refusal::Folded));
        assert_eq!(refusal(b"x 1"), Some(Refusal::NoColon));
        assert_eq!(refusal(b": 1"), Some(Refusal::EmptyName));
        assert_eq!(refusal(b"x : 1"), Some(Refusal::SpaceBeforeColon));
        assert_eq!(refusal(b"x\t: 1"), Some(Refusal::SpaceBeforeColon));
        assert_eq!(refusal(b"x y: 1"), Some(Refusal::Name));
        assert_eq!(refusal(b"x\xff: 1"), Some(Refusal::Name));
    }

    #[test]
    fn values_hold_no_controls_but_htab() {
        for byte in 0..=255u8 {
            let bad = (byte < 32 && byte != b'\t') || byte == 127;
            assert_eq!(refusal(&[b'x', b':', byte, b'y']).is_some(), bad, "{byte}");
        }
    }
}
