//! A type for JSON, found from samples: which fields there are, which of them may be absent or
//! null, and how that is written in a language.
//!
//! No library serves: docs/internals.md says which were looked at.

mod declared;
mod json_schema;
mod names;
mod python;
mod rust;
mod shape;
#[cfg(test)]
mod tests;
mod typescript;

use serde_json::Value;
use thiserror::Error;

use crate::limits::TYPE_BODY_BYTES;
use shape::Shape;

/// A language that has types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// Structures with serde.
    Rust,
    /// Interfaces.
    TypeScript,
    /// Classes of `typing.TypedDict`.
    Python,
    /// JSON Schema 2020-12.
    JsonSchema,
}

/// Why a body is no sample.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoSample {
    /// It isn't JSON.
    #[error("it is no JSON: {why}")]
    NotJson {
        /// What the parser says.
        why: String,
    },
    /// It is too large.
    #[error("it has {got} bytes, and {limit} are the most that are read")]
    TooLarge {
        /// How many it has.
        got: usize,
        /// How many it may have.
        limit: usize,
    },
}

/// Bodies that have the same type.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Samples(Shape);

impl Samples {
    /// Adds a body.
    pub fn add(&mut self, body: &[u8]) -> Result<(), NoSample> {
        if body.len() > TYPE_BODY_BYTES {
            return Err(NoSample::TooLarge {
                got: body.len(),
                limit: TYPE_BODY_BYTES,
            });
        }
        let value: Value = serde_json::from_slice(body).map_err(|error| NoSample::NotJson {
            why: error.to_string(),
        })?;
        self.0.add(&value);
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.count
    }

    /// Their type in a language, under this name or one like it that the language bears.
    pub fn write(&self, lang: Lang, name: &str) -> String {
        match lang {
            Lang::Rust => rust::write(&self.0, name),
            Lang::TypeScript => typescript::write(&self.0, name),
            Lang::Python => python::write(&self.0, name),
            Lang::JsonSchema => json_schema::write(&self.0, name),
        }
    }
}
