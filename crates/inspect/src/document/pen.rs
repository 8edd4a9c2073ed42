//! Writes one line: pieces with their tones, inert, within the width, shifted sideways.
//!
//! Takes from what it is given only what will be seen, however long it is.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::glyphs::Glyphs;
use super::needle::Needle;

/// What a piece of a line is, for the screen to give it a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tone {
    /// Text without a role.
    Plain,
    /// The key of a member, or the name of a field.
    Key,
    /// A string, or the value of a field.
    String,
    /// A part of a string that stands for something else, `\n`.
    Escape,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Literal,
    /// Brackets, colons, fold marks.
    Punctuation,
    /// What is there for orientation: offsets, indexes, counts, cuts.
    Dim,
    /// What is wrong with the document, and where.
    Fault,
    /// What was searched for.
    Found,
    /// The name of an element.
    Name,
    /// The heading of a part.
    Heading,
    /// Comments, declarations and other asides of the source.
    Aside,
}

/// How wide a tab may be.
const TAB_COLUMNS: usize = 4;

/// One line being written.
pub(super) struct Pen<'a> {
    pieces: Vec<(Tone, String)>,
    needle: Option<&'a Needle>,
    /// Columns still to be left out on the left.
    skip: usize,
    /// Columns written and left out.
    column: usize,
    /// The column that tabs are counted from.
    margin: usize,
    width: usize,
    used: usize,
    is_shifted: bool,
    is_cut: bool,
}

impl<'a> Pen<'a> {
    /// A pen for a line so wide, of which so many columns are left out on the left.
    pub(super) fn new(width: u16, sideways: usize, needle: Option<&'a Needle>) -> Self {
        Self {
            pieces: Vec::new(),
            needle,
            skip: if sideways == 0 { 0 } else { sideways + 1 },
            column: 0,
            margin: 0,
            width: usize::from(width),
            used: usize::from(sideways > 0),
            is_shifted: false,
            is_cut: false,
        }
    }

    /// Whether nothing more will be seen.
    pub(super) fn is_full(&self) -> bool {
        self.is_cut
    }

    /// Writes words of our own.
    pub(super) fn put(&mut self, tone: Tone, words: &str) {
        self.glyphs(tone, words.as_bytes(), false);
    }

    /// Writes so many blanks.
    pub(super) fn blank(&mut self, columns: usize) {
        for _ in 0..columns {
            self.place(Tone::Plain, " ", 1);
        }
    }

    /// Writes what stands in the source, with what is searched for in it made visible.
    pub(super) fn source(&mut self, tone: Tone, bytes: &[u8]) {
        self.found(tone, bytes, false);
    }

    /// The same, with tabs as the blanks they stand for.
    pub(super) fn text(&mut self, tone: Tone, bytes: &[u8]) {
        self.margin = self.column;
        self.found(tone, bytes, true);
    }

    /// The pieces, with `…` where something is left out.
    pub(super) fn finish(mut self) -> Vec<(Tone, String)> {
        if self.width == 0 {
            return Vec::new();
        }
        if self.is_cut {
            while self.used >= self.width && self.shorten() {}
            if self.used < self.width {
                self.append(Tone::Dim, "…");
            }
        }
        if self.is_shifted {
            self.pieces.insert(0, (Tone::Dim, "…".into()));
        }
        self.pieces
    }

    fn found(&mut self, tone: Tone, bytes: &[u8], is_tabbed: bool) {
        let Some(needle) = self.needle else {
            return self.glyphs(tone, bytes, is_tabbed);
        };
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_cut {
            // Looks no further than can be seen: a column shows at least a fortieth of this.
            let seen = (self.skip + self.width + 8) * 40 + needle.len();
            let window = &rest[..rest.len().min(seen)];
            let Some(at) = needle.find(window) else {
                self.glyphs(tone, window, is_tabbed);
                rest = &rest[window.len()..];
                continue;
            };
            let end = at + needle.len();
            self.glyphs(tone, &rest[..at], is_tabbed);
            self.glyphs(Tone::Found, &rest[at..end], is_tabbed);
            rest = &rest[end..];
        }
    }

    fn glyphs(&mut self, tone: Tone, mut bytes: &[u8], is_tabbed: bool) {
        bytes = self.skip_ascii(bytes);
        let mut at = 0;
        for glyph in Glyphs::new(bytes) {
            if self.is_cut {
                return;
            }
            if is_tabbed && bytes[at] == b'\t' {
                self.blank(TAB_COLUMNS - (self.column - self.margin) % TAB_COLUMNS);
            } else {
                self.place(tone, &glyph.shown, glyph.width);
            }
            at += glyph.source_bytes;
        }
    }

    /// Leaves out what is far to the left, quickly; the last one may have marks to follow.
    fn skip_ascii<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let far = &bytes[..bytes.len().min(self.skip.saturating_sub(1))];
        let run = far
            .iter()
            .take_while(|it| matches!(it, b' '..=b'~'))
            .count();
        let run = run.saturating_sub(1);
        if run > 0 {
            self.skip -= run;
            self.column += run;
            self.is_shifted = true;
        }
        &bytes[run..]
    }

    fn place(&mut self, tone: Tone, shown: &str, width: usize) {
        if self.is_cut {
            return;
        }
        self.column += width;
        if self.skip > 0 {
            self.is_shifted = true;
            if width <= self.skip {
                self.skip -= width;
                return;
            }
            let visible = width - self.skip;
            self.skip = 0;
            return (0..visible).for_each(|_| self.fit(tone, " ", 1));
        }
        self.fit(tone, shown, width);
    }

    fn fit(&mut self, tone: Tone, shown: &str, width: usize) {
        if self.used + width > self.width {
            self.is_cut = true;
            return;
        }
        self.used += width;
        self.append(tone, shown);
    }

    fn append(&mut self, tone: Tone, shown: &str) {
        match self.pieces.last_mut() {
            Some((last, text)) if *last == tone => text.push_str(shown),
            _ => self.pieces.push((tone, shown.into())),
        }
    }

    /// Takes the last glyph away again.
    fn shorten(&mut self) -> bool {
        let Some((_, text)) = self.pieces.last_mut() else {
            return false;
        };
        match text.grapheme_indices(true).next_back() {
            Some((at, cluster)) => {
                self.used -= cluster.width().min(self.used);
                text.truncate(at);
            }
            None => {
                self.pieces.pop();
            }
        }
        true
    }
}

/// Where the rows of a text begin that is wrapped at this width.
pub(super) fn wrap(bytes: &[u8], width: u16) -> Vec<usize> {
    let width = usize::from(width.max(1));
    let mut starts = vec![0];
    if bytes.len() <= width && bytes.iter().all(|it| matches!(it, b' '..=b'~')) {
        return starts;
    }
    let (mut at, mut column) = (0, 0);
    for glyph in Glyphs::new(bytes) {
        let wide = match bytes[at] {
            b'\t' => TAB_COLUMNS - column % TAB_COLUMNS,
            _ => glyph.width,
        };
        if column > 0 && column + wide > width {
            starts.push(at);
            column = 0;
        }
        column += if bytes[at] == b'\t' && column == 0 {
            TAB_COLUMNS
        } else {
            wide
        };
        at += glyph.source_bytes;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(width: u16, sideways: usize, text: &str) -> String {
        let mut pen = Pen::new(width, sideways, None);
        pen.source(Tone::Plain, text.as_bytes());
        pen.finish().into_iter().map(|(_, it)| it).collect()
    }

    #[test]
    fn cuts_are_marked() {
        assert_eq!(line(5, 0, "abcde"), "abcde");
        assert_eq!(line(5, 0, "abcdef"), "abcd…");
        assert_eq!(line(5, 0, "ab日本"), "ab日…");
        assert_eq!(line(5, 3, "abcdefghijk"), "…efg…");
        assert_eq!(line(5, 3, ""), "");
        assert_eq!(line(1, 0, "日"), "…");
        assert_eq!(line(0, 0, "x"), "");
    }

    #[test]
    fn half_of_a_wide_one_is_blank() {
        assert_eq!(line(6, 2, "a日本z"), "…本z");
        assert_eq!(line(6, 1, "a日本z"), "… 本z");
    }

    #[test]
    fn what_is_searched_for_shows() {
        let needle = Needle::new("B").unwrap();
        let mut pen = Pen::new(9, 0, Some(&needle));
        pen.source(Tone::Plain, b"abc");
        let found = (Tone::Found, "b".to_string());
        assert_eq!(pen.finish()[1], found);
    }

    #[test]
    fn wraps_where_the_width_ends() {
        assert_eq!(wrap(b"abcdef", 4), [0, 4]);
        assert_eq!(wrap("日本語".as_bytes(), 4), [0, 6]);
        assert_eq!(wrap(b"", 4), [0]);
    }
}
