//! Deliveries the app answered itself, on their way to the file *behind* the answer: copied
//! into a buffer of their tunnel, and written together now and then.
//!
//! What is pushed out of the buffer before it is written is not missed: the ring has the last
//! deliveries of a tunnel only. Nobody ever waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use kreel_wire::{Delivery, Scheme, Verdict};
use rusqlite::{Connection, params};
use tokio::sync::Notify;

use super::record::{header_bytes, push_headers};
use super::rows::row_bytes;
use super::shelf::Shelf;
use crate::limits::{LOG_BYTES, LOG_HALF_BYTES};

/// Where answered deliveries go first.
#[derive(Debug)]
pub(super) struct Log {
    /// How many of a tunnel the ring has; 0: there is none.
    count: usize,
    /// In all buffers.
    bytes: AtomicUsize,
    /// The tunnels that have something to write.
    waiting: Mutex<Vec<Arc<Shelf>>>,
    /// Told when the first of them has.
    pub(super) noticed: Notify,
}

/// A tunnel's buffer: two halves, of which the older is forgotten when the newer is full.
#[derive(Debug, Default)]
pub(super) struct Tail {
    newer: Half,
    older: Half,
    listed: bool,
}

#[derive(Debug, Default)]
struct Half {
    entries: Vec<Entry>,
    /// The parts of all entries, one after the other.
    block: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    seq: u64,
    id: [u8; 16],
    received_at_us: u64,
    settled_at: i64,
    https: bool,
    signature: Option<Verdict>,
    method: usize,
    target: usize,
    headers: usize,
    forwarded_for: usize,
    body: usize,
}

/// What is to be written of one tunnel.
#[derive(Debug)]
pub(super) struct Written {
    tunnel: i64,
    halves: [Half; 2],
    /// How many of the entries are older than the ring goes back.
    skip: usize,
}

impl Log {
    /// An empty one for a ring of this size.
    pub(super) fn new(count: u64) -> Self {
        Self {
            count: usize::try_from(count).unwrap_or(usize::MAX),
            bytes: 0.into(),
            waiting: Mutex::default(),
            noticed: Notify::new(),
        }
    }

    /// Adds a delivery that the app has answered. Copies its bytes: to hold on to them would pin
    /// the buffers they were read into.
    pub(super) fn add(&self, shelf: &Arc<Shelf>, delivery: &Delivery, body: &[u8]) {
        let bytes = body.len() + header_bytes(&delivery.headers) + delivery.target.len();
        if self.count == 0 || bytes > LOG_HALF_BYTES {
            return;
        }
        let mut tail = shelf.tail();
        if tail.newer.entries.len() >= self.count || tail.newer.block.len() + bytes > LOG_HALF_BYTES
        {
            let freed = tail.turn();
            self.bytes.fetch_sub(freed, Ordering::Relaxed);
        }
        let before = tail.newer.block.len();
        if self.bytes.load(Ordering::Relaxed) + bytes > LOG_BYTES {
            let freed = tail.older.forget();
            let left = self.bytes.fetch_sub(freed, Ordering::Relaxed) - freed;
            if left + bytes > LOG_BYTES {
                return;
            }
        }
        tail.newer.push(delivery, body, bytes);
        let added = tail.newer.block.len() - before;
        self.bytes.fetch_add(added, Ordering::Relaxed);
        if !std::mem::replace(&mut tail.listed, true) {
            drop(tail);
            self.waiting().push(shelf.clone());
            self.noticed.notify_one();
        }
    }

    /// Takes out all there is to write.
    pub(super) fn take(&self) -> Vec<Written> {
        let shelves = std::mem::take(&mut *self.waiting());
        let taken = shelves.iter().map(|shelf| {
            let mut tail = shelf.tail();
            let Tail { newer, older, .. } = std::mem::take(&mut *tail);
            self.bytes
                .fetch_sub(newer.block.len() + older.block.len(), Ordering::Relaxed);
            let entries = newer.entries.len() + older.entries.len();
            Written {
                tunnel: shelf.tunnel,
                skip: entries.saturating_sub(self.count),
                halves: [older, newer],
            }
        });
        taken.collect()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Shelf>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    /// Forgets the older half and begins a new one; how many bytes that frees.
    fn turn(&mut self) -> usize {
        std::mem::swap(&mut self.older, &mut self.newer);
        self.newer.forget()
    }
}

impl Half {
    fn forget(&mut self) -> usize {
        let bytes = self.block.len();
        self.entries.clear();
        self.block.clear();
        bytes
    }

    fn push(&mut self, delivery: &Delivery, body: &[u8], bytes: usize) {
        let Self { entries, block } = self;
        block.reserve(bytes);
        let mut part = |bytes: &[u8]| {
            block.extend_from_slice(bytes);
            bytes.len()
        };
        let method = part(delivery.method.as_bytes());
        let target = part(&delivery.target);
        let forwarded_for = part(delivery.forwarded_for.as_bytes());
        let body = part(body);
        let before = block.len();
        push_headers(block, &delivery.headers);
        entries.push(Entry {
            seq: delivery.seq.0,
            id: *delivery.id.as_bytes(),
            received_at_us: delivery.received_at_us,
            settled_at: now_ms(),
            https: delivery.scheme == Scheme::Https,
            signature: delivery.signature,
            method,
            target,
            headers: block.len() - before,
            forwarded_for,
            body,
        });
    }
}

impl Written {
    /// The tunnel it is of.
    pub(super) fn tunnel(&self) -> i64 {
        self.tunnel
    }

    /// Whether more came than the ring has: what is written now will soon be replaced.
    pub(super) fn overflowed(&self) -> bool {
        self.skip > 0
    }

    /// Writes it; how many bytes the ring has grown by.
    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<u64> {
        let (mut skip, mut grown) = (self.skip, 0);
        for half in &self.halves {
            let mut rest = &half.block[..];
            for entry in &half.entries {
                let mut part = |bytes| {
                    let part;
                    (part, rest) = rest.split_at(bytes);
                    part
                };
                let (method, target) = (part(entry.method), part(entry.target));
                let (forwarded_for, body) = (part(entry.forwarded_for), part(entry.body));
                let headers = part(entry.headers);
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                grown += entry.write(
                    db,
                    self.tunnel,
                    [method, target, headers, forwarded_for, body],
                )?;
            }
        }
        Ok(grown)
    }
}

impl Entry {
    fn write(&self, db: &Connection, tunnel: i64, parts: [&[u8]; 5]) -> rusqlite::Result<u64> {
        let [method, target, headers, forwarded_for, body] = parts;
        let added = db
            .prepare_cached(
                "INSERT OR IGNORE INTO delivery (tunnel_id, seq, id, received_at_us, method,
                    target, headers, https, forwarded_for, body_bytes, body, attempted, signature)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, ?12)",
            )?
            .execute(params![
                tunnel,
                self.seq,
                self.id,
                self.received_at_us,
                String::from_utf8_lossy(method),
                target,
                headers,
                self.https,
                String::from_utf8_lossy(forwarded_for),
                body.len(),
                body,
                self.signature.map(Verdict::number),
            ])?;
        if added == 0 {
            return Ok(0);
        }
        let bytes = row_bytes(body.len() as u64, headers.len(), target.len());
        db.prepare_cached(
            "INSERT OR IGNORE INTO settled (tunnel_id, seq, settled_at, bytes) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![tunnel, self.seq, self.settled_at, bytes])?;
        Ok(bytes)
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
