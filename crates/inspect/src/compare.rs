//! Two deliveries, or two answers of one delivery, side by side: what was added, removed,
//! changed and moved.
//!
//! JSON is compared by structure, other text by lines, the rest by bytes. The work is bounded
//! (see `limits`); where a bound was met, a note says so.

mod body;
mod elements;
mod escape;
mod gaps;
mod headers;
mod ignore;
mod json;
mod lines;
mod number;
mod preview;
mod render;
mod side;
mod tree;

use crate::mask::{MASKED, Masking};

pub use ignore::{Ignore, IgnoreError};
pub(crate) use json::{IgnoredSpans, ignored_spans};
pub use side::Side;

/// What differs between two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What the left side is called, inert.
    pub left: String,
    /// What the right side is called, inert.
    pub right: String,
    /// The parts that were compared, in order; those neither side has are left out.
    pub sections: Vec<Section>,
    /// Whether nothing differs but what is ignored. Times are shown and do not count.
    pub is_equal: bool,
}

/// One part of what was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its title: `Request line`, `Status`, `Headers`, `Body` or `Time`.
    pub title: &'static str,
    /// What was found, in the order of the two sides.
    pub changes: Vec<Change>,
    /// What else is to be said about it.
    pub notes: Vec<String>,
    /// Whether nothing differs here.
    pub is_equal: bool,
}

/// One finding. Paths and values are inert, and long values are shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Only the right side has it.
    Added {
        /// Where it is.
        path: String,
        /// What it is.
        value: String,
    },
    /// Only the left side has it.
    Removed {
        /// Where it was.
        path: String,
        /// What it was.
        value: String,
    },
    /// Both have it, with different values.
    Changed {
        /// Where it is.
        path: String,
        /// The value on the left.
        from: String,
        /// The value on the right.
        to: String,
        /// What the difference amounts to, where that is not plain to see.
        aside: Option<&'static str>,
    },
    /// Both have it, in different places.
    Moved {
        /// Where it is on the left.
        from_path: String,
        /// Where it is on the right.
        to_path: String,
        /// What it is.
        value: String,
    },
    /// Text, line by line.
    Lines(Vec<DiffLine>),
    /// Both have the same.
    Same {
        /// Where it is.
        path: String,
        /// What it is.
        value: String,
    },
}

/// One line to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// What it says about the two sides.
    pub sign: Sign,
    /// Its text in pieces, inert.
    pub spans: Vec<Span>,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text, inert.
    pub text: String,
    /// Whether it is what differs within a changed line.
    pub is_marked: bool,
}

/// What a line says about the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// The title of a section.
    Title,
    /// Only on the right.
    Added,
    /// Only on the left.
    Removed,
    /// Different.
    Changed,
    /// In another place.
    Moved,
    /// On both sides.
    Same,
    /// Something about the comparison itself.
    Note,
}

impl Sign {
    /// The character in front of the line, so that colour is not needed.
    pub fn as_char(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::Moved => '>',
            Self::Title | Self::Same | Self::Note => ' ',
        }
    }
}

impl Change {
    /// Whether it is a difference at all.
    pub fn is_difference(&self) -> bool {
        match self {
            Self::Same { .. } => false,
            Self::Lines(lines) => lines.iter().any(|line| line.sign != Sign::Same),
            _ => true,
        }
    }
}

impl DiffLine {
    /// The text without its marks, sign in front.
    pub fn text(&self) -> String {
        let spans = self.spans.iter().map(|span| span.text.as_str());
        format!("{} {}", self.sign.as_char(), spans.collect::<String>())
    }
}

/// Compares two sides, but for what is ignored.
pub fn compare(left: &Side<'_>, right: &Side<'_>, ignore: &Ignore) -> Comparison {
    let sections: Vec<Section> = [
        side::request_line(left, right),
        side::status(left, right),
        headers::section(left.headers, right.headers, ignore),
        body::section(left, right, ignore),
        side::time(left, right),
    ]
    .into_iter()
    .flatten()
    .collect();
    Comparison {
        left: crate::inert::inert(&left.label).into_owned(),
        right: crate::inert::inert(&right.label).into_owned(),
        is_equal: sections.iter().all(|section| section.is_equal),
        sections,
    }
}

impl Section {
    fn of(title: &'static str, changes: Vec<Change>, notes: Vec<String>) -> Self {
        let is_equal = !changes.iter().any(Change::is_difference);
        Self {
            title,
            changes,
            notes,
            is_equal,
        }
    }
}

impl Comparison {
    /// The same with secret header values masked; that they differ can still be seen.
    pub fn mask(mut self, masking: &Masking) -> Self {
        let changes = self
            .sections
            .iter_mut()
            .filter(|section| section.title == headers::TITLE);
        for change in changes.flat_map(|section| &mut section.changes) {
            change.mask(masking);
        }
        self
    }

    /// The comparison in lines of at most `width` columns, sign and space included (a width
    /// under 12 is taken as 12). What is the same is folded away unless `unfolded`.
    pub fn lines(&self, width: u16, unfolded: bool) -> Vec<DiffLine> {
        render::lines(self, width, unfolded)
    }
}

impl Change {
    fn mask(&mut self, masking: &Masking) {
        let hides = |path: &str| {
            let name = path.strip_prefix(headers::PREFIX).unwrap_or(path);
            masking.hides(name.as_bytes())
        };
        match self {
            Self::Added { path, value }
            | Self::Removed { path, value }
            | Self::Same { path, value }
            | Self::Moved {
                from_path: path,
                value,
                ..
            } => {
                let name = path.split(' ').next().unwrap_or(path);
                if hides(name) {
                    *value = MASKED.to_owned();
                }
            }
            Self::Changed {
                path,
                from,
                to,
                aside,
            } => {
                if hides(path) {
                    *from = MASKED.to_owned();
                    *to = MASKED.to_owned();
                    *aside = Some("both masked, and different");
                }
            }
            Self::Lines(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
