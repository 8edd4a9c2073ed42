//! What the user writes into a history: marks, notes, lines, and what is taken out of it.
//!
//! A connection of its own, beside whoever records and whoever reads, in any number of processes.
//! Each call is one short transaction.

use std::path::{Path, PathBuf};

use kreel_wire::TunnelName;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::file::existing;
use super::{HistoryError, Standing, trim};

/// A history that can be written on.
#[derive(Debug)]
pub struct Pen {
    db: Connection,
    path: PathBuf,
}

/// What came of taking a delivery out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone, with its attempts and its note.
    Gone,
    /// It is not there.
    Absent,
    /// It is still to be handed over, or arriving: taking it out would lose it.
    Waiting,
}

impl Pen {
    /// Opens a history, if there is one.
    pub fn open(path: &Path) -> Result<Option<Self>, HistoryError> {
        Ok(existing(path)?.map(|(db, path)| Self { db, path }))
    }

    /// Marks a delivery, or takes the mark away. False if it is not there. Marked ones stay when
    /// the oldest are forgotten.
    pub fn mark(&mut self, number: i64, is_marked: bool) -> Result<bool, HistoryError> {
        self.write(|db| {
            let changed = db
                .prepare_cached("UPDATE delivery SET is_marked = ?2 WHERE number = ?1")?
                .execute(params![number, is_marked])?;
            Ok(changed > 0)
        })
    }

    /// Writes a note on a delivery, in place of an earlier one; an empty one takes it away. False
    /// if the delivery is not there. Those with a note stay when the oldest are forgotten.
    pub fn note(&mut self, number: i64, text: &str) -> Result<bool, HistoryError> {
        let text = text.trim();
        self.write(|db| {
            let is_there = db
                .prepare_cached("SELECT 1 FROM delivery WHERE number = ?1")?
                .exists([number])?;
            if text.is_empty() {
                db.prepare_cached("DELETE FROM note WHERE delivery = ?1")?
                    .execute([number])?;
            } else if is_there {
                db.prepare_cached("INSERT OR REPLACE INTO note (delivery, text) VALUES (?1, ?2)")?
                    .execute(params![number, text])?;
            }
            Ok(is_there)
        })
    }

    /// Draws a line above the newest delivery. False if the tunnel is unknown.
    pub fn draw_line(
        &mut self,
        relay: &str,
        tunnel: &TunnelName,
        text: &str,
        now_us: u64,
    ) -> Result<bool, HistoryError> {
        self.write(|db| {
            let drawn = db
                .prepare_cached(
                    "INSERT INTO marker (tunnel_id, below, made_at_us, text)
                        SELECT tunnel.id, next_number - 1, ?3, ?4 FROM tunnel, state
                        WHERE relay = ?1 AND name = ?2",
                )?
                .execute(params![
                    relay,
                    tunnel.as_str(),
                    super::record::signed(now_us),
                    text.trim()
                ])?;
            Ok(drawn > 0)
        })
    }

    /// Takes a line away. False if it is not there.
    pub fn erase_line(&mut self, id: i64) -> Result<bool, HistoryError> {
        self.write(|db| {
            let erased = db
                .prepare_cached("DELETE FROM marker WHERE id = ?1")?
                .execute([id])?;
            Ok(erased > 0)
        })
    }

    /// Takes a delivery out, marked or not. What the counters say stays: it did come. One that
    /// comes again from the relay is kept as a new one.
    pub fn remove(&mut self, number: i64) -> Result<Removed, HistoryError> {
        self.write(|db| {
            let standing = db
                .prepare_cached("SELECT standing FROM delivery WHERE number = ?1")?
                .query_row([number], |row| Standing::from_number(row.get(0)?))
                .optional()?;
            Ok(match standing {
                None => Removed::Absent,
                Some(Standing::Live | Standing::Waiting) => Removed::Waiting,
                Some(_) => {
                    trim::delete(db, number)?;
                    Removed::Gone
                }
            })
        })
    }

    fn write<T>(
        &mut self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        let written = || {
            let transaction = self
                .db
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        written().map_err(|error| HistoryError::of(&self.path, error))
    }
}

#[cfg(test)]
impl Pen {
    /// What is said of a file that can't be written: tests may run as root, whom no mode stops.
    pub(super) fn refused_for_test(&mut self) -> HistoryError {
        let _ = self.db.pragma_update(None, "query_only", true);
        self.mark(1, true).expect_err("it can't be written")
    }
}
