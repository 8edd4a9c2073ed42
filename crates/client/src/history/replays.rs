//! Attempts that the user asks for: their numbers, and what came of them.

use std::sync::Arc;

use kreel_wire::DeliveryId;
use rusqlite::{OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::group::{Group, Stored};
use super::record::{MOST_ITEMS, SUMMARY, key, summary};
use super::take_in::MADE_HERE;
use super::{Allotted, Done, Refused, Standing, StoredAttempt, attempts};

/// What a group has written, once it is committed.
pub(super) struct Written {
    pub(super) done: Vec<Done>,
    pub(super) allotments: Vec<Allotment>,
}

/// A number that somebody waits for. It must not be told before it is in the file, or another
/// process may get it too.
pub(super) struct Allotment {
    reply: oneshot::Sender<Result<Allotted, Refused>>,
    result: Result<Allotted, Refused>,
}

impl Allotment {
    pub(super) fn tell(self) {
        // Whoever asked may have been stopped meanwhile.
        let _ = self.reply.send(self.result);
    }
}

impl Stored {
    /// The number of an attempt that a delivery gets by itself: the one it would be, unless a
    /// replay may have that.
    pub(super) fn own_number(&self, attempt: u32) -> u32 {
        match attempt > self.replayed {
            true => attempt,
            false => self.attempts.max(self.replayed) + 1,
        }
    }
}

impl Group<'_> {
    /// Gives the next number away. The first is left to the attempt that every delivery gets by
    /// itself: at a live one it begins before the file knows of it.
    pub(super) fn allot(
        &mut self,
        id: DeliveryId,
        reply: oneshot::Sender<Result<Allotted, Refused>>,
    ) -> rusqlite::Result<()> {
        self.write_fresh()?;
        let result = match self.known(id)? {
            None => Err(Refused::Unknown),
            Some(row) if !row.is_complete && row.standing == Standing::BrokenOff => {
                Err(Refused::BrokenOff)
            }
            Some(row) if !row.is_complete => Err(Refused::Arriving),
            Some(row) if row.attempts >= MOST_ITEMS => Err(Refused::WornOut),
            Some(row) => Ok(self.next_number(&row)?),
        };
        self.allotments.push(Allotment { reply, result });
        Ok(())
    }

    fn next_number(&self, row: &Stored) -> rusqlite::Result<Allotted> {
        let attempt = row.attempts.max(1) + 1;
        self.db
            .prepare_cached(
                "UPDATE delivery SET attempts = ?2, replayed = ?2, replays = replays + 1
                    WHERE number = ?1",
            )?
            .execute(params![row.number, attempt])?;
        let sql = format!("SELECT {SUMMARY} FROM delivery WHERE number = ?1");
        let delivery = self
            .db
            .prepare_cached(&sql)?
            .query_row([row.number], summary)?;
        let is_synthesised = self
            .db
            .prepare_cached(
                "SELECT relay = ?2 FROM tunnel JOIN delivery ON tunnel.id = tunnel_id
                    WHERE number = ?1",
            )?
            .query_row(params![row.number, MADE_HERE], |found| found.get(0))?;
        Ok(Allotted {
            delivery: Arc::new(delivery),
            attempt,
            is_synthesised,
        })
    }

    /// Whether this number is a replay's.
    pub(super) fn has_replay(&self, row: &Stored, attempt: u32) -> rusqlite::Result<bool> {
        let is_replay = self
            .db
            .prepare_cached("SELECT is_replay FROM attempt WHERE key = ?1")?
            .query_row([key(row.number, attempt)], |found| found.get(0))
            .optional()?;
        Ok(is_replay.unwrap_or(false))
    }

    /// Keeps an attempt that the user wanted. Lists show how it ended, since it is the last; where
    /// the delivery stands, and what is counted, is as before.
    pub(super) fn replayed(
        &mut self,
        id: DeliveryId,
        attempt: &StoredAttempt,
    ) -> rusqlite::Result<()> {
        self.write_fresh()?;
        // It may have been forgotten meanwhile.
        let Some(row) = self.known(id)? else {
            return Ok(());
        };
        attempts::insert(
            &mut attempts::inserting(self.db)?,
            row.number,
            attempt,
            &mut self.scratch,
        )?;
        let (status, failure) = attempts::outcome(attempt);
        self.db
            .prepare_cached(
                "UPDATE delivery SET last_status = ?2, last_failure = ?3, last_us = ?4
                    WHERE number = ?1",
            )?
            .execute(params![
                row.number,
                status,
                failure,
                attempts::micros(attempt.timings.total),
            ])?;
        Ok(())
    }
}
