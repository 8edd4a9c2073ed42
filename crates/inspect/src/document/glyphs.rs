//! Bytes of strangers as what one sees of them, one cell's content after the other.
//!
//! Lazy, so that the beginning of 10 MB costs no more than that of a word. Nothing is dropped:
//! what can't be shown is spelled out, as `crate::inert` has it.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::inert::is_inert;
use crate::limits::{CELL_BYTES, CELL_CHARS};

/// One piece that is shown or not shown as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Glyph<'a> {
    /// What is shown: inert, and at least one column wide.
    pub shown: Cow<'a, str>,
    /// How many columns it takes.
    pub width: usize,
    /// How many bytes of the source it stands for.
    pub source_bytes: usize,
}

/// Walks over bytes glyph by glyph.
pub(super) struct Glyphs<'a> {
    rest: &'a [u8],
}

impl<'a> Glyphs<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn first(&self) -> Option<Glyph<'a>> {
        let byte = *self.rest.first()?;
        let is_followed_by_ascii = self.rest.get(1).is_none_or(u8::is_ascii);
        if is_followed_by_ascii && matches!(byte, b' '..=b'~') {
            let shown = std::str::from_utf8(&self.rest[..1]).unwrap_or_default();
            return Some(Glyph {
                shown: Cow::Borrowed(shown),
                width: 1,
                source_bytes: 1,
            });
        }
        let window = &self.rest[..self.rest.len().min(CELL_BYTES)];
        let valid = window.utf8_chunks().next().map_or("", |it| it.valid());
        match valid.graphemes(true).next() {
            Some(cluster) if is_plain(cluster) => Some(Glyph {
                shown: Cow::Borrowed(cluster),
                width: cluster.width(),
                source_bytes: cluster.len(),
            }),
            Some(cluster) => cluster.chars().next().map(one_char),
            None => Some(escaped(format!("\\x{byte:02x}"), 1)),
        }
    }
}

impl<'a> Iterator for Glyphs<'a> {
    type Item = Glyph<'a>;

    fn next(&mut self) -> Option<Glyph<'a>> {
        let glyph = self.first()?;
        self.rest = &self.rest[glyph.source_bytes..];
        Some(glyph)
    }
}

/// Whether a cluster can be shown as it is.
fn is_plain(cluster: &str) -> bool {
    cluster.width() > 0
        && cluster.chars().all(is_inert)
        && cluster.chars().nth(CELL_CHARS).is_none()
}

/// The first character of a cluster that can't be shown whole.
fn one_char<'a>(c: char) -> Glyph<'a> {
    let mut shown = String::from(c);
    if is_plain(&shown) {
        return Glyph {
            width: shown.width(),
            shown: Cow::Owned(shown),
            source_bytes: c.len_utf8(),
        };
    }
    shown.clear();
    // Writing to a string can't fail.
    let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
    escaped(shown, c.len_utf8())
}

fn escaped<'a>(shown: String, source_bytes: usize) -> Glyph<'a> {
    Glyph {
        width: shown.len(),
        shown: Cow::Owned(shown),
        source_bytes,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(bytes: &[u8]) -> Vec<String> {
        Glyphs::new(bytes).map(|it| it.shown.into_owned()).collect()
    }

    #[test]
    fn each_cell_is_one_glyph() {
        assert_eq!(shown("ae\u{301}日".as_bytes()), ["a", "e\u{301}", "日"]);
        assert_eq!(shown(b"a\xff\x1b"), ["a", "\\xff", "\\u{1b}"]);
        assert_eq!(shown("\u{301}x".as_bytes()), ["\\u{301}", "x"]);
        assert_eq!(shown("é".as_bytes()), ["é"]);
    }

    #[test]
    fn a_flood_of_marks_is_spelled_out() {
        let flood = format!("e{}", "\u{301}".repeat(40));
        let all = shown(flood.as_bytes());
        assert_eq!(all.len(), 41);
        assert_eq!(all[0], "e");
        assert_eq!(all[1], "\\u{301}");
    }

    proptest! {
        #[test]
        fn nothing_is_dropped_and_all_is_inert(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut sum = 0;
            for glyph in Glyphs::new(&bytes) {
                prop_assert!(glyph.shown.chars().all(is_inert));
                prop_assert!(glyph.width > 0 && glyph.source_bytes > 0);
                sum += glyph.source_bytes;
            }
            prop_assert_eq!(sum, bytes.len());
        }
    }
}
