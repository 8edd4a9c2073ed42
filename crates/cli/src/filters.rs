//! Filters as users type them: with the saved ones of their files, and faults pointed at.

use std::borrow::Cow;

use kreel_client::filter::{Filter, FilterError, Saved};

use crate::paths::Paths;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;
use crate::settings::{Layers, Settings};

/// Reads a filter.
pub(crate) fn parse(text: &str, saved: &Saved) -> Result<Filter> {
    Filter::parse_with(text, saved).map_err(|error| unclear(text, &error))
}

/// Reads a filter, and the user's files only if it may name a saved one.
pub(crate) fn parse_alone(text: &str) -> Result<Filter> {
    let saved = match text.contains('@') {
        true => {
            let nothing = |_| Settings::default();
            Layers::gather(nothing, &Project::find()?, &Paths::find()?)?.filters()
        }
        false => Saved::new(),
    };
    parse(text, &saved)
}

/// One filter of several arguments. A shell has taken the quotes of a jq program away.
pub(crate) fn joined(words: &[String]) -> String {
    let whole = |word: &String| match word.strip_prefix("jq:") {
        Some(program) if words.len() > 1 && !program.starts_with(['\'', '"']) => {
            Cow::Owned(format!("jq:'{}'", program.replace('\'', "''")))
        }
        _ => Cow::Owned(word.clone()),
    };
    let words: Vec<Cow<'_, str>> = words.iter().map(whole).collect();
    words.join(" ")
}

fn unclear(text: &str, error: &FilterError) -> Problem {
    Problem {
        excerpt: Some(error.pointed_at(text)),
        ..Problem::new(
            Code::FilterInvalid,
            "the filter can't be understood",
            &error.what,
            format!("{}; docs/guide.md has all that can be said", error.right),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_one_filter() {
        for (words, text) in [
            (&["krea", "status:5xx"][..], "krea status:5xx"),
            (
                &["jq:.status == \"failed\"", "krea"],
                "jq:'.status == \"failed\"' krea",
            ),
            (&["jq:.a == 1 and .b"], "jq:.a == 1 and .b"),
            (&["a", "jq:'.b'"], "a jq:'.b'"),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(joined(&words), text);
            assert!(parse(&joined(&words), &Saved::new()).is_ok(), "{text}");
        }
        let problem = parse("a statsu:5xx", &Saved::new()).unwrap_err();
        assert_eq!(problem.excerpt.as_deref(), Some("a statsu:5xx\n  ^^^^^^^"));
        assert!(problem.next.contains("did you mean status:?"));
    }
}
