//! Deliveries in the file: put in, marked as settled, looked for, read.

use bytes::Bytes;
use kreel_wire::{Seq, Verdict};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::log::now_ms;
use super::record::{COLUMNS, Record, from_row, header_bytes, write_headers};

/// What a row takes beside the bytes that are counted: its other columns and its indexes.
const ROW_BYTES: u64 = 200;

/// The same as [`row_bytes`], of a row in the file.
pub(super) const SIZE: &str = "(body_bytes + length(headers) + length(target) + 200)";

/// What a delivery takes in the file, by whose count there is room or none.
pub(super) fn row_bytes(body: u64, headers: usize, target: usize) -> u64 {
    body + (headers + target) as u64 + ROW_BYTES
}

impl Record {
    /// What it takes beside its body.
    pub(super) fn head_bytes(&self) -> u64 {
        row_bytes(
            0,
            header_bytes(&self.delivery.headers),
            self.delivery.target.len(),
        )
    }
}

/// Where a drain looks next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Behind this position.
    pub(crate) after: Seq,
    /// Which ones.
    pub(crate) at: Shelved,
}

/// Which of the deliveries in the file are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelved {
    /// Those that wait.
    Waiting,
    /// Those of the past, settled ones too: received from `since_us` on, up to the position
    /// `until`, and settled before `settled_before` (milliseconds since 1970) if they are.
    Past {
        since_us: u64,
        until: Seq,
        settled_before: i64,
    },
}

pub(super) fn keep(db: &Connection, tunnel: i64, record: &Record) -> rusqlite::Result<()> {
    let delivery = &record.delivery;
    let body;
    let body = match &record.body[..] {
        [] => &[][..],
        [one] => one,
        several => {
            body = several.concat();
            &body
        }
    };
    db.prepare_cached(
        "INSERT INTO delivery (tunnel_id, seq, id, received_at_us, method, target, headers, https,
            forwarded_for, body_bytes, body, attempted, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        tunnel,
        delivery.seq.0,
        delivery.id.as_bytes(),
        delivery.received_at_us,
        &*delivery.method,
        &*delivery.target,
        write_headers(&delivery.headers),
        delivery.scheme == kreel_wire::Scheme::Https,
        &*delivery.forwarded_for,
        record.body_bytes,
        body,
        delivery.attempted,
        delivery.signature.map(Verdict::number),
    ])?;
    Ok(())
}

pub(super) fn piece(
    db: &Connection,
    tunnel: i64,
    seq: Seq,
    number: u32,
    bytes: &[Bytes],
) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO piece (tunnel_id, seq, number, bytes) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![tunnel, seq.0, number, bytes.concat()])?;
    Ok(())
}

/// Marks deliveries as settled, or forgets them if there is no ring; their bytes, one for each
/// that waited until now.
pub(super) fn settle(
    db: &Connection,
    tunnel: i64,
    seqs: &[Seq],
    ring: bool,
) -> rusqlite::Result<Vec<u64>> {
    let mut bytes = Vec::with_capacity(seqs.len());
    for seq in seqs {
        let settled = match ring {
            true => mark(db, tunnel, *seq)?,
            false => forget(db, tunnel, *seq)?,
        };
        bytes.extend(settled);
    }
    Ok(bytes)
}

fn mark(db: &Connection, tunnel: i64, seq: Seq) -> rusqlite::Result<Option<u64>> {
    let sql = format!(
        "INSERT INTO settled (tunnel_id, seq, settled_at, bytes)
         SELECT tunnel_id, seq, ?3, {SIZE} FROM delivery WHERE tunnel_id = ?1 AND seq = ?2
         ON CONFLICT DO NOTHING RETURNING bytes"
    );
    db.prepare_cached(&sql)?
        .query_row(params![tunnel, seq.0, now_ms()], |row| row.get(0))
        .optional()
}

fn forget(db: &Connection, tunnel: i64, seq: Seq) -> rusqlite::Result<Option<u64>> {
    let sql = format!(
        "DELETE FROM delivery WHERE tunnel_id = ?1 AND seq = ?2 AND NOT EXISTS
            (SELECT 1 FROM settled WHERE tunnel_id = ?1 AND seq = ?2) RETURNING {SIZE}"
    );
    let bytes = db
        .prepare_cached(&sql)?
        .query_row(params![tunnel, seq.0], |row| row.get(0))
        .optional()?;
    if bytes.is_some() {
        discard(db, tunnel, seq)?;
    }
    Ok(bytes)
}

/// Forgets pieces, unless their delivery was kept after all; their bytes.
pub(super) fn discard(db: &Connection, tunnel: i64, seq: Seq) -> rusqlite::Result<u64> {
    let mut statement = db.prepare_cached(
        "DELETE FROM piece WHERE tunnel_id = ?1 AND seq = ?2 AND NOT EXISTS
            (SELECT 1 FROM delivery WHERE tunnel_id = ?1 AND seq = ?2) RETURNING length(bytes)",
    )?;
    let mut rows = statement.query(params![tunnel, seq.0])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        bytes += row.get::<_, u64>(0)?;
    }
    Ok(bytes)
}

/// The positions of those meant, in order.
pub(super) fn look(
    db: &Connection,
    tunnel: i64,
    look: Look,
    limit: usize,
) -> rusqlite::Result<Vec<Seq>> {
    let seq = |row: &rusqlite::Row<'_>| row.get(0).map(Seq);
    match look.at {
        Shelved::Waiting => db
            .prepare_cached(
                "SELECT seq FROM delivery WHERE tunnel_id = ?1 AND seq > ?2 AND NOT EXISTS
                    (SELECT 1 FROM settled WHERE tunnel_id = ?1 AND settled.seq = delivery.seq)
                 ORDER BY seq LIMIT ?3",
            )?
            .query_map(params![tunnel, look.after.0, limit], seq)?
            .collect(),
        Shelved::Past {
            since_us,
            until,
            settled_before,
        } => db
            .prepare_cached(&format!("SELECT d.seq {PAST} ORDER BY d.seq LIMIT ?6"))?
            .query_map(
                params![
                    tunnel,
                    look.after.0,
                    until.0,
                    within(since_us),
                    settled_before,
                    limit
                ],
                seq,
            )?
            .collect(),
    }
}

/// How many of the past are meant.
pub(super) fn count_past(
    db: &Connection,
    tunnel: i64,
    since_us: u64,
    until: Seq,
    settled_before: i64,
) -> rusqlite::Result<u64> {
    db.prepare_cached(&format!("SELECT count(*) {PAST}"))?
        .query_row(
            params![tunnel, 0, until.0, within(since_us), settled_before],
            |row| row.get(0),
        )
}

const PAST: &str = "FROM delivery AS d LEFT JOIN settled AS s USING (tunnel_id, seq)
    WHERE d.tunnel_id = ?1 AND d.seq > ?2 AND d.seq <= ?3 AND d.received_at_us >= ?4
        AND (s.settled_at IS NULL OR s.settled_at < ?5)";

/// As SQLite's integers go.
fn within(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn load(db: &Connection, tunnel: i64, seq: Seq) -> rusqlite::Result<Option<Record>> {
    let sql = format!("SELECT {COLUMNS} FROM delivery WHERE tunnel_id = ?1 AND seq = ?2");
    db.prepare_cached(&sql)?
        .query_row(params![tunnel, seq.0], from_row)
        .optional()
}

pub(super) fn load_piece(
    db: &Connection,
    tunnel: i64,
    seq: Seq,
    number: u32,
) -> rusqlite::Result<Option<Bytes>> {
    db.prepare_cached("SELECT bytes FROM piece WHERE tunnel_id = ?1 AND seq = ?2 AND number = ?3")?
        .query_row(params![tunnel, seq.0, number], |row| {
            row.get::<_, Vec<u8>>(0).map(Bytes::from)
        })
        .optional()
}

/// Forgets the pieces of bodies whose deliveries were never kept.
pub(super) fn tidy(db: &Connection) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM piece WHERE NOT EXISTS (SELECT 1 FROM delivery
            WHERE delivery.tunnel_id = piece.tunnel_id AND delivery.seq = piece.seq)",
        [],
    )?;
    Ok(())
}

/// What waits: tunnel, how many, their bytes.
pub(super) fn count_waiting(db: &Connection) -> rusqlite::Result<Vec<(i64, u64, u64)>> {
    let sql = format!(
        "SELECT tunnel_id, count(*), sum({SIZE}) FROM delivery WHERE NOT EXISTS
            (SELECT 1 FROM settled WHERE settled.tunnel_id = delivery.tunnel_id
                AND settled.seq = delivery.seq)
         GROUP BY tunnel_id"
    );
    db.prepare(&sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}
