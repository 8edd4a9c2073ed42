//! A moment in a job's life, as it was written or not.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// What a field with a time holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Instant {
    /// There is no such field.
    #[default]
    Absent,
    /// It is null.
    Null,
    /// A time, with any offset and fraction (RFC 3339).
    At(Timestamp),
    /// Something else, as it was written.
    Unreadable(String),
}

impl Instant {
    /// Reads a field.
    pub(super) fn of(value: Option<&Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(Value::String(text)) => match text.parse() {
                Ok(time) => Self::At(time),
                Err(_) => Self::Unreadable(super::short(text)),
            },
            Some(other) => Self::Unreadable(super::short(&other.to_string())),
        }
    }

    /// The time, if it is one.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(*time),
            _ => None,
        }
    }

    /// How long it was from another moment to this one, if both are known.
    pub fn since(&self, earlier: &Self) -> Option<SignedDuration> {
        Some(self.at()?.duration_since(earlier.at()?))
    }
}
