//! The tables of the history's file. Migrations are only ever added, never changed.

use rusqlite::{Connection, TransactionBehavior};

/// Each migration once, oldest first; the file's `user_version` counts those it has had.
///
/// Times are microseconds since 1970, spans microseconds. Headers are lines of `name: value` ended
/// by a line feed, in order, as bytes. `standing` is that of [`super::record`]. `piece` and
/// `attempt` are kept in the order of their keys: the delivery's number times 2^20, and which one
/// of it; the views `body` and `attempts` tell the two apart.
const MIGRATIONS: [&str; 5] = [FIRST, REPLAYS, NOTES, CAME_AGAIN, SIGNATURES];

const FIRST: &str = "CREATE TABLE state (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        next_number INTEGER NOT NULL,
        indexed_to INTEGER NOT NULL,
        syncs INTEGER NOT NULL
    ) STRICT;
    INSERT INTO state VALUES (1, 1, 0, 0);
    CREATE TABLE tunnel (
        id INTEGER PRIMARY KEY,
        relay TEXT NOT NULL,
        name TEXT NOT NULL,
        received INTEGER NOT NULL DEFAULT 0,
        live INTEGER NOT NULL DEFAULT 0,
        waiting INTEGER NOT NULL DEFAULT 0,
        answered INTEGER NOT NULL DEFAULT 0,
        failed INTEGER NOT NULL DEFAULT 0,
        lost INTEGER NOT NULL DEFAULT 0,
        broken_off INTEGER NOT NULL DEFAULT 0,
        captured INTEGER NOT NULL DEFAULT 0,
        duplicates INTEGER NOT NULL DEFAULT 0,
        UNIQUE (relay, name)
    ) STRICT;
    CREATE TABLE delivery (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        tunnel_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        received_at_us INTEGER NOT NULL,
        standing INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        is_complete INTEGER NOT NULL,
        is_queued INTEGER NOT NULL,
        is_promised INTEGER NOT NULL,
        is_marked INTEGER NOT NULL DEFAULT 0,
        size_bytes INTEGER NOT NULL,
        last_status INTEGER,
        last_failure TEXT,
        last_us INTEGER,
        method TEXT NOT NULL,
        target BLOB NOT NULL,
        headers BLOB NOT NULL,
        https INTEGER NOT NULL,
        forwarded_for TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX delivery_id ON delivery (id);
    CREATE INDEX delivery_tunnel ON delivery (tunnel_id);
    CREATE INDEX delivery_open ON delivery (tunnel_id, standing, is_complete, seq)
        WHERE standing <= 1;
    CREATE TABLE piece (
        key INTEGER PRIMARY KEY,
        bytes BLOB NOT NULL
    ) STRICT;
    CREATE VIEW body AS
        SELECT key >> 20 AS delivery, key & 1048575 AS number, bytes FROM piece;
    CREATE TABLE attempt (
        key INTEGER PRIMARY KEY,
        began_at_us INTEGER NOT NULL,
        is_replay INTEGER NOT NULL,
        url TEXT,
        request_headers BLOB,
        status INTEGER,
        reason BLOB,
        failure TEXT,
        failure_words TEXT,
        answer_headers BLOB,
        answer_body BLOB,
        answer_bytes INTEGER,
        connect_us INTEGER,
        first_byte_us INTEGER,
        total_us INTEGER NOT NULL
    ) STRICT;
    CREATE VIEW attempts AS
        SELECT key >> 20 AS delivery, key & 1048575 AS number, * FROM attempt;
    CREATE VIRTUAL TABLE words USING fts5 (
        method, path, headers, body, content = '', contentless_delete = 1
    );
    CREATE TABLE unindexed (number INTEGER PRIMARY KEY) STRICT;";

/// What replays need. `method` and `body` of an attempt are null if they were the delivery's own, and
/// `other_target` if it went to the app. `replayed` is the highest number a replay has,
/// and `replays` is how many there have been.
const REPLAYS: &str = "ALTER TABLE attempt ADD COLUMN is_edited INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempt ADD COLUMN method TEXT;
    ALTER TABLE attempt ADD COLUMN body BLOB;
    ALTER TABLE attempt ADD COLUMN other_target TEXT;
    ALTER TABLE delivery ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE delivery ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;";

/// What the user adds: notes on deliveries, and lines between them (`below` is the number of the
/// newest delivery at that time). The indexes hold only what is rare and looked for; a delivery
/// that is answered with 200 costs them nothing.
const NOTES: &str = "CREATE TABLE note (
        delivery INTEGER PRIMARY KEY,
        text TEXT NOT NULL
    ) STRICT;
    CREATE TABLE marker (
        id INTEGER PRIMARY KEY,
        tunnel_id INTEGER NOT NULL,
        below INTEGER NOT NULL,
        made_at_us INTEGER NOT NULL,
        text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX marker_below ON marker (below);
    CREATE INDEX delivery_marked ON delivery (number) WHERE is_marked = 1;
    CREATE INDEX delivery_unusual ON delivery (number, last_status, standing)
        WHERE last_status >= 300 OR last_failure IS NOT NULL OR standing BETWEEN 3 AND 5;
    CREATE INDEX attempt_replay ON attempt (key, is_edited) WHERE is_replay = 1;";

/// How often a delivery came again from its relay after it was finished.
const CAME_AGAIN: &str = "ALTER TABLE delivery ADD COLUMN came_again INTEGER NOT NULL DEFAULT 0;";

/// What the relay found of a delivery's signature, where it looked: a number of the protocol.
const SIGNATURES: &str = "ALTER TABLE delivery ADD COLUMN signature INTEGER;";

/// Which schema this program knows.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Which schema the file has: 0 if it is new.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Sets what every connection needs.
pub(super) fn prepare(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(crate::limits::HISTORY_BUSY)?;
    db.set_prepared_statement_cache_capacity(64);
    db.pragma_update(None, "synchronous", "normal")?;
    db.pragma_update(None, "cache_size", -4096)?;
    // Nothing comes of it unless the file is still empty.
    db.pragma_update(None, "page_size", PAGE_BYTES)?;
    let page_bytes: i64 = db.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_BYTES / page_bytes)?;
    db.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    Ok(())
}

/// Makes a file's journal the write-ahead log and brings its tables up to date.
pub(super) fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let mode: String = db.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        db.pragma_update(None, "journal_mode", "wal")?;
    }
    if version(db)? >= VERSION {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been at it meanwhile.
    let found = usize::try_from(version(&transaction)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// The pages of a new file: 8 KiB. A delivery and its attempt take 2 KiB or more, so that a large
/// group fills pages rather than touches them, and half of these cost the thread a tenth more. The
/// small synced groups of a backlog only touch them: with twice these it drains a seventh slower.
const PAGE_BYTES: i64 = 8 * 1024;

/// How long the log gets before it is folded into the file: 16 MiB. Pages that are written again
/// and again meanwhile are folded once, and folding costs two syncs.
const CHECKPOINT_BYTES: i64 = 16 * 1024 * 1024;

/// How long the log may stay once it is folded: 32 MiB.
const LOG_BYTES: i64 = 32 * 1024 * 1024;

/// What [`glance`] reads. One edge each: of two at once SQLite reads all that is between them.
const EDGES: [&str; 10] = [
    "SELECT next_number FROM state",
    "SELECT min(number) FROM delivery",
    "SELECT max(number) FROM delivery",
    "SELECT length(min(id)) FROM delivery",
    "SELECT length(max(id)) FROM delivery",
    "SELECT min(key) FROM piece",
    "SELECT max(key) FROM piece",
    "SELECT min(key) FROM attempt",
    "SELECT max(key) FROM attempt",
    "SELECT count(*) FROM tunnel",
];

/// Looks at the edges of every table, which is quick and finds a file that lost its end.
pub(super) fn glance(db: &Connection) -> rusqlite::Result<()> {
    for sql in EDGES {
        db.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::fill_history;

    #[test]
    fn a_glance_costs_the_same_however_much_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let steps = |count| {
            let path = folder.path().join(format!("{count}.db"));
            fill_history(&path, &"my-app".parse().unwrap(), count).unwrap();
            let db = Connection::open(&path).unwrap();
            EDGES.map(|sql| {
                let mut edge = db.prepare(sql).unwrap();
                let read = edge.query_row([], |row| row.get::<_, Option<i64>>(0));
                assert_ne!(read.unwrap(), None, "{sql}");
                edge.get_status(StatementStatus::VmStep)
            })
        };
        assert_eq!(steps(2_000), steps(20));
    }

    #[test]
    fn only_a_new_file_has_the_new_pages() {
        let folder = tempfile::tempdir().unwrap();
        for (name, page_bytes) in [("new", PAGE_BYTES), ("old", 4096)] {
            let path = folder.path().join(name);
            if name == "old" {
                let db = Connection::open(&path).unwrap();
                db.execute_batch(FIRST).unwrap();
                db.pragma_update(None, "user_version", 1).unwrap();
            }
            let mut db = Connection::open(&path).unwrap();
            prepare(&db).unwrap();
            migrate(&mut db).unwrap();
            let number = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!(number("PRAGMA page_size"), page_bytes, "{name}");
            let log_pages = number("PRAGMA wal_autocheckpoint");
            assert_eq!(log_pages * page_bytes, CHECKPOINT_BYTES, "{name}");
        }
    }

    #[test]
    fn a_file_of_the_first_version_keeps_its_rows() {
        let mut db = Connection::open_in_memory().unwrap();
        db.execute_batch(FIRST).unwrap();
        db.pragma_update(None, "user_version", 1).unwrap();
        db.execute_batch(
            "INSERT INTO delivery VALUES
                (7, x'00', 1, 1, 0, 2, 3, 1, 0, 0, 0, 0, 200, NULL, 5, 'POST', x'2f', x'', 0, '');
            INSERT INTO attempt (key, began_at_us, is_replay, total_us) VALUES (7340033, 1, 0, 5);",
        )
        .unwrap();
        migrate(&mut db).unwrap();
        assert_eq!(version(&db).unwrap(), VERSION);
        let row = "SELECT replayed + replays, attempts.number, is_edited, attempts.method, body
            FROM delivery JOIN attempts ON attempts.delivery = delivery.number";
        db.query_row(row, [], |row| {
            assert_eq!(
                (row.get(0), row.get(1), row.get(2)),
                (Ok(0), Ok(1), Ok(false))
            );
            assert_eq!(row.get::<_, Option<String>>(3), Ok(None));
            assert_eq!(row.get::<_, Option<Vec<u8>>>(4), Ok(None));
            Ok(())
        })
        .unwrap();
    }
}
