//! Which differences don't matter: `$.created_at`, `.items[*].id`, `..updated_at`,
//! `header:date`.

use thiserror::Error;

/// Rules for what a comparison leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    headers: Vec<String>,
    paths: Vec<Vec<Step>>,
}

/// Why a rule can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IgnoreError {
    /// It begins like none.
    #[error(
        "“{rule}” is neither a path into the body, like $.created_at or .items[0].id, nor a header, like header:date"
    )]
    Unknown {
        /// The rule as written.
        rule: String,
    },
    /// A name is missing after a dot or after `header:`.
    #[error("“{rule}” has no name after “{after}”")]
    NameMissing {
        /// The rule as written.
        rule: String,
        /// What stands before the gap.
        after: String,
    },
    /// What stands in brackets is no index, no `*` and no quoted key.
    #[error("“{rule}” needs a number, * or a \"quoted key\" between its brackets")]
    Brackets {
        /// The rule as written.
        rule: String,
    },
}

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Any,
    /// Any number of steps.
    Deep,
}

/// Where a value stands in what contains it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Key(&'a [u8]),
    Index(usize),
}

/// How far the rules have been followed on the way to a value: rule and next step.
#[derive(Debug, Clone, Default)]
pub(super) struct Trail(Vec<(usize, usize)>);

impl Ignore {
    /// Reads rules, each a path into a JSON body or `header:` and a name.
    pub fn parse<S: AsRef<str>>(rules: impl IntoIterator<Item = S>) -> Result<Self, IgnoreError> {
        let mut ignore = Self::default();
        for rule in rules {
            let rule = rule.as_ref().trim();
            match rule.strip_prefix("header:") {
                Some(name) if name.trim().is_empty() => {
                    return Err(name_missing(rule, "header:"));
                }
                Some(name) => ignore.headers.push(name.trim().to_ascii_lowercase()),
                None => ignore.paths.push(steps(rule)?),
            }
        }
        Ok(ignore)
    }

    /// Whether nothing is ignored.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.paths.is_empty()
    }

    pub(super) fn header(&self, name: &[u8]) -> bool {
        let same = |header: &String| header.as_bytes().eq_ignore_ascii_case(name);
        self.headers.iter().any(same)
    }

    /// The trail at the root.
    pub(super) fn root(&self) -> Trail {
        Trail((0..self.paths.len()).map(|rule| (rule, 0)).collect())
    }

    /// The trail one step further; none if a rule ends there, so that the value is ignored.
    pub(super) fn step(&self, trail: &Trail, place: Place<'_>) -> Option<Trail> {
        let mut further = Trail::default();
        for &(rule, at) in &trail.0 {
            let steps = self.paths.get(rule).map_or(&[][..], Vec::as_slice);
            let is_deep = steps.get(at) == Some(&Step::Deep);
            if is_deep {
                further.0.push((rule, at));
            }
            let at = at + usize::from(is_deep);
            if steps.get(at).is_some_and(|step| step.leads_to(place)) {
                if at + 1 == steps.len() {
                    return None;
                }
                further.0.push((rule, at + 1));
            }
        }
        Some(further)
    }
}

impl Step {
    fn leads_to(&self, place: Place<'_>) -> bool {
        match (self, place) {
            (Self::Any, _) => true,
            (Self::Key(key), Place::Key(found)) => key.as_bytes() == found,
            (Self::Index(index), Place::Index(found)) => *index == found,
            _ => false,
        }
    }
}

fn steps(rule: &str) -> Result<Vec<Step>, IgnoreError> {
    let mut rest = rule.strip_prefix('$').unwrap_or(rule);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Deep);
            rest = after;
            if !rest.starts_with('[') {
                rest = name(rule, rest, "..", &mut steps)?;
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = if after.starts_with('[') {
                after
            } else {
                name(rule, after, ".", &mut steps)?
            };
        } else if let Some(after) = rest.strip_prefix('[') {
            rest = bracket(after, &mut steps).ok_or_else(|| IgnoreError::Brackets {
                rule: rule.to_owned(),
            })?;
        } else {
            return Err(unknown(rule));
        }
    }
    if steps.is_empty() {
        return Err(unknown(rule));
    }
    Ok(steps)
}

/// A bare name up to the next dot or bracket.
fn name<'a>(
    rule: &str,
    rest: &'a str,
    after: &str,
    steps: &mut Vec<Step>,
) -> Result<&'a str, IgnoreError> {
    let (name, rest) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
    match name {
        "" => return Err(name_missing(rule, after)),
        "*" => steps.push(Step::Any),
        name => steps.push(Step::Key(name.to_owned())),
    }
    Ok(rest)
}

/// What stands between brackets; the rest after them.
fn bracket<'a>(rest: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    if rest.starts_with('"') {
        let mut keys = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let key = keys.next()?.ok()?;
        let after = rest.get(keys.byte_offset()..)?.strip_prefix(']')?;
        steps.push(Step::Key(key));
        return Some(after);
    }
    let (inside, after) = rest.split_once(']')?;
    steps.push(match inside.trim() {
        "*" | "" => Step::Any,
        quoted if quoted.starts_with('\'') => {
            Step::Key(quoted.strip_prefix('\'')?.strip_suffix('\'')?.to_owned())
        }
        index => Step::Index(index.parse().ok()?),
    });
    Some(after)
}

fn unknown(rule: &str) -> IgnoreError {
    IgnoreError::Unknown {
        rule: rule.to_owned(),
    }
}

fn name_missing(rule: &str, after: &str) -> IgnoreError {
    IgnoreError::NameMissing {
        rule: rule.to_owned(),
        after: after.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ignored(rule: &str, path: &[Place<'_>]) -> bool {
        let ignore = Ignore::parse([rule]).unwrap();
        let mut trail = ignore.root();
        for place in path {
            match ignore.step(&trail, *place) {
                Some(further) => trail = further,
                None => return true,
            }
        }
        false
    }

    #[test]
    fn rules_lead_to_values() {
        use Place::{Index, Key};
        for (rule, path, expected) in [
            ("$.a", &[Key(b"a")][..], true),
            (".a", &[Key(b"a")], true),
            ("$.a", &[Key(b"b"), Key(b"a")], false),
            ("$.a.b", &[Key(b"a")], false),
            ("$.a.b", &[Key(b"a"), Key(b"b")], true),
            ("$[0].id", &[Index(0), Key(b"id")], true),
            ("$[0].id", &[Index(1), Key(b"id")], false),
            (".items[*].id", &[Key(b"items"), Index(7), Key(b"id")], true),
            (".*.id", &[Key(b"x"), Key(b"id")], true),
            ("..id", &[Key(b"id")], true),
            ("..id", &[Key(b"a"), Index(3), Key(b"id")], true),
            ("$..a.b", &[Key(b"a"), Key(b"a"), Key(b"b")], true),
            ("$[\"a.b]\"]", &[Key(b"a.b]")], true),
            ("$['a.b']", &[Key(b"a.b")], true),
        ] {
            assert_eq!(is_ignored(rule, path), expected, "{rule} {path:?}");
        }
    }

    #[test]
    fn a_rule_that_is_none_says_why() {
        for (rule, words) in [
            ("created_at", "neither a path"),
            ("", "neither a path"),
            ("$", "neither a path"),
            ("header:", "no name after “header:”"),
            ("$.a.", "no name after “.”"),
            ("$.a[x]", "between its brackets"),
            ("$.a[1", "between its brackets"),
            ("$[\"a]", "between its brackets"),
        ] {
            let error = Ignore::parse([rule]).unwrap_err().to_string();
            assert!(error.contains(words), "{rule}: {error}");
        }
        assert!(Ignore::parse(["header:Date"]).unwrap().header(b"date"));
    }
}
