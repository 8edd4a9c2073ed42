//! Whose webhook kreel makes itself: one process claims a job, so that no two do it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Ledger, LedgerError};
use crate::job::JobId;
use crate::limits::HANDED_LEASE;

/// What a claim came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is the caller's to hand over.
    Yours,
    /// Another process is at it.
    Taken,
    /// It was handed over before.
    Done,
}

impl Ledger {
    /// Claims a job whose webhook is to be made. A claim that comes to nothing lapses after two
    /// minutes, so that a process that died in between does no harm.
    pub fn claim(&self, id: &JobId, now: Timestamp) -> Result<Claim, LedgerError> {
        let lapsed = now.saturating_sub(HANDED_LEASE).unwrap_or(Timestamp::MIN);
        self.change(1, |db| {
            let claimed = db
                .prepare_cached(
                    "INSERT INTO handed VALUES (?1, ?2, 0) ON CONFLICT (job_id)
                        DO UPDATE SET at_us = ?2 WHERE is_done = 0 AND at_us < ?3",
                )?
                .execute(params![
                    id.as_str(),
                    now.as_microsecond(),
                    lapsed.as_microsecond()
                ])?;
            if claimed > 0 {
                return Ok(Claim::Yours);
            }
            let is_done: Option<bool> = db
                .prepare_cached("SELECT is_done FROM handed WHERE job_id = ?1")?
                .query_row([id.as_str()], |row| row.get(0))
                .optional()?;
            Ok(match is_done {
                Some(true) => Claim::Done,
                _ => Claim::Taken,
            })
        })
    }

    /// Goes on with a claim: an app that takes long is not handed the same again by another.
    pub fn renew(&self, id: &JobId, now: Timestamp) -> Result<(), LedgerError> {
        self.change(0, |db| {
            db.prepare_cached("UPDATE handed SET at_us = ?2 WHERE job_id = ?1 AND is_done = 0")?
                .execute(params![id.as_str(), now.as_microsecond()])?;
            Ok(())
        })
    }

    /// Ends a claim: the app has answered, or it may be claimed again.
    pub fn settle(&self, id: &JobId, is_done: bool) -> Result<(), LedgerError> {
        self.change(0, |db| {
            match is_done {
                true => db.prepare_cached("UPDATE handed SET is_done = 1 WHERE job_id = ?1")?,
                false => {
                    db.prepare_cached("DELETE FROM handed WHERE job_id = ?1 AND is_done = 0")?
                }
            }
            .execute([id.as_str()])?;
            Ok(())
        })
    }
}
