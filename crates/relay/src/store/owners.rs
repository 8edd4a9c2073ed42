//! Tunnels in the file, and whose they are.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use kreel_wire::{AnswerMode, Policy, Seq, TunnelName};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use tracing::error;

use super::names::{self, GIVEN_UP};
use super::tokens::Scope;
use crate::limits::OPEN_TOKENS;

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

/// A token that is good, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// Its number.
    pub(crate) token: i64,
    /// Its name.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) scope: Scope,
}

/// The valid token with this hash.
pub(super) fn token(db: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<Bearer>> {
    db.prepare_cached(
        "SELECT id, name, scope FROM token LEFT JOIN token_terms ON token_id = id
         WHERE hash = ?1 AND revoked_at IS NULL AND coalesce(expires_at > ?2, true)",
    )?
    .query_row(params![hash, Timestamp::now().as_millisecond()], |row| {
        Ok(Bearer {
            token: row.get(0)?,
            name: row.get(1)?,
            scope: Scope::kept(row.get::<_, Option<String>>(2)?.as_deref()),
        })
    })
    .optional()
}

/// Whether there is or was a token with this hash.
pub(super) fn has_seen(db: &Connection, hash: [u8; 32]) -> rusqlite::Result<bool> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM token WHERE hash = ?1)")?
        .query_row([hash], |row| row.get(0))
}

/// Makes the token with this hash valid if it has never been seen, as an open relay does; nothing
/// if it was revoked or has expired, or there are as many as there may be.
pub(super) fn admit(db: &Connection, hash: [u8; 32]) -> rusqlite::Result<Option<Bearer>> {
    let count: usize = db.query_row("SELECT count(*) FROM token", [], |row| row.get(0))?;
    if count < OPEN_TOKENS {
        let name = format!("open-{}", count + 1);
        db.prepare_cached(
            "INSERT INTO token (name, hash, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![name, hash, Timestamp::now().as_millisecond()])?;
    }
    token(db, hash)
}

pub(super) fn token_used(db: &Connection, token: i64) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE token SET last_used_at = ?2 WHERE id = ?1")?
        .execute(params![token, Timestamp::now().as_millisecond()])?;
    Ok(())
}

/// Under which terms a name may be claimed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// Names that were not reserved may be.
    pub(crate) may_be_new: bool,
    /// The most names of one token.
    pub(crate) most: usize,
    /// How long a name that was given up is nobody else's.
    pub(crate) quarantine: Duration,
}

/// What came of claiming a name.
#[derive(Debug)]
pub(super) enum Claimed {
    /// It is the token's.
    Owned(Owned),
    /// It is another's.
    Taken,
    /// As many are the token's as may be.
    TooMany,
    /// The token is not valid any more.
    Revoked,
}

/// The tunnel, if it is the token's or nobody's so far, for a client that listens there.
pub(super) fn claim(
    db: &Connection,
    name: &TunnelName,
    token: i64,
    terms: Terms,
) -> rusqlite::Result<Claimed> {
    own(db, name, token, terms, true)
}

/// The same, whether or not somebody `listens`. Whether the token is valid is looked at in the same
/// moment: it was shown some time ago. Writes nothing where nothing is new, so that a full disk
/// keeps no client out.
pub(super) fn own(
    db: &Connection,
    name: &TunnelName,
    token: i64,
    terms: Terms,
    listens: bool,
) -> rusqlite::Result<Claimed> {
    if !is_valid(db, token)? {
        return Ok(Claimed::Revoked);
    }
    let known: Option<(i64, bool)> = db
        .prepare_cached("SELECT token_id, opened FROM tunnel WHERE name = ?1")?
        .query_row(params![name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match known {
        Some((owner, is_open)) if owner == token => {
            if listens && !is_open {
                db.prepare_cached("UPDATE tunnel SET opened = 1 WHERE name = ?1")?
                    .execute([name.as_str()])?;
            }
        }
        _ if !terms.may_be_new => return Ok(Claimed::Taken),
        // Before anything is said of the name: who can have no more learns nothing by asking.
        _ if names::count_of(db, token)? >= terms.most => return Ok(Claimed::TooMany),
        Some(_) => return Ok(Claimed::Taken),
        None if !names::is_free(db, name, token, terms.quarantine)? => return Ok(Claimed::Taken),
        None => names::insert(db, name, token, listens)?,
    }
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM tunnel WHERE name = ?1"))?
        .query_row(params![name.as_str()], owned)
        .map(Claimed::Owned)
}

/// Whether this token is good now.
pub(super) fn is_valid(db: &Connection, token: i64) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM token LEFT JOIN token_terms ON token_id = id
         WHERE id = ?1 AND revoked_at IS NULL AND coalesce(expires_at > ?2, true))",
    )?
    .query_row([token, Timestamp::now().as_millisecond()], |row| row.get(0))
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

/// Every tunnel there is, for the start: names nobody ever listened on are none. One that makes no
/// sense is left out: it can have no sender either.
pub(super) fn tunnels(db: &Connection) -> rusqlite::Result<Vec<Owned>> {
    let mut statement = db.prepare(&format!(
        "SELECT {COLUMNS} FROM tunnel WHERE name NOT LIKE '{GIVEN_UP}%' AND opened"
    ))?;
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

/// Who may do what, as it was at one version of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The version.
    pub(crate) version: i64,
    /// The valid tokens.
    pub(crate) tokens: HashSet<i64>,
    /// The newest token there is, valid or not.
    pub(crate) newest_token: i64,
    /// Whose each tunnel is.
    pub(crate) owners: HashMap<i64, i64>,
    /// When the next token expires, in milliseconds since 1970.
    pub(crate) expires_at: Option<i64>,
}

impl Standing {
    /// Whether this token was good once and is not any more. One that is newer than this is
    /// another look's matter.
    pub(crate) fn has_ended(&self, token: i64) -> bool {
        token <= self.newest_token && !self.tokens.contains(&token)
    }
}

/// How it stands, if another connection has changed the file since `version`.
pub(super) fn standing(db: &Connection, version: i64) -> rusqlite::Result<Option<Standing>> {
    let now: i64 = db.query_row("PRAGMA data_version", [], |row| row.get(0))?;
    if now == version {
        return Ok(None);
    }
    let time = Timestamp::now().as_millisecond();
    let tokens = db
        .prepare_cached(
            "SELECT id FROM token LEFT JOIN token_terms ON token_id = id
             WHERE revoked_at IS NULL AND coalesce(expires_at > ?1, true)",
        )?
        .query_map([time], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let owners = db
        .prepare_cached("SELECT id, token_id FROM tunnel WHERE name NOT LIKE '~%'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let expires_at = db
        .prepare_cached("SELECT min(expires_at) FROM token_terms WHERE expires_at > ?1")?
        .query_row([time], |row| row.get(0))?;
    let newest_token = db
        .prepare_cached("SELECT coalesce(max(id), 0) FROM token")?
        .query_row([], |row| row.get(0))?;
    Ok(Some(Standing {
        version: now,
        tokens,
        newest_token,
        owners,
        expires_at,
    }))
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
