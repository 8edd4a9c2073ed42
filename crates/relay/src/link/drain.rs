//! Sends a client what it wants of the store, oldest first, a window at a time.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use bytes::Bytes;
use kreel_wire::limits::CHUNK_BYTES;
use kreel_wire::{Chunk, ExchangeId, Request, Seq};
use tokio::sync::Semaphore;
use tracing::error;

use super::course::Course;
use super::sent::Sent as SentList;
use super::{Link, Unavailable};
use crate::error::StoreError;
use crate::limits::{DRAIN_AHEAD, DRAIN_WINDOW, READ_AGAIN};
use crate::store::{Batch, Record, Store};
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

    /// Has a delivery sent that has just been kept.
    pub(crate) fn hand_on(self: &Arc<Self>, seq: Seq, tunnel: &Arc<Tunnel>, store: &Arc<Store>) {
        match self.past {
            Some(past) if seq <= past.until => self.kept_late().push(seq),
            _ => {
                self.kept_after
                    .fetch_min(seq.0.saturating_sub(1), Ordering::SeqCst);
            }
        }
        self.drain(tunnel, store);
    }

    /// Has everything looked at once more.
    pub(crate) fn drain_anew(self: &Arc<Self>, tunnel: &Arc<Tunnel>, store: &Arc<Store>) {
        let from = self.past.map_or(0, |past| past.until.0);
        self.kept_after.fetch_min(from, Ordering::SeqCst);
        self.drain(tunnel, store);
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

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_late(&self) -> MutexGuard<'_, Vec<Seq>> {
        self.kept_late
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
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

    /// Sends until nothing unsent is left that the client wants.
    async fn send_all(&self) -> Result<(), Unavailable> {
        loop {
            let late = std::mem::take(&mut *self.link.kept_late());
            for seq in late {
                let tunnel = self.tunnel.shelf.tunnel;
                self.send(seq, self.store.load(tunnel, seq).await).await?;
            }
            let batch = self.batch().await?;
            if batch.is_empty() && !self.link.course().goes_on() {
                return Ok(());
            }
            for (seq, record) in batch {
                self.send(seq, record).await?;
                self.link.course().passed(seq);
            }
        }
    }

    /// What comes next.
    async fn batch(&self) -> Result<Batch, Unavailable> {
        self.room().await?;
        let look = {
            let mut course = self.link.course();
            let after = self.link.kept_after.swap(u64::MAX, Ordering::SeqCst);
            course.back_to(Seq(after));
            course.look()
        };
        loop {
            let next = self.store.next(self.tunnel.shelf.tunnel, look, DRAIN_AHEAD);
            match next.await {
                Ok(batch) => return Ok(batch),
                Err(error) => {
                    error!(%error, cause = ?error, "kept deliveries could not be read");
                }
            }
            // As long as the link lives: nobody else sends them on it.
            tokio::select! {
                () = tokio::time::sleep(READ_AGAIN) => {}
                () = self.link.urgent.closed() => return Err(Unavailable),
            }
        }
    }

    /// Waits until the client may have one more.
    async fn room(&self) -> Result<(), Unavailable> {
        loop {
            if self.link.is_leaving() {
                return Err(Unavailable);
            }
            if self.link.sent().queued() < DRAIN_WINDOW {
                return Ok(());
            }
            tokio::select! {
                () = self.link.acknowledged.notified() => {}
                () = self.link.urgent.closed() => return Err(Unavailable),
            }
        }
    }

    /// Sends one delivery, unless the client has it. One that can't be read is left for the next
    /// link; the others go on.
    async fn send(
        &self,
        seq: Seq,
        read: Result<Option<Record>, StoreError>,
    ) -> Result<(), Unavailable> {
        if self.link.sent().contains(seq) {
            return Ok(());
        }
        let record = match read {
            Ok(Some(record)) => record,
            // It has left the store meanwhile.
            Ok(None) => return Ok(()),
            Err(error) => {
                error!(%error, seq = seq.0, "a kept delivery could not be read");
                self.link.sent().add_unreadable(seq);
                return Ok(());
            }
        };
        if let Err(error) = record.delivery.check() {
            // Its client would end the link over it, and so each later one.
            let id = record.delivery.id;
            error!(%error, delivery = %id, seq = seq.0, "a kept delivery is set aside: no client can take it");
            self.link.sent().add_unreadable(seq);
            return Ok(());
        }
        self.room().await?;
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
            // The next of those kept must not overtake its end: a client that is cut off in
            // between would have that one first.
            let link = &self.drain.link;
            let sent = match end {
                true => link.send_piece_first(chunk).await,
                false => link.send_piece(chunk).await,
            };
            sent.map_err(|_| Sent::LinkLost)?;
        }
        Ok(())
    }

    /// Waits for credit, unless the client answers for the delivery before it has all of it.
    async fn credit(&self, bytes: u32) -> Result<(), Sent> {
        let link = &self.drain.link;
        loop {
            let acknowledged = link.acknowledged.notified();
            if !link.sent().is_unanswered(self.seq) {
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
