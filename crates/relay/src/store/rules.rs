//! Who may post to a tunnel, in the file: read and changed by its owner alone.

use kreel_wire::TunnelName;
use kreel_wire::rules::RulesChange;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Store;
use super::job::Need;
use super::names;
use super::owners::{Claimed, Terms, is_valid, own};
use crate::error::StoreError;
use crate::rules::{Kept, Salts};

/// A tunnel of the token's, for its owner.
#[derive(Debug, Clone)]
pub(crate) struct OwnTunnel {
    /// Its number.
    pub(crate) tunnel: i64,
    /// Its name.
    pub(crate) name: String,
    /// When it came to be, in milliseconds since 1970.
    pub(crate) created_at: i64,
    /// Its rules, as they are kept.
    pub(crate) rules: Option<String>,
}

/// What came of changing a tunnel's rules.
#[derive(Debug)]
pub(crate) enum RulesChanged {
    /// They are on disk and in force.
    Done(Box<OwnTunnel>),
    /// There is no such tunnel, or it is another's.
    NotTheirs,
    /// The name is not the token's, and the token has as many as it may.
    TooMany,
    /// The token is not valid any more.
    Revoked,
    /// What is kept can't be read, so that it can only be cleared.
    Unreadable,
}

/// A change of a tunnel's rules.
#[derive(Debug, Clone)]
pub(crate) struct RulesTask {
    /// The tunnel.
    pub(crate) name: TunnelName,
    /// Who asks.
    pub(crate) token: i64,
    /// A name that is free is claimed under these terms.
    pub(crate) claim: Option<Terms>,
    /// What is to change; nothing clears them all.
    pub(crate) change: Option<RulesChange>,
    /// What its secrets are sealed with.
    pub(crate) salts: Salts,
}

impl Store {
    /// A tunnel, if it is this token's.
    pub(crate) async fn own_tunnel(
        &self,
        name: TunnelName,
        token: i64,
    ) -> Result<Option<OwnTunnel>, StoreError> {
        self.ask(Need::Read, move |db| find(db, &name, token), |_| ())
            .await
    }

    /// All tunnels of this token, oldest first.
    pub(crate) async fn own_tunnels(&self, token: i64) -> Result<Vec<OwnTunnel>, StoreError> {
        self.ask(Need::Read, move |db| all(db, token), |_| ()).await
    }

    /// Changes a tunnel's rules. They are in force once they are on disk, in the order in which
    /// they came there.
    pub(crate) async fn change_rules(&self, task: RulesTask) -> Result<RulesChanged, StoreError> {
        let books = self.parts.books.clone();
        let then = move |changed: &RulesChanged| {
            if let RulesChanged::Done(own) = changed {
                books.shelf(own.tunnel).posting.set(own.rules.as_deref());
            }
        };
        self.ask(Need::Sync, move |db| change(db, &task), then)
            .await
    }
}

const COLUMNS: &str = "id, name, created_at, rules";

fn own_tunnel(row: &rusqlite::Row<'_>) -> rusqlite::Result<OwnTunnel> {
    Ok(OwnTunnel {
        tunnel: row.get(0)?,
        name: row.get(1)?,
        created_at: row.get(2)?,
        rules: row.get(3)?,
    })
}

/// The tunnel, if it is this token's. A token that has ended meanwhile has none.
fn find(db: &Connection, name: &TunnelName, token: i64) -> rusqlite::Result<Option<OwnTunnel>> {
    if !is_valid(db, token)? {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM tunnel WHERE name = ?1 AND token_id = ?2");
    db.prepare_cached(&sql)?
        .query_row(params![name.as_str(), token], own_tunnel)
        .optional()
}

fn all(db: &Connection, token: i64) -> rusqlite::Result<Vec<OwnTunnel>> {
    if !is_valid(db, token)? {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM tunnel WHERE token_id = ?1 AND name NOT LIKE '{}%' ORDER BY id",
        names::GIVEN_UP
    );
    db.prepare_cached(&sql)?
        .query_map([token], own_tunnel)?
        .collect()
}

/// Whether the token is valid is looked at in the same moment: its request may have taken its time.
fn change(db: &Connection, task: &RulesTask) -> rusqlite::Result<RulesChanged> {
    if !is_valid(db, task.token)? {
        return Ok(RulesChanged::Revoked);
    }
    if let Some(terms) = task.claim {
        match own(db, &task.name, task.token, terms, false)? {
            Claimed::Owned(_) => {}
            Claimed::Taken => return Ok(RulesChanged::NotTheirs),
            Claimed::Revoked => return Ok(RulesChanged::Revoked),
            Claimed::TooMany => return Ok(RulesChanged::TooMany),
        }
    }
    let Some(mut own) = find(db, &task.name, task.token)? else {
        return Ok(RulesChanged::NotTheirs);
    };
    own.rules = match &task.change {
        None => None,
        Some(change) => {
            let kept = own
                .rules
                .as_deref()
                .map_or(Some(Kept::default()), Kept::read);
            let Some(kept) = kept else {
                return Ok(RulesChanged::Unreadable);
            };
            kept.changed(change, task.salts).write()
        }
    };
    db.prepare_cached("UPDATE tunnel SET rules = ?2 WHERE id = ?1")?
        .execute(params![own.tunnel, own.rules])?;
    Ok(RulesChanged::Done(Box::new(own)))
}

/// The rules of every tunnel that has any, listened on or not.
pub(super) fn of_all(db: &Connection) -> rusqlite::Result<Vec<(i64, String)>> {
    db.prepare("SELECT id, rules FROM tunnel WHERE rules IS NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
