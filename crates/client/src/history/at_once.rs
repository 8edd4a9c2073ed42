//! The history without its thread, for tests that decide themselves when its jobs are done and
//! when it is killed.

use rusqlite::Connection;

use super::bodies::Bodies;
use super::group::Group;
use super::register::register;
use super::replays::Allotment;
use super::{Done, Job, Standing, schema};
use crate::testing::id;

/// A history in memory: what was committed outlives a [`kill`](Self::kill).
pub(crate) struct AtOnce {
    db: Connection,
    tunnel: i64,
    bodies: Bodies,
}

impl AtOnce {
    pub(crate) fn new() -> Self {
        let mut db = Connection::open_in_memory().unwrap();
        schema::prepare(&db).unwrap();
        schema::migrate(&mut db).unwrap();
        let mut history = Self {
            db,
            tunnel: 0,
            bodies: Bodies::default(),
        };
        history.kill();
        history
    }

    /// Forgets everything, which is quicker than a new one.
    pub(crate) fn clear(&mut self) {
        if !self.db.is_autocommit() {
            self.db.execute_batch("ROLLBACK").unwrap();
        }
        let tables = [
            "delivery",
            "piece",
            "attempt",
            "unindexed",
            "tunnel",
            "note",
            "marker",
        ];
        for table in tables {
            self.db
                .execute(&format!("DELETE FROM {table}"), [])
                .unwrap();
        }
        self.kill();
    }

    /// Does jobs in one transaction.
    pub(crate) fn commit(&mut self, jobs: impl Iterator<Item = Job>) -> Vec<Done> {
        self.db.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut group = Group::begin(&self.db, self.tunnel, &mut self.bodies).unwrap();
        for job in jobs {
            group.perform(job).unwrap();
        }
        let written = group.finish(true).unwrap();
        self.db.execute_batch("COMMIT").unwrap();
        self.bodies.committed();
        written.allotments.into_iter().for_each(Allotment::tell);
        written.done
    }

    /// The process is killed, and the next one takes over.
    pub(crate) fn kill(&mut self) {
        self.bodies = Bodies::default();
        let name = ("relay".to_owned(), "my-tunnel".parse().unwrap());
        self.tunnel = register(&mut self.db, &name, true).unwrap();
    }

    /// The attempts at the delivery with this number: which ones, and whether they were replays.
    pub(crate) fn attempts(&self, number: u64) -> Vec<(u32, bool)> {
        self.db
            .prepare_cached(
                "SELECT attempts.number, is_replay FROM attempts
                    JOIN delivery ON delivery.number = attempts.delivery WHERE id = ?1",
            )
            .unwrap()
            .query_map([id(number).as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }

    /// Whether all of the delivery with this number is in the file.
    pub(crate) fn is_whole(&self, number: u64) -> bool {
        let found = self.db.query_row(
            "SELECT is_complete FROM delivery WHERE id = ?1",
            [id(number).as_bytes()],
            |row| row.get(0),
        );
        found.unwrap_or(false)
    }

    /// Where the delivery with this number stands.
    pub(crate) fn standing(&self, number: u64) -> Option<Standing> {
        let found = self.db.query_row(
            "SELECT standing FROM delivery WHERE id = ?1",
            [id(number).as_bytes()],
            |row| Standing::from_number(row.get(0)?),
        );
        found.ok()
    }
}
