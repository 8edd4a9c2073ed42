//! How errors are written where sources disagree: under which key, and what a 422 looks like.

use std::fmt;
use std::str::FromStr;

use serde_json::{Value, json};
use thiserror::Error;

/// The key under which an error's sentence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorKey {
    /// `message` for 401 and 402, as observed; `error` for the rest, as in the schema.
    #[default]
    Mixed,
    /// `error` for all, as in the schema.
    Error,
    /// `message` for all.
    Message,
}

/// How a body that was refused with 422 is told. None is documented; each has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FaultForm {
    /// `detail` is a list of places, words and types.
    #[default]
    Detail,
    /// `detail` is a text.
    DetailText,
    /// `details` is a list.
    Details,
    /// `errors` is a list.
    Errors,
    /// `issues` is a list.
    Issues,
    /// `error` is an object with the issues in it.
    Nested,
}

/// Why a text is no name of a form.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("it is one of {known}")]
pub struct InvalidForm {
    /// The names there are.
    pub known: String,
}

impl ErrorKey {
    const NAMED: [(&str, Self); 3] = [
        ("mixed", Self::Mixed),
        ("error", Self::Error),
        ("message", Self::Message),
    ];

    /// The key of an error with this status.
    pub(super) fn of(self, status: u16) -> &'static str {
        match (self, status) {
            (Self::Message, _) | (Self::Mixed, 401 | 402) => "message",
            (Self::Error, _) | (Self::Mixed, _) => "error",
        }
    }
}

impl FromStr for ErrorKey {
    type Err = InvalidForm;

    fn from_str(text: &str) -> Result<Self, InvalidForm> {
        let found = Self::NAMED.iter().find(|(name, _)| *name == text);
        found.map(|(_, key)| *key).ok_or_else(|| InvalidForm {
            known: Self::NAMED.map(|(name, _)| name).join(", "),
        })
    }
}

impl FaultForm {
    /// All forms.
    pub(super) const ALL: [Self; 6] = [
        Self::Detail,
        Self::DetailText,
        Self::Details,
        Self::Errors,
        Self::Issues,
        Self::Nested,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Detail => "detail",
            Self::DetailText => "detail-text",
            Self::Details => "details",
            Self::Errors => "errors",
            Self::Issues => "issues",
            Self::Nested => "nested",
        }
    }

    /// The body that tells this fault.
    pub(super) fn body(self, place: &str, words: &str) -> Value {
        let item = json!({"path": [place], "message": words});
        match self {
            Self::Detail => {
                json!({"detail": [{"loc": ["body", place], "msg": words, "type": "value_error"}]})
            }
            Self::DetailText => json!({"detail": format!("{place}: {words}")}),
            Self::Details => json!({"message": "Validation failed", "details": [item]}),
            Self::Errors => json!({"errors": [item]}),
            Self::Issues => json!({"issues": [item]}),
            Self::Nested => json!({"error": {"name": "ZodError", "issues": [item]}}),
        }
    }
}

impl fmt::Display for FaultForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FaultForm {
    type Err = InvalidForm;

    fn from_str(text: &str) -> Result<Self, InvalidForm> {
        let found = Self::ALL.into_iter().find(|form| form.name() == text);
        found.ok_or_else(|| InvalidForm {
            known: Self::ALL.map(Self::name).join(", "),
        })
    }
}
