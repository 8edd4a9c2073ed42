//! An index over rows of text: what ends with a separator, and pieces of what is very long.
//!
//! Only every so-manieth row is noted; the others are found from there, so that a body of
//! nothing but line ends costs no more than it should.

use std::ops::Range;

use memchr::memchr;

use crate::limits::{ROWS_PER_MARK, STEPS_PER_LOOK, TEXT_ROW_BYTES};

use super::cancel::Cancel;

/// Where the rows of a source are.
#[derive(Debug)]
pub(super) struct Rows {
    separator: u8,
    longest: usize,
    marks: Vec<u32>,
    count: u64,
}

impl Rows {
    /// The lines of a text; very long ones in pieces.
    pub(super) fn of_lines(source: &[u8], cancel: &Cancel) -> Self {
        Self::new(source, b'\n', TEXT_ROW_BYTES, cancel)
    }

    /// The fields of a form, each whole.
    pub(super) fn of_fields(source: &[u8], cancel: &Cancel) -> Self {
        Self::new(source, b'&', usize::MAX, cancel)
    }

    fn new(source: &[u8], separator: u8, longest: usize, cancel: &Cancel) -> Self {
        let mut rows = Self {
            separator,
            longest,
            marks: Vec::new(),
            count: 0,
        };
        let mut at = 0;
        while at < source.len() {
            if rows.count.is_multiple_of(ROWS_PER_MARK as u64) {
                rows.marks.push(at as u32);
            }
            if rows.count.is_multiple_of(STEPS_PER_LOOK as u64) && cancel.is_cancelled() {
                break;
            }
            rows.count += 1;
            at = rows.end(source, at).1;
        }
        rows.marks.shrink_to_fit();
        rows
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.marks.capacity() * size_of::<u32>()
    }

    /// What stands on a row, without what ends it.
    pub(super) fn range(&self, source: &[u8], row: u64) -> Range<usize> {
        let mark = (row / ROWS_PER_MARK as u64) as usize;
        let Some(start) = self.marks.get(mark).filter(|_| row < self.count) else {
            return source.len()..source.len();
        };
        let mut at = *start as usize;
        for _ in 0..row % ROWS_PER_MARK as u64 {
            at = self.end(source, at).1;
        }
        at..self.end(source, at).0
    }

    /// The row that a byte is on.
    pub(super) fn at_offset(&self, source: &[u8], offset: usize) -> u64 {
        let after = self.marks.partition_point(|it| *it as usize <= offset);
        let mark = after.saturating_sub(1);
        let mut at = self.marks.get(mark).map_or(0, |it| *it as usize);
        let mut row = (mark * ROWS_PER_MARK) as u64;
        loop {
            at = self.end(source, at).1;
            if at > offset || row + 1 >= self.count {
                return row;
            }
            row += 1;
        }
    }

    /// Whether a row goes on with the line of the one above.
    pub(super) fn is_continued(&self, source: &[u8], start: usize) -> bool {
        start > 0 && source.get(start - 1) != Some(&self.separator)
    }

    /// Where the row that begins here ends, and where the next begins.
    fn end(&self, source: &[u8], start: usize) -> (usize, usize) {
        // A search costs more than a look, which is much where all rows are empty.
        if source.get(start) == Some(&self.separator) {
            return (start, start + 1);
        }
        let limit = source.len().min(start.saturating_add(self.longest));
        if let Some(length) = memchr(self.separator, &source[start..limit]) {
            let end = start + length;
            // The CR of a CR LF belongs to the end of the line.
            let is_crlf = self.separator == b'\n' && source[start..end].ends_with(b"\r");
            return (end - usize::from(is_crlf), end + 1);
        }
        if limit == source.len() {
            return (limit, limit);
        }
        // What fills the row exactly ends with it.
        if source[limit] == self.separator {
            return (limit, limit + 1);
        }
        let is_inside = |at: &usize| source[*at] & 0xc0 == 0x80;
        let cut = (limit - 3..=limit).rev().find(|it| !is_inside(it));
        let cut = cut.unwrap_or(limit);
        (cut, cut)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(rows: &Rows, source: &[u8]) -> Vec<String> {
        (0..rows.count())
            .map(|it| String::from_utf8_lossy(&source[rows.range(source, it)]).into_owned())
            .collect()
    }

    #[test]
    fn lines_end_in_both_ways() {
        let source = b"a\r\nb\n\nc";
        let rows = Rows::of_lines(source, &Cancel::default());
        assert_eq!(all(&rows, source), ["a", "b", "", "c"]);
        assert_eq!(rows.at_offset(source, 3), 1);
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let source = "é".repeat(TEXT_ROW_BYTES);
        let rows = Rows::of_lines(source.as_bytes(), &Cancel::default());
        assert_eq!(rows.count(), 2);
        assert_eq!(all(&rows, source.as_bytes()).concat(), source);
        let odd = format!("x{source}");
        let rows = Rows::of_lines(odd.as_bytes(), &Cancel::default());
        assert_eq!(rows.count(), 3);
        assert_eq!(all(&rows, odd.as_bytes()).concat(), odd);
    }

    proptest! {
        #[test]
        fn every_byte_is_on_its_row(source in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'x'), any::<u8>()], 0..2000)) {
            let rows = Rows::new(&source, b'\n', 7, &Cancel::default());
            let mut end = 0;
            for row in 0..rows.count() {
                let range = rows.range(&source, row);
                prop_assert!(range.start >= end && range.start - end <= 2);
                prop_assert_eq!(rows.at_offset(&source, range.start), row);
                end = range.end;
            }
            prop_assert!(source.len() - end <= 2);
        }
    }
}
