//! The parts of an HTTP head that travel: header lines in their order, with their repeats.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

/// One header line. Names are lower case (RFC 9110, section 5.1: they compare without case);
/// values are bytes as they came, without the white space around them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Header {
    /// A token (RFC 9110, section 5.6.2) in lower case.
    pub name: Bytes,
    /// Any bytes but NUL, CR and LF.
    pub value: Bytes,
}

/// Header lines in order. A name may occur any number of times. Clones share them.
#[derive(Clone, PartialEq, Eq, Default, Hash)]
pub struct Headers(Arc<Vec<Header>>);

/// Why a header line can't be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidHeader {
    /// The name is empty or not a lower-case token.
    #[error("header name is not a lower-case token")]
    Name,
    /// The value holds NUL, CR or LF, which would end the line early.
    #[error("header value holds NUL, CR or LF")]
    Value,
}

impl Headers {
    /// Takes the lines as they are, once each has been checked.
    pub fn checked(lines: Vec<Header>) -> Result<Self, InvalidHeader> {
        check(&lines)?;
        Ok(Self(lines.into()))
    }

    /// Whether each line can be one.
    pub(crate) fn check(&self) -> Result<(), InvalidHeader> {
        check(&self.0)
    }

    /// The lines of a map, in its order of iteration. Costs one allocation for all the bytes.
    pub fn from_map(map: &http::HeaderMap) -> Self {
        let mut builder = HeadersBuilder::with_capacity(map.len());
        for (name, value) in map {
            builder.push(name.as_str().as_bytes(), value.as_bytes());
        }
        builder.build()
    }

    /// The lines in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Header> {
        self.0.iter()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no line at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of the first line with this lower-case name.
    pub fn first(&self, name: &str) -> Option<&Bytes> {
        self.0
            .iter()
            .find(|line| line.name == name.as_bytes())
            .map(|line| &line.value)
    }

    /// The bytes of all names and values together.
    pub fn size_bytes(&self) -> usize {
        self.0
            .iter()
            .map(|line| line.name.len() + line.value.len())
            .sum()
    }

    /// The lines themselves.
    pub fn into_lines(self) -> Vec<Header> {
        Arc::unwrap_or_clone(self.0)
    }
}

impl fmt::Debug for Headers {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|line| &line.name))
            .finish()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = &'a Header;
    type IntoIter = std::slice::Iter<'a, Header>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Gathers header lines into one block of memory. The caller vouches for what it pushes.
#[derive(Debug, Default)]
pub struct HeadersBuilder {
    block: BytesMut,
    ends: Vec<(usize, usize)>,
}

impl HeadersBuilder {
    /// A builder for about this many lines.
    pub fn with_capacity(lines: usize) -> Self {
        Self {
            block: BytesMut::with_capacity(lines * 48),
            ends: Vec::with_capacity(lines),
        }
    }

    /// Adds a line with a lower-case name.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        self.block.extend_from_slice(name);
        self.block.extend_from_slice(value);
        self.ends.push((name.len(), value.len()));
    }

    /// The lines pushed, in order.
    pub fn build(self) -> Headers {
        let mut block = self.block.freeze();
        let line = |(name, value)| Header {
            name: block.split_to(name),
            value: block.split_to(value),
        };
        let lines: Vec<_> = self.ends.into_iter().map(line).collect();
        Headers(lines.into())
    }
}

/// Whether these bytes are a token (RFC 9110, section 5.6.2), as methods and names must be.
pub fn is_token(bytes: &[u8]) -> bool {
    all_of(TOKEN | LOWER_CASE_TOKEN, bytes)
}

fn is_lower_case_token(bytes: &[u8]) -> bool {
    all_of(LOWER_CASE_TOKEN, bytes)
}

fn check(lines: &[Header]) -> Result<(), InvalidHeader> {
    for Header { name, value } in lines {
        if !is_lower_case_token(name) {
            return Err(InvalidHeader::Name);
        }
        if ends_line(value) {
            return Err(InvalidHeader::Value);
        }
    }
    Ok(())
}

/// Looks at every byte instead of stopping at the first, which is several times as fast.
fn ends_line(value: &[u8]) -> bool {
    let found = |found, byte: &u8| found | matches!(byte, 0 | b'\r' | b'\n');
    value.iter().fold(false, found)
}

const TOKEN: u8 = 1;
const LOWER_CASE_TOKEN: u8 = 2;

/// Which bytes tokens may have: a look-up, since every name of every head goes through it.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = match byte as u8 {
            b'A'..=b'Z' => TOKEN,
            b'a'..=b'z' | b'0'..=b'9' => LOWER_CASE_TOKEN,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' => LOWER_CASE_TOKEN,
            b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~' => LOWER_CASE_TOKEN,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn all_of(classes: u8, bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| CLASSES[usize::from(*byte)] & classes != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &'static str, value: &'static str) -> Header {
        Header {
            name: name.into(),
            value: value.into(),
        }
    }

    #[test]
    fn keeps_order_and_repeats() {
        let mut builder = HeadersBuilder::with_capacity(3);
        for (name, value) in [("x-a", "1"), ("x-b", ""), ("x-a", "2")] {
            builder.push(name.as_bytes(), value.as_bytes());
        }
        let headers = builder.build();
        assert_eq!(
            headers.clone().into_lines(),
            [line("x-a", "1"), line("x-b", ""), line("x-a", "2")]
        );
        assert_eq!(headers.first("x-a").unwrap(), "1");
        assert_eq!(headers.size_bytes(), 11);
    }

    #[test]
    fn refuses_what_would_break_a_line() {
        assert_eq!(
            Headers::checked(vec![line("x a", "1")]),
            Err(InvalidHeader::Name)
        );
        assert_eq!(
            Headers::checked(vec![line("X-A", "1")]),
            Err(InvalidHeader::Name)
        );
        assert_eq!(
            Headers::checked(vec![line("", "1")]),
            Err(InvalidHeader::Name)
        );
        assert_eq!(
            Headers::checked(vec![line("x-a", "1\r\nx-b: 2")]),
            Err(InvalidHeader::Value)
        );
        assert!(Headers::checked(vec![line("x-a", "caf\u{e9}")]).is_ok());
    }
}
