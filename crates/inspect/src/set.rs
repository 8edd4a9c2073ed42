//! One value of a JSON body in place of another, in the source text: the rest stays as it was
//! written, to the byte.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Deserializer;
use thiserror::Error;

use crate::limits::{SET_BODY_BYTES, SET_STEPS};

/// Where a value goes, and which: `data.items[0].id=42`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    path: Vec<Step>,
    /// The value as JSON.
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// Why a text is no [`Set`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidSet {
    /// There is no `=`.
    #[error("it is written path=value, like status=failed or result.urls[0]=null")]
    NoValue,
    /// The path can't be read.
    #[error("{path:?} is no path: it is written a.b[0].c, with [\"a key\"] for odd keys")]
    Path {
        /// The path as written.
        path: String,
    },
    /// There are too many steps in it.
    #[error("a path has at most {limit} steps")]
    TooDeep {
        /// How many it may have.
        limit: usize,
    },
}

/// Why a body can't be changed so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CannotSet {
    /// The body is not JSON.
    #[error("the body is not JSON: {why}")]
    NotJson {
        /// What the parser says.
        why: String,
    },
    /// The body is too large.
    #[error("the body has {got} bytes, and {limit} are the most in which a value can be set")]
    TooLarge {
        /// How many it has.
        got: usize,
        /// How many it may have.
        limit: usize,
    },
    /// The path leads into something that holds no values.
    #[error("{path} is {found}, and has no {wanted}")]
    NotThere {
        /// How far the path leads.
        path: String,
        /// What is there.
        found: &'static str,
        /// What was looked for in it.
        wanted: String,
    },
}

impl std::str::FromStr for Set {
    type Err = InvalidSet;

    /// A value that is JSON is taken as it is; any other text is a string.
    fn from_str(text: &str) -> Result<Self, InvalidSet> {
        let at = equals(text).ok_or(InvalidSet::NoValue)?;
        let (path, value) = (text[..at].trim(), &text[at + 1..]);
        let path = steps(path).ok_or_else(|| InvalidSet::Path {
            path: path.to_owned(),
        })?;
        if path.len() > SET_STEPS {
            return Err(InvalidSet::TooDeep { limit: SET_STEPS });
        }
        let value = match serde_json::from_str::<IgnoredAny>(value) {
            Ok(_) => value.trim().to_owned(),
            Err(_) => serde_json::Value::from(value).to_string(),
        };
        Ok(Self { path, value })
    }
}

/// Where the path ends: the first `=` outside brackets.
fn equals(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '=') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut steps = Vec::new();
    let mut is_first = true;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, behind) = bracket(inner)?;
            steps.push(step);
            rest = behind;
        } else {
            let name = match rest.strip_prefix('.') {
                Some(name) => name,
                None if is_first => rest,
                None => return None,
            };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Key(name[..end].to_owned()));
            rest = &name[end..];
        }
        is_first = false;
    }
    (!steps.is_empty()).then_some(steps)
}

fn bracket(inner: &str) -> Option<(Step, &str)> {
    for quote in ['"', '\''] {
        if let Some(key) = inner.strip_prefix(quote) {
            let (key, behind) = key.split_once(quote)?;
            return Some((Step::Key(key.to_owned()), behind.strip_prefix(']')?));
        }
    }
    let (index, behind) = inner.split_once(']')?;
    Some((Step::Index(index.parse().ok()?), behind))
}

impl Set {
    /// The body with the value in it. A key that an object lacks is added at its end, an element
    /// right behind an array's last one too; of a key that occurs several times the last is meant,
    /// as parsers have it.
    pub fn apply(&self, body: &[u8]) -> Result<Vec<u8>, CannotSet> {
        if body.len() > SET_BODY_BYTES {
            let (got, limit) = (body.len(), SET_BODY_BYTES);
            return Err(CannotSet::TooLarge { got, limit });
        }
        let not_json = |why: &dyn std::fmt::Display| CannotSet::NotJson {
            why: why.to_string(),
        };
        let source = std::str::from_utf8(body).map_err(|error| not_json(&error))?;
        serde_json::from_str::<IgnoredAny>(source).map_err(|error| not_json(&error))?;
        let mut at = space(source, 0);
        let mut path = "$".to_owned();
        for (depth, step) in self.path.iter().enumerate() {
            match enter(source, at, step) {
                Entered::At(value) => at = value,
                Entered::Missing { end, is_empty } if depth + 1 == self.path.len() => {
                    return Ok(self.insert(source, at, end, is_empty, step).into_bytes());
                }
                Entered::Missing { .. } | Entered::Never => {
                    let (found, wanted) = (kind(source, at), step.to_string());
                    return Err(CannotSet::NotThere {
                        path,
                        found,
                        wanted,
                    });
                }
            }
            path += &match step {
                Step::Key(key) => format!(".{}", crate::inert::inert(key)),
                Step::Index(index) => format!("[{index}]"),
            };
        }
        let end = value_end::<IgnoredAny>(source, at).map_or(source.len(), |(_, end)| end);
        Ok(format!("{}{}{}", &source[..at], self.value, &source[end..]).into_bytes())
    }

    /// Puts a member behind the last one, written as the last one is.
    fn insert(&self, source: &str, open: usize, end: usize, is_empty: bool, step: &Step) -> String {
        let before = source[..end].trim_end().len();
        let first = space(source, open + 1);
        let (comma, white) = match is_empty {
            true => ("", ""),
            false => (",", &source[open + 1..first]),
        };
        let member = match step {
            Step::Key(key) => {
                let colon = if white.is_empty() { ":" } else { ": " };
                format!(
                    "{}{colon}{}",
                    serde_json::Value::from(key.as_str()),
                    self.value
                )
            }
            Step::Index(_) => self.value.clone(),
        };
        let (head, tail) = (&source[..before], &source[before..]);
        format!("{head}{comma}{white}{member}{tail}")
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => write!(f, "member {:?}", crate::inert::inert(key)),
            Self::Index(index) => write!(f, "element {index}"),
        }
    }
}

/// Where a step leads.
enum Entered {
    /// To the value that begins here.
    At(usize),
    /// Nowhere yet: it could be put in front of the bracket at `end`.
    Missing { end: usize, is_empty: bool },
    /// Nowhere at all.
    Never,
}

/// One step into the value that begins at `at`, in text that is known to be JSON.
fn enter(source: &str, at: usize, step: &Step) -> Entered {
    let walked = match (source.as_bytes().get(at), step) {
        (Some(b'{'), Step::Key(key)) => members(source, at, key),
        (Some(b'['), Step::Index(index)) => elements(source, at, *index),
        _ => None,
    };
    walked.unwrap_or(Entered::Never)
}

fn members(source: &str, open: usize, key: &str) -> Option<Entered> {
    let mut at = space(source, open + 1);
    let mut found = None;
    let is_empty = source.as_bytes().get(at) == Some(&b'}');
    while source.as_bytes().get(at) != Some(&b'}') {
        let (name, end): (String, usize) = value_end(source, at)?;
        let value = space(source, space(source, end) + 1);
        if name == key {
            found = Some(value);
        }
        at = behind_value(source, value)?;
    }
    Some(found.map_or(Entered::Missing { end: at, is_empty }, Entered::At))
}

fn elements(source: &str, open: usize, index: usize) -> Option<Entered> {
    let mut at = space(source, open + 1);
    let is_empty = source.as_bytes().get(at) == Some(&b']');
    let mut count = 0;
    while source.as_bytes().get(at) != Some(&b']') {
        if count == index {
            return Some(Entered::At(at));
        }
        count += 1;
        at = behind_value(source, at)?;
    }
    (count == index).then_some(Entered::Missing { end: at, is_empty })
}

/// Where the next value begins behind the one at `at`, or the bracket that ends them all.
fn behind_value(source: &str, at: usize) -> Option<usize> {
    let (_, end) = value_end::<IgnoredAny>(source, at)?;
    let end = space(source, end);
    Some(match source.as_bytes().get(end) {
        Some(b',') => space(source, end + 1),
        _ => end,
    })
}

/// The value that begins at `at`, and where it ends.
fn value_end<T: DeserializeOwned>(source: &str, at: usize) -> Option<(T, usize)> {
    let mut values = Deserializer::from_str(source.get(at..)?).into_iter();
    let value = values.next()?.ok()?;
    Some((value, at + values.byte_offset()))
}

/// The first byte from here that is no white space.
fn space(source: &str, at: usize) -> usize {
    let rest = source.as_bytes().get(at..).unwrap_or_default();
    let is_white = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    at + rest.iter().take_while(is_white).count()
}

fn kind(source: &str, at: usize) -> &'static str {
    match source.as_bytes().get(at) {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests;
