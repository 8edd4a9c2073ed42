//! What the store's thread and those who ask it share: counts, buffers, what is due.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tracing::warn;

use super::disk::Disk;
use super::log::Log;
use super::names;
use super::owners::{self, Owned};
use super::reader::Reader;
use super::ring::{self, Ring};
use super::shelf::{Books, Shelf};
use super::{TunnelRow, rows, rules};
use crate::config::Limits;

/// What the thread and those who ask it share.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) path: PathBuf,
    pub(super) books: Arc<Books>,
    pub(super) log: Log,
    pub(super) reader: Reader,
    pub(super) ring: Ring,
    /// The bytes the ring takes.
    pub(super) held: AtomicU64,
    /// The tunnels that may have too much in the ring.
    settled: Mutex<HashSet<i64>>,
    /// Whether trimming has left some.
    pub(super) trim_again: AtomicBool,
    /// Whether somebody waits for the log.
    pub(super) flush_now: AtomicBool,
}

impl Parts {
    pub(super) fn new(path: PathBuf, limits: &Limits) -> Self {
        let ring = Ring::new(limits);
        let disk = Disk::new(path.parent().unwrap_or(&path).to_owned());
        Self {
            books: Arc::new(Books::new(limits, disk)),
            log: Log::new(ring.count),
            reader: Reader::new(&path),
            ring,
            path,
            held: 0.into(),
            settled: Mutex::default(),
            trim_again: false.into(),
            flush_now: false.into(),
        }
    }

    /// Tidies up after the last run, counts what is there, and finds the tunnels.
    pub(super) fn begin(&self, db: &Connection) -> rusqlite::Result<Vec<Owned>> {
        if let Err(error) = rows::tidy(db) {
            // As on a full disk, from which what waits must be able to leave.
            warn!(%error, "what is left of bodies that were not kept could not be removed");
        }
        if let Err(error) = names::tidy(db) {
            // It is room alone that is lost; damage is somebody else's to notice.
            warn!(%error, "what came to tunnels that were given up could not be removed");
        }
        self.recount(db)?;
        for (tunnel, kept) in rules::of_all(db)? {
            self.books.shelf(tunnel).posting.set(Some(&kept));
        }
        *self.settled() = ring::tunnels(db)?;
        owners::tunnels(db)
    }

    /// Counts what is there.
    pub(super) fn recount(&self, db: &Connection) -> rusqlite::Result<()> {
        self.books.count(rows::count_waiting(db)?);
        self.held.store(ring::bytes(db)?, Ordering::Relaxed);
        Ok(())
    }

    pub(super) fn row(&self, owned: Owned) -> TunnelRow {
        TunnelRow {
            name: owned.name,
            reserved: owned.reserved,
            policy: owned.policy,
            shelf: self.books.shelf(owned.id),
        }
    }

    /// Counts what has been settled: so many bytes each.
    pub(super) fn has_settled(&self, shelf: &Shelf, bytes: &[u64]) {
        let sum = bytes.iter().sum();
        self.books.give_back(shelf, bytes.len() as u64, sum);
        if self.ring.count > 0 && !bytes.is_empty() {
            self.held.fetch_add(sum, Ordering::Relaxed);
            self.settled().insert(shelf.tunnel);
        }
    }

    pub(super) fn settled(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
