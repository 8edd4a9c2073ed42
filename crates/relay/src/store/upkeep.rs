//! What the store's thread does of its own accord: write the log, trim the ring.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use tracing::warn;

use super::job::Task;
use super::log::Written;
use super::parts::Parts;
use super::ring::Trimmed;
use crate::error::StoreError;

/// Writes what apps have answered lately.
pub(super) struct Flush {
    written: Vec<Written>,
    grown: u64,
    parts: Arc<Parts>,
}

impl Flush {
    pub(super) fn new(parts: &Arc<Parts>) -> Self {
        Self {
            written: parts.log.take(),
            grown: 0,
            parts: parts.clone(),
        }
    }

    /// Whether more came than the ring has.
    pub(super) fn overflowed(&self) -> bool {
        self.written.iter().any(Written::overflowed)
    }
}

impl Task for Flush {
    fn perform(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.grown = 0;
        for written in &self.written {
            self.grown += written.write(db)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        match committed {
            Ok(()) => {
                let mut settled = self.parts.settled();
                settled.extend(self.written.iter().map(Written::tunnel));
                self.parts.held.fetch_add(self.grown, Ordering::Relaxed);
            }
            Err(error) => warn!(%error, "what apps answered lately is missing in the log"),
        }
    }
}

/// Forgets what is over in the ring.
pub(super) struct Trim {
    tunnels: HashSet<i64>,
    trimmed: Trimmed,
    parts: Arc<Parts>,
}

impl Trim {
    pub(super) fn new(parts: &Arc<Parts>) -> Self {
        Self {
            tunnels: std::mem::take(&mut parts.settled()),
            trimmed: Trimmed::default(),
            parts: parts.clone(),
        }
    }
}

impl Task for Trim {
    fn perform(&mut self, db: &Connection) -> rusqlite::Result<()> {
        let held = self.parts.held.load(Ordering::Relaxed);
        self.trimmed = self.parts.ring.trim(db, &self.tunnels, held)?;
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self {
            tunnels,
            trimmed,
            parts,
        } = *self;
        match committed {
            Ok(()) => {
                let _ = parts
                    .held
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                        Some(held.saturating_sub(trimmed.bytes))
                    });
                parts.settled().extend(trimmed.unfinished);
                if trimmed.more {
                    parts.trim_again.store(true, Ordering::Relaxed);
                }
            }
            Err(error) => {
                warn!(%error, "settled deliveries could not be forgotten");
                parts.settled().extend(tunnels);
            }
        }
    }
}
