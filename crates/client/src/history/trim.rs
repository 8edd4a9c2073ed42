//! Forgets deliveries: the oldest ones, once there are too many.

use rusqlite::{Connection, TransactionBehavior, params};

use super::Standing;
use super::record::keys;
use crate::limits::{HISTORY_BYTES, HISTORY_DELIVERIES, HISTORY_STEP};

/// How much a history may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) deliveries: i64,
    pub(super) bytes: i64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            deliveries: HISTORY_DELIVERIES,
            bytes: HISTORY_BYTES,
        }
    }
}

impl Budget {
    /// Whether there is more than that.
    pub(super) fn is_exceeded(self, db: &Connection) -> rusqlite::Result<bool> {
        let pragma =
            |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let pages = pragma("page_count")? - pragma("freelist_count")?;
        if pages * pragma("page_size")? > self.bytes {
            return Ok(true);
        }
        // Numbers tell at once that there can't be too many; counting takes a while.
        let count = |sql| {
            db.prepare_cached(sql)?
                .query_row([], |row| row.get::<_, i64>(0))
        };
        // Two questions: asked at once, SQLite reads all that is between.
        let span = "SELECT coalesce((SELECT max(number) FROM delivery)
            - (SELECT min(number) FROM delivery) + 1, 0)";
        Ok(count(span)? > self.deliveries
            && count("SELECT count(*) FROM delivery")? > self.deliveries)
    }
}

/// Forgets some of the oldest deliveries that are finished with. Those the user marked or wrote a
/// note on stay, beyond any budget: only the user takes them away. False if there are none.
pub(super) fn forget_some(db: &mut Connection) -> rusqlite::Result<bool> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let numbers: Vec<i64> = transaction
        .prepare_cached(
            "SELECT number FROM delivery WHERE standing > ?1 AND is_marked = 0
                AND NOT EXISTS (SELECT 1 FROM note WHERE delivery = number) ORDER BY number
                LIMIT ?2",
        )?
        .query_map(params![Standing::Waiting.number(), HISTORY_STEP], |row| {
            row.get(0)
        })?
        .collect::<rusqlite::Result<_>>()?;
    for number in &numbers {
        delete(&transaction, *number)?;
    }
    // Lines below which nothing is left.
    transaction
        .prepare_cached("DELETE FROM marker WHERE below < (SELECT min(number) FROM delivery)")?
        .execute([])?;
    transaction.commit()?;
    Ok(!numbers.is_empty())
}

/// Forgets all there is of a delivery but the counters.
pub(super) fn delete(db: &Connection, number: i64) -> rusqlite::Result<()> {
    let (least, most) = keys(number);
    for sql in [
        "DELETE FROM piece WHERE key BETWEEN ?1 AND ?2",
        "DELETE FROM attempt WHERE key BETWEEN ?1 AND ?2",
    ] {
        db.prepare_cached(sql)?.execute([least, most])?;
    }
    for sql in [
        "DELETE FROM words WHERE rowid = ?1",
        "DELETE FROM unindexed WHERE number = ?1",
        "DELETE FROM note WHERE delivery = ?1",
        "DELETE FROM delivery WHERE number = ?1",
    ] {
        db.prepare_cached(sql)?.execute([number])?;
    }
    Ok(())
}
