//! One group of jobs, inside its transaction.
//!
//! A delivery that came in this group is written at its end, as it stands then: what begins and
//! ends in one group costs one row each and no change of any.

use std::sync::Arc;

use bytes::Bytes;
use foldhash::HashMap;
use kreel_wire::{Delivery, DeliveryId, Kind};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::bodies::{self, Bodies};
use super::ended::Ended;
use super::fresh::Fresh;
use super::record::{keys, signed};
use super::replays::{Allotment, Written};
use super::tally::Tally;
use super::{Done, Job, Known, Standing, StoredAttempt, Waiting, attempts, look};
use crate::Summary;

/// A group that is being done.
pub(super) struct Group<'a> {
    pub(super) db: &'a Connection,
    tunnel: i64,
    bodies: &'a mut Bodies,
    /// The number the next delivery gets, and what the file says it is.
    next: i64,
    next_was: i64,
    fresh: Vec<Fresh>,
    /// Where in `fresh` a delivery is.
    places: HashMap<DeliveryId, usize>,
    tally: Tally,
    done: Vec<Done>,
    pub(super) allotments: Vec<Allotment>,
    /// Those that are finished and of which the file may not even know that they came.
    ended: Option<&'a mut Ended>,
    /// Kept only for its memory.
    pub(super) scratch: Vec<u8>,
}

/// What decides about a delivery that the file has.
pub(super) struct Stored {
    pub(super) number: i64,
    tunnel: i64,
    pub(super) standing: Standing,
    is_promised: bool,
    pub(super) is_complete: bool,
    pub(super) attempts: u32,
    /// The highest number a replay has.
    pub(super) replayed: u32,
}

impl<'a> Group<'a> {
    /// Begins inside a transaction that may write.
    pub(super) fn begin(
        db: &'a Connection,
        tunnel: i64,
        bodies: &'a mut Bodies,
    ) -> rusqlite::Result<Self> {
        let next = db
            .prepare_cached("SELECT next_number FROM state")?
            .query_row([], |row| row.get(0))?;
        Ok(Self {
            db,
            tunnel,
            bodies,
            next,
            next_was: next,
            fresh: Vec::new(),
            places: HashMap::default(),
            tally: Tally::default(),
            done: Vec::new(),
            allotments: Vec::new(),
            ended: None,
            scratch: Vec::new(),
        })
    }

    /// With those that ended without the file knowing of them.
    pub(super) fn remembering(mut self, ended: &'a mut Ended) -> Self {
        self.ended = Some(ended);
        self
    }

    /// Does one job. An error is the whole group's.
    pub(super) fn perform(&mut self, job: Job) -> rusqlite::Result<()> {
        match job {
            Job::Begin {
                delivery,
                first,
                is_complete,
            } => self.arrive(delivery, first, is_complete, false),
            Job::Receive {
                delivery,
                first,
                is_complete,
            } => self.arrive(delivery, first, is_complete, true),
            Job::Piece { id, data, end } => self.piece(id, &data, end),
            Job::Stand { id, standing } => self.stand(id, standing),
            Job::Begun { id, attempt } => self.begun(id, attempt),
            Job::Ended {
                id,
                standing,
                attempt,
            } => self.ended(id, standing, attempt),
            Job::Whole { id } => self.whole(id),
            Job::Promise { id, attempts } => self.promise(id, attempts),
            Job::Allot { id, reply } => self.allot(id, reply),
            Job::Replayed { id, attempt } => self.replayed(id, &attempt),
            Job::Duplicate { id } => self.came_again(id),
            look @ (Job::Backlog { .. } | Job::Load { .. } | Job::Head { .. }) => {
                self.write_fresh()?;
                self.done.extend(look::perform(self.db, self.tunnel, look)?);
                Ok(())
            }
        }
    }

    /// Writes what is left to write. The caller commits, and then tells what was done.
    pub(super) fn finish(mut self, syncs: bool) -> rusqlite::Result<Written> {
        self.write_fresh()?;
        if syncs || self.next != self.next_was {
            // A transaction that changes nothing syncs nothing, not even what others wrote.
            self.db
                .prepare_cached("UPDATE state SET next_number = ?1, syncs = syncs + ?2")?
                .execute(params![self.next, syncs])?;
        }
        self.tally.write(self.db)?;
        Ok(Written {
            done: self.done,
            allotments: self.allotments,
        })
    }

    fn arrive(
        &mut self,
        delivery: Box<Delivery>,
        first: Bytes,
        is_complete: bool,
        is_kept: bool,
    ) -> rusqlite::Result<()> {
        if self.places.contains_key(&delivery.id) {
            self.write_fresh()?;
        }
        // A live one that never went out before can't be known.
        if (is_kept || delivery.attempted)
            && let Some(known) = self.known(delivery.id)?
        {
            return self.again(&known, &delivery, &first, is_complete, is_kept);
        }
        let (id, number, attempts) = (delivery.id, self.next, u32::from(delivery.attempted));
        self.next += 1;
        let ended = self.ended.as_ref().and_then(|ended| ended.get(&id));
        let (standing, news) = match ended.filter(|_| is_kept) {
            Some(ended) => (ended, Known::Finished),
            None => (arriving(is_kept), Known::New { attempts }),
        };
        self.places.insert(id, self.fresh.len());
        let size_bytes = first.len() as u64;
        let mut fresh = Fresh {
            number,
            delivery,
            body: first,
            size_bytes,
            is_complete,
            standing,
            is_promised: is_kept,
            attempts,
            ended: Vec::new(),
        };
        if is_complete {
            self.fresh.push(fresh);
            return self.received(is_kept, id, news);
        }
        let first = std::mem::take(&mut fresh.body);
        self.fresh.push(fresh);
        self.bodies.begin(id, number, is_kept.then_some(news));
        self.bodies.push(self.db, id, &first)
    }

    /// A delivery comes that the file has.
    fn again(
        &mut self,
        row: &Stored,
        delivery: &Delivery,
        first: &Bytes,
        is_complete: bool,
        is_kept: bool,
    ) -> rusqlite::Result<()> {
        let id = delivery.id;
        if is_kept && row.standing.is_final(row.is_promised) {
            return self.received(true, id, Known::Finished);
        }
        let attempts = row.attempts.max(u32::from(delivery.attempted));
        let known = match row.standing {
            Standing::Waiting if row.is_complete => Known::Waiting { attempts },
            _ => Known::New { attempts },
        };
        let standing = arriving(is_kept);
        self.tally.left(row.tunnel, row.standing);
        self.tally.came(self.tunnel, standing);
        self.db
            .prepare_cached(
                "UPDATE delivery SET tunnel_id = ?2, seq = ?3, standing = ?4, attempts = ?5,
                    is_queued = ?6, is_promised = max(is_promised, ?7) WHERE number = ?1",
            )?
            .execute(params![
                row.number,
                self.tunnel,
                signed(delivery.seq.0),
                standing.number(),
                attempts,
                delivery.kind == Kind::Queued,
                is_kept,
            ])?;
        if row.is_complete {
            // Whatever comes of the body is here already.
            return self.received(is_kept, id, known);
        }
        let (least, most) = keys(row.number);
        self.db
            .prepare_cached("DELETE FROM piece WHERE key BETWEEN ?1 AND ?2")?
            .execute([least, most])?;
        self.bodies.begin(id, row.number, is_kept.then_some(known));
        self.piece(id, first, is_complete)
    }

    /// One came that was finished: it is counted, and marked as such.
    fn came_again(&mut self, id: DeliveryId) -> rusqlite::Result<()> {
        self.tally.duplicate(self.tunnel);
        self.write_fresh()?;
        self.db
            .prepare_cached("UPDATE delivery SET came_again = came_again + 1 WHERE id = ?1")?
            .execute([id.as_bytes()])?;
        Ok(())
    }

    fn received(&mut self, is_kept: bool, id: DeliveryId, known: Known) -> rusqlite::Result<()> {
        if is_kept && let Some(row) = self.waiting(id)? {
            self.done.push(Done::Received { row, known });
        }
        Ok(())
    }

    /// A delivery as one that waits.
    fn waiting(&self, id: DeliveryId) -> rusqlite::Result<Option<Waiting>> {
        let Some(place) = self.places.get(&id) else {
            return look::waiting(self.db, id);
        };
        let fresh = &self.fresh[*place];
        let mut summary = Summary::new(&fresh.delivery, Some(fresh.size_bytes));
        summary.kind = Kind::Queued;
        Ok(Some(Waiting {
            summary: Arc::new(summary),
            attempts: fresh.attempts,
            replays: 0,
        }))
    }

    fn piece(&mut self, id: DeliveryId, data: &Bytes, end: bool) -> rusqlite::Result<()> {
        self.bodies.push(self.db, id, data)?;
        if !end {
            return Ok(());
        }
        let Some(body) = self.bodies.end(self.db, id)? else {
            return Ok(());
        };
        if let Some(fresh) = self.fresh_mut(id) {
            (fresh.size_bytes, fresh.is_complete) = (body.size_bytes, true);
        } else if !self.complete(body.number(), body.size_bytes)? {
            return Ok(());
        }
        match body.wanted {
            Some(known) => {
                self.taken_up_again(id)?;
                self.received(true, id, known)
            }
            None => Ok(()),
        }
    }

    /// Another process, which found nobody at work, may have given up one that was arriving.
    fn taken_up_again(&mut self, id: DeliveryId) -> rusqlite::Result<()> {
        match self.known(id)? {
            Some(row) if row.standing == Standing::BrokenOff => {
                self.set_standing(&row, Standing::Waiting)
            }
            _ => Ok(()),
        }
    }

    /// A body is whole. False if its delivery is gone.
    fn complete(&self, number: i64, size_bytes: u64) -> rusqlite::Result<bool> {
        let changed = self
            .db
            .prepare_cached(
                "UPDATE delivery SET is_complete = 1, size_bytes = ?2 WHERE number = ?1",
            )?
            .execute(params![number, size_bytes])?;
        // Its words may have been looked at before it had them.
        if changed > 0 {
            self.db
                .prepare_cached("INSERT OR IGNORE INTO unindexed VALUES (?1)")?
                .execute([number])?;
        } else {
            super::trim::delete(self.db, number)?;
        }
        Ok(changed > 0)
    }

    fn stand(&mut self, id: DeliveryId, standing: Standing) -> rusqlite::Result<()> {
        if standing == Standing::BrokenOff {
            self.break_off(id)?;
        }
        if let Some(fresh) = self.fresh_mut(id) {
            fresh.standing = standing;
            return Ok(());
        }
        match self.known(id)? {
            Some(row) => self.set_standing(&row, standing),
            None => self.unknown(id, standing),
        }
    }

    /// It came while nothing could be written, and has ended since.
    fn unknown(&mut self, id: DeliveryId, standing: Standing) -> rusqlite::Result<()> {
        if let Some(ended) = &mut self.ended {
            ended.insert(id, standing);
        }
        Ok(())
    }

    /// Nothing comes of a body any more: what came of it is kept to be looked at.
    fn break_off(&mut self, id: DeliveryId) -> rusqlite::Result<()> {
        let Some(body) = self.bodies.end(self.db, id)? else {
            return Ok(());
        };
        if let Some(fresh) = self.fresh_mut(id) {
            fresh.size_bytes = body.size_bytes;
            return Ok(());
        }
        self.db
            .prepare_cached("UPDATE delivery SET size_bytes = ?2 WHERE number = ?1")?
            .execute(params![body.number(), body.size_bytes])?;
        Ok(())
    }

    fn set_standing(&mut self, row: &Stored, standing: Standing) -> rusqlite::Result<()> {
        if row.standing == standing {
            return Ok(());
        }
        self.tally.moved(row.tunnel, row.standing, standing);
        self.db
            .prepare_cached("UPDATE delivery SET standing = ?2 WHERE number = ?1")?
            .execute(params![row.number, standing.number()])?;
        Ok(())
    }

    fn begun(&mut self, id: DeliveryId, attempt: u32) -> rusqlite::Result<()> {
        let number = if let Some(fresh) = self.fresh_mut(id) {
            fresh.attempts = fresh.attempts.max(attempt);
            attempt
        } else if let Some(row) = self.known(id)? {
            let number = row.own_number(attempt);
            self.db
                .prepare_cached(
                    "UPDATE delivery SET attempts = max(attempts, ?2) WHERE number = ?1",
                )?
                .execute(params![row.number, number])?;
            number
        } else {
            self.done.push(Done::NotDone { id });
            return Ok(());
        };
        self.done.push(Done::Began {
            id,
            attempt,
            number,
        });
        Ok(())
    }

    fn ended(
        &mut self,
        id: DeliveryId,
        standing: Standing,
        mut attempt: Box<StoredAttempt>,
    ) -> rusqlite::Result<()> {
        if standing == Standing::BrokenOff {
            self.break_off(id)?;
        }
        if let Some(fresh) = self.fresh_mut(id) {
            fresh.standing = standing;
            fresh.attempts = fresh.attempts.max(attempt.attempt);
            fresh.ended.push(*attempt);
            return Ok(());
        }
        let Some(row) = self.known(id)? else {
            return self.unknown(id, standing);
        };
        if attempt.attempt <= row.replayed && self.has_replay(&row, attempt.attempt)? {
            // The history could not be told that it began.
            attempt.attempt = row.own_number(attempt.attempt);
        }
        attempts::insert(
            &mut attempts::inserting(self.db)?,
            row.number,
            &attempt,
            &mut self.scratch,
        )?;
        if row.standing != standing {
            self.tally.moved(row.tunnel, row.standing, standing);
        }
        let (status, failure) = attempts::outcome(&attempt);
        self.db
            .prepare_cached(
                "UPDATE delivery SET standing = ?2, attempts = max(attempts, ?3),
                    last_status = ?4, last_failure = ?5, last_us = ?6 WHERE number = ?1",
            )?
            .execute(params![
                row.number,
                standing.number(),
                attempt.attempt,
                status,
                failure,
                attempts::micros(attempt.timings.total),
            ])?;
        Ok(())
    }

    /// Says that a delivery is here, once this group is written.
    fn whole(&mut self, id: DeliveryId) -> rusqlite::Result<()> {
        let is_whole = match self.fresh_mut(id) {
            Some(fresh) => fresh.is_complete,
            None => self.known(id)?.is_some_and(|row| row.is_complete),
        };
        self.done.extend(is_whole.then_some(Done::Whole { id }));
        Ok(())
    }

    /// The delivery is to be handed over from here, unless that is done. What is not here to its
    /// last byte can't be promised.
    fn promise(&mut self, id: DeliveryId, attempts: u32) -> rusqlite::Result<()> {
        let is_final = if let Some(fresh) = self.fresh_mut(id) {
            if !fresh.is_complete {
                self.done.push(Done::NotDone { id });
                return Ok(());
            }
            let is_final = fresh.standing.is_final(fresh.is_promised);
            fresh.is_promised = true;
            fresh.attempts = fresh.attempts.max(attempts);
            is_final
        } else {
            let Some(row) = self.known(id)?.filter(|row| row.is_complete) else {
                self.done.push(Done::NotDone { id });
                return Ok(());
            };
            self.db
                .prepare_cached(
                    "UPDATE delivery SET is_promised = 1, attempts = max(attempts, ?2)
                        WHERE number = ?1",
                )?
                .execute(params![row.number, attempts])?;
            row.standing.is_final(row.is_promised)
        };
        if !is_final {
            self.stand(id, Standing::Waiting)?;
        }
        if let Some(row) = self.waiting(id)? {
            self.done.push(Done::Promised {
                id,
                seq: row.summary.seq,
                row: (!is_final).then_some(row),
            });
        }
        Ok(())
    }

    fn fresh_mut(&mut self, id: DeliveryId) -> Option<&mut Fresh> {
        self.places.get(&id).map(|place| &mut self.fresh[*place])
    }

    /// What the file has of a delivery, those that came in this group aside.
    pub(super) fn known(&self, id: DeliveryId) -> rusqlite::Result<Option<Stored>> {
        self.db
            .prepare_cached(
                "SELECT number, tunnel_id, standing, is_complete, attempts, is_promised, replayed
                    FROM delivery WHERE id = ?1",
            )?
            .query_row([id.as_bytes()], |row| {
                Ok(Stored {
                    number: row.get(0)?,
                    tunnel: row.get(1)?,
                    standing: Standing::from_number(row.get(2)?)?,
                    is_complete: row.get(3)?,
                    attempts: row.get(4)?,
                    is_promised: row.get(5)?,
                    replayed: row.get(6)?,
                })
            })
            .optional()
    }

    pub(super) fn write_fresh(&mut self) -> rusqlite::Result<()> {
        if self.fresh.is_empty() {
            return Ok(());
        }
        self.places.clear();
        let mut deliveries = Fresh::inserting(self.db)?;
        let mut pieces = bodies::inserting(self.db)?;
        let mut attempts = attempts::inserting(self.db)?;
        for fresh in std::mem::take(&mut self.fresh) {
            if !fresh.insert(&mut deliveries, self.tunnel, &mut self.scratch)? {
                // It was known after all: what is new takes its place.
                self.replace(fresh.delivery.id)?;
                fresh.insert(&mut deliveries, self.tunnel, &mut self.scratch)?;
            }
            self.tally.came(self.tunnel, fresh.standing);
            bodies::put_whole(&mut pieces, fresh.number, &fresh.body)?;
            for attempt in &fresh.ended {
                attempts::insert(&mut attempts, fresh.number, attempt, &mut self.scratch)?;
            }
        }
        Ok(())
    }

    fn replace(&mut self, id: DeliveryId) -> rusqlite::Result<()> {
        if let Some(row) = self.known(id)? {
            self.tally.left(row.tunnel, row.standing);
            super::trim::delete(self.db, row.number)?;
        }
        Ok(())
    }
}

/// Where a delivery stands when it comes.
fn arriving(is_kept: bool) -> Standing {
    if is_kept {
        Standing::Waiting
    } else {
        Standing::Live
    }
}
