//! A body larger than one message, on its way to the client and into what is retained of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kreel_wire::limits::CHUNK_BYTES;
use kreel_wire::{Chunk, ExchangeId};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::body::SenderBody;
use super::problem::Problem;
use super::retained::Retained;
use crate::link::{Link, Unavailable};

/// What of a body is behind the first message.
#[derive(Debug)]
pub(super) struct Rest {
    /// What was read beyond that.
    pub(super) ahead: Vec<Bytes>,
    pub(super) body: SenderBody,
    /// What is held on to; nothing under `--strict`.
    pub(super) retained: Option<Retained>,
    /// Whether what was read ahead is there already.
    pub(super) is_retained: bool,
    /// What counts as held in memory, though it is not to be kept.
    pub(super) counted: Option<Retained>,
}

/// The body on its way.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) rest: Rest,
    pub(super) link: Arc<Link>,
    pub(super) exchange: ExchangeId,
    /// What must be acquired for each piece.
    pub(super) credit: Option<Arc<Semaphore>>,
    pub(super) progress: Progress,
    /// Cancelled when the client shall have no more of it, though it is still retained.
    pub(super) no_sending: CancellationToken,
}

/// An upload under way. Dropped before it is done, it ends and is taken back from the client.
#[derive(Debug)]
pub(super) struct UploadTask {
    task: JoinHandle<Result<Option<Retained>, Problem>>,
    link: Arc<Link>,
    exchange: ExchangeId,
    detached: bool,
}

impl UploadTask {
    /// Waits for the body's end; what was retained of it.
    pub(super) async fn done(&mut self) -> Result<Option<Retained>, Problem> {
        (&mut self.task).await.map_err(|_| Problem::Store)?
    }
}

impl UploadTask {
    /// Lets the rest of the body go on: the app has answered, and may still read it.
    pub(super) fn detach(mut self) {
        self.detached = true;
    }
}

impl Drop for UploadTask {
    fn drop(&mut self) {
        if !self.detached && !self.task.is_finished() {
            self.task.abort();
            self.link.cancel(self.exchange);
        }
    }
}

/// When a body last moved.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    start: Instant,
    moved_ms: Arc<AtomicU64>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            moved_ms: Arc::default(),
        }
    }

    /// The moment it last moved.
    pub(super) fn moved_at(&self) -> Instant {
        self.start + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    fn moved(&self) {
        let ms = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_ms.store(ms, Ordering::Relaxed);
    }
}

impl Upload {
    /// Starts it.
    pub(super) fn start(self) -> UploadTask {
        let (link, exchange) = (self.link.clone(), self.exchange);
        UploadTask {
            task: tokio::spawn(self.run()),
            link,
            exchange,
            detached: false,
        }
    }

    /// Reads the body to its end; what was retained of it. Cancels the exchange if it breaks off.
    async fn run(mut self) -> Result<Option<Retained>, Problem> {
        let done = self.transfer().await;
        if done.is_err() {
            self.link.cancel(self.exchange);
        }
        done.map(|()| self.rest.retained)
    }

    async fn transfer(&mut self) -> Result<(), Problem> {
        let ahead = std::mem::take(&mut self.rest.ahead);
        let mut left = ahead.len();
        for run in ahead {
            left -= 1;
            let last = left == 0 && self.rest.body.is_complete();
            match self.rest.is_retained {
                true => self.send(run, last).await?,
                false => self.pass(run, last).await?,
            }
            if last {
                return Ok(());
            }
        }
        self.rest.counted = None;
        while let Some(run) = self.rest.body.next().await? {
            let last = self.rest.body.is_complete();
            self.pass(run, last).await?;
            if last {
                return Ok(());
            }
        }
        self.pass(Bytes::new(), true).await
    }

    async fn pass(&mut self, run: Bytes, last: bool) -> Result<(), Problem> {
        if let Some(retained) = &mut self.rest.retained {
            retained
                .push(run.clone())
                .await
                .map_err(|error| Problem::store(&error))?;
        }
        self.send(run, last).await
    }

    async fn send(&mut self, mut run: Bytes, last: bool) -> Result<(), Problem> {
        loop {
            let data = run.split_to(run.len().min(CHUNK_BYTES));
            let end = run.is_empty();
            if self.no_sending.is_cancelled() {
                return Ok(());
            }
            let sent = tokio::select! {
                sent = self.send_chunk(data, end && last) => sent,
                () = self.no_sending.cancelled() => return Ok(()),
            };
            if sent.is_err() {
                // Without a link the rest can only be retained.
                self.no_sending.cancel();
                return if self.rest.retained.is_some() {
                    Ok(())
                } else {
                    Err(Problem::NoClient)
                };
            }
            self.progress.moved();
            if end {
                return Ok(());
            }
        }
    }

    async fn send_chunk(&self, data: Bytes, end: bool) -> Result<(), Unavailable> {
        let chunk = Chunk {
            exchange: self.exchange,
            data,
            end,
        };
        let credit = self.credit.as_ref().ok_or(Unavailable)?;
        let permits = credit.acquire_many(chunk.cost_bytes()).await;
        permits.map_err(|_| Unavailable)?.forget();
        self.link.send_piece(chunk).await
    }
}
