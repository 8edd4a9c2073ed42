//! The parts of an HTTP head that travel: header lines in their order, with their repeats.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

/// One header line. Names are lower case (RFC 9110, section 5.1: they compare without case);
/// values are bytes as they came, without the white space around them.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    /// A token (RFC 9110, section 5.6.2) in lower case.
    pub name: &'a [u8],
    /// Any bytes but NUL, CR and LF.
    pub value: &'a [u8],
    block: &'a Bytes,
}

/// Header lines in order. A name may occur any number of times. Clones share them.
#[derive(Clone, Default)]
pub struct Headers(Arc<Block>);

/// Names and values one behind the other, and how long each is: a head is a handful of copies,
/// where a reference to each of its parts would be counted up and down.
#[derive(Default)]
struct Block {
    bytes: Bytes,
    lengths: Vec<(u32, u32)>,
}

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

impl Header<'_> {
    /// Whether it has this lower-case name.
    pub fn is(&self, name: &str) -> bool {
        self.name == name.as_bytes()
    }

    /// The value for whoever keeps it; it shares the memory of all lines.
    pub fn shared_value(&self) -> Bytes {
        self.block.slice_ref(self.value)
    }
}

impl Headers {
    /// Takes the lines as they are, once each has been checked.
    pub fn checked<N: AsRef<[u8]>, V: AsRef<[u8]>>(
        lines: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, InvalidHeader> {
        let mut builder = HeadersBuilder::default();
        for (name, value) in lines {
            builder.push(name.as_ref(), value.as_ref());
        }
        builder.checked()
    }

    /// Whether each line can be one.
    pub(crate) fn check(&self) -> Result<(), InvalidHeader> {
        for Header { name, value, .. } in self {
            if !is_lower_case_token(name) {
                return Err(InvalidHeader::Name);
            }
            if ends_line(value) {
                return Err(InvalidHeader::Value);
            }
        }
        Ok(())
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
    pub fn iter(&self) -> Iter<'_> {
        let Block { bytes, lengths } = &*self.0;
        Iter {
            block: bytes,
            rest: bytes,
            lengths: lengths.iter(),
        }
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.lengths.len()
    }

    /// Whether there is no line at all.
    pub fn is_empty(&self) -> bool {
        self.0.lengths.is_empty()
    }

    /// The value of the first line with this lower-case name.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The values of all lines with this lower-case name, in order.
    pub fn all(&self, name: impl AsRef<[u8]>) -> impl Iterator<Item = &[u8]> {
        let lines = self.iter().filter(move |line| line.name == name.as_ref());
        lines.map(|line| line.value)
    }

    /// The bytes of all names and values together.
    pub fn size_bytes(&self) -> usize {
        self.0.bytes.len()
    }
}

impl PartialEq for Header<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.value) == (other.name, other.value)
    }
}

impl Eq for Header<'_> {}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.0.lengths == other.0.lengths && self.0.bytes == other.0.bytes
    }
}

impl Eq for Headers {}

impl fmt::Debug for Header<'_> {
    /// The name only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.name.escape_ascii(), f)
    }
}

impl fmt::Debug for Headers {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = Header<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The lines of [`Headers`] in order.
#[derive(Clone)]
pub struct Iter<'a> {
    block: &'a Bytes,
    rest: &'a [u8],
    lengths: std::slice::Iter<'a, (u32, u32)>,
}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = *self.lengths.next()?;
        let (name, rest) = self.rest.split_at(name as usize);
        let (value, rest) = rest.split_at(value as usize);
        self.rest = rest;
        Some(Header {
            name,
            value,
            block: self.block,
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.lengths.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

/// Gathers header lines into one block of memory. The caller vouches for what it pushes, unless
/// it has it checked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct HeadersBuilder {
    block: Vec<u8>,
    lengths: Vec<(u32, u32)>,
}

impl HeadersBuilder {
    /// A builder for about this many lines.
    pub fn with_capacity(lines: usize) -> Self {
        Self {
            block: Vec::with_capacity(lines * USUAL_BYTES),
            lengths: Vec::with_capacity(lines),
        }
    }

    /// Adds a line with a lower-case name. Neither part may be 4 GiB long.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        self.block.extend_from_slice(name);
        self.block.extend_from_slice(value);
        self.lengths.push((length(name.len()), length(value.len())));
    }

    /// The lines pushed, in order.
    pub fn build(self) -> Headers {
        Headers(Arc::new(Block {
            bytes: self.block.into(),
            lengths: self.lengths,
        }))
    }

    /// The same, once each has been checked.
    pub fn checked(self) -> Result<Headers, InvalidHeader> {
        let headers = self.build();
        headers.check()?;
        Ok(headers)
    }

    /// Adds a line that is read to the end of the block, name and value in any order and with
    /// anything between them; what reads it says where they are.
    pub(crate) fn push_read<E>(
        &mut self,
        read: impl FnOnce(&mut Vec<u8>) -> Result<(Range<usize>, Range<usize>), E>,
    ) -> Result<(), E> {
        let start = self.block.len();
        let (name, value) = read(&mut self.block)?;
        if name.start == start && value.start == name.end && value.end == self.block.len() {
            self.lengths.push((length(name.len()), length(value.len())));
        } else {
            let (name, value) = (self.block[name].to_vec(), self.block[value].to_vec());
            self.block.truncate(start);
            self.push(&name, &value);
            // Nobody of ours writes such a line: what it held besides shall not stay.
            self.block.shrink_to_fit();
        }
        Ok(())
    }

    /// How many lines there are so far.
    pub(crate) fn len(&self) -> usize {
        self.lengths.len()
    }
}

fn length(bytes: usize) -> u32 {
    bytes.try_into().expect("a part below 4 GiB")
}

/// What most lines take at most.
const USUAL_BYTES: usize = 48;

/// Whether these bytes are a token (RFC 9110, section 5.6.2), as methods and names must be.
pub fn is_token(bytes: &[u8]) -> bool {
    all_of(TOKEN | LOWER_CASE_TOKEN, bytes)
}

fn is_lower_case_token(bytes: &[u8]) -> bool {
    all_of(LOWER_CASE_TOKEN, bytes)
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

    fn lines(headers: &Headers) -> Vec<(&[u8], &[u8])> {
        headers.iter().map(|line| (line.name, line.value)).collect()
    }

    #[test]
    fn keeps_order_and_repeats() {
        let mut builder = HeadersBuilder::with_capacity(3);
        for (name, value) in [("x-a", "1"), ("x-b", ""), ("x-a", "2")] {
            builder.push(name.as_bytes(), value.as_bytes());
        }
        let headers = builder.build();
        let expected: [(&[u8], &[u8]); 3] = [(b"x-a", b"1"), (b"x-b", b""), (b"x-a", b"2")];
        assert_eq!(lines(&headers), expected);
        assert_eq!(headers.first("x-a").unwrap(), b"1");
        assert_eq!(headers.iter().next().unwrap().shared_value(), "1");
        assert_eq!(headers.first("x"), None);
        assert!(headers.all("x-a").eq([b"1", b"2"]));
        assert_eq!(headers.size_bytes(), 11);
        assert_eq!(headers.iter().len(), 3);
        assert_eq!(Headers::checked(expected).unwrap(), headers);
        assert_ne!(
            Headers::checked([("x-", "a1"), ("x-b", ""), ("x-a", "2")]),
            Ok(headers)
        );
    }

    #[test]
    fn refuses_what_would_break_a_line() {
        for (name, value, invalid) in [
            ("x a", "1", InvalidHeader::Name),
            ("X-A", "1", InvalidHeader::Name),
            ("", "1", InvalidHeader::Name),
            ("x-a", "1\r\nx-b: 2", InvalidHeader::Value),
        ] {
            assert_eq!(Headers::checked([("x", "y"), (name, value)]), Err(invalid));
        }
        assert!(Headers::checked([("x-a", "caf\u{e9}")]).is_ok());
    }

    #[test]
    fn names_are_shown_and_values_are_not() {
        let headers = Headers::checked([("x-a", "secret")]).unwrap();
        assert_eq!(format!("{headers:?} {:?}", headers.iter()), "[x-a] [x-a]");
    }
}
