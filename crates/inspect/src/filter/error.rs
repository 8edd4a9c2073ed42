//! What is wrong with a filter, where, and what would be right.

use std::ops::Range;

use thiserror::Error;
use unicode_width::UnicodeWidthStr as _;

use crate::inert::inert;

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}: {right}")]
pub struct FilterError {
    /// Which bytes of the text are at fault; empty at its end if something is missing there.
    pub range: Range<usize>,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub right: String,
}

impl FilterError {
    /// A fault at these bytes.
    pub(crate) fn new(
        range: Range<usize>,
        what: impl Into<String>,
        right: impl Into<String>,
    ) -> Self {
        let (what, right) = (what.into(), right.into());
        Self { range, what, right }
    }

    /// The text on one line, and below it a line with carets under the fault. Both may be shown
    /// as they are.
    pub fn pointed_at(&self, text: &str) -> String {
        let (start, end) = (self.range.start, self.range.end);
        let before = inert(text.get(..start).unwrap_or_default());
        let fault = inert(text.get(start..end).unwrap_or_default());
        let carets = "^".repeat(fault.width().max(1));
        format!("{}\n{}{carets}", inert(text), " ".repeat(before.width()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_fault() {
        let error = FilterError::new(7..9, "wrong", "right");
        assert_eq!(
            error.pointed_at("日本 ab cd"),
            "日本 ab cd\n     ^^",
            "wide characters take two columns"
        );
        let error = FilterError::new(2..2, "missing", "more");
        assert_eq!(error.pointed_at("a\x1b"), "a\\u{1b}\n       ^");
        assert_eq!(error.to_string(), "missing: more");
    }
}
