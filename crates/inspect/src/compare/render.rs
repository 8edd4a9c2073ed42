//! A comparison in lines that fit a width.

use similar::{ChangeTag, TextDiff};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Change, Comparison, DiffLine, Sign, Span};

/// The sign and the space behind it.
const SIGN_COLUMNS: usize = 2;

/// The narrowest width that is kept to: a wide character must fit behind sign and indent.
const NARROWEST: u16 = 12;

/// How many lines that are the same are shown around a difference.
const CONTEXT: usize = 3;

/// How far the second line of a long one is indented.
const INDENT: &str = "  ";

pub(super) fn lines(comparison: &Comparison, width: u16, unfolded: bool) -> Vec<DiffLine> {
    let mut page = Page {
        width: usize::from(width.max(NARROWEST)) - SIGN_COLUMNS,
        unfolded,
        lines: Vec::new(),
    };
    for section in &comparison.sections {
        page.push(Sign::Title, vec![plain(section.title)]);
        page.changes(&section.changes);
        for note in &section.notes {
            page.push(Sign::Note, vec![plain(format!("({note})"))]);
        }
    }
    page.lines
}

struct Page {
    width: usize,
    unfolded: bool,
    lines: Vec<DiffLine>,
}

impl Page {
    fn changes(&mut self, changes: &[Change]) {
        let mut same = 0;
        for change in changes {
            if !self.unfolded && matches!(change, Change::Same { .. }) {
                same += 1;
                continue;
            }
            self.folded(same);
            same = 0;
            self.change(change);
        }
        self.folded(same);
    }

    fn folded(&mut self, same: usize) {
        if same > 0 {
            self.push(Sign::Note, vec![plain(format!("… {same} the same"))]);
        }
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Same { path, value } => self.value(Sign::Same, path, value),
            Change::Added { path, value } => self.value(Sign::Added, path, value),
            Change::Removed { path, value } => self.value(Sign::Removed, path, value),
            Change::Moved {
                from_path,
                to_path,
                value,
            } => {
                self.value(Sign::Moved, &format!("{from_path} → {to_path}"), value);
            }
            Change::Changed {
                path,
                from,
                to,
                aside,
            } => self.changed(path, from, to, *aside),
            Change::Lines(lines) => self.text(lines),
        }
    }

    fn value(&mut self, sign: Sign, path: &str, value: &str) {
        self.push(sign, vec![plain(format!("{path}: {value}"))]);
    }

    /// On one line if it fits there, or below each other.
    fn changed(&mut self, path: &str, from: &str, to: &str, aside: Option<&str>) {
        let (from, to) = marked(from, to);
        let aside = aside.map(|aside| plain(format!("  ({aside})")));
        let mut line = vec![plain(format!("{path}: "))];
        line.extend(from.iter().cloned());
        line.push(plain(" → "));
        line.extend(to.iter().cloned());
        line.extend(aside.clone());
        if line.iter().map(|span| span.text.width()).sum::<usize>() <= self.width {
            self.push(Sign::Changed, line);
            return;
        }
        let head = [Some(plain(format!("{path}:"))), aside];
        self.push(Sign::Changed, head.into_iter().flatten().collect());
        for (sign, spans) in [(Sign::Removed, from), (Sign::Added, to)] {
            let spans = std::iter::once(plain(INDENT)).chain(spans);
            self.push(sign, spans.collect());
        }
    }

    fn text(&mut self, lines: &[DiffLine]) {
        let mut shown = vec![self.unfolded; lines.len()];
        if !self.unfolded {
            for at in (0..lines.len()).filter(|at| lines[*at].sign != Sign::Same) {
                let end = (at + CONTEXT + 1).min(lines.len());
                shown[at.saturating_sub(CONTEXT)..end].fill(true);
            }
        }
        let mut same = 0;
        for (line, is_shown) in lines.iter().zip(shown) {
            if is_shown {
                self.folded(same);
                same = 0;
                self.push(line.sign, line.spans.clone());
            } else {
                same += 1;
            }
        }
        self.folded(same);
    }

    /// Adds a line, broken where it is too long. Each part has the sign.
    fn push(&mut self, sign: Sign, spans: Vec<Span>) {
        let mut columns = 0;
        let mut line: Vec<Span> = Vec::new();
        for span in spans {
            // Most spans fit, and need not be taken apart.
            let whole = span.text.width();
            if columns + whole <= self.width {
                columns += whole;
                line.push(span);
                continue;
            }
            let mut piece = String::new();
            for grapheme in span.text.graphemes(true) {
                let wide = grapheme.width();
                if columns + wide > self.width && columns > 0 {
                    finish(&mut line, &mut piece, span.is_marked);
                    self.lines.push(DiffLine {
                        sign,
                        spans: std::mem::take(&mut line),
                    });
                    line.push(plain(INDENT));
                    columns = INDENT.len();
                }
                columns += wide;
                piece.push_str(grapheme);
            }
            finish(&mut line, &mut piece, span.is_marked);
        }
        self.lines.push(DiffLine { sign, spans: line });
    }
}

fn finish(line: &mut Vec<Span>, piece: &mut String, is_marked: bool) {
    if !piece.is_empty() {
        let text = std::mem::take(piece);
        line.push(Span { text, is_marked });
    }
}

fn plain(text: impl Into<String>) -> Span {
    Span {
        text: text.into(),
        is_marked: false,
    }
}

/// Two texts with the words marked that differ.
fn marked(from: &str, to: &str) -> (Vec<Span>, Vec<Span>) {
    let words = |text| UnicodeSegmentation::split_word_bounds(text).collect::<Vec<&str>>();
    let (old, new) = (words(from), words(to));
    let diff = TextDiff::configure().diff_slices(&old, &new);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for change in diff.iter_all_changes() {
        let word = change.value();
        match change.tag() {
            ChangeTag::Equal => {
                append(&mut left, word, false);
                append(&mut right, word, false);
            }
            ChangeTag::Delete => append(&mut left, word, true),
            ChangeTag::Insert => append(&mut right, word, true),
        }
    }
    (left, right)
}

fn append(spans: &mut Vec<Span>, word: &str, is_marked: bool) {
    match spans.last_mut() {
        Some(last) if last.is_marked == is_marked => last.text.push_str(word),
        _ => spans.push(Span {
            text: word.to_owned(),
            is_marked,
        }),
    }
}
