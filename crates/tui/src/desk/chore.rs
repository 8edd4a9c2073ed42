//! What the user wants done once.

use std::path::PathBuf;
use std::sync::Arc;

use super::Comparing;
use crate::app::differences::Layout;

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
    /// Takes the line away that was drawn last.
    EraseMarker,
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
    /// A delivery with the marked one nearest to it, before it if there is one, else after it; else
    /// with this one.
    CompareWithMarked {
        number: i64,
        before: Option<i64>,
        shows_secrets: bool,
    },
    /// Lays out what was compared.
    LayOut {
        comparing: Arc<Comparing>,
        layout: Layout,
    },
    Edit {
        number: i64,
    },
    /// Has the lens do something.
    Act {
        of: Of,
        act: Act,
    },
    /// Finds out which delivery is the newest, so that only those after it are shown.
    Clear,
    /// Finds out which delivery is meant, where only those after a number are shown.
    Goto {
        which: String,
        since: Option<i64>,
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
            Self::Mark { .. }
                | Self::Note { .. }
                | Self::Marker { .. }
                | Self::EraseMarker
                | Self::Clear
                | Self::Goto { .. }
        )
    }
}

impl Chore {
    /// What is told while it is done, if it may take long.
    pub(crate) fn what(&self) -> Option<&'static str> {
        match self {
            Self::Copy { .. } => Some("copying…"),
            Self::Export { .. } => Some("exporting…"),
            Self::Compare { .. } | Self::CompareWithMarked { .. } => Some("comparing…"),
            Self::Edit { .. } => Some("reading…"),
            _ => None,
        }
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
