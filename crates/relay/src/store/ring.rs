//! What stays of settled deliveries: the last of each tunnel, for a while, and so many bytes in
//! all. Beyond that the oldest leave first. What waits is never touched.

use std::collections::HashSet;
use std::time::Duration;

use kreel_wire::Seq;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::log::now_ms;
use crate::config::Limits;
use crate::limits::TRIM_ROWS;

/// How much stays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    /// Of one tunnel.
    pub(super) count: u64,
    age: Duration,
    bytes: u64,
}

/// What a round of trimming came to.
#[derive(Debug, Default)]
pub(super) struct Trimmed {
    /// The bytes that left.
    pub(super) bytes: u64,
    /// The tunnels that have still too many.
    pub(super) unfinished: Vec<i64>,
    /// Whether there is more to do.
    pub(super) more: bool,
}

impl Ring {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            count: limits.retain_count,
            age: limits.retain_age,
            bytes: limits.retain_bytes,
        }
    }

    /// Forgets what is over, a bounded number of rows at a time. `held` is what the ring takes.
    pub(super) fn trim(
        &self,
        db: &Connection,
        tunnels: &HashSet<i64>,
        held: u64,
    ) -> rusqlite::Result<Trimmed> {
        let mut trimmed = Trimmed::default();
        for tunnel in tunnels {
            let (bytes, more) = self.by_count(db, *tunnel)?;
            trimmed.bytes += bytes;
            if more {
                trimmed.unfinished.push(*tunnel);
            }
        }
        let age = i64::try_from(self.age.as_millis()).unwrap_or(i64::MAX);
        let (bytes, more) = forget(db, OLDER, now_ms().saturating_sub(age), u64::MAX)?;
        trimmed.bytes += bytes;
        let over = held
            .saturating_sub(trimmed.bytes)
            .saturating_sub(self.bytes);
        let (bytes, still) = forget(db, OLDER, i64::MAX, over)?;
        trimmed.bytes += bytes;
        trimmed.more = more || still || !trimmed.unfinished.is_empty();
        Ok(trimmed)
    }

    fn by_count(&self, db: &Connection, tunnel: i64) -> rusqlite::Result<(u64, bool)> {
        let newest_over: Option<i64> = db
            .prepare_cached(
                "SELECT seq FROM settled WHERE tunnel_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2",
            )?
            .query_row(params![tunnel, within(self.count)], |row| row.get(0))
            .optional()?;
        let Some(newest_over) = newest_over else {
            return Ok((0, false));
        };
        let last: Option<i64> = db
            .prepare_cached(
                "SELECT seq FROM settled WHERE tunnel_id = ?1 AND seq < ?2 ORDER BY seq
                 LIMIT 1 OFFSET ?3",
            )?
            .query_row(params![tunnel, newest_over, TRIM_ROWS], |row| row.get(0))
            .optional()?;
        let up_to = last.unwrap_or(newest_over);
        for sql in [
            "DELETE FROM piece WHERE tunnel_id = ?1 AND seq IN
                (SELECT seq FROM settled WHERE tunnel_id = ?1 AND seq <= ?2)",
            "DELETE FROM delivery WHERE tunnel_id = ?1 AND seq IN
                (SELECT seq FROM settled WHERE tunnel_id = ?1 AND seq <= ?2)",
        ] {
            db.prepare_cached(sql)?.execute(params![tunnel, up_to])?;
        }
        let mut statement = db.prepare_cached(
            "DELETE FROM settled WHERE tunnel_id = ?1 AND seq <= ?2 RETURNING bytes",
        )?;
        let mut rows = statement.query(params![tunnel, up_to])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            bytes += row.get::<_, u64>(0)?;
        }
        Ok((bytes, last.is_some()))
    }
}

const OLDER: &str =
    "SELECT tunnel_id, seq, bytes FROM settled WHERE settled_at < ?1 ORDER BY settled_at LIMIT ?2";

/// Forgets the oldest of these until so many bytes have left.
fn forget(db: &Connection, which: &str, before: i64, bytes: u64) -> rusqlite::Result<(u64, bool)> {
    if bytes == 0 {
        return Ok((0, false));
    }
    let oldest: Vec<(i64, u64, u64)> = db
        .prepare_cached(which)?
        .query_map(params![before, TRIM_ROWS], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut gone = 0;
    for (tunnel, seq, size) in &oldest {
        if gone >= bytes {
            return Ok((gone, false));
        }
        forget_one(db, *tunnel, Seq(*seq))?;
        gone += size;
    }
    Ok((gone, oldest.len() >= TRIM_ROWS && gone < bytes))
}

fn forget_one(db: &Connection, tunnel: i64, seq: Seq) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM piece WHERE tunnel_id = ?1 AND seq = ?2",
        "DELETE FROM delivery WHERE tunnel_id = ?1 AND seq = ?2",
        "DELETE FROM settled WHERE tunnel_id = ?1 AND seq = ?2",
    ] {
        db.prepare_cached(sql)?.execute(params![tunnel, seq.0])?;
    }
    Ok(())
}

/// What the ring takes, for the start.
pub(super) fn bytes(db: &Connection) -> rusqlite::Result<u64> {
    db.query_row("SELECT coalesce(sum(bytes), 0) FROM settled", [], |row| {
        row.get(0)
    })
}

/// The tunnels that have settled deliveries.
pub(super) fn tunnels(db: &Connection) -> rusqlite::Result<HashSet<i64>> {
    db.prepare("SELECT DISTINCT tunnel_id FROM settled")?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn within(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
