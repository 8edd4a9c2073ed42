//! Which values of a JSON body are secrets, by their paths. The rest of the body stays as it was
//! written, to the byte.

use std::borrow::Cow;

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
    /// has no paths, and stays; JSON beyond what is read by structure is masked as a whole.
    pub fn mask<'a>(&self, body: &'a [u8]) -> Cow<'a, [u8]> {
        let text = match std::str::from_utf8(body) {
            Ok(text) if !self.0.is_empty() => text,
            _ => return Cow::Borrowed(body),
        };
        let dots = format!("\"{MASKED}\"");
        let spans = match ignored_spans(text, &self.0) {
            IgnoredSpans::Found(spans) => spans,
            IgnoredSpans::NotJson => return Cow::Borrowed(body),
            IgnoredSpans::TooMuch => return Cow::Owned(dots.into_bytes()),
        };
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for span in spans {
            masked.push_str(&text[at..span.start]);
            masked.push_str(&dots);
            at = span.end;
        }
        match at {
            0 => Cow::Borrowed(body),
            at => Cow::Owned((masked + &text[at..]).into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(rule: &str, body: &str) -> String {
        let rules = BodyRules::parse([rule]).unwrap();
        String::from_utf8(rules.mask(body.as_bytes()).into_owned()).unwrap()
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
