//! What is known of jobs, in one SQLite file that several processes may use at once: how they were
//! started, which webhooks of which history are about them, what the API said, which calls it
//! refused, and which webhooks kreel made itself.
//!
//! No token is in any table. What the webhooks say is read from the history each time; here is
//! only where to look.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use thiserror::Error;

use crate::job::JobId;
use crate::limits::LEDGER_BUSY;

mod answers;
mod handed;
mod jobs;
mod list;
mod refused;
mod schema;
mod seen;
#[cfg(test)]
mod tests;
mod trim;

pub use handed::Claim;
pub use list::Place;
pub use refused::RefusedCall;
pub use seen::Seen;
#[cfg(test)]
pub(crate) use seen::digest;

/// What is known of jobs, in a file.
#[derive(Debug)]
pub struct Ledger {
    db: Mutex<Connection>,
    /// How many rows were added since it was last looked whether there are too many.
    added: AtomicU32,
    /// How often it was changed by this process.
    changes: AtomicU64,
}

/// Why a ledger can't be used.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// It can't be made or opened.
    #[error("the file can't be opened")]
    Open(#[from] io::Error),
    /// SQLite can't use it.
    #[error("the file is not one of jobs, or can't be used")]
    Database(#[from] rusqlite::Error),
    /// A newer kreel wrote it.
    #[error("a newer kreel wrote this file (version {found}, known here: {known})")]
    Newer {
        /// Its version.
        found: usize,
        /// The newest version known here.
        known: usize,
    },
}

impl Ledger {
    /// Opens the file, and makes it if there is none: its owner's alone.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        private(path)?;
        Self::with(Connection::open(path)?)
    }

    /// One that is forgotten with the process.
    pub fn in_memory() -> Result<Self, LedgerError> {
        Self::with(Connection::open_in_memory()?)
    }

    fn with(mut db: Connection) -> Result<Self, LedgerError> {
        db.busy_timeout(LEDGER_BUSY)?;
        db.set_prepared_statement_cache_capacity(64);
        db.pragma_update(None, "journal_mode", "WAL")?;
        // What a crash of the machine takes from it are the jobs of its last moments.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        schema::migrate(&mut db)?;
        Ok(Self {
            db: Mutex::new(db),
            added: AtomicU32::new(0),
            changes: AtomicU64::new(0),
        })
    }

    /// Another number after every change, whichever process made it. Cheap.
    pub fn version(&self) -> Result<u64, LedgerError> {
        let db = self.db();
        // SQLite counts what others commit, and not what this connection does.
        let others: i64 = db
            .prepare_cached("PRAGMA data_version")?
            .query_row([], |row| row.get(0))?;
        let own = self.changes.load(Ordering::Relaxed);
        Ok(others.cast_unsigned().wrapping_shl(32).wrapping_add(own))
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A connection is whole after any panic: SQLite rolls back what was not committed.
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes several tables at once, or none of them; then takes out what is too much.
    fn change<T>(
        &self,
        rows: usize,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let mut db = self.db();
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let changed = change(&transaction)?;
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        if self
            .added
            .fetch_add(rows, Ordering::Relaxed)
            .saturating_add(rows)
            >= trim::EVERY
        {
            self.added.store(0, Ordering::Relaxed);
            trim::trim(&transaction)?;
        }
        transaction.commit()?;
        self.changes.fetch_add(1, Ordering::Relaxed);
        Ok(changed)
    }
}

/// Notes that there is such a job: since when, and whether it has ended. The earliest time counts,
/// and an end stays one.
fn heard(db: &Connection, id: &JobId, at: Timestamp, is_over: bool) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO heard VALUES (?1, ?2, ?3) ON CONFLICT (job_id) DO UPDATE SET
            at_us = min(at_us, excluded.at_us), is_over = max(is_over, excluded.is_over)",
    )?
    .execute(params![id.as_str(), at.as_microsecond(), is_over])?;
    Ok(())
}

/// A time from its column.
fn time(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or_default()
}

/// Makes the file its owner's alone before anything is in it.
fn private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
