//! Which kept deliveries are with the client, unacknowledged.

use std::collections::HashMap;

use kreel_wire::Seq;

/// Kept deliveries that were sent on a link and not acknowledged yet.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    by_seq: HashMap<Seq, Entry>,
    queued: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    body_bytes: u64,
    queued: bool,
    acknowledged: bool,
}

impl Sent {
    /// Notes a delivery whose sender was answered while the client was at work on it.
    pub(crate) fn add_pending(&mut self, seq: Seq, body_bytes: u64) {
        self.by_seq.insert(
            seq,
            Entry {
                body_bytes,
                queued: false,
                acknowledged: false,
            },
        );
    }

    /// Notes a delivery that is being sent from the store.
    pub(crate) fn add_queued(&mut self, seq: Seq, body_bytes: u64) {
        self.by_seq.insert(
            seq,
            Entry {
                body_bytes,
                queued: true,
                acknowledged: false,
            },
        );
        self.queued += 1;
    }

    /// The client answers for a delivery: the size of its body, the first time it does. It stays
    /// on the list, so that it is not sent again while the store has yet to forget it.
    pub(crate) fn acknowledge(&mut self, seq: Seq) -> Option<u64> {
        let entry = self
            .by_seq
            .get_mut(&seq)
            .filter(|entry| !entry.acknowledged)?;
        entry.acknowledged = true;
        self.queued -= usize::from(entry.queued);
        Some(entry.body_bytes)
    }

    /// Takes a delivery off the list that the store no longer has.
    pub(crate) fn remove(&mut self, seq: Seq) {
        if let Some(entry) = self.by_seq.remove(&seq) {
            self.queued -= usize::from(entry.queued && !entry.acknowledged);
        }
    }

    /// Whether a delivery is with the client.
    pub(crate) fn contains(&self, seq: Seq) -> bool {
        self.by_seq.contains_key(&seq)
    }

    /// How many are with the client.
    pub(crate) fn len(&self) -> usize {
        self.by_seq.len()
    }

    /// How many of them came from the store.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }
}
