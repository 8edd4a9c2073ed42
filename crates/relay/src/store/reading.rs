//! What drains ask the store: what comes next, and the bodies of it.

use bytes::Bytes;
use kreel_wire::Seq;
use rusqlite::Connection;

use super::job::{Job, Need};
use super::rows::{self, Look};
use super::{Record, Store, damage};
use crate::error::StoreError;
use crate::limits::DRAIN_AHEAD_BYTES;

/// Deliveries from the file in order, each with what came of reading it.
pub(crate) type Batch = Vec<(Seq, Result<Option<Record>, StoreError>)>;

impl Store {
    /// How many of the past a link will be sent that wants them. What apps have answered until
    /// now is in the file then.
    pub(crate) async fn count_past(
        &self,
        tunnel: i64,
        since_us: u64,
        until: Seq,
        settled_before: i64,
    ) -> Result<u64, StoreError> {
        self.flush().await?;
        self.read(move |db| rows::count_past(db, tunnel, since_us, until, settled_before))
            .await
    }

    /// Writes what is in the log's buffer.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        self.parts
            .flush_now
            .store(true, std::sync::atomic::Ordering::Relaxed);
        self.ask(Need::Write, |_| Ok(()), |()| ()).await
    }

    /// The next deliveries of those looked for: so many at the most, and not much more than
    /// [`DRAIN_AHEAD_BYTES`]. None are left if there are none.
    pub(crate) async fn next(
        &self,
        tunnel: i64,
        look: Look,
        limit: usize,
    ) -> Result<Batch, StoreError> {
        self.read(move |db| {
            let (mut batch, mut bytes) = (Batch::new(), 0);
            for seq in rows::look(db, tunnel, look, limit)? {
                let record = rows::load(db, tunnel, seq);
                bytes += size_in_memory(&record);
                batch.push((seq, record.map_err(StoreError::from)));
                if bytes > DRAIN_AHEAD_BYTES {
                    break;
                }
            }
            Ok(batch)
        })
        .await
    }

    /// A kept delivery.
    pub(crate) async fn load(&self, tunnel: i64, seq: Seq) -> Result<Option<Record>, StoreError> {
        self.read_row(move |db| rows::load(db, tunnel, seq)).await
    }

    /// A piece of a kept delivery's body, from 0.
    pub(crate) async fn load_piece(
        &self,
        tunnel: i64,
        seq: Seq,
        number: u32,
    ) -> Result<Option<Bytes>, StoreError> {
        self.read_row(move |db| rows::load_piece(db, tunnel, seq, number))
            .await
    }

    /// Reads more than one row's worth: if that fails because of damage, the file is mended.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let read = self.read_row(work).await;
        if let Err(StoreError::Sqlite(error)) = &read
            && damage::is_damage(error)
        {
            let _ = self.jobs.send(Job::Mend).await;
        }
        read
    }

    /// Reads what is one delivery's: if it can't be read, the others can.
    async fn read_row<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let parts = self.parts.clone();
        let read = tokio::task::spawn_blocking(move || parts.reader.read(work));
        Ok(read.await.map_err(|_| StoreError::Closed)??)
    }
}

fn size_in_memory(record: &rusqlite::Result<Option<Record>>) -> usize {
    match record {
        Ok(Some(record)) => record.body.iter().map(Bytes::len).sum(),
        Ok(None) | Err(_) => 0,
    }
}
