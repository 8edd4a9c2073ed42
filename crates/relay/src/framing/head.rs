//! What a head's lines say together: how its body is framed, or why that is ambiguous.

use super::field::Field;
use super::host::is_host;
use super::order::Names;
use super::request_line::RequestLine;
use super::section::LINE_END;
use super::{FramingLimits, Refusal};

/// The head so far. Lines come one at a time, each without its line end.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Bytes of the lines so far, with their line ends.
    pub(super) bytes: usize,
    lines: usize,
    request: Option<RequestLine>,
    has_host: bool,
    length: Option<u64>,
    is_chunked: bool,
    wants_upgrade: bool,
}

/// What follows a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// The next head.
    Head,
    /// A body of so many bytes, at least one.
    Body(u64),
    /// A chunked body.
    Chunks,
    /// Another protocol, or silence.
    Upgrade,
}

/// The longest body that can be announced. RFC 9110 wants overflow guarded against; whatever
/// reads the number after us may hold it in a signed 64-bit integer.
pub(super) const MAX_LENGTH: u64 = i64::MAX as u64;

impl Head {
    /// Takes a line; returns what follows once it was the last.
    pub(super) fn take(
        &mut self,
        line: &[u8],
        names: &mut Names,
        limits: &FramingLimits,
    ) -> Result<Option<Follows>, Refusal> {
        let is_first = self.bytes == 0;
        self.bytes += line.len() + LINE_END.len();
        if self.request.is_none() {
            return self.begin(line, is_first).map(|()| None);
        }
        if line.is_empty() {
            return self.end().map(Some);
        }
        self.lines += 1;
        if self.lines > limits.max_header_lines {
            let limit = limits.max_header_lines;
            return Err(Refusal::TooManyLines { limit });
        }
        let field = Field::parse(line)?;
        names.push(field.name);
        self.note(&field).map(|()| None)
    }

    /// Takes the request line. One empty line may stand before it (RFC 9112, section 2.2).
    fn begin(&mut self, line: &[u8], is_first: bool) -> Result<(), Refusal> {
        if !line.is_empty() {
            self.request = Some(RequestLine::parse(line)?);
        } else if !is_first {
            return Err(Refusal::EmptyLines);
        }
        Ok(())
    }

    fn note(&mut self, field: &Field<'_>) -> Result<(), Refusal> {
        if field.is("host") {
            self.note_host(field.value)
        } else if field.is("content-length") {
            self.note_length(field.value)
        } else if field.is("transfer-encoding") {
            self.note_encoding(field.value)
        } else {
            self.wants_upgrade |= field.is("upgrade");
            Ok(())
        }
    }

    fn note_host(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.has_host {
            return Err(Refusal::RepeatedHost);
        }
        if !is_host(value) {
            return Err(Refusal::Host);
        }
        self.has_host = true;
        match self.request.as_ref().and_then(|it| it.authority.as_ref()) {
            Some(target) if !target.eq_ignore_ascii_case(value) => Err(Refusal::HostMismatch),
            _ => Ok(()),
        }
    }

    fn note_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.is_chunked {
            return Err(Refusal::LengthAndEncoding);
        }
        let length = parse_length(value)?;
        match self.length.replace(length) {
            Some(_) => Err(Refusal::RepeatedContentLength),
            None => Ok(()),
        }
    }

    fn note_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if !self.is_11() {
            return Err(Refusal::TransferEncodingIn10);
        }
        if self.length.is_some() {
            return Err(Refusal::LengthAndEncoding);
        }
        if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Refusal::TransferEncoding);
        }
        self.is_chunked = true;
        Ok(())
    }

    fn end(&self) -> Result<Follows, Refusal> {
        if self.is_11() && !self.has_host {
            return Err(Refusal::NoHost);
        }
        let is_get = self.request.as_ref().is_some_and(|it| it.is_get);
        Ok(match self.length {
            _ if self.is_chunked => Follows::Chunks,
            Some(length @ 1..) => Follows::Body(length),
            // HTTP/1.0 has no upgrades (RFC 9110, section 7.8).
            _ if self.wants_upgrade && is_get && self.is_11() => Follows::Upgrade,
            _ => Follows::Head,
        })
    }

    fn is_11(&self) -> bool {
        self.request.as_ref().is_some_and(|it| it.is_11)
    }
}

/// Reads `1*DIGIT`: no sign, no space, no list.
pub(crate) fn parse_length(value: &[u8]) -> Result<u64, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::ContentLength);
    }
    value
        .iter()
        .try_fold(0u64, |sum, digit| {
            sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        })
        .filter(|length| *length <= MAX_LENGTH)
        .ok_or(Refusal::ContentLengthOverflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_plain_numbers() {
        assert_eq!(parse_length(b"0"), Ok(0));
        assert_eq!(parse_length(b"0042"), Ok(42));
        assert_eq!(parse_length(b"9223372036854775807"), Ok(MAX_LENGTH));
        for huge in [
            "9223372036854775808",
            "18446744073709551621",
            &"9".repeat(99),
        ] {
            assert_eq!(
                parse_length(huge.as_bytes()),
                Err(Refusal::ContentLengthOverflow)
            );
        }
        for none in [
            "", "-1", "+1", "1 2", "5,5", "5, 5", "0x5", "1e3", "\u{664}", "5.",
        ] {
            assert_eq!(parse_length(none.as_bytes()), Err(Refusal::ContentLength));
        }
    }
}
