//! Takes out what is too much: the oldest jobs that have ended first, with all that is known of
//! them.

use rusqlite::Connection;

use crate::limits::{LEDGER_BYTES, LEDGER_JOBS, LEDGER_REFUSED};

/// How many rows are added before it is looked whether there are too many: 512.
pub(super) const EVERY: u32 = 512;

/// Which part of the jobs leaves at a time: a sixteenth, so that it is seldom done.
const PART: i64 = 16;

/// Takes out what is beyond the limits.
pub(super) fn trim(db: &Connection) -> rusqlite::Result<()> {
    db.execute(
        "DELETE FROM refused WHERE rowid NOT IN
            (SELECT rowid FROM refused ORDER BY at_us DESC LIMIT ?1)",
        [LEDGER_REFUSED],
    )?;
    let number = |sql| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let bytes = "SELECT (SELECT coalesce(sum(length(body)), 0) FROM answer)
        + (SELECT coalesce(sum(length(parameters)), 0) FROM krea_job)";
    let mut jobs = number("SELECT count(*) FROM heard")?;
    while jobs > LEDGER_JOBS || number(bytes)? > LEDGER_BYTES {
        let leaving = (jobs / PART).max(1);
        let gone = forget(db, leaving)?;
        jobs -= leaving;
        if gone == 0 {
            break;
        }
    }
    Ok(())
}

/// Forgets so many jobs: those that have ended, oldest first, then the oldest of the others.
fn forget(db: &Connection, count: i64) -> rusqlite::Result<usize> {
    db.execute_batch(
        "CREATE TEMP TABLE IF NOT EXISTS leaving (id TEXT PRIMARY KEY); DELETE FROM leaving;",
    )?;
    let gone = db.execute(
        "INSERT INTO leaving SELECT job_id FROM heard ORDER BY is_over DESC, at_us LIMIT ?1",
        [count],
    )?;
    for (table, column) in [
        ("krea_job", "id"),
        ("answer", "job_id"),
        ("handed", "job_id"),
        ("seen", "job_id"),
        ("heard", "job_id"),
    ] {
        db.execute(
            &format!("DELETE FROM {table} WHERE {column} IN (SELECT id FROM leaving)"),
            [],
        )?;
    }
    Ok(gone)
}
