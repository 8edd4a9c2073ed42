//! A body held on to while its sender waits, so that it can still be kept: in memory while it
//! is small and there is room, in the store's pieces from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use kreel_wire::{Delivery, Seq};

use crate::config::Limits;
use crate::error::StoreError;
use crate::shared::Shared;
use crate::store::{Record, Shelf, Store};

/// How large the pieces are once a body goes to disk: 256 KiB, so that rows stay readable.
const PIECE_BYTES: usize = 256 * 1024;

/// A body so far.
#[derive(Debug)]
pub(super) struct Retained {
    store: Arc<Store>,
    shelf: Arc<Shelf>,
    seq: Seq,
    memory: Vec<Bytes>,
    memory_bytes: usize,
    pieces: u32,
    total_bytes: u64,
    /// Shared by all bodies of the relay.
    budget: Arc<AtomicUsize>,
    most: Memory,
    kept: bool,
}

/// How much of bodies is held in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    of_one: usize,
    of_all: usize,
}

impl Memory {
    /// As the limits have it.
    pub(super) fn within(limits: &Limits) -> Self {
        Self {
            of_one: limits.body_memory_bytes_of_one,
            of_all: limits.body_memory_bytes,
        }
    }
}

impl Memory {
    /// The most of one body.
    pub(super) fn of_one(self) -> u64 {
        u64::try_from(self.of_one).unwrap_or(u64::MAX)
    }
}

impl Retained {
    /// Nothing yet, of this delivery.
    pub(super) fn new(shared: &Shared, shelf: &Arc<Shelf>, seq: Seq, most: Memory) -> Self {
        Self {
            store: shared.store.clone(),
            shelf: shelf.clone(),
            seq,
            memory: Vec::new(),
            memory_bytes: 0,
            pieces: 0,
            total_bytes: 0,
            budget: shared.retained_bytes.clone(),
            most,
            kept: false,
        }
    }

    /// Adds what came. Waits for the disk when memory is used up.
    pub(super) async fn push(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.memory_bytes += bytes.len();
        self.total_bytes += bytes.len() as u64;
        let all = self.budget.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        self.memory.push(bytes);
        let limit = if self.pieces > 0 {
            PIECE_BYTES
        } else {
            self.most.of_one
        };
        if self.memory_bytes > limit || all > self.most.of_all {
            self.spill().await?;
        }
        Ok(())
    }

    /// How many bytes were added.
    pub(super) fn bytes(&self) -> u64 {
        self.total_bytes
    }

    /// What was added, if all of it is still in memory: the same bytes, which count as long as this
    /// does.
    pub(super) fn in_memory(&self) -> Option<Vec<Bytes>> {
        (self.pieces == 0).then(|| self.memory.clone())
    }

    /// Keeps the delivery with this body until it is settled.
    pub(super) async fn keep(mut self, delivery: Box<Delivery>) -> Result<(), StoreError> {
        if self.pieces > 0 && self.memory_bytes > 0 {
            self.spill().await?;
        }
        let record = Record {
            delivery,
            body_bytes: self.total_bytes,
            body: std::mem::take(&mut self.memory),
        };
        self.store.keep(&self.shelf, record).await?;
        self.kept = true;
        Ok(())
    }

    async fn spill(&mut self) -> Result<(), StoreError> {
        let bytes = std::mem::take(&mut self.memory);
        self.store
            .put_piece(&self.shelf, self.seq, self.pieces, bytes)
            .await?;
        self.pieces += 1;
        self.budget
            .fetch_sub(std::mem::take(&mut self.memory_bytes), Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Retained {
    fn drop(&mut self) {
        self.budget.fetch_sub(self.memory_bytes, Ordering::Relaxed);
        if self.pieces > 0 && !self.kept {
            let (store, shelf, seq) = (self.store.clone(), self.shelf.clone(), self.seq);
            self.store
                .spawn(async move { store.discard(&shelf, seq).await });
        }
    }
}
