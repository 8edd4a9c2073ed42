//! Which kept deliveries are with the client, and which of them it answers for.

use std::collections::{HashMap, VecDeque};

use kreel_wire::Seq;

/// How many acknowledgements of deliveries that are not kept are remembered: 1,024. One of them
/// may be about to be kept, as its sender was answered in the same moment.
const RECENT: usize = 1024;

/// The deliveries of one link.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    by_seq: HashMap<Seq, Stage>,
    recent: VecDeque<Seq>,
    queued: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The client is at work on it; it is being put on disk, or is there.
    Pending { kept: bool, acknowledged: bool },
    /// It was sent from the store.
    Queued,
    /// It was sent from the store, and the client answers for it; the store has yet to forget it.
    Done,
    /// It can't be read; left alone until the next link.
    Unreadable,
}

impl Sent {
    /// A delivery the client is at work on is about to be kept.
    pub(crate) fn keeping(&mut self, seq: Seq) {
        let acknowledged = self.recent.contains(&seq);
        self.by_seq.insert(
            seq,
            Stage::Pending {
                kept: false,
                acknowledged,
            },
        );
    }

    /// It is on disk: whether the client has answered for it meanwhile, so that it is to be
    /// settled.
    pub(crate) fn kept(&mut self, seq: Seq) -> bool {
        match self.by_seq.get_mut(&seq) {
            Some(Stage::Pending { kept, acknowledged }) => {
                *kept = true;
                *acknowledged
            }
            _ => false,
        }
    }

    /// A delivery is being sent from the store.
    pub(crate) fn add_queued(&mut self, seq: Seq) {
        self.by_seq.insert(seq, Stage::Queued);
        self.queued += 1;
    }

    /// A delivery can't be read from the store.
    pub(crate) fn add_unreadable(&mut self, seq: Seq) {
        self.remove(seq);
        self.by_seq.insert(seq, Stage::Unreadable);
    }

    /// The client answers for a delivery: whether it is now to be settled. It stays on the list,
    /// so that it is not sent again while the store has yet to forget it.
    pub(crate) fn acknowledge(&mut self, seq: Seq) -> bool {
        match self.by_seq.get_mut(&seq) {
            Some(Stage::Pending { kept, acknowledged }) => {
                !std::mem::replace(acknowledged, true) && *kept
            }
            Some(stage @ Stage::Queued) => {
                *stage = Stage::Done;
                self.queued -= 1;
                true
            }
            Some(Stage::Done | Stage::Unreadable) => false,
            None => {
                self.recent.push_back(seq);
                if self.recent.len() > RECENT {
                    self.recent.pop_front();
                }
                false
            }
        }
    }

    /// Takes a delivery off the list that the store no longer has.
    pub(crate) fn remove(&mut self, seq: Seq) {
        if self.by_seq.remove(&seq) == Some(Stage::Queued) {
            self.queued -= 1;
        }
    }

    /// Whether a delivery is with the client.
    pub(crate) fn contains(&self, seq: Seq) -> bool {
        self.by_seq.contains_key(&seq)
    }

    /// Whether the client has yet to answer for a delivery from the store.
    pub(crate) fn is_unanswered(&self, seq: Seq) -> bool {
        self.by_seq.get(&seq) == Some(&Stage::Queued)
    }

    /// How many are with the client.
    pub(crate) fn len(&self) -> usize {
        self.by_seq.len()
    }

    /// How many of them came from the store and are not answered for.
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_counts_once_whenever_it_comes() {
        let mut sent = Sent::default();
        // Before it is on the list, while it is being kept, and after.
        assert!(!sent.acknowledge(Seq(1)));
        sent.keeping(Seq(1));
        assert!(sent.kept(Seq(1)), "acknowledged early");
        sent.keeping(Seq(2));
        assert!(!sent.acknowledge(Seq(2)));
        assert!(sent.kept(Seq(2)), "acknowledged meanwhile");
        sent.keeping(Seq(3));
        assert!(!sent.kept(Seq(3)));
        assert!(sent.acknowledge(Seq(3)));
        assert!(!sent.acknowledge(Seq(3)), "only once");
    }

    #[test]
    fn the_window_counts_what_came_from_the_store() {
        let mut sent = Sent::default();
        for seq in 1..=3 {
            sent.add_queued(Seq(seq));
        }
        assert!(sent.acknowledge(Seq(2)) && !sent.is_unanswered(Seq(2)) && sent.contains(Seq(2)));
        assert_eq!((sent.queued(), sent.len()), (2, 3));
        sent.remove(Seq(2));
        sent.add_unreadable(Seq(3));
        assert_eq!((sent.queued(), sent.len()), (1, 2));
    }
}
