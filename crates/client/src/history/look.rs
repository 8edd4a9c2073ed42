//! What the driver asks of the file: those that wait, heads, bodies.

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::{Delivery, DeliveryId, Kind, Seq};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::is_damage;
use super::record::{HEAD, SUMMARY, head, key, signed, summary};
use super::{Done, Job, Waiting};
use crate::error::with_causes;

/// Looks something up, and answers whoever waits for it. An error means that the file is damaged.
pub(super) fn perform(db: &Connection, tunnel: i64, job: Job) -> rusqlite::Result<Option<Done>> {
    match job {
        Job::Backlog {
            after,
            since_us,
            limit,
        } => answer(backlog(db, tunnel, after, since_us, limit), |found| {
            Some(found.unwrap_or_else(|_| no_backlog()))
        }),
        Job::Load { id, number, reply } => answer(piece(db, id, number), |found| {
            // Whoever asked may have left meanwhile.
            let _ = reply.send(found.map_err(|error| with_causes(&error)));
        })
        .map(|()| None),
        Job::Head { id, reply } => answer(kept_head(db, id), |found| {
            let _ = reply.send(found.map_err(|error| with_causes(&error)));
        })
        .map(|()| None),
        _ => Ok(None),
    }
}

/// What waits can't be found out; whoever asked asks again.
pub(super) fn no_backlog() -> Done {
    Done::Backlog {
        rows: Vec::new(),
        beyond: 1,
    }
}

/// Answers that nothing can be looked up.
pub(super) fn refuse(job: Job) -> Option<Done> {
    const NO_FILE: &str = "there is no history at the moment";
    match job {
        Job::Backlog { .. } => return Some(no_backlog()),
        Job::Load { reply, .. } => drop(reply.send(Err(NO_FILE.to_owned()))),
        Job::Head { reply, .. } => drop(reply.send(Err(NO_FILE.to_owned()))),
        _ => {}
    }
    None
}

/// Answers, unless the file is damaged: then whoever asked hears nothing.
fn answer<T, A>(
    found: rusqlite::Result<T>,
    answer: impl FnOnce(rusqlite::Result<T>) -> A,
) -> rusqlite::Result<A> {
    match found {
        Err(error) if is_damage(&error) => Err(error),
        found => Ok(answer(found)),
    }
}

/// Those that wait beyond a position. Positions that are the same are never torn apart.
fn backlog(
    db: &Connection,
    tunnel: i64,
    after: Option<Seq>,
    since_us: Option<u64>,
    limit: usize,
) -> rusqlite::Result<Done> {
    const WAITS: &str = "FROM delivery WHERE standing <= 1 AND standing = 1 AND is_complete = 1
        AND tunnel_id = ?1 AND seq > ?2 AND received_at_us >= ?3";
    let after = after.map_or(-1, |Seq(seq)| signed(seq));
    let since = signed(since_us.unwrap_or(0));
    let mut statement =
        db.prepare_cached(&format!("SELECT {SUMMARY}, replays {WAITS} ORDER BY seq"))?;
    let mut found = statement.query(params![tunnel, after, since])?;
    let mut rows: Vec<Waiting> = Vec::new();
    while let Some(row) = found.next()? {
        let row = as_waiting(row)?;
        let is_next = |last: &Waiting| last.summary.seq != row.summary.seq;
        if rows.len() >= limit.max(1) && rows.last().is_some_and(is_next) {
            break;
        }
        rows.push(row);
    }
    let last = rows.last().map_or(after, |row| signed(row.summary.seq.0));
    let beyond = match rows.len() < limit {
        true => 0,
        false => db
            .prepare_cached(&format!("SELECT count(*) {WAITS}"))?
            .query_row(params![tunnel, last, since], |row| row.get(0))?,
    };
    Ok(Done::Backlog { rows, beyond })
}

/// A delivery, as one that waits.
pub(super) fn waiting(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Waiting>> {
    db.prepare_cached(&format!(
        "SELECT {SUMMARY}, replays FROM delivery WHERE id = ?1"
    ))?
    .query_row([id.as_bytes()], as_waiting)
    .optional()
}

fn as_waiting(row: &rusqlite::Row<'_>) -> rusqlite::Result<Waiting> {
    let mut summary = summary(row)?;
    summary.kind = Kind::Queued;
    Ok(Waiting {
        summary: Arc::new(summary),
        attempts: row.get(7)?,
        replays: row.get(9)?,
    })
}

fn piece(db: &Connection, id: DeliveryId, number: u32) -> rusqlite::Result<Option<Bytes>> {
    let delivery = db
        .prepare_cached("SELECT number FROM delivery WHERE id = ?1")?
        .query_row([id.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(delivery) = delivery else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    db.prepare_cached("SELECT bytes FROM piece WHERE key = ?1")?
        .query_row([key(delivery, number)], |row| {
            row.get::<_, Vec<u8>>(0).map(Bytes::from)
        })
        .optional()
}

fn kept_head(db: &Connection, id: DeliveryId) -> rusqlite::Result<Option<Box<Delivery>>> {
    let sql = format!("SELECT {HEAD} FROM delivery WHERE id = ?1");
    let found = db
        .prepare_cached(&sql)?
        .query_row([id.as_bytes()], head)
        .optional()?;
    Ok(found.map(|delivery| {
        Box::new(Delivery {
            kind: Kind::Queued,
            ..delivery
        })
    }))
}
