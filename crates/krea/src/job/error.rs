//! Why a job failed: at the top of the object, as the schema has it, or in its result, as the
//! guide has it; a text in either place, or an object with a code.

use serde_json::Value;

use super::text;

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobError {
    /// A word for programs, like `nsfw`. The set of them is open.
    pub code: Option<String>,
    /// A sentence for people.
    pub message: Option<String>,
    /// Where it stood.
    pub place: ErrorPlace,
}

/// Where a job's error stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorPlace {
    /// In `error`, as in Krea's schema.
    Top,
    /// In `result.error`, as in Krea's guide.
    Result,
}

impl JobError {
    /// What both places say, the schema's before the guide's.
    pub(super) fn all(
        top: Option<&Value>,
        result: Option<&Value>,
    ) -> impl Iterator<Item = Self> + use<> {
        let inner = result.and_then(|result| result.get("error"));
        let both = [(top, ErrorPlace::Top), (inner, ErrorPlace::Result)];
        let read = both.map(|(value, place)| Self::read(value?, place));
        read.into_iter().flatten()
    }

    fn read(value: &Value, place: ErrorPlace) -> Option<Self> {
        let (code, message) = match value {
            Value::Object(object) => {
                let part = |names: &[&str]| {
                    names
                        .iter()
                        .find_map(|name| object.get(*name).and_then(text))
                };
                (
                    part(&["code", "type"]),
                    part(&["message", "detail", "error"]),
                )
            }
            other => (None, text(other)),
        };
        let said = code.is_some() || message.is_some();
        said.then_some(Self {
            code,
            message,
            place,
        })
    }

    /// The sentence, or else the code.
    pub fn words(&self) -> &str {
        let words = self.message.as_deref().or(self.code.as_deref());
        words.unwrap_or_default()
    }
}
