//! The fields of an object, still as bytes: only those a job has are parsed further.
//!
//! Values are cut out without building them, so a body nested a hundred thousand deep costs no
//! stack. What can't be built (nested deeper than any job, a number beyond all ranges, half a
//! character) is known to be there, and all beside it is read.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::MAX_EXTRA_FIELDS;

/// The fields a job has, and the names of all others.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    known: [Option<&'a RawValue>; KNOWN.len()],
    extra: Vec<String>,
    foreign: Option<&'static str>,
}

/// The fields of a job, with the places where older bodies and other clients have them.
const KNOWN: [&str; 8] = [
    "job_id",
    "id",
    "status",
    "created_at",
    "completed_at",
    "result",
    "error",
    "urls",
];

/// Fields of other services' bodies; Krea's have none of them.
const FOREIGN: [&str; 8] = [
    "task_id",
    "request_id",
    "data",
    "payload",
    "event",
    "type",
    "object",
    "prediction",
];

/// What is known inside of `result`.
const KNOWN_IN_RESULT: [&str; 12] = [
    "urls",
    "url",
    "style_id",
    "id",
    "error",
    "video_url",
    "thumbnail_url",
    "images",
    "duration",
    "width",
    "height",
    "fps",
];

/// Stands for a value that is there and can't be built: it is of no shape that anyone knows.
const UNREADABLE: Value = Value::Bool(false);

/// The values of a job's fields, and which of them can't be built.
#[derive(Debug, Default)]
pub(super) struct Values {
    known: [Option<Value>; KNOWN.len()],
    /// The fields that can't be built, those of the result with their path.
    pub(super) unreadable: Vec<String>,
}

impl Values {
    /// The value of one of a job's fields.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let at = KNOWN.iter().position(|known| *known == name)?;
        self.known[at].as_ref()
    }
}

/// Reads an object; nothing if it is JSON of another kind.
pub(super) fn read(body: &[u8]) -> serde_json::Result<Option<Fields<'_>>> {
    let Top(fields) = serde_json::from_slice(body)?;
    Ok(fields)
}

impl Fields<'_> {
    /// The values of a job's fields. The last one counts where there are several, as in most
    /// parsers.
    pub(super) fn values(&self) -> Values {
        let mut values = Values::default();
        for (at, raw) in self.known.iter().enumerate() {
            let Some(raw) = raw else {
                continue;
            };
            let value = serde_json::from_str(raw.get()).ok();
            let value = value.unwrap_or_else(|| values.in_parts(KNOWN[at], raw));
            values.known[at] = Some(value);
        }
        values
    }

    /// A field by which another service's body is known, if a job's are all absent.
    pub(super) fn foreign(&self) -> Option<&'static str> {
        self.foreign
    }

    /// The fields nobody knows, those of the result with their path.
    pub(super) fn extra(&self, result: Option<&Value>) -> Vec<String> {
        let inner = result.and_then(Value::as_object).into_iter().flatten();
        let inner = inner
            .filter(|(name, _)| !KNOWN_IN_RESULT.contains(&name.as_str()))
            .map(|(name, _)| format!("result.{}", super::short(name)));
        let all = self.extra.iter().cloned().chain(inner);
        all.take(MAX_EXTRA_FIELDS).collect()
    }

    fn take(&mut self, name: &str) {
        if self.foreign.is_none() {
            self.foreign = FOREIGN.iter().find(|foreign| **foreign == name).copied();
        }
        if self.extra.len() < MAX_EXTRA_FIELDS {
            self.extra.push(super::short(name));
        }
    }
}

impl Values {
    /// A value that can't be built as a whole: of an object, whatever fields can be.
    fn in_parts(&mut self, name: &str, raw: &RawValue) -> Value {
        let Ok(Parts(parts)) = serde_json::from_str(raw.get()) else {
            self.note(name.to_owned());
            return UNREADABLE;
        };
        let mut fields = Map::new();
        for (field, raw) in parts {
            let value = serde_json::from_str(raw.get()).unwrap_or_else(|_| {
                self.note(format!("{name}.{}", super::short(&field)));
                UNREADABLE
            });
            fields.insert(field.into_owned(), value);
        }
        Value::Object(fields)
    }

    fn note(&mut self, path: String) {
        if self.unreadable.len() < MAX_EXTRA_FIELDS {
            self.unreadable.push(path);
        }
    }
}

/// The fields of an object, not built.
struct Parts<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collecting;
        impl<'de> Visitor<'de> for Collecting {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some((Name(name), raw)) = map.next_entry()? {
                    parts.push((name, raw));
                }
                Ok(Parts(parts))
            }
        }
        deserializer.deserialize_map(Collecting)
    }
}

/// Any JSON, of which an object's fields are kept.
struct Top<'a>(Option<Fields<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Top<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

/// Everything that is no object is taken and dropped.
macro_rules! other {
    ($($visit:ident: $type:ty,)*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Top(None))
        })*
    };
}

impl<'de> Visitor<'de> for Reader {
    type Value = Top<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    other! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_f64: f64,
        visit_str: &str,
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Top(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Top(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(Name(name)) = map.next_key()? {
            match KNOWN.iter().position(|known| *known == name) {
                Some(at) => fields.known[at] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                    fields.take(&name);
                }
            }
        }
        Ok(Top(Some(fields)))
    }
}

/// A name, borrowed unless it has escapes.
struct Name<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrowing)
    }
}
