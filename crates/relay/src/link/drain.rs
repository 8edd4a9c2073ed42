//! Sends a client what waits for it in the store, oldest first, a window at a time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;
use kreel_wire::limits::CHUNK_BYTES;
use kreel_wire::{Chunk, ExchangeId, Request, Seq};
use tokio::sync::Semaphore;
use tracing::error;

use super::sent::Sent as SentList;
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
            store.spawn(drain.run());
        }
    }

    /// A delivery this client is at work on is about to be kept.
    pub(crate) fn keeping(&self, seq: Seq) {
        self.sent().keeping(seq);
    }

    /// Takes back [`keeping`](Self::keeping), as the delivery could not be kept.
    pub(crate) fn not_kept(&self, seq: Seq) {
        self.sent().remove(seq);
    }

    /// The delivery is on disk; if the client has answered for it meanwhile, it is settled.
    pub(crate) fn kept(self: &Arc<Self>, seq: Seq, tunnel: &Arc<Tunnel>, store: &Arc<Store>) {
        if self.sent().kept(seq) {
            self.forget(vec![seq], tunnel, store);
        }
    }

    /// Settles the kept ones among the deliveries the client answers for.
    pub(crate) fn settle(
        self: &Arc<Self>,
        mut seqs: Vec<Seq>,
        tunnel: &Arc<Tunnel>,
        store: &Arc<Store>,
    ) {
        {
            let mut sent = self.sent();
            seqs.retain(|seq| sent.acknowledge(*seq));
        }
        if !seqs.is_empty() {
            self.acknowledged.notify_one();
            self.forget(seqs, tunnel, store);
        }
    }

    fn forget(self: &Arc<Self>, seqs: Vec<Seq>, tunnel: &Arc<Tunnel>, store: &Arc<Store>) {
        let (link, shelf, keeper) = (self.clone(), tunnel.shelf.clone(), store.clone());
        store.spawn(async move {
            match keeper.settle(&shelf, seqs.clone()).await {
                // Whoever asks the store from now on won't find them.
                Ok(()) => {
                    let mut sent = link.sent();
                    seqs.into_iter().for_each(|seq| sent.remove(seq));
                }
                // They come again on the next link, and its client will know them.
                Err(error) => error!(%error, "settled deliveries could not be forgotten"),
            }
        });
    }

    pub(super) fn sent(&self) -> MutexGuard<'_, SentList> {
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
            let oldest = self
                .store
                .waiting(self.tunnel.shelf.tunnel, known + room)
                .await;
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
            if self.link.is_leaving() {
                return Err(Unavailable);
            }
            let room = DRAIN_WINDOW.saturating_sub(self.link.sent().queued());
            if room > 0 {
                return Ok(room);
            }
            tokio::select! {
                () = self.link.acknowledged.notified() => {}
                () = self.link.urgent.closed() => return Err(Unavailable),
            }
        }
    }

    /// Sends one delivery. One that can't be read is left for the next link; the others go on.
    async fn send(&self, seq: Seq) -> Result<(), Unavailable> {
        let record = match self.store.load(self.tunnel.shelf.tunnel, seq).await {
            Ok(Some(record)) => record,
            // Settled in the meantime, as when a client acknowledged it on an earlier link.
            Ok(None) => return Ok(()),
            Err(error) => {
                error!(%error, seq = seq.0, "a waiting delivery could not be read");
                self.link.sent().add_unreadable(seq);
                return Ok(());
            }
        };
        self.link.sent().add_queued(seq);
        let mut left = record.body_bytes;
        let (request, rest) = first_message(record);
        left -= request.body.len() as u64;
        let credit = self.link.window();
        let upload = (!request.end).then(|| credit.clone());
        let exchange = self.link.enqueue(request, None, upload).await?;
        let body = Body {
            drain: self,
            seq,
            exchange,
            credit,
        };
        match body.send(rest, left).await {
            Sent::Whole => Ok(()),
            Sent::NotWanted => {
                // The app answered before it had all of it, or the client gave it up.
                self.link.cancel(exchange);
                Ok(())
            }
            Sent::Unreadable => {
                self.link.cancel(exchange);
                self.link.sent().add_unreadable(seq);
                Ok(())
            }
            Sent::LinkLost => Err(Unavailable),
        }
    }
}

/// What became of a body on its way.
enum Sent {
    Whole,
    NotWanted,
    Unreadable,
    LinkLost,
}

/// The rest of a body that did not fit its first message.
struct Body<'a> {
    drain: &'a Drain,
    seq: Seq,
    exchange: ExchangeId,
    credit: Arc<Semaphore>,
}

impl Body<'_> {
    async fn send(&self, rest: Option<Bytes>, mut left: u64) -> Sent {
        if let Some(rest) = rest {
            left -= rest.len() as u64;
            if let Err(end) = self.send_run(rest, left == 0).await {
                return end;
            }
        }
        let mut number = 0;
        while left > 0 {
            let piece = self.piece(number).await;
            let Some(piece) = piece else {
                return Sent::Unreadable;
            };
            left = left.saturating_sub(piece.len() as u64);
            if let Err(end) = self.send_run(piece, left == 0).await {
                return end;
            }
            number += 1;
        }
        Sent::Whole
    }

    async fn piece(&self, number: u32) -> Option<Bytes> {
        let (store, tunnel) = (&self.drain.store, self.drain.tunnel.shelf.tunnel);
        let piece = store.load_piece(tunnel, self.seq, number).await;
        if !matches!(piece, Ok(Some(_))) {
            error!(
                seq = self.seq.0,
                number, "a piece of a waiting delivery can't be read"
            );
        }
        piece.ok().flatten().filter(|piece| !piece.is_empty())
    }

    async fn send_run(&self, mut bytes: Bytes, last: bool) -> Result<(), Sent> {
        while !bytes.is_empty() {
            let data = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            let end = last && bytes.is_empty();
            let chunk = Chunk {
                exchange: self.exchange,
                data,
                end,
            };
            self.credit(chunk.cost_bytes()).await?;
            let sent = self.drain.link.send_piece(chunk).await;
            sent.map_err(|_| Sent::LinkLost)?;
        }
        Ok(())
    }

    /// Waits for credit, unless the client answers for the delivery before it has all of it.
    async fn credit(&self, bytes: u32) -> Result<(), Sent> {
        let link = &self.drain.link;
        loop {
            let acknowledged = link.acknowledged.notified();
            if link.sent().is_done(self.seq) {
                return Err(Sent::NotWanted);
            }
            tokio::select! {
                permits = self.credit.acquire_many(bytes) => return match permits {
                    Ok(permits) => {
                        permits.forget();
                        Ok(())
                    }
                    Err(_) if link.urgent.is_closed() => Err(Sent::LinkLost),
                    Err(_) => Err(Sent::NotWanted),
                },
                () = acknowledged => {}
            }
        }
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
