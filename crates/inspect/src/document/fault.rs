//! Where a body stops being what it says it is.

use std::fmt;

use memchr::{memchr_iter, memrchr};

use crate::inert::inert_bytes;

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first byte that can't be there; the length of the source if it ends too early.
    pub offset: usize,
    /// Its line, from 1.
    pub line: u64,
    /// Its column in characters, from 1.
    pub column: u64,
    /// What is there, fit to be shown.
    pub found: String,
    /// What could be there.
    pub expected: String,
}

impl Fault {
    /// A fault at this byte of the source.
    pub(super) fn at(source: &[u8], offset: usize, expected: impl Into<String>) -> Self {
        let before = &source[..offset.min(source.len())];
        let line = memrchr(b'\n', before).map_or(0, |it| it + 1);
        let is_start = |it: &&u8| **it & 0xc0 != 0x80;
        Self {
            offset,
            line: memchr_iter(b'\n', before).count() as u64 + 1,
            column: before[line..].iter().filter(is_start).count() as u64 + 1,
            found: found(source, offset),
            expected: expected.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            offset,
            line,
            column,
            found,
            expected,
        } = self;
        write!(
            f,
            "line {line}, column {column} (byte {offset}): found {found}, expected {expected}"
        )
    }
}

fn found(source: &[u8], offset: usize) -> String {
    let rest = source.get(offset..).unwrap_or_default();
    let window = &rest[..rest.len().min(4)];
    let Some(first) = rest.first() else {
        return "the end of the body".into();
    };
    let valid = window.utf8_chunks().next().map_or("", |it| it.valid());
    let shown = match valid.chars().next() {
        Some(c) => inert_bytes(c.encode_utf8(&mut [0; 4]).as_bytes()).into_owned(),
        None => inert_bytes(&[*first]).into_owned(),
    };
    format!("`{shown}`")
}
