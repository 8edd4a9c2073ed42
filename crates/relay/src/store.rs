//! Deliveries until settled, tunnels and their owners, tokens: one SQLite file, one thread.
//!
//! What a method returns is on disk, synced, by the time it returns; a caller may acknowledge
//! on the strength of it. Jobs are done in the order they were asked for.

mod record;
mod schema;
mod tokens;
mod writer;

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use bytes::Bytes;
use kreel_wire::{Policy, Seq, TunnelName};
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

pub(crate) use self::record::Record;
pub use self::tokens::{TokenRow, Tokens};
pub(crate) use self::tokens::{hash, token_from_file};
use self::writer::Job;
use crate::error::{RelayError, StoreError};
use crate::limits::STORE_JOBS;

/// The relay's file, open. Only one relay has it at a time.
#[derive(Debug)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    thread: Option<JoinHandle<()>>,
    /// Bytes of all bodies kept; counted by the thread, as rows come and go.
    kept_bytes: Arc<AtomicU64>,
    /// How many of them there may be.
    most_bytes: u64,
    /// Work on the store that outlives whoever began it.
    tasks: TaskTracker,
    _lock: File,
}

/// What of one tunnel is kept.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// The tunnel's number.
    pub(crate) tunnel: i64,
    /// How many deliveries wait; counted by the thread, as rows come and go.
    waiting: AtomicU64,
}

impl Shelf {
    /// The shelf of a tunnel as the file had it.
    pub(crate) fn new(row: &TunnelRow) -> Arc<Self> {
        Arc::new(Self {
            tunnel: row.id,
            waiting: row.waiting.into(),
        })
    }

    /// How many deliveries wait for their client.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A tunnel as the file has it.
#[derive(Debug, Clone)]
pub(crate) struct TunnelRow {
    pub(crate) id: i64,
    pub(crate) name: TunnelName,
    /// Positions up to this one may have been given out.
    pub(crate) reserved: Seq,
    pub(crate) policy: Policy,
    /// How many of its deliveries wait for a client.
    pub(crate) waiting: u64,
}

/// What came of claiming a name.
#[derive(Debug)]
pub(crate) enum Claim {
    /// It belongs to the token.
    Owned(Box<TunnelRow>),
    /// It belongs to another.
    Taken,
}

impl Store {
    /// Opens the file in this folder, making both if they are absent, and starts the thread.
    pub(crate) fn open(data: &Path, most_bytes: u64) -> Result<(Self, Vec<TunnelRow>), RelayError> {
        let path = database(data)?;
        let lock = lock(data)?;
        let connection = schema::open(&path)?;
        let tunnels = writer::tunnels(&connection).map_err(StoreError::from)?;
        let kept_bytes = writer::tidy(&connection).map_err(StoreError::from)?;
        let kept_bytes = Arc::new(AtomicU64::new(kept_bytes));
        let counted = kept_bytes.clone();
        let (jobs, queue) = mpsc::channel(STORE_JOBS);
        let thread = std::thread::Builder::new()
            .name("kreel-store".into())
            .spawn(move || writer::run(connection, queue, &counted))
            .map_err(|source| RelayError::File {
                what: "start a thread for",
                path,
                source,
            })?;
        Ok((
            Self {
                jobs,
                thread: Some(thread),
                kept_bytes,
                most_bytes,
                tasks: TaskTracker::new(),
                _lock: lock,
            },
            tunnels,
        ))
    }

    /// Whether so many bytes more may be kept.
    fn has_room(&self, bytes: u64) -> Result<(), StoreError> {
        let kept = self.kept_bytes.load(Ordering::Relaxed);
        if kept.saturating_add(bytes) > self.most_bytes {
            Err(StoreError::Full)
        } else {
            Ok(())
        }
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
        self.has_room(record.body_bytes)?;
        let (shelf, record) = (shelf.clone(), Box::new(record));
        self.ask(|reply| Job::Keep {
            shelf,
            record,
            reply,
        })
        .await
    }

    /// Puts a piece of a body aside that is too large for memory. `total_bytes` is the size of
    /// the body so far.
    pub(crate) async fn put_piece(
        &self,
        shelf: &Shelf,
        seq: Seq,
        number: u32,
        bytes: Vec<Bytes>,
        total_bytes: u64,
    ) -> Result<(), StoreError> {
        self.has_room(total_bytes)?;
        let tunnel = shelf.tunnel;
        self.ask(|reply| Job::Piece {
            tunnel,
            seq,
            number,
            bytes,
            reply,
        })
        .await
    }

    /// Forgets the pieces of a body whose delivery was not kept.
    pub(crate) async fn discard(&self, shelf: &Shelf, seq: Seq) {
        // If the store is closing, the next start tidies up.
        let _ = self
            .jobs
            .send(Job::Discard {
                tunnel: shelf.tunnel,
                seq,
            })
            .await;
    }

    /// Forgets deliveries their client answers for.
    pub(crate) async fn settle(
        &self,
        shelf: &Arc<Shelf>,
        seqs: Vec<Seq>,
    ) -> Result<(), StoreError> {
        let shelf = shelf.clone();
        self.ask(|reply| Job::Settle { shelf, seqs, reply }).await
    }

    /// Claims positions up to this one, so that none is given out twice.
    pub(crate) async fn reserve(&self, tunnel: i64, up_to: Seq) -> Result<(), StoreError> {
        self.ask(|reply| Job::Reserve {
            tunnel,
            up_to,
            reply,
        })
        .await
    }

    /// The positions of the oldest waiting deliveries, in order.
    pub(crate) async fn waiting(&self, tunnel: i64, limit: usize) -> Result<Vec<Seq>, StoreError> {
        self.ask(|reply| Job::Waiting {
            tunnel,
            limit,
            reply,
        })
        .await
    }

    /// A kept delivery.
    pub(crate) async fn load(&self, tunnel: i64, seq: Seq) -> Result<Option<Record>, StoreError> {
        self.ask(|reply| Job::Load { tunnel, seq, reply }).await
    }

    /// A piece of a kept delivery's body, from 0.
    pub(crate) async fn load_piece(
        &self,
        tunnel: i64,
        seq: Seq,
        number: u32,
    ) -> Result<Option<Bytes>, StoreError> {
        self.ask(|reply| Job::LoadPiece {
            tunnel,
            seq,
            number,
            reply,
        })
        .await
    }

    /// The valid token with this hash: its number and name.
    pub(crate) async fn token(&self, hash: [u8; 32]) -> Result<Option<(i64, String)>, StoreError> {
        self.ask(|reply| Job::Token { hash, reply }).await
    }

    /// Claims a name for a token, or finds it claimed, and remembers the policy if it is owned.
    pub(crate) async fn claim(
        &self,
        name: TunnelName,
        token: i64,
        policy: Policy,
    ) -> Result<Claim, StoreError> {
        self.ask(|reply| Job::Claim {
            name,
            token,
            policy,
            reply,
        })
        .await
    }

    /// The valid tokens, if another process has changed the file since `version`, with the
    /// version to ask with next time.
    pub(crate) async fn valid_tokens(
        &self,
        version: i64,
    ) -> Result<Option<(i64, HashSet<i64>)>, StoreError> {
        self.ask(|reply| Job::ValidTokens { version, reply }).await
    }

    /// Does all that was asked for, then closes the file.
    pub(crate) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        let _ = self.jobs.send(Job::Stop).await;
        self.jobs.closed().await;
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.jobs
            .send(job(reply))
            .await
            .map_err(|_| StoreError::Closed)?;
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

/// What the file is called.
const FILE: &str = "relay.db";

/// The path of the file, which is its owner's alone, in a folder that exists.
fn database(data: &Path) -> Result<PathBuf, RelayError> {
    let failed = |what| {
        move |source| RelayError::File {
            what,
            path: data.to_owned(),
            source,
        }
    };
    fs::create_dir_all(data).map_err(failed("make the folder"))?;
    let path = data.join(FILE);
    let file = private().create(true).append(true).open(&path);
    file.map_err(|source| RelayError::File {
        what: "open",
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

fn lock(data: &Path) -> Result<File, RelayError> {
    let path = data.join("relay.lock");
    let failed = |source| RelayError::File {
        what: "lock",
        path: path.clone(),
        source,
    };
    let file = private()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(RelayError::InUse {
            path: data.to_owned(),
        }),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Options for a file that is the owner's alone (mode 0600).
pub(crate) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests;
