//! Quoting: `"a \"b\" c"` with a backslash before quotes and backslashes, `'it''s'` with quotes
//! doubled and all else as it is.

use std::borrow::Cow;

/// As it must be written to be read as one value, whatever it holds.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./*?=&%+~#$!;".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    always(text).into()
}

/// Between double quotes.
pub(super) fn always(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// What stands between the quotes a text begins with, and how many bytes that takes, quotes
/// included. None if it does not end.
pub(super) fn unquoted(text: &str) -> Option<(String, usize)> {
    let mut chars = text.char_indices().peekable();
    let (_, quote) = chars.next()?;
    let mut inner = String::new();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let is_escaped = match (quote, next) {
            ('"', Some('"' | '\\')) => c == '\\',
            ('\'', Some('\'')) => c == '\'',
            _ => false,
        };
        if is_escaped {
            inner.extend(next);
            chars.next();
        } else if c == quote {
            return Some((inner, at + c.len_utf8()));
        } else {
            inner.push(c);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_undone() {
        for (text, inner, taken) in [
            (r#""a b" c"#, "a b", 5),
            (r#""say \"hi\\" x"#, r#"say "hi\"#, 12),
            (r#""\d""#, r"\d", 4),
            (r"'it''s \d'", r"it's \d", 10),
            ("''", "", 2),
        ] {
            assert_eq!(unquoted(text), Some((inner.to_owned(), taken)), "{text}");
        }
        assert_eq!(unquoted("\"never"), None);
        assert_eq!(unquoted("'never''"), None);
        assert_eq!(quoted("a b"), "\"a b\"");
        assert_eq!(quoted("/a?x=1"), "/a?x=1");
    }
}
