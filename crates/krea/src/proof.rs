//! Whether a webhook may be taken for true: the API must say all that it says.
//!
//! Stricter than the badge, since an app reads what it likes of a body: whatever the API does not
//! say, a field nobody knows or one that stands there twice, is what a forger would add.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::ask::ApiAnswer;
use crate::job::Reading;
use crate::jobs::{Verdict, verdict_of};
use crate::limits::MAX_TEXT_BYTES;
use crate::status::Status;

/// What the API's answer means for a webhook that waits to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// The API says all of it.
    True,
    /// It is not known yet: asking again may help. Why, in words.
    Open(String),
    /// The API does not say it. Why, in words.
    Untrue(String),
}

/// Rules on a webhook's body.
pub fn ruling(body: &[u8], api: &ApiAnswer) -> Ruling {
    let reading = Reading::of(body);
    let Some(job) = reading.job() else {
        return Ruling::Untrue("it names no job".to_owned());
    };
    let asked = api.reading.as_ref().and_then(Reading::job);
    match verdict_of(job, api) {
        None => Ruling::Open("the API's answer is no job".to_owned()),
        Some(Verdict::Unknown) => {
            Ruling::Untrue("the API knows no such job, or not for this key".to_owned())
        }
        Some(Verdict::Differs(differences)) => {
            let fields: Vec<&str> = differences.iter().map(|one| one.field).collect();
            Ruling::Untrue(format!(
                "the API says something else: {}",
                fields.join(", ")
            ))
        }
        Some(Verdict::NotYet) => {
            let status = asked.and_then(|job| job.status.as_ref());
            let words = status.map_or("nothing of a state", Status::as_str);
            let words = format!("the API says {words}");
            match status.is_some_and(Status::is_terminal) {
                // It has gone on, and will not come back.
                true => Ruling::Untrue(words),
                false => Ruling::Open(words),
            }
        }
        Some(Verdict::Matches) => match unvouched(body, &api.body) {
            Some(path) => Ruling::Untrue(format!("the API does not say {path}")),
            None => Ruling::True,
        },
    }
}

/// The first place in a body that the API's answer does not have the same, if there is one. Nulls
/// say nothing, and the same time may be written in another way.
fn unvouched(body: &[u8], asked: &[u8]) -> Option<String> {
    let strict = serde_json::from_slice::<Strict>(without_mark(body));
    let delivered = match strict {
        Ok(Strict(value)) => value,
        Err(error) => return Some(format!("what stands there ({error})")),
    };
    let asked: Value = serde_json::from_slice(without_mark(asked)).unwrap_or_default();
    let mut path = String::new();
    let is_same = is_said(&delivered, Some(&asked), &mut path);
    (!is_same).then(|| path[..path.floor_char_boundary(MAX_TEXT_BYTES)].to_owned())
}

/// Whether all of this is said; if not, `path` leads to what is not. No deeper than the parser
/// goes, which is 128.
fn is_said(delivered: &Value, asked: Option<&Value>, path: &mut String) -> bool {
    match (delivered, asked) {
        (Value::Null, _) => true,
        (Value::Object(fields), Some(Value::Object(asked))) => {
            fields.iter().all(|(name, value)| {
                let length = path.len();
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                let is_said = is_said(value, asked.get(name), path);
                if is_said {
                    path.truncate(length);
                }
                is_said
            })
        }
        (Value::Array(items), Some(Value::Array(asked))) => {
            let pairs = items.iter().zip(asked);
            items.len() == asked.len()
                && pairs.enumerate().all(|(place, (item, asked))| {
                    let length = path.len();
                    path.push_str(&format!("[{place}]"));
                    let is_said =
                        item.is_null() == asked.is_null() && is_said(item, Some(asked), path);
                    if is_said {
                        path.truncate(length);
                    }
                    is_said
                })
        }
        (Value::String(text), Some(Value::String(asked))) => {
            text == asked || same_time(text, asked)
        }
        (delivered, asked) => Some(delivered) == asked,
    }
}

fn same_time(one: &str, other: &str) -> bool {
    let times = (one.parse::<Timestamp>(), other.parse::<Timestamp>());
    matches!(times, (Ok(one), Ok(other)) if one == other)
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// A value in which no name stands twice: readers do not agree on which of the two counts.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Once).map(Self)
    }
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let (mut all, mut names) = (serde_json::Map::new(), HashSet::new());
        while let Some((name, Strict(value))) = fields.next_entry::<String, Strict>()? {
            if !names.insert(name.clone()) {
                return Err(serde::de::Error::custom(format_args!("{name:?} twice")));
            }
            all.insert(name, value);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests;
