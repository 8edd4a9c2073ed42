//! Which values of a JSON body are secrets, by their paths. The rest of the body stays as it was
//! written, to the byte.

use std::borrow::Cow;
use std::ops::Range;

use crate::compare::{Ignore, IgnoreError, IgnoredSpans, ignored_spans};
use crate::mask::MASKED;

/// Paths like `$.user.email`, `.items[*].token`, `..password`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyRules(Ignore);

impl BodyRules {
    /// Reads rules.
    pub fn parse<S: AsRef<str>>(rules: impl IntoIterator<Item = S>) -> Result<Self, IgnoreError> {
        Ignore::parse(rules).map(Self)
    }

    /// A body with a string of dots in place of each value that a rule leads to. What is no JSON
    /// has no paths, and stays. JSON beyond what is read by structure is masked as a whole, and so
    /// is a body that was cut off: nobody knows where its values stood.
    pub fn mask<'a>(&self, body: &'a [u8], is_whole: bool) -> Cow<'a, [u8]> {
        match self.found(body, is_whole) {
            Found::Nothing | Found::NoPaths => Cow::Borrowed(body),
            Found::All => Cow::Owned(dots().into_bytes()),
            Found::Values { text, spans } => {
                let mut masked = String::with_capacity(text.len());
                let mut at = 0;
                for span in spans {
                    masked.push_str(&text[at..span.start]);
                    masked.push_str(&dots());
                    at = span.end;
                }
                masked.push_str(&text[at..]);
                Cow::Owned(masked.into_bytes())
            }
        }
    }

    /// Whether there are rules and this body has no paths they could follow: a form, text, what is
    /// compressed. It stays as it is, secrets included.
    pub fn misses(&self, body: &[u8], is_whole: bool) -> bool {
        matches!(self.found(body, is_whole), Found::NoPaths)
    }

    fn found<'a>(&self, body: &'a [u8], is_whole: bool) -> Found<'a> {
        if self.0.is_empty() || body.is_empty() {
            return Found::Nothing;
        }
        if !is_whole {
            return Found::All;
        }
        let Ok(text) = std::str::from_utf8(body) else {
            return Found::NoPaths;
        };
        match ignored_spans(text, &self.0) {
            IgnoredSpans::Found(spans) if spans.is_empty() => Found::Nothing,
            IgnoredSpans::Found(spans) => Found::Values { text, spans },
            IgnoredSpans::NotJson => Found::NoPaths,
            IgnoredSpans::TooMuch => Found::All,
        }
    }
}

/// What rules find in a body.
enum Found<'a> {
    /// Nothing, or there are no rules.
    Nothing,
    /// These values, in order.
    Values {
        text: &'a str,
        spans: Vec<Range<usize>>,
    },
    /// It can't be told what of it is a secret.
    All,
    /// It is nothing that has paths.
    NoPaths,
}

fn dots() -> String {
    format!("\"{MASKED}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(rule: &str, body: &str) -> String {
        let rules = BodyRules::parse([rule]).unwrap();
        String::from_utf8(rules.mask(body.as_bytes(), true).into_owned()).unwrap()
    }

    #[test]
    fn of_what_was_cut_off_nothing_is_shown() {
        let cut = b"{\"user\":{\"email\":\"s3cret";
        let rules = BodyRules::parse(["$.user.email"]).unwrap();
        assert_eq!(
            *rules.mask(cut, false),
            *"\"\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\"".as_bytes()
        );
        assert_eq!(*rules.mask(b"", false), *b"", "there is nothing to mask");
        let none = BodyRules::default();
        assert_eq!(*none.mask(cut, false), *cut, "nobody asked for it");
    }

    #[test]
    fn bodies_without_paths_are_told_of() {
        let rules = BodyRules::parse(["$.a"]).unwrap();
        for (body, misses) in [
            (&b"a=s3cret"[..], true),
            (b"\x1f\x8b\x08\xff", true),
            (b"{\"a\":1}", false),
            (b"{\"b\":1}", false),
            (b"", false),
        ] {
            assert_eq!(rules.misses(body, true), misses, "{body:?}");
        }
        assert!(!rules.misses(b"{\"a\":", false), "it is masked as a whole");
        assert!(!BodyRules::default().misses(b"a=1", true));
    }

    #[test]
    fn values_are_masked_and_the_rest_is_as_written() {
        for (rule, body, expected) in [
            (
                "$.a",
                r#"{ "a" : 1.0e0,"b":2 }"#,
                r#"{ "a" : "••••••","b":2 }"#,
            ),
            ("$.a", r#"{"a":{"b":[1]}}"#, r#"{"a":"••••••"}"#),
            (
                "..p",
                r#"[{"p":"x"},{"q":{"p":null}}]"#,
                r#"[{"p":"••••••"},{"q":{"p":"••••••"}}]"#,
            ),
            ("$[1]", "[1, 2 ,3]", "[1, \"••••••\" ,3]"),
            ("$.\u{61}", r#"{"\u0061":1}"#, r#"{"\u0061":"••••••"}"#),
            ("$.a", r#"{"b":1}"#, r#"{"b":1}"#),
            ("$.a", "a=1", "a=1"),
        ] {
            assert_eq!(masked(rule, body), expected, "{rule} {body}");
        }
        let deep = format!("{}\"s3cret\"{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(masked("..a", &deep), "\"••••••\"");
    }
}
