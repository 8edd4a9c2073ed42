//! What the user wants done once.

use std::path::PathBuf;

use crate::lens::{Act, Of};

/// Something to be done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chore {
    Mark {
        number: i64,
        on: bool,
    },
    Note {
        number: i64,
        text: String,
    },
    Marker {
        text: String,
    },
    Copy {
        number: i64,
        what: Copied,
        shows_secrets: bool,
    },
    Export {
        number: i64,
        format: ExportFormat,
        to: PathBuf,
        shows_secrets: bool,
    },
    Compare {
        left: Side,
        right: Side,
        shows_secrets: bool,
    },
    Edit {
        number: i64,
    },
    /// Has the lens do something.
    Act {
        of: Of,
        act: Act,
    },
    /// Finds out which delivery is meant.
    Goto {
        which: String,
    },
}

/// What is copied of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copied {
    Curl,
    Headers,
    Body,
}

/// How a delivery is written for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExportFormat {
    Curl,
    Har,
    Json,
    Raw,
    Fixture,
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) number: i64,
    /// The answer to this attempt, instead of the delivery.
    pub(crate) attempt: Option<u32>,
}

impl Chore {
    pub(crate) fn is_about_rows(&self) -> bool {
        matches!(
            self,
            Self::Mark { .. } | Self::Note { .. } | Self::Marker { .. } | Self::Goto { .. }
        )
    }
}

impl ExportFormat {
    pub(crate) const ALL: [(&'static str, Self); 5] = [
        ("curl", Self::Curl),
        ("har", Self::Har),
        ("json", Self::Json),
        ("raw", Self::Raw),
        ("fixture", Self::Fixture),
    ];

    /// The usual end of such a file's name.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Curl => "sh",
            Self::Har => "har",
            Self::Json => "json",
            Self::Raw => "http",
            Self::Fixture => "ndjson",
        }
    }
}
