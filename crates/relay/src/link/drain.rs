//! Sends a client what waits for it in the store, oldest first, a window at a time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;
use kreel_wire::limits::CHUNK_BYTES;
use kreel_wire::{Chunk, ExchangeId, Request, Seq};
use tokio::sync::Semaphore;
use tracing::error;

use super::sent::Sent;
use super::{Link, Unavailable};
use crate::limits::DRAIN_WINDOW;
use crate::store::{Record, Store};
use crate::tunnels::Tunnel;

impl Link {
    /// Has the store's deliveries of this tunnel sent, unless that is under way: then it looks
    /// once more before it stops.
    pub(crate) fn drain(self: &Arc<Self>, tunnel: &Arc<Tunnel>, store: &Arc<Store>) {
        self.drain_again.store(true, Ordering::SeqCst);
        if !self.draining.swap(true, Ordering::SeqCst) {
            let drain = Drain {
                link: self.clone(),
                tunnel: tunnel.clone(),
                store: store.clone(),
            };
            tokio::spawn(drain.run());
        }
    }

    /// Notes that a kept delivery is with this client already.
    pub(crate) fn note_pending(&self, seq: Seq, body_bytes: u64) {
        self.sent().add_pending(seq, body_bytes);
    }

    /// Takes back [`note_pending`](Self::note_pending), as the delivery could not be kept.
    pub(crate) fn forget_pending(&self, seq: Seq) {
        self.sent().remove(seq);
    }

    /// Settles the kept ones among the deliveries the client answers for.
    pub(crate) fn settle(
        self: &Arc<Self>,
        seqs: Vec<Seq>,
        tunnel: &Arc<Tunnel>,
        store: &Arc<Store>,
    ) {
        let mut bytes = 0;
        let settled: Vec<Seq> = {
            let mut sent = self.sent();
            let acknowledged =
                |seq: &Seq| sent.acknowledge(*seq).map(|size| bytes += size).is_some();
            seqs.into_iter().filter(acknowledged).collect()
        };
        if settled.is_empty() {
            return;
        }
        tunnel
            .waiting
            .fetch_sub(settled.len() as u64, Ordering::Relaxed);
        self.acknowledged.notify_one();
        let (link, store, tunnel) = (self.clone(), store.clone(), tunnel.id);
        tokio::spawn(async move {
            store.settle(tunnel, settled.clone(), bytes).await;
            // The store does jobs in order: whoever asks it from now on won't find them.
            let mut sent = link.sent();
            settled.into_iter().for_each(|seq| sent.remove(seq));
        });
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Drain {
    link: Arc<Link>,
    tunnel: Arc<Tunnel>,
    store: Arc<Store>,
}

impl Drain {
    async fn run(self) {
        loop {
            self.link.drain_again.store(false, Ordering::SeqCst);
            let ended = self.send_all().await;
            self.link.draining.store(false, Ordering::SeqCst);
            let again = ended.is_ok() && self.link.drain_again.load(Ordering::SeqCst);
            if !again || self.link.draining.swap(true, Ordering::SeqCst) {
                return;
            }
        }
    }

    /// Sends until nothing unsent waits.
    async fn send_all(&self) -> Result<(), Unavailable> {
        loop {
            let room = self.room().await?;
            let known = self.link.sent().len();
            let oldest = self.store.waiting(self.tunnel.id, known + room).await;
            let oldest = oldest.map_err(|error| {
                error!(%error, "waiting deliveries could not be read");
                Unavailable
            })?;
            let fresh: Vec<Seq> = {
                let sent = self.link.sent();
                oldest
                    .into_iter()
                    .filter(|seq| !sent.contains(*seq))
                    .take(room)
                    .collect()
            };
            if fresh.is_empty() {
                return Ok(());
            }
            for seq in fresh {
                self.send(seq).await?;
            }
        }
    }

    /// How many more the client may have; waits until it is at least one.
    async fn room(&self) -> Result<usize, Unavailable> {
        loop {
            let room = DRAIN_WINDOW.saturating_sub(self.link.sent().queued());
            if room > 0 {
                return Ok(room);
            }
            tokio::select! {
                () = self.link.acknowledged.notified() => {}
                () = self.link.opens.closed() => return Err(Unavailable),
            }
        }
    }

    async fn send(&self, seq: Seq) -> Result<(), Unavailable> {
        let record = self
            .store
            .load(self.tunnel.id, seq)
            .await
            .map_err(|error| {
                error!(%error, seq = seq.0, "a waiting delivery could not be read");
                Unavailable
            })?;
        // Settled in the meantime, as when a client acknowledged it on an earlier link.
        let Some(record) = record else { return Ok(()) };
        self.link.sent().add_queued(seq, record.body_bytes);
        let credit = self.link.window();
        let (total, mut left) = (record.body_bytes, record.body_bytes);
        let (request, rest) = first_message(record);
        left -= request.body.len() as u64;
        let upload = (!request.end).then(|| credit.clone());
        let exchange = self.link.enqueue(request, None, upload).await?;
        if let Some(rest) = rest {
            left -= rest.len() as u64;
            self.send_body(exchange, &credit, rest, left == 0).await?;
        }
        let mut number = 0;
        while left > 0 && total > 0 {
            let piece = self.store.load_piece(self.tunnel.id, seq, number).await;
            let Ok(Some(piece)) = piece else {
                error!(
                    seq = seq.0,
                    number, "a piece of a waiting delivery is missing"
                );
                self.link.cancel(exchange);
                return Err(Unavailable);
            };
            left = left.saturating_sub(piece.len() as u64);
            self.send_body(exchange, &credit, piece, left == 0).await?;
            number += 1;
        }
        Ok(())
    }

    async fn send_body(
        &self,
        exchange: ExchangeId,
        credit: &Semaphore,
        mut bytes: Bytes,
        last: bool,
    ) -> Result<(), Unavailable> {
        while !bytes.is_empty() {
            let data = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            let chunk = Chunk {
                exchange,
                data,
                end: last && bytes.is_empty(),
            };
            let permits = credit.acquire_many(chunk.cost_bytes()).await;
            permits.map_err(|_| Unavailable)?.forget();
            self.link.send_piece(chunk).await?;
        }
        Ok(())
    }
}

/// The message that opens the exchange, and what of the record's body did not fit it.
fn first_message(record: Record) -> (Request, Option<Bytes>) {
    let mut body = record.body.into_iter().next().unwrap_or_default();
    let first = body.split_to(body.len().min(CHUNK_BYTES));
    let end = first.len() as u64 == record.body_bytes;
    let request = Request {
        exchange: ExchangeId(0),
        delivery: record.delivery,
        body: first,
        end,
    };
    (request, (!body.is_empty()).then_some(body))
}
