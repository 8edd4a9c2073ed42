//! Tunnels in the file, and whose they are.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;
use kreel_wire::{AnswerMode, Policy, Seq, TunnelName};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tracing::error;

/// A tunnel as the file has it.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    pub(super) id: i64,
    pub(super) name: TunnelName,
    /// Positions up to this one may have been given out.
    pub(super) reserved: Seq,
    pub(super) policy: Policy,
}

const COLUMNS: &str = "id, name, reserved_seq, answer_now, wait_ms, strict";

/// The valid token with this hash: its number and name.
pub(super) fn token(db: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<(i64, String)>> {
    db.prepare_cached("SELECT id, name FROM token WHERE hash = ?1 AND revoked_at IS NULL")?
        .query_row(params![hash], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

pub(super) fn token_used(db: &Connection, token: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE token SET last_used_at = ?2 WHERE id = ?1")?
        .execute(params![token, Timestamp::now().as_millisecond()])?;
    Ok(())
}

/// The tunnel, if it is the token's or nobody's so far. Writes nothing where nothing is new, so
/// that a full disk keeps no client out.
pub(super) fn claim(
    db: &Connection,
    name: &TunnelName,
    token: i64,
) -> rusqlite::Result<Option<Owned>> {
    let owner: Option<i64> = db
        .prepare_cached("SELECT token_id FROM tunnel WHERE name = ?1")?
        .query_row(params![name.as_str()], |row| row.get(0))
        .optional()?;
    match owner {
        Some(owner) if owner != token => return Ok(None),
        Some(_) => {}
        None => {
            let now = Timestamp::now().as_millisecond();
            db.prepare_cached(
                "INSERT INTO tunnel (name, token_id, created_at) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![name.as_str(), token, now])?;
        }
    }
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM tunnel WHERE name = ?1"))?
        .query_row(params![name.as_str()], owned)
        .map(Some)
}

/// Remembers how a tunnel's senders are answered.
pub(super) fn remember(db: &Connection, tunnel: i64, policy: Policy) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE tunnel SET answer_now = ?2, wait_ms = ?3, strict = ?4 WHERE id = ?1",
    )?
    .execute(params![
        tunnel,
        match policy.answer {
            AnswerMode::App => 0,
            AnswerMode::Now(status) => status,
        },
        u64::try_from(policy.wait.as_millis()).unwrap_or(u64::MAX >> 1),
        policy.strict,
    ])?;
    Ok(())
}

pub(super) fn reserve(db: &Connection, tunnel: i64, up_to: Seq) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE tunnel SET reserved_seq = max(reserved_seq, ?2) WHERE id = ?1")?
        .execute(params![tunnel, up_to.0])?;
    Ok(())
}

/// Every tunnel there is, for the start. One that makes no sense is left out: it can have no
/// sender either.
pub(super) fn tunnels(db: &Connection) -> rusqlite::Result<Vec<Owned>> {
    let mut statement = db.prepare(&format!("SELECT {COLUMNS} FROM tunnel"))?;
    let mut rows = statement.query([])?;
    let mut tunnels = Vec::new();
    while let Some(row) = rows.next()? {
        match owned(row) {
            Ok(tunnel) => tunnels.push(tunnel),
            Err(error) => error!(%error, "a tunnel could not be read"),
        }
    }
    Ok(tunnels)
}

/// The valid tokens, if another connection has changed the file since `version`.
pub(super) fn valid_tokens(
    db: &Connection,
    version: i64,
) -> rusqlite::Result<Option<(i64, HashSet<i64>)>> {
    let now: i64 = db.query_row("PRAGMA data_version", [], |row| row.get(0))?;
    if now == version {
        return Ok(None);
    }
    let valid = db
        .prepare_cached("SELECT id FROM token WHERE revoked_at IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some((now, valid)))
}

fn owned(row: &Row<'_>) -> rusqlite::Result<Owned> {
    let name: String = row.get(1)?;
    let invalid =
        |_| rusqlite::Error::InvalidColumnType(1, name.clone(), rusqlite::types::Type::Text);
    Ok(Owned {
        id: row.get(0)?,
        name: name.parse().map_err(invalid)?,
        reserved: Seq(row.get(2)?),
        policy: Policy {
            answer: match row.get(3)? {
                0 => AnswerMode::App,
                status => AnswerMode::Now(status),
            },
            wait: Duration::from_millis(row.get(4)?),
            strict: row.get(5)?,
        },
    })
}
