//! The way of updates to their reader, which deliveries never wait for.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::Update;
use crate::limits::NOTICES;

/// Sends updates. While the reader is busy rows are counted, and notices about the link wait.
#[derive(Debug)]
pub(super) struct Notices {
    updates: mpsc::Sender<Update>,
    waiting: VecDeque<Update>,
    skipped: u64,
}

impl Notices {
    pub(super) fn new(updates: mpsc::Sender<Update>) -> Self {
        Self {
            updates,
            waiting: VecDeque::new(),
            skipped: 0,
        }
    }

    /// Sends an update now, later, or not at all, by what it is about.
    pub(super) fn tell(&mut self, update: Update) {
        self.deliver();
        let is_behind = self.skipped > 0 || !self.waiting.is_empty();
        let late = match is_behind {
            true => Some(update),
            false => self.send(update).err(),
        };
        match late {
            // Of this whoever needs it hears in another way, and it is no row.
            None | Some(Update::Gated(_)) => {}
            Some(update) if is_row(&update) => self.skipped += 1,
            Some(update) => {
                if self.waiting.len() == NOTICES {
                    self.waiting.pop_front();
                    self.skipped += 1;
                }
                self.waiting.push_back(update);
            }
        }
    }

    /// Sends what had to wait, as far as there is room now.
    pub(super) fn deliver(&mut self) {
        if self.skipped > 0 {
            let count = self.skipped;
            if self.send(Update::Skipped { count }).is_err() {
                return;
            }
            self.skipped = 0;
        }
        while let Some(update) = self.waiting.pop_front() {
            if let Err(update) = self.send(update) {
                self.waiting.push_front(update);
                return;
            }
        }
    }

    fn send(&self, update: Update) -> Result<(), Update> {
        match self.updates.try_send(update) {
            Err(TrySendError::Full(update)) => Err(update),
            // Without a reader there is nobody to tell.
            Ok(()) | Err(TrySendError::Closed(_)) => Ok(()),
        }
    }
}

/// Whether there may be thousands of its kind.
fn is_row(update: &Update) -> bool {
    match update {
        Update::Delivery(_)
        | Update::Attempt(_)
        | Update::Answered { .. }
        | Update::Captured(_)
        | Update::Withheld { .. }
        | Update::NotReplayed { .. } => true,
        // The end of replays is not left out: whoever shows their progress waits for it.
        Update::Replaying { done, total, .. } => done < total,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kreel_wire::Kind;

    use super::*;
    use crate::Summary;
    use crate::testing::delivery;

    fn row(number: u64) -> Update {
        let delivery = delivery(number, Kind::Live);
        Update::Delivery(Arc::new(Summary::new(&delivery, None)))
    }

    /// What has come, in short.
    fn came(updates: &mut mpsc::Receiver<Update>) -> Vec<String> {
        std::iter::from_fn(|| updates.try_recv().ok())
            .map(|update| match update {
                Update::Delivery(delivery) => format!("row {}", delivery.seq.0),
                Update::Connecting { attempt } => format!("notice {attempt}"),
                Update::Skipped { count } => format!("{count} skipped"),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_slow_reader_misses_rows_and_hears_of_it() {
        let (updates, mut reader) = mpsc::channel(2);
        let mut notices = Notices::new(updates);
        for number in 1..=5 {
            notices.tell(row(number));
        }
        assert_eq!(came(&mut reader), ["row 1", "row 2"]);
        notices.tell(row(6));
        assert_eq!(came(&mut reader), ["3 skipped", "row 6"]);
    }

    #[test]
    fn what_waits_at_the_gate_is_no_row_that_is_left_out() {
        let (updates, mut reader) = mpsc::channel(1);
        let mut notices = Notices::new(updates);
        notices.tell(row(1));
        for number in 2..=5 {
            let delivery = delivery(number, Kind::Live);
            notices.tell(Update::Gated(Arc::new(Summary::new(&delivery, None))));
        }
        assert_eq!(came(&mut reader), ["row 1"]);
        notices.tell(row(6));
        assert_eq!(came(&mut reader), ["row 6"]);
    }

    #[test]
    fn notices_wait_for_a_slow_reader_and_keep_their_order() {
        let (updates, mut reader) = mpsc::channel(1);
        let mut notices = Notices::new(updates);
        for attempt in 1..=3 {
            notices.tell(Update::Connecting { attempt });
        }
        for attempt in 1..=3 {
            assert_eq!(came(&mut reader), [format!("notice {attempt}")]);
            notices.deliver();
        }
        assert!(came(&mut reader).is_empty());
    }
}
