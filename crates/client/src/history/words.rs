//! The index of words: filled behind the deliveries, in small steps, by whoever has time.
//!
//! How far it got stands in the file, so several processes may fill it side by side.

use rusqlite::{Connection, params};

use super::record::keys;
use crate::limits::{HISTORY_INDEXED_BYTES, HISTORY_STEP, HISTORY_STEP_BYTES};

/// Indexes some more. False once there is nothing left.
pub(super) fn index_some(db: &Connection) -> rusqlite::Result<bool> {
    if left(db)? == 0 {
        return Ok(false);
    }
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let result = index_step(db).and_then(|more| {
        db.prepare_cached("COMMIT")?.execute([])?;
        Ok(more)
    });
    if result.is_err() && !db.is_autocommit() {
        // The error is told; that it could not be undone either adds nothing.
        let _ = db.execute_batch("ROLLBACK");
    }
    result
}

/// How many deliveries are not indexed, at the most.
pub(super) fn left(db: &Connection) -> rusqlite::Result<u64> {
    db.prepare_cached(
        "SELECT max(next_number - 1 - indexed_to, 0) + (SELECT count(*) FROM unindexed) FROM state",
    )?
    .query_row([], |row| row.get(0))
}

fn index_step(db: &Connection) -> rusqlite::Result<bool> {
    let (indexed_to, next): (i64, i64) = db
        .prepare_cached("SELECT indexed_to, next_number FROM state")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut bytes = again(db, indexed_to)?;
    let mut rows = db.prepare_cached(
        "SELECT number, method, target, headers FROM delivery WHERE number > ?1 ORDER BY number
            LIMIT ?2",
    )?;
    let mut rows = rows.query(params![indexed_to, HISTORY_STEP])?;
    let mut last = indexed_to;
    let mut count = 0;
    while bytes < HISTORY_STEP_BYTES
        && let Some(row) = rows.next()?
    {
        last = row.get(0)?;
        bytes += index(db, row)?;
        count += 1;
    }
    let is_all = count < HISTORY_STEP && bytes < HISTORY_STEP_BYTES;
    let reached = if is_all { next - 1 } else { last };
    db.prepare_cached("UPDATE state SET indexed_to = ?1")?
        .execute([reached])?;
    Ok(!is_all)
}

/// Those that were not complete when they were indexed, and are now.
fn again(db: &Connection, indexed_to: i64) -> rusqlite::Result<usize> {
    let numbers: Vec<i64> = db
        .prepare_cached("DELETE FROM unindexed RETURNING number")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut bytes = 0;
    for number in numbers.into_iter().filter(|number| *number <= indexed_to) {
        db.prepare_cached("DELETE FROM words WHERE rowid = ?1")?
            .execute([number])?;
        let mut rows = db.prepare_cached(
            "SELECT number, method, target, headers FROM delivery WHERE number = ?1",
        )?;
        let mut rows = rows.query([number])?;
        if let Some(row) = rows.next()? {
            bytes += index(db, row)?;
        }
    }
    Ok(bytes)
}

fn index(db: &Connection, row: &rusqlite::Row<'_>) -> rusqlite::Result<usize> {
    let number: i64 = row.get(0)?;
    let method = row.get_ref(1)?.as_str()?;
    let target = String::from_utf8_lossy(row.get_ref(2)?.as_blob()?);
    let headers = values(row.get_ref(3)?.as_blob()?);
    let body = text(db, number)?;
    db.prepare_cached(
        "INSERT INTO words (rowid, method, path, headers, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![number, method, target, headers, body])?;
    Ok(target.len() + headers.len() + body.len())
}

/// The values of header lines.
fn values(lines: &[u8]) -> String {
    let mut values = String::with_capacity(lines.len());
    for line in lines.split(|byte| *byte == b'\n') {
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            values.push_str(&String::from_utf8_lossy(&line[colon + 1..]));
            values.push('\n');
        }
    }
    values
}

/// The beginning of a body, if it is text.
fn text(db: &Connection, number: i64) -> rusqlite::Result<String> {
    let (least, most) = keys(number);
    let mut pieces =
        db.prepare_cached("SELECT bytes FROM piece WHERE key BETWEEN ?1 AND ?2 ORDER BY key")?;
    let mut pieces = pieces.query([least, most])?;
    let mut bytes = Vec::new();
    while bytes.len() < HISTORY_INDEXED_BYTES
        && let Some(piece) = pieces.next()?
    {
        bytes.extend_from_slice(piece.get_ref(0)?.as_blob()?);
    }
    bytes.truncate(HISTORY_INDEXED_BYTES);
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let fault = error.utf8_error();
            let (mut bytes, good) = (error.into_bytes(), fault.valid_up_to());
            // A character may be cut in two; anything else is no text.
            bytes.truncate(if fault.error_len().is_none() { good } else { 0 });
            String::from_utf8(bytes).unwrap_or_default()
        }
    })
}

/// What a user typed, as the index wants to be asked: all the words, each as it is; `word*` finds
/// those that begin so. None if there is no word in it.
pub(super) fn query(words: &str) -> Option<String> {
    let terms: Vec<String> = words
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .filter_map(|word| phrase(word, word.ends_with('*')))
        .collect();
    (!terms.is_empty()).then(|| terms.join(" "))
}

/// Words next to each other, as the index wants to be asked. None if there is none.
pub(super) fn phrase(words: &str, is_beginning: bool) -> Option<String> {
    let beginning = if is_beginning { "*" } else { "" };
    words
        .contains(char::is_alphanumeric)
        .then(|| format!("\"{}\"{beginning}", words.replace('"', "\"\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_syntax() {
        for (typed, asked) in [
            ("krea.completed", Some("\"krea.completed\"")),
            ("a OR b", Some("\"a\" \"OR\" \"b\"")),
            ("say \"hi\"", Some("\"say\" \"\"\"hi\"\"\"")),
            ("job*", Some("\"job*\"*")),
            ("* \" -", None),
            ("", None),
        ] {
            assert_eq!(query(typed).as_deref(), asked);
        }
    }
}
