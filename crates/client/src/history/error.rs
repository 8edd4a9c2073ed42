//! Why there is no history.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the history can't be used.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// A file or folder can't be used.
    #[error("can't {what} {}", path.display())]
    File {
        /// What was tried, as a verb.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// SQLite can't use the file.
    #[error("can't use the history {}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The file is damaged; nothing was changed.
    #[error("the history {} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file is of a newer kreel; nothing was changed.
    #[error("the history {} is of a newer kreel: its version is {found}, this kreel knows {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// No thread could be started.
    #[error("can't start the history's thread")]
    Thread(#[source] io::Error),
}

impl HistoryError {
    /// What SQLite said of a file.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match is_damage(&source) {
            true => Self::Damaged {
                path,
                why: source.to_string(),
            },
            false => Self::Database { path, source },
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::File { .. } | Self::Thread(_) => {
                "check who owns the folder and whether the disk is full"
            }
            Self::Database { source, .. } => match source.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DiskFull) => "make room on the disk",
                Some(rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::CannotOpen) => {
                    "check who owns the file and its folder, and that they may be written"
                }
                Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
                    "another program holds the file; close it, then try again"
                }
                _ => "check the disk's free space and health",
            },
            Self::Damaged { .. } => {
                "the next `kreel listen` sets it aside and begins a new one; `sqlite3 FILE .recover` \
                 saves what can be saved"
            }
            Self::Newer { .. } => "update kreel",
        }
    }
}

/// Whether the file itself is at fault, and another one would do.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
    )
}
