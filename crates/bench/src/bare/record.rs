//! The least a tunnel can keep of what kreel keeps: of each exchange the request's head, its body and
//! the answer, a row each in an SQLite file, by a thread of its own, many to a transaction.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use rusqlite::{Connection, params};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// An exchange that is over.
#[derive(Debug)]
pub(super) struct Exchange {
    /// What stood before the body.
    pub(super) head: Bytes,
    /// What was posted.
    pub(super) body: Bytes,
    /// The answer's status.
    pub(super) status: u16,
    /// The answer as it goes back.
    pub(super) answer: Bytes,
    /// How long the app took.
    pub(super) took: Duration,
}

/// Where exchanges are put.
#[derive(Debug)]
pub(super) struct Record {
    exchanges: Sender<(Exchange, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
}

impl Record {
    /// Makes the file and starts the thread, which ends with the record.
    pub(super) fn start(path: &Path) -> Result<Self> {
        let db = Connection::open(path).context("no file for the record")?;
        db.execute_batch(TABLES)?;
        let (exchanges, put) = mpsc::channel();
        let room = Arc::new(Semaphore::new(ROOM_BYTES));
        let record = Self {
            exchanges,
            room: room.clone(),
        };
        thread::Builder::new()
            .name("bare-record".into())
            .spawn(move || {
                if let Err(error) = keep(&db, &put) {
                    eprintln!("the record: {error:#}");
                }
                // Whoever has something to keep fails, and its sender sees it.
                room.close();
            })?;
        Ok(record)
    }

    /// Puts an exchange, as soon as there is room for it. Fails if nothing is kept any more.
    pub(super) async fn put(&self, exchange: Exchange) -> Result<()> {
        let bytes = exchange.head.len() + exchange.body.len() + exchange.answer.len();
        let bytes = bytes.min(ROOM_BYTES).try_into()?;
        let room = self.room.clone().acquire_many_owned(bytes).await?;
        Ok(self.exchanges.send((exchange, room))?)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is time that exchanges gather in"
)]
fn keep(db: &Connection, put: &Receiver<(Exchange, OwnedSemaphorePermit)>) -> Result<()> {
    let mut delivery = db.prepare("INSERT INTO delivery VALUES (?1, ?2, ?3)")?;
    let mut body = db.prepare("INSERT INTO body VALUES (?1, ?2)")?;
    let mut attempt = db.prepare("INSERT INTO attempt VALUES (?1, ?2, ?3, ?4)")?;
    let mut number = 0_i64;
    let mut is_full = false;
    while let Ok(first) = put.recv() {
        if !is_full {
            // Waking the thread for each would cost more than the rows do.
            thread::sleep(GATHERING);
        }
        let transaction = db.unchecked_transaction()?;
        let last = number;
        for (exchange, _room) in std::iter::once(first).chain(put.try_iter()).take(GROUP) {
            number += 1;
            // Ids rise with time, as kreel's do.
            let id = i128::from(number).to_be_bytes();
            delivery.execute(params![number, id, &exchange.head[..]])?;
            body.execute(params![number, &exchange.body[..]])?;
            let took_us = i64::try_from(exchange.took.as_micros())?;
            attempt.execute(params![
                number,
                exchange.status,
                &exchange.answer[..],
                took_us
            ])?;
        }
        transaction.commit()?;
        is_full = number - last >= GROUP as i64;
    }
    Ok(())
}

/// The few columns that tell what came and what became of it, and the index that finds one by its
/// id; all else as in kreel's history.
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
        number INTEGER PRIMARY KEY,
        status INTEGER NOT NULL,
        answer BLOB NOT NULL,
        took_us INTEGER NOT NULL
    ) STRICT;";

/// How long exchanges gather for a transaction: 25 ms, as kreel's do under load.
const GATHERING: Duration = Duration::from_millis(25);

/// How many share one at the most: 512, as with kreel.
const GROUP: usize = 512;

/// How many bytes may wait to be kept: 8 MiB, as with kreel.
const ROOM_BYTES: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn what_is_put_is_in_the_file_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.db");
        let record = Record::start(&path).unwrap();
        let large = Bytes::from(vec![b'x'; ROOM_BYTES]);
        for body in [Bytes::from_static(b"small"), large.clone()] {
            let exchange = Exchange {
                head: Bytes::from_static(b"head"),
                body,
                status: 201,
                answer: Bytes::from_static(b"ok"),
                took: Duration::from_micros(7),
            };
            record.put(exchange).await.unwrap();
        }
        let db = Connection::open(&path).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let count = |table: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            db.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        while count("delivery") < 2 {
            assert!(Instant::now() < deadline, "nothing was kept");
            tokio::task::yield_now().await;
        }
        assert_eq!((count("body"), count("attempt")), (2, 2));
        let sql = "SELECT head, bytes, status, answer, took_us FROM delivery
            JOIN body USING (number) JOIN attempt USING (number) ORDER BY number DESC LIMIT 1";
        type Row = (Vec<u8>, Vec<u8>, u16, Vec<u8>, i64);
        let row: Row = db.query_row(sql, [], |row| row.try_into()).unwrap();
        assert_eq!(row, (b"head".into(), large.into(), 201, b"ok".into(), 7));
    }
}
