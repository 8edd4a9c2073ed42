//! Names kept for a token before it ever listens, and names given up, which nobody else gets for a
//! while: senders may still post to them.

use std::time::Duration;

use jiff::Timestamp;
use kreel_wire::TunnelName;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::Tokens;
use crate::error::{RelayError, StoreError};

/// A tunnel's name and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRow {
    /// The name.
    pub name: String,
    /// The name of the token it belongs to.
    pub token: String,
    /// When it came to be.
    pub created_at: Timestamp,
    /// How many deliveries wait there.
    pub waiting: u64,
}

/// What tunnels that were given up are called in the file: no name that anyone can ask for, and
/// their numbers are not used again.
pub(super) const GIVEN_UP: char = '~';

impl Tokens {
    /// The names there are, oldest first.
    pub fn names(&self) -> Result<Vec<NameRow>, RelayError> {
        let mut statement = self
            .db()
            .prepare(
                "SELECT tunnel.name, token.name, tunnel.created_at,
                (SELECT count(*) FROM delivery WHERE tunnel_id = tunnel.id AND NOT EXISTS
                    (SELECT 1 FROM settled WHERE tunnel_id = tunnel.id AND seq = delivery.seq))
             FROM tunnel JOIN token ON token.id = token_id
             WHERE tunnel.name NOT LIKE '~%' ORDER BY tunnel.id",
            )
            .map_err(StoreError::from)?;
        let rows = statement.query_map([], |row| {
            Ok(NameRow {
                name: row.get(0)?,
                token: row.get(1)?,
                created_at: Timestamp::from_millisecond(row.get(2)?).unwrap_or_default(),
                waiting: row.get(3)?,
            })
        });
        let rows = rows.map_err(StoreError::from)?;
        Ok(rows.collect::<Result<_, _>>().map_err(StoreError::from)?)
    }

    /// Keeps a name for a token. One that is another's is taken from it only if that is asked for.
    pub fn reserve(
        &mut self,
        name: &TunnelName,
        token: &str,
        take: bool,
    ) -> Result<(), RelayError> {
        let transaction = self.begin()?;
        let owner = valid(&transaction, token)?;
        let held: Option<(i64, i64)> = transaction
            .query_row(
                "SELECT id, token_id FROM tunnel WHERE name = ?1",
                [name.as_str()],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(StoreError::from)?;
        match held {
            Some((_, holder)) if holder != owner && !take => {
                return Err(RelayError::NameTaken { name: name.clone() });
            }
            Some((tunnel, _)) => {
                let give = "UPDATE tunnel SET token_id = ?2 WHERE id = ?1";
                transaction
                    .execute(give, [tunnel, owner])
                    .map_err(StoreError::from)?;
            }
            None => insert(&transaction, name, owner, false).map_err(StoreError::from)?,
        }
        Ok(transaction.commit().map_err(StoreError::from)?)
    }

    /// Gives a name up, with all that is kept under it. Within the quarantine only its last owner
    /// gets it back.
    pub fn release(&mut self, name: &TunnelName) -> Result<(), RelayError> {
        let transaction = self.begin()?;
        let now = Timestamp::now().as_millisecond();
        let tunnel: Option<i64> = transaction
            .query_row(
                "INSERT INTO released_name (name, token_id, released_at)
                    SELECT name, token_id, ?2 FROM tunnel WHERE name = ?1
                 ON CONFLICT (name) DO UPDATE SET token_id = excluded.token_id, released_at = ?2
                 RETURNING (SELECT id FROM tunnel WHERE name = ?1)",
                params![name.as_str(), now],
                |row| row.get(0),
            )
            .optional()
            .map_err(StoreError::from)?;
        let tunnel = tunnel.ok_or_else(|| RelayError::NoSuchName { name: name.clone() })?;
        let done = (|| {
            transaction.execute(
                "UPDATE tunnel SET name = '~' || id, rules = NULL WHERE id = ?1",
                [tunnel],
            )?;
            forget(&transaction, "?1", [tunnel])?;
            transaction.commit()
        })();
        Ok(done.map_err(StoreError::from)?)
    }
}

/// Forgets all that is kept of these tunnels.
fn forget(
    db: &Connection,
    tunnels: &str,
    of: impl rusqlite::Params + Copy,
) -> rusqlite::Result<()> {
    for table in ["settled", "delivery", "piece"] {
        db.execute(
            &format!("DELETE FROM {table} WHERE tunnel_id IN ({tunnels})"),
            of,
        )?;
    }
    Ok(())
}

/// Forgets what came to tunnels while they were being given up.
pub(super) fn tidy(db: &Connection) -> rusqlite::Result<()> {
    forget(db, "SELECT id FROM tunnel WHERE name LIKE '~%'", [])
}

/// How many names are this token's.
pub(super) fn count_of(db: &Connection, token: i64) -> rusqlite::Result<usize> {
    db.prepare_cached("SELECT count(*) FROM tunnel WHERE token_id = ?1 AND name NOT LIKE '~%'")?
        .query_row([token], |row| row.get(0))
}

/// Whether this token may claim a name that is nobody's now.
pub(super) fn is_free(
    db: &Connection,
    name: &TunnelName,
    token: i64,
    quarantine: Duration,
) -> rusqlite::Result<bool> {
    let since = Timestamp::now().as_millisecond() - millis(quarantine);
    let held: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM released_name WHERE name = ?1 AND token_id <> ?2 AND released_at > ?3)")?
        .query_row(params![name.as_str(), token, since], |row| row.get(0))?;
    Ok(!held)
}

/// Keeps a name for a token. It is a tunnel's only once a client listens there: `opened`.
pub(super) fn insert(
    db: &Connection,
    name: &TunnelName,
    token: i64,
    opened: bool,
) -> rusqlite::Result<()> {
    let now = Timestamp::now().as_millisecond();
    db.prepare_cached(
        "INSERT INTO tunnel (name, token_id, created_at, opened) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![name.as_str(), token, now, opened])?;
    db.prepare_cached("DELETE FROM released_name WHERE name = ?1")?
        .execute([name.as_str()])?;
    Ok(())
}

fn valid(db: &Connection, token: &str) -> Result<i64, RelayError> {
    let found = db
        .query_row("SELECT id FROM token WHERE revoked_at IS NULL AND (name = ?1 OR CAST(id AS TEXT) = ?1)", [token], |row| row.get(0))
        .optional()
        .map_err(StoreError::from)?;
    found.ok_or_else(|| RelayError::NoSuchToken {
        name: token.to_owned(),
    })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl Tokens {
    fn begin(&mut self) -> Result<rusqlite::Transaction<'_>, RelayError> {
        let begun = self
            .db_mut()
            .transaction_with_behavior(TransactionBehavior::Immediate);
        Ok(begun.map_err(StoreError::from)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARANTINE: Duration = Duration::from_secs(7);

    #[test]
    fn a_name_that_was_given_up_is_nobody_elses_for_a_while() {
        let folder = std::env::temp_dir().join(format!("kreel-names-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut tokens = Tokens::open(&folder).unwrap();
        for name in ["one", "two"] {
            tokens.create(name).unwrap();
        }
        let name: TunnelName = "mine".parse().unwrap();
        assert!(matches!(
            tokens.release(&name),
            Err(RelayError::NoSuchName { .. })
        ));
        tokens.reserve(&name, "one", false).unwrap();
        tokens.reserve(&name, "one", false).unwrap();
        assert!(matches!(
            tokens.reserve(&name, "two", false),
            Err(RelayError::NameTaken { .. })
        ));
        assert!(matches!(
            tokens.reserve(&name, "three", false),
            Err(RelayError::NoSuchToken { .. })
        ));
        tokens.release(&name).unwrap();
        assert_eq!(tokens.names().unwrap(), []);
        assert!(
            is_free(tokens.db(), &name, 1, QUARANTINE).unwrap(),
            "its last owner gets it back"
        );
        assert!(!is_free(tokens.db(), &name, 2, QUARANTINE).unwrap());
        let long_ago = "UPDATE released_name SET released_at = released_at - ?1";
        tokens.db().execute(long_ago, [millis(QUARANTINE)]).unwrap();
        assert!(is_free(tokens.db(), &name, 2, QUARANTINE).unwrap());
        insert(tokens.db(), &name, 2, true).unwrap();
        let names = tokens.names().unwrap();
        assert_eq!(
            (names[0].name.as_str(), names[0].token.as_str()),
            ("mine", "two")
        );
        let number: i64 = tokens
            .db()
            .query_row("SELECT id FROM tunnel WHERE name = 'mine'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(number, 2, "the number it had is not used again");
        tokens.reserve(&name, "one", true).unwrap();
        assert_eq!(tokens.names().unwrap()[0].token, "one");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
