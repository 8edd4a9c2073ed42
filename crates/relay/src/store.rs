//! Deliveries until settled and the last of those settled, tunnels and their owners, tokens: one
//! SQLite file, one thread that writes.
//!
//! What is said to be kept, claimed or reserved is on disk, synced, by the time it is said; a
//! caller may acknowledge on the strength of it. Jobs are done in the order they were asked for.

mod backup;
mod damage;
mod disk;
mod folder;
mod job;
mod log;
mod names;
mod owners;
mod parts;
mod reader;
mod reading;
mod record;
mod ring;
mod rows;
mod rules;
mod schema;
mod shelf;
mod tokens;
mod upkeep;
mod writer;

use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use kreel_wire::{Delivery, Policy, Seq, TunnelName};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

pub use self::backup::backup;
pub(crate) use self::damage::look as look_for_damage;
pub use self::damage::{Damage, Salvaged};
pub(crate) use self::folder::{Folder, private};
use self::job::{Job, Need};
pub use self::names::NameRow;
use self::owners::Claimed;
pub(crate) use self::owners::{Bearer, Standing, Terms};
use self::parts::Parts;
pub(crate) use self::reading::Batch;
pub(crate) use self::record::Record;
pub(crate) use self::rows::{Look, Shelved};
pub(crate) use self::rules::{OwnTunnel, RulesChanged, RulesTask};
use self::shelf::Room;
pub(crate) use self::shelf::Shelf;
pub use self::tokens::{Scope, TokenRow, Tokens};
pub(crate) use self::tokens::{hash, token_from_file};
use self::writer::Writer;
use crate::config::Limits;
use crate::error::{RelayError, StoreError};
use crate::limits::{READY, STORE_JOBS};

/// The relay's file, open. Only one relay has it at a time.
#[derive(Debug)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
    parts: Arc<Parts>,
    /// Work on the store that outlives whoever began it.
    tasks: TaskTracker,
    _folder: Folder,
}

/// A tunnel as the file has it.
#[derive(Debug, Clone)]
pub(crate) struct TunnelRow {
    pub(crate) name: TunnelName,
    /// Positions up to this one may have been given out.
    pub(crate) reserved: Seq,
    pub(crate) policy: Policy,
    /// What of it is kept.
    pub(crate) shelf: Arc<Shelf>,
}

/// What came of claiming a name.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It belongs to the token.
    Owned(Box<TunnelRow>),
    /// It belongs to another.
    Taken,
    /// The token has as many as it may.
    TooMany,
    /// The token is not valid any more.
    Revoked,
}

impl Store {
    /// Opens the file in this folder, making it if it is absent, and starts the thread.
    pub(crate) fn open(
        folder: Folder,
        limits: &Limits,
    ) -> Result<(Self, Vec<TunnelRow>), RelayError> {
        let path = folder::database(&folder.path)?;
        let db = schema::open(&path)?;
        let parts = Arc::new(Parts::new(path.clone(), limits));
        let tunnels = parts.begin(&db).map_err(StoreError::from)?;
        let tunnels = tunnels.into_iter().map(|owned| parts.row(owned)).collect();
        let (jobs, queue) = mpsc::channel(STORE_JOBS);
        let failed = |source| RelayError::File {
            what: "start a thread for",
            path,
            source,
        };
        let writer = Writer::new(db, queue, parts.clone());
        let thread = writer.and_then(|writer| {
            let thread = std::thread::Builder::new().name("kreel-store".into());
            thread.spawn(move || writer.run())
        });
        Ok((
            Self {
                jobs,
                thread: Some(thread.map_err(failed)?),
                parts,
                tasks: TaskTracker::new(),
                _folder: folder,
            },
            tunnels,
        ))
    }

    /// Runs work on the store to its end, even if whoever began it leaves; waited for when the
    /// store is closed.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        self.tasks.spawn(work)
    }

    /// Keeps a delivery until it is settled. Its pieces, if it has any, must be there already.
    pub(crate) async fn keep(&self, shelf: &Arc<Shelf>, record: Record) -> Result<(), StoreError> {
        let in_memory: u64 = record.body.iter().map(|run| run.len() as u64).sum();
        let bytes = record.head_bytes() + in_memory;
        let room = self.parts.books.take(shelf, 1, bytes)?;
        let tunnel = shelf.tunnel;
        self.ask(
            Need::Sync,
            move |db| rows::keep(db, tunnel, &record),
            used(room),
        )
        .await
    }

    /// Puts a piece of a body aside that is too large for memory.
    pub(crate) async fn put_piece(
        &self,
        shelf: &Arc<Shelf>,
        seq: Seq,
        number: u32,
        bytes: Vec<Bytes>,
    ) -> Result<(), StoreError> {
        let size = bytes.iter().map(|run| run.len() as u64).sum();
        let room = self.parts.books.take(shelf, 0, size)?;
        let tunnel = shelf.tunnel;
        self.ask(
            Need::Write,
            move |db| rows::piece(db, tunnel, seq, number, &bytes),
            used(room),
        )
        .await
    }

    /// Forgets the pieces of a body whose delivery was not kept.
    pub(crate) async fn discard(&self, shelf: &Arc<Shelf>, seq: Seq) {
        let (tunnel, shelf, books) = (shelf.tunnel, shelf.clone(), self.parts.books.clone());
        // If the store is closing, the next start tidies up.
        let _ = self
            .ask(
                Need::Write,
                move |db| rows::discard(db, tunnel, seq),
                move |bytes| books.give_back(&shelf, 0, *bytes),
            )
            .await;
    }

    /// Settles deliveries their client answers for: they wait no longer. Should that be lost in a
    /// power cut, they come again, and their client knows them.
    pub(crate) async fn settle(
        &self,
        shelf: &Arc<Shelf>,
        seqs: Vec<Seq>,
    ) -> Result<(), StoreError> {
        let (shelf, parts) = (shelf.clone(), self.parts.clone());
        let (tunnel, ring) = (shelf.tunnel, self.parts.ring.count > 0);
        let then = move |bytes: &Vec<u64>| parts.has_settled(&shelf, bytes);
        self.ask(
            Need::Write,
            move |db| rows::settle(db, tunnel, &seqs, ring),
            then,
        )
        .await
        .map(drop)
    }

    /// Writes down, behind the answer, a delivery that its app has answered. Takes no time.
    pub(crate) fn log(&self, shelf: &Arc<Shelf>, delivery: &Delivery, body: &[u8]) {
        self.parts.log.add(shelf, delivery, body);
    }

    /// Claims positions up to this one, so that none is given out twice.
    pub(crate) async fn reserve(&self, tunnel: i64, up_to: Seq) -> Result<(), StoreError> {
        self.ask(
            Need::Sync,
            move |db| owners::reserve(db, tunnel, up_to),
            |()| (),
        )
        .await
    }

    /// The valid token with this hash.
    pub(crate) async fn token(&self, hash: [u8; 32]) -> Result<Option<Bearer>, StoreError> {
        self.ask(Need::Read, move |db| owners::token(db, hash), |_| ())
            .await
    }

    /// The same where any token is good: one that was never seen is taken in.
    pub(crate) async fn admit(&self, hash: [u8; 32]) -> Result<Option<Bearer>, StoreError> {
        self.ask(Need::Sync, move |db| owners::admit(db, hash), |_| ())
            .await
    }

    /// Whether there is or was a token with this hash.
    pub(crate) async fn has_seen(&self, hash: [u8; 32]) -> Result<bool, StoreError> {
        self.ask(Need::Read, move |db| owners::has_seen(db, hash), |_| ())
            .await
    }

    /// Counts what was kept of a tunnel that has been given up as gone.
    pub(crate) fn forget(&self, shelf: &Shelf) {
        self.parts.books.forget(shelf);
    }

    /// Claims a name for a token, or finds it claimed, and remembers the policy if it is owned.
    pub(crate) async fn claim(
        &self,
        name: TunnelName,
        token: i64,
        policy: Policy,
        terms: Terms,
    ) -> Result<Claim, StoreError> {
        let claim = move |db: &Connection| owners::claim(db, &name, token, terms);
        let owned = match self.ask(Need::Sync, claim, |_| ()).await? {
            Claimed::Owned(owned) => owned,
            Claimed::Taken => return Ok(Claim::Taken),
            Claimed::TooMany => return Ok(Claim::TooMany),
            Claimed::Revoked => return Ok(Claim::Revoked),
        };
        let tunnel = owned.id;
        // Good to know, and no reason to keep a client out: it needs no answer.
        let (remember, _) = Job::asked(
            Need::Write,
            move |db| {
                owners::token_used(db, token)?;
                owners::remember(db, tunnel, policy)
            },
            |()| (),
        );
        let _ = self.jobs.send(remember).await;
        Ok(Claim::Owned(Box::new(self.parts.row(owned))))
    }

    /// Who may do what, if another process has changed the file since `version`.
    pub(crate) async fn standing(&self, version: i64) -> Result<Option<Standing>, StoreError> {
        self.ask(Need::Read, move |db| owners::standing(db, version), |_| ())
            .await
    }

    /// How many bytes wait for their clients.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.parts.books.waiting_bytes()
    }

    /// How much of its disk is free, if the system says.
    pub(crate) fn disk_free_bytes(&self) -> Option<u64> {
        self.parts.books.disk_free_bytes()
    }

    /// Whether the store answers at all, and soon.
    pub(crate) async fn is_well(&self) -> bool {
        let asked = self.ask(
            Need::Read,
            |db| db.query_row("SELECT 1", [], |_| Ok(())),
            |()| (),
        );
        matches!(tokio::time::timeout(READY, asked).await, Ok(Ok(())))
    }

    /// Does all that was asked for, then closes the file.
    pub(crate) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        let _ = self.jobs.send(Job::Stop).await;
        self.jobs.closed().await;
    }

    async fn ask<T: Send + 'static>(
        &self,
        need: Need,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, StoreError> {
        let (job, answer): (_, oneshot::Receiver<_>) = Job::asked(need, work, then);
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.jobs = closed;
        if let Some(thread) = self.thread.take() {
            // It ends once its last job is done; a panic of its own has been printed.
            let _ = thread.join();
        }
    }
}

/// What to do with room once it is made use of.
fn used(room: Room) -> impl FnOnce(&()) + Send + 'static {
    move |()| room.used()
}

#[cfg(test)]
mod tests;
