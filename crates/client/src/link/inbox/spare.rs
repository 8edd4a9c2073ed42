//! The pieces of a body that were read, for another attempt, within one bound for all bodies.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::limits::SPARE_BYTES;

/// The pieces of a body that were read, as long as there is room for them.
#[derive(Debug, Default)]
pub(super) struct Spare {
    pieces: Vec<Bytes>,
    bytes: usize,
    /// How many of them were read again.
    reread: usize,
    has_overflowed: bool,
}

/// What all of them hold.
static SPARE: AtomicUsize = AtomicUsize::new(0);

impl Spare {
    /// The next piece, if it was read before.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        let piece = self.pieces.get(self.reread)?.clone();
        self.reread += 1;
        Some(piece)
    }

    /// Keeps a piece that is read for the first time; without room for it, none.
    pub(super) fn keep(&mut self, piece: &Bytes) {
        if self.has_overflowed {
            return;
        }
        self.bytes += piece.len();
        if SPARE.fetch_add(piece.len(), Ordering::Relaxed) + piece.len() > SPARE_BYTES {
            *self = Self::default();
            self.has_overflowed = true;
            return;
        }
        self.pieces.push(piece.clone());
        self.reread = self.pieces.len();
    }

    /// Whether all that was read can be read again, which it is from now on.
    pub(super) fn rewind(&mut self) -> bool {
        self.reread = 0;
        !self.has_overflowed
    }

    /// Whether what follows was not read before.
    pub(super) fn is_at_end(&self) -> bool {
        self.reread == self.pieces.len()
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        SPARE.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
