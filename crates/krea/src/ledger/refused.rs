//! Calls that would have started a job and were refused: no webhook is to be expected of them.

use jiff::Timestamp;
use rusqlite::params;

use super::{Ledger, LedgerError, time};

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCall {
    /// When.
    pub at: Timestamp,
    /// Its path.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The API's words.
    pub words: String,
    /// The parameters it was made with, as the caller wrote them.
    pub parameters: Option<String>,
}

impl Ledger {
    /// Notes a call that was refused.
    pub fn refuse(&self, call: &RefusedCall) -> Result<(), LedgerError> {
        self.change(1, |db| {
            db.prepare_cached("INSERT INTO refused VALUES (?1, ?2, ?3, ?4, ?5)")?
                .execute(params![
                    call.at.as_microsecond(),
                    call.path,
                    call.status,
                    call.words,
                    call.parameters,
                ])?;
            Ok(())
        })
    }

    /// So many calls that were refused, the newest first.
    pub fn refusals(&self, limit: usize) -> Result<Vec<RefusedCall>, LedgerError> {
        let db = self.db();
        let mut select = db.prepare_cached(
            "SELECT at_us, path, http_status, words, parameters FROM refused
                ORDER BY at_us DESC LIMIT ?1",
        )?;
        let rows = select.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(RefusedCall {
                at: time(row.get(0)?),
                path: row.get(1)?,
                status: row.get(2)?,
                words: row.get(3)?,
                parameters: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
