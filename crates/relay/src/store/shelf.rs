//! How much is kept, of one tunnel and in all, and how much may be: room is taken before a
//! delivery goes to disk and given back if it does not come to lie there, or leaves.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::Disk;
use super::log::Tail;
use crate::config::Limits;
use crate::error::StoreError;
use crate::rules::Posting;

/// What of one tunnel is kept, and who may add to it.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// The tunnel's number.
    pub(crate) tunnel: i64,
    /// Who may post there.
    pub(crate) posting: Posting,
    waiting: AtomicU64,
    waiting_bytes: AtomicU64,
    /// What its app answered lately, on its way to the log.
    tail: Mutex<Tail>,
}

/// What of all tunnels is kept.
#[derive(Debug)]
pub(super) struct Books {
    bytes: AtomicU64,
    most_bytes: u64,
    most_of_one: u64,
    most_bytes_of_one: u64,
    disk: Disk,
    shelves: Mutex<HashMap<i64, Arc<Shelf>>>,
}

/// Room that has been taken. Given back when dropped, unless it was made use of.
#[derive(Debug)]
#[must_use]
pub(super) struct Room {
    books: Arc<Books>,
    shelf: Arc<Shelf>,
    rows: u64,
    bytes: u64,
}

impl Books {
    /// How many bytes are kept.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How much of the disk is free, if the system says.
    pub(super) fn disk_free_bytes(&self) -> Option<u64> {
        self.disk.free_bytes()
    }
}

impl Shelf {
    fn new(tunnel: i64) -> Self {
        Self {
            tunnel,
            posting: Posting::default(),
            waiting: 0.into(),
            waiting_bytes: 0.into(),
            tail: Mutex::default(),
        }
    }

    /// How many deliveries wait for their client, those about to be on disk among them.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Nothing yet.
    pub(super) fn new(limits: &Limits, disk: Disk) -> Self {
        Self {
            bytes: 0.into(),
            disk,
            most_bytes: limits.max_waiting_bytes,
            most_of_one: limits.max_waiting,
            most_bytes_of_one: limits.max_waiting_bytes_of_one,
            shelves: Mutex::default(),
        }
    }

    /// The shelf of a tunnel, new if it is not known.
    pub(super) fn shelf(&self, tunnel: i64) -> Arc<Shelf> {
        let mut shelves = self.shelves();
        let shelf = shelves
            .entry(tunnel)
            .or_insert_with(|| Arc::new(Shelf::new(tunnel)));
        shelf.clone()
    }

    /// Takes over what the file has: tunnel, rows and bytes.
    pub(super) fn count(&self, found: Vec<(i64, u64, u64)>) {
        for shelf in self.shelves().values() {
            shelf.waiting.store(0, Ordering::Relaxed);
            shelf.waiting_bytes.store(0, Ordering::Relaxed);
        }
        let mut all = 0;
        for (tunnel, rows, bytes) in found {
            let shelf = self.shelf(tunnel);
            shelf.waiting.store(rows, Ordering::Relaxed);
            shelf.waiting_bytes.store(bytes, Ordering::Relaxed);
            all += bytes;
        }
        self.bytes.store(all, Ordering::Relaxed);
    }

    /// Takes room for so many deliveries more and their bytes.
    pub(super) fn take(
        self: &Arc<Self>,
        shelf: &Arc<Shelf>,
        rows: u64,
        bytes: u64,
    ) -> Result<Room, StoreError> {
        let of_one = shelf.waiting.fetch_add(rows, Ordering::Relaxed) + rows;
        let bytes_of_one = shelf.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let all = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let room = Room {
            books: self.clone(),
            shelf: shelf.clone(),
            rows,
            bytes,
        };
        if all > self.most_bytes || !self.disk.has_room() {
            Err(StoreError::Full)
        } else if of_one > self.most_of_one || bytes_of_one > self.most_bytes_of_one {
            Err(StoreError::TunnelFull)
        } else {
            Ok(room)
        }
    }

    /// Gives back what left the file.
    pub(super) fn give_back(&self, shelf: &Shelf, rows: u64, bytes: u64) {
        less(&shelf.waiting, rows);
        less(&shelf.waiting_bytes, bytes);
        less(&self.bytes, bytes);
    }

    /// Counts all of a shelf as gone.
    pub(super) fn forget(&self, shelf: &Shelf) {
        let rows = shelf.waiting.swap(0, Ordering::Relaxed);
        let bytes = shelf.waiting_bytes.swap(0, Ordering::Relaxed);
        debug_assert!(rows > 0 || bytes == 0, "bytes are those of deliveries");
        less(&self.bytes, bytes);
    }

    /// The bytes kept in all.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn shelves(&self) -> MutexGuard<'_, HashMap<i64, Arc<Shelf>>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// What it was taken for is on disk.
    pub(super) fn used(mut self) {
        (self.rows, self.bytes) = (0, 0);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.books.give_back(&self.shelf, self.rows, self.bytes);
    }
}

/// Never below nothing: a file that was mended has been counted anew meanwhile.
fn less(count: &AtomicU64, by: u64) {
    if by > 0 {
        let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            Some(now.saturating_sub(by))
        });
    }
}
