//! What can be wrong with a cassette, and where.

use thiserror::Error;

use crate::export::CASSETTE_VERSION;

/// A line that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct Fault {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub problem: Problem,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// It is no JSON object with the fields it needs.
    #[error("{what}, at column {column}")]
    Unreadable {
        /// What is wrong, in words.
        what: String,
        /// Where it was noticed, from 1.
        column: usize,
    },
    /// It is JSON, and no line of a cassette.
    #[error("it has no \"kreel_cassette\" with the version of the format")]
    NoCassette,
    /// A newer kreel wrote it.
    #[error("it is of version {found}; this kreel reads up to {CASSETTE_VERSION}")]
    Newer {
        /// Its version.
        found: u64,
    },
    /// It is a line of a cassette, of a type there is none of.
    #[error("its type is {found:?}; there is only \"fixture\"")]
    Type {
        /// Its type.
        found: String,
    },
    /// A field has a value it can't have.
    #[error("{field} {what}")]
    Field {
        /// Where it stands in the line.
        field: &'static str,
        /// What is wrong with it, or what it should be.
        what: &'static str,
    },
}

impl Problem {
    /// Whether a newer kreel would help.
    pub fn is_newer(&self) -> bool {
        matches!(self, Self::Newer { .. })
    }
}
