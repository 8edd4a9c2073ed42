//! Looking things up in a history, beside whoever writes it.
//!
//! Lists page by key and never read a body.

mod find;
mod judge;
mod pages;
mod plan;
mod rows;
mod scope;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jiff::Timestamp;
use kreel_inspect::filter::{Filter, Subject};
use kreel_wire::{DeliveryId, TunnelName};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::file::existing;
use super::markers::{self, Marker};
use super::record::key;
use super::{HistoryError, words};
use crate::limits::HISTORY_CATCH_UP;

pub use find::Match;
pub use rows::{KeptAttempt, Last, Replays, Row, Whole};
pub use scope::{From, Page, Scope};

/// A history that can be read.
#[derive(Debug)]
pub struct Reader {
    db: Connection,
    path: PathBuf,
}

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// The newest first.
    pub rows: Vec<Row>,
    /// How many of the newest deliveries could not be searched yet.
    pub unsearched: u64,
}

/// What became of all deliveries of a tunnel, those that are forgotten too.
///
/// `received` is the sum of the others, `duplicates` aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "they are the standings, counted")]
pub struct Totals {
    pub received: u64,
    pub live: u64,
    pub waiting: u64,
    pub answered: u64,
    pub failed: u64,
    pub lost: u64,
    pub broken_off: u64,
    pub captured: u64,
    pub duplicates: u64,
}

impl Reader {
    /// Opens a history, if there is one.
    pub fn open(path: &Path) -> Result<Option<Self>, HistoryError> {
        Ok(existing(path)?.map(|(db, path)| Self { db, path }))
    }

    /// So many of the newest deliveries, of one tunnel or all; `before`: only those that came
    /// before the row of this number.
    pub fn page(
        &self,
        tunnel: Option<&TunnelName>,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Row>, HistoryError> {
        let before = before.unwrap_or(i64::MAX);
        self.read(|db| match tunnel {
            None => rows::page(db, before, limit),
            Some(tunnel) => rows::page_of(db, tunnel, before, limit),
        })
    }

    /// So many of the newest deliveries that have all these words in method, path, header values
    /// or the text of their body. What is not indexed yet is indexed first, for a while.
    pub fn search(
        &self,
        typed: &str,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Found, HistoryError> {
        let Some(query) = words::query(typed) else {
            return Ok(Found {
                rows: Vec::new(),
                unsearched: 0,
            });
        };
        let began = Instant::now();
        // A file that can't be written can be searched as far as it is indexed.
        while began.elapsed() < HISTORY_CATCH_UP && words::index_some(&self.db).unwrap_or(false) {}
        self.read(|db| {
            Ok(Found {
                rows: rows::matching(db, &query, before.unwrap_or(i64::MAX), limit)?,
                unsearched: words::left(db)?,
            })
        })
    }

    /// So many of those that are looked for, from there on. What takes longer than the budget is
    /// left for a further look: [`Page::scanned_to`] says where that goes on.
    ///
    /// The index of words, narrow indexes and columns are asked first; headers and bodies are read
    /// only where they decide.
    pub fn look(
        &self,
        scope: &Scope,
        from: From,
        limit: usize,
        budget: Duration,
    ) -> Result<Page, HistoryError> {
        let now_us = u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0);
        self.read(|db| pages::look(db, scope, from, limit, budget, now_us))
    }

    /// Whether a filter picks a delivery, with headers and body from here. None if it is not here,
    /// or not whole.
    pub fn judge(
        &self,
        filter: &Filter,
        subject: Subject<'_>,
    ) -> Result<Option<bool>, HistoryError> {
        self.read(|db| judge::judge(db, filter, subject))
    }

    /// Indexes words of what is new, for so long at the most. A file that can't be written stays as
    /// far as it is indexed; looks read the rest.
    pub fn catch_up(&self, budget: Duration) {
        let began = Instant::now();
        while began.elapsed() < budget && words::index_some(&self.db).unwrap_or(false) {}
    }

    /// How far along the history a number stands, for a scroll bar: 0 is the oldest, 1 the newest.
    pub fn position(&self, number: i64) -> Result<f64, HistoryError> {
        self.read(|db| pages::position(db, number))
    }

    /// The highest number a delivery has; 0 if there is none.
    pub fn newest(&self) -> Result<i64, HistoryError> {
        self.read(pages::newest)
    }

    /// The lowest number of a delivery that was received since then (microseconds since 1970). The
    /// history has deliveries in the order in which they came here, which need not be that one: all
    /// are looked at, up to the first that fits.
    pub fn first_since(&self, since_us: u64) -> Result<Option<i64>, HistoryError> {
        self.read(|db| {
            db.prepare_cached("SELECT min(number) FROM delivery WHERE received_at_us >= ?1")?
                .query_row([i64::try_from(since_us).unwrap_or(i64::MAX)], |row| {
                    row.get(0)
                })
        })
    }

    /// How many deliveries there are in all tunnels, at the most: numbers of those that were
    /// forgotten in between count, too.
    pub fn count(&self) -> Result<u64, HistoryError> {
        self.read(pages::count)
    }

    /// A number that is another one once another connection has changed the file, and costs nothing
    /// to ask for.
    pub fn version(&self) -> Result<i64, HistoryError> {
        self.read(|db| {
            db.prepare_cached("PRAGMA data_version")?
                .query_row([], |row| row.get(0))
        })
    }

    /// The lines that stand above deliveries from number `since` on and before `before`, of one tunnel
    /// or all, the newest first.
    pub fn markers(
        &self,
        tunnel: Option<&TunnelName>,
        since: i64,
        before: i64,
    ) -> Result<Vec<Marker>, HistoryError> {
        self.read(|db| markers::between(db, tunnel, since, before))
    }

    /// Which delivery is meant by an id, the beginning of one, `last` or `last~N`.
    pub fn find(&self, which: &str) -> Result<Match, HistoryError> {
        self.read(|db| find::find(db, None, which))
    }

    /// The same among the deliveries of one tunnel.
    pub fn find_in(&self, tunnel: &TunnelName, which: &str) -> Result<Match, HistoryError> {
        self.read(|db| find::find(db, Some(tunnel), which))
    }

    /// How many of the first digits of an id tell it from all others of the history.
    pub fn id_digits(&self, id: DeliveryId) -> Result<usize, HistoryError> {
        self.read(|db| find::digits(db, id.as_bytes()))
    }

    /// A delivery in brief, if it is there.
    pub fn row(&self, number: i64) -> Result<Option<Row>, HistoryError> {
        self.read(|db| rows::one(db, number))
    }

    /// All of a delivery but its body.
    pub fn get(&self, number: i64) -> Result<Option<Whole>, HistoryError> {
        self.read(|db| rows::whole(db, number, rows::Answers::All))
    }

    /// The same, with the body of one attempt and of the answer to it: this one, or the last. A
    /// delivery that was replayed a thousand times has a thousand of them.
    pub fn get_with_answer(
        &self,
        number: i64,
        attempt: Option<u32>,
    ) -> Result<Option<Whole>, HistoryError> {
        let answers = attempt.map_or(rows::Answers::Last, rows::Answers::Of);
        self.read(|db| rows::whole(db, number, answers))
    }

    /// One attempt at a delivery, once it is over; `attempt` counts from 1.
    pub fn attempt(&self, number: i64, attempt: u32) -> Result<Option<KeptAttempt>, HistoryError> {
        self.read(|db| rows::attempt_of(db, number, attempt))
    }

    /// A piece of a delivery's body, from 0; none beyond the last.
    pub fn piece(&self, number: i64, piece: u32) -> Result<Option<Bytes>, HistoryError> {
        self.read(|db| {
            db.prepare_cached("SELECT bytes FROM piece WHERE key = ?1")?
                .query_row([key(number, piece)], |row| {
                    row.get::<_, Vec<u8>>(0).map(Bytes::from)
                })
                .optional()
        })
    }

    /// The counters of a tunnel at a relay; none if it is unknown.
    pub fn counters(
        &self,
        relay: &str,
        tunnel: &TunnelName,
    ) -> Result<Option<Totals>, HistoryError> {
        self.read(|db| {
            db.prepare_cached(
                "SELECT received, live, waiting, answered, failed, lost, broken_off, captured,
                    duplicates FROM tunnel WHERE relay = ?1 AND name = ?2",
            )?
            .query_row(params![relay, tunnel.as_str()], |row| {
                Ok(Totals {
                    received: row.get(0)?,
                    live: row.get(1)?,
                    waiting: row.get(2)?,
                    answered: row.get(3)?,
                    failed: row.get(4)?,
                    lost: row.get(5)?,
                    broken_off: row.get(6)?,
                    captured: row.get(7)?,
                    duplicates: row.get(8)?,
                })
            })
            .optional()
        })
    }

    fn read<T>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        look(&self.db).map_err(|error| HistoryError::of(&self.path, error))
    }
}
