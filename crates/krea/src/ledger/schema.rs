//! The tables of the ledger. Migrations are only ever added, never changed.

use rusqlite::{Connection, TransactionBehavior};

use super::LedgerError;

/// Each migration once, oldest first; the file's `user_version` counts those it has had. Times are
/// microseconds since 1970.
pub(super) const MIGRATIONS: [&str; 2] = [JOBS, EVIDENCE];

const JOBS: &str = "CREATE TABLE krea_job (
        id TEXT PRIMARY KEY,
        started_at_us INTEGER NOT NULL,
        path TEXT NOT NULL,
        kind TEXT,
        model TEXT,
        parameters TEXT,
        webhook_url TEXT,
        is_own_webhook INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX krea_job_started ON krea_job (started_at_us);";

/// What is known besides of jobs. `heard` has one row for each job, whoever told of it, with the
/// time it stands at in lists. `seen` has the webhooks of a history (its file's path) that name a
/// job, and `reached` up to which number that history was read. `handed` has the jobs whose webhook
/// kreel made itself.
const EVIDENCE: &str = "ALTER TABLE krea_job ADD COLUMN own_webhook_url TEXT;
    CREATE TABLE heard (
        job_id TEXT PRIMARY KEY,
        at_us INTEGER NOT NULL,
        is_over INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX heard_at ON heard (at_us, job_id);
    CREATE INDEX heard_open ON heard (at_us) WHERE is_over = 0;
    INSERT INTO heard SELECT id, started_at_us, 0 FROM krea_job;
    CREATE TABLE seen (
        history TEXT NOT NULL,
        delivery_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        job_id TEXT NOT NULL,
        received_at_us INTEGER NOT NULL,
        digest INTEGER NOT NULL,
        status TEXT,
        is_synthesised INTEGER NOT NULL,
        PRIMARY KEY (history, delivery_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX seen_job ON seen (job_id, history);
    CREATE INDEX seen_number ON seen (history, number);
    CREATE TABLE reached (
        history TEXT PRIMARY KEY,
        number INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE answer (
        job_id TEXT PRIMARY KEY,
        asked_at_us INTEGER NOT NULL,
        http_status INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE TABLE refused (
        at_us INTEGER NOT NULL,
        path TEXT NOT NULL,
        http_status INTEGER NOT NULL,
        words TEXT NOT NULL,
        parameters TEXT
    ) STRICT;
    CREATE INDEX refused_at ON refused (at_us);
    CREATE TABLE handed (
        job_id TEXT PRIMARY KEY,
        at_us INTEGER NOT NULL,
        is_done INTEGER NOT NULL
    ) STRICT;";

/// Brings the tables up to date; a file of a newer kreel is left alone.
pub(super) fn migrate(db: &mut Connection) -> Result<(), LedgerError> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: usize = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len();
    if found > known {
        return Err(LedgerError::Newer { found, known });
    }
    for migration in &MIGRATIONS[found..] {
        change.execute_batch(migration)?;
    }
    change.pragma_update(None, "user_version", known)?;
    change.commit()?;
    Ok(())
}
