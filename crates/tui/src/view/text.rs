//! Text in columns: how wide it is, cut, filled up and wrapped.
//!
//! Counted by what a reader takes for one character, as it is drawn: a flag of two letters or a
//! letter with its accents is one thing, and is never cut in two.

use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.graphemes(true).map(|glyph| glyph.width()).sum()
}

/// The text in at most so many columns, with a sign if it was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut shown = fitting_glyphs(text.graphemes(true), room).concat();
    shown.push('…');
    shown
}

/// The end of a text in at most so many columns, with a sign if it was cut.
pub(super) fn cut_front(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut tail = fitting_glyphs(text.graphemes(true).rev(), room);
    tail.push("…");
    tail.reverse();
    tail.concat()
}

/// The text in exactly so many columns: filled up, or cut.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let mut shown = cut(text, columns);
    let gap = columns.saturating_sub(width(&shown));
    shown.extend(std::iter::repeat_n(' ', gap));
    shown
}

/// The same, filled up on the left.
pub(super) fn fit_right(text: &str, columns: usize) -> String {
    let shown = cut(text, columns);
    let gap = columns.saturating_sub(width(&shown));
    format!("{}{shown}", " ".repeat(gap))
}

/// A window of so many columns into a text.
pub(super) fn window(text: &str, skip: usize, columns: usize) -> String {
    let mut column = 0;
    let shown = text.graphemes(true).filter(|glyph| {
        let (start, end) = (column, column + glyph.width());
        column = end;
        start >= skip && end <= skip + columns
    });
    shown.collect()
}

/// The text in lines of at most so many columns, broken between words, and inside of those that
/// are longer than a line.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    for line in kreel_client::plain::wrap(text, columns) {
        let mut part = String::new();
        let mut taken = 0;
        for glyph in line.graphemes(true) {
            let wide = glyph.width();
            if taken + wide > columns {
                lines.push(std::mem::take(&mut part));
                taken = 0;
            }
            taken += wide;
            part.push_str(glyph);
        }
        lines.push(part);
    }
    lines
}

/// Pieces one after another, as far as there is room for whole ones.
pub(super) fn fitting<'a>(pieces: Vec<Vec<Span<'a>>>, columns: usize) -> Line<'a> {
    let mut line = Line::default();
    let mut left = columns;
    for piece in pieces {
        let width = columns_of(&piece);
        if width > left {
            break;
        }
        left -= width;
        line.spans.extend(piece);
    }
    line
}

/// How many columns these take.
pub(super) fn columns_of(spans: &Vec<Span<'_>>) -> usize {
    spans.iter().map(|span| width(&span.content)).sum()
}

/// How many columns all of them take.
pub(super) fn columns_of_all(pieces: &[Vec<Span<'_>>]) -> usize {
    let spans = pieces.iter().flatten();
    spans.map(|span| width(&span.content)).sum()
}

/// As many of them, from the first on, as there is room for.
fn fitting_glyphs<'a>(glyphs: impl Iterator<Item = &'a str>, room: usize) -> Vec<&'a str> {
    let mut taken = 0;
    let fits = |glyph: &&str| {
        taken += glyph.width();
        taken <= room
    };
    glyphs.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_cut_between_what_is_seen_as_characters() {
        for (text, columns, shown, end) in [
            ("abc", 3, "abc", "abc"),
            ("abcd", 3, "ab…", "…cd"),
            ("日本語", 5, "日本…", "…本語"),
            ("日本語", 4, "日…", "…語"),
            ("👍🏽👍🏽", 3, "👍🏽…", "…👍🏽"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…", "…e\u{301}"),
            ("ab", 1, "…", "…"),
            ("ab", 0, "", ""),
        ] {
            assert_eq!(cut(text, columns), shown, "{text} in {columns}");
            assert_eq!(cut_front(text, columns), end, "{text} in {columns}");
        }
        assert_eq!(window("ab日本c", 1, 3), "b日");
        assert_eq!(
            wrapped("a 日本語日本語 b", 4),
            ["a", "日本", "語日", "本語", "b"]
        );
    }

    proptest! {
        #[test]
        fn what_fits_takes_its_columns_and_no_more(text in "\\PC{0,20}", columns in 0..30_usize) {
            prop_assert_eq!(width(&fit(&text, columns)), columns);
            prop_assert_eq!(width(&fit_right(&text, columns)), columns);
            prop_assert!(width(&cut_front(&text, columns)) <= columns);
            prop_assert!(width(&window(&text, 3, columns)) <= columns);
            for line in wrapped(&text, columns) {
                let is_one = line.graphemes(true).count() == 1;
                prop_assert!(is_one || width(&line) <= columns.max(2), "{:?}", line);
            }
        }
    }
}
