//! The tables of the relay's file. Migrations are only ever added, never changed.

use std::path::Path;

use rusqlite::Connection;

use crate::error::StoreError;

/// Each migration once, oldest first; the file's `user_version` counts those it has had.
const MIGRATIONS: [&str; 5] = [
    // Times are milliseconds since 1970 unless the name says otherwise. `headers` are lines of
    // `name: value` ended by a line feed, in order, as bytes.
    "CREATE TABLE token (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER,
        revoked_at INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX token_name ON token (name) WHERE revoked_at IS NULL;
    CREATE TABLE tunnel (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        token_id INTEGER NOT NULL REFERENCES token (id),
        created_at INTEGER NOT NULL,
        reserved_seq INTEGER NOT NULL DEFAULT 0,
        answer_now INTEGER NOT NULL DEFAULT 0,
        wait_ms INTEGER NOT NULL DEFAULT 10000,
        strict INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE TABLE delivery (
        tunnel_id INTEGER NOT NULL REFERENCES tunnel (id),
        seq INTEGER NOT NULL,
        id BLOB NOT NULL,
        received_at_us INTEGER NOT NULL,
        method TEXT NOT NULL,
        target BLOB NOT NULL,
        headers BLOB NOT NULL,
        https INTEGER NOT NULL,
        forwarded_for TEXT NOT NULL,
        body_bytes INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (tunnel_id, seq)
    ) STRICT;
    CREATE TABLE piece (
        tunnel_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        number INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        UNIQUE (tunnel_id, seq, number)
    ) STRICT;",
    // What is settled is marked in a table of its own: to mark it in its row would write the
    // whole row again, body and all, and what waits is found without reading a row at all.
    // `bytes` is what the row takes.
    "ALTER TABLE delivery ADD COLUMN attempted INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE settled (
        tunnel_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        settled_at INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (tunnel_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX settled_by_age ON settled (settled_at);",
    // What a token may do and until when, where it is not the usual: listening, for good. And
    // names given up, with who had them.
    "CREATE TABLE token_terms (
        token_id INTEGER PRIMARY KEY REFERENCES token (id),
        scope TEXT NOT NULL,
        expires_at INTEGER
    ) STRICT;
    CREATE TABLE released_name (
        name TEXT PRIMARY KEY,
        token_id INTEGER NOT NULL REFERENCES token (id),
        released_at INTEGER NOT NULL
    ) STRICT;",
    // Whether a client ever listened there: only then there is a tunnel. Of older ones that is not
    // known, and a sender's webhook is the worse to lose.
    "ALTER TABLE tunnel ADD COLUMN opened INTEGER NOT NULL DEFAULT 1;",
    // Who may post there, as JSON: everybody if there are no rules. And what was found of a
    // delivery's signature, where its tunnel's rules have it looked at: a number of the protocol.
    "ALTER TABLE tunnel ADD COLUMN rules TEXT;
    ALTER TABLE delivery ADD COLUMN signature INTEGER;",
];

/// The newest version this build knows.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Opens the file, brings its tables up to date and sets what durability needs.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    // In WAL mode FULL syncs the log at each commit: that is what an acknowledgement rests on.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -2048)?;
    connection.pragma_update(None, "wal_autocheckpoint", crate::limits::LOG_PAGES)?;
    // More than there are: to prepare one anew costs more than to run it.
    connection.set_prepared_statement_cache_capacity(64);
    harden(&connection)?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// What is wrong in the file shall be noticed, and not be obeyed.
pub(super) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let known = VERSION;
    let version = |db: &Connection| db.query_row("PRAGMA user_version", [], |row| row.get(0));
    if version(connection) == Ok(known) {
        // Nothing is written: the disk may be full, and what waits must be able to leave.
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = version(&transaction)?;
    if found > known {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_is_refused_and_left_alone() {
        let folder = std::env::temp_dir().join(format!("kreel-schema-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("relay.db");
        let connection = open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        let refused = open(&path).unwrap_err();
        assert!(
            matches!(
                refused,
                StoreError::Newer {
                    found: 99,
                    known: VERSION,
                    ..
                }
            ),
            "{refused}"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
