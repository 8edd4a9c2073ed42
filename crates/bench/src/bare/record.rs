//! What the yardstick keeps if it is to keep anything: of each exchange the request's head, its body
//! and the answer, a row each in an SQLite file, by a thread of its own, many to a transaction.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use rusqlite::{Connection, params};

/// An exchange that is over.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) began: Instant,
    pub(super) head: Bytes,
    pub(super) body: Bytes,
    pub(super) status: u16,
    pub(super) answer: Bytes,
}

/// Where exchanges are put.
pub(super) type Record = Sender<Exchange>;

/// Makes the file and starts the thread. It ends with the process.
pub(super) fn start(path: &Path) -> Result<Record> {
    let db = Connection::open(path).context("no file for the record")?;
    db.execute_batch(TABLES)?;
    let (record, exchanges) = mpsc::channel();
    thread::Builder::new()
        .name("bare-record".into())
        .spawn(move || {
            if let Err(error) = keep(&db, &exchanges) {
                eprintln!("the record: {error:#}");
            }
        })?;
    Ok(record)
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is time that exchanges gather in"
)]
fn keep(db: &Connection, exchanges: &Receiver<Exchange>) -> Result<()> {
    let mut number = 0;
    while let Ok(first) = exchanges.recv() {
        // Waking the thread for each would cost more than the rows do.
        thread::sleep(GATHERING);
        let transaction = db.unchecked_transaction()?;
        for exchange in std::iter::once(first).chain(exchanges.try_iter().take(GROUP)) {
            number += 1;
            put(&transaction, number, &exchange)?;
        }
        transaction.commit()?;
    }
    Ok(())
}

fn put(db: &Connection, number: i64, exchange: &Exchange) -> Result<()> {
    let Exchange {
        began,
        head,
        body,
        status,
        answer,
    } = exchange;
    let took = i64::try_from(began.elapsed().as_micros())?;
    // They rise with time, as kreel's do.
    let id = i128::from(number).to_be_bytes();
    db.prepare_cached("INSERT INTO delivery VALUES (?1, ?2, ?3)")?
        .execute(params![number, id, &head[..]])?;
    db.prepare_cached("INSERT INTO body VALUES (?1, ?2)")?
        .execute(params![number, &body[..]])?;
    db.prepare_cached("INSERT INTO attempt VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![number, status, &answer[..], took])?;
    Ok(())
}

/// As few columns as can tell what came and what became of it, and the index that finds one by id.
const TABLES: &str = "
    PRAGMA page_size = 8192;
    PRAGMA journal_mode = wal;
    PRAGMA synchronous = normal;
    PRAGMA wal_autocheckpoint = 2048;
    PRAGMA cache_size = -4096;
    CREATE TABLE delivery (number INTEGER PRIMARY KEY, id BLOB NOT NULL, head BLOB NOT NULL) STRICT;
    CREATE UNIQUE INDEX delivery_id ON delivery (id);
    CREATE TABLE body (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE attempt (
        number INTEGER PRIMARY KEY, status INTEGER NOT NULL, answer BLOB NOT NULL, took_us INTEGER
    ) STRICT;";

/// How long exchanges gather for a transaction: 25 ms, as kreel's do under load.
const GATHERING: Duration = Duration::from_millis(25);

/// How many share one at the most.
const GROUP: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_in_the_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.db");
        let record = start(&path).unwrap();
        for number in 0..3 {
            let exchange = Exchange {
                began: Instant::now(),
                head: Bytes::from_static(b"head"),
                body: Bytes::from(vec![number]),
                status: 200,
                answer: Bytes::from_static(b"ok"),
            };
            record.send(exchange).unwrap();
        }
        let deadline = Instant::now() + Duration::from_secs(30);
        let rows = |table: &str| -> i64 {
            let db = Connection::open(&path).unwrap();
            let sql = format!("SELECT count(*) FROM {table}");
            db.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        while rows("delivery") < 3 {
            assert!(Instant::now() < deadline, "nothing was kept");
            thread::yield_now();
        }
        assert_eq!((rows("body"), rows("attempt")), (3, 3));
    }
}
