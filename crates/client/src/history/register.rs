//! The number a tunnel has in the file, and what an earlier process left open there.

use kreel_wire::TunnelName;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::Standing;
use super::tally::Tally;

/// The number of a tunnel. If nobody else works on it, what an earlier process left open is not
/// open any more: a body that is not complete never will be, and whoever waited has left.
pub(super) fn register(
    db: &mut Connection,
    (relay, tunnel): &(String, TunnelName),
    is_alone: bool,
) -> rusqlite::Result<i64> {
    let find = "SELECT id FROM tunnel WHERE relay = ?1 AND name = ?2";
    let find = |db: &Connection| {
        db.query_row(find, params![relay, tunnel.as_str()], |row| row.get(0))
            .optional()
    };
    if let Some(number) = find(db)?
        && !(is_alone && has_remains(db, number)?)
    {
        return Ok(number);
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = match find(&transaction)? {
        Some(number) => number,
        None => {
            transaction.execute(
                "INSERT INTO tunnel (relay, name) VALUES (?1, ?2)",
                params![relay, tunnel.as_str()],
            )?;
            transaction.last_insert_rowid()
        }
    };
    if is_alone {
        tidy(&transaction, number)?;
    }
    transaction.commit()?;
    Ok(number)
}

/// What is open and not simply waiting.
const REMAINS: &str = "standing <= 1 AND tunnel_id = ?1
    AND (standing = 0 OR (standing = 1 AND is_complete = 0))";

fn has_remains(db: &Connection, tunnel: i64) -> rusqlite::Result<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM delivery WHERE {REMAINS})");
    db.query_row(&sql, [tunnel], |row| row.get(0))
}

fn tidy(db: &Connection, tunnel: i64) -> rusqlite::Result<()> {
    let sql = format!("SELECT number, standing, is_complete FROM delivery WHERE {REMAINS}");
    let mut remains = db.prepare(&sql)?;
    let mut rows = remains.query([tunnel])?;
    let mut tally = Tally::default();
    let mut moved = Vec::new();
    while let Some(row) = rows.next()? {
        let from = Standing::from_number(row.get(1)?)?;
        let to = match row.get(2)? {
            true => Standing::Failed,
            false => Standing::BrokenOff,
        };
        tally.moved(tunnel, from, to);
        moved.push((row.get::<_, i64>(0)?, to));
    }
    drop(rows);
    for (number, standing) in moved {
        db.prepare_cached("UPDATE delivery SET standing = ?2 WHERE number = ?1")?
            .execute(params![number, standing.number()])?;
    }
    tally.write(db)
}
