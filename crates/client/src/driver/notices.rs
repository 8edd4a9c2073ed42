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

    /// An update there may be thousands of.
    pub(super) fn row(&mut self, update: Update) {
        if self.skipped > 0 || !self.waiting.is_empty() || self.send(update).is_err() {
            self.skipped += 1;
        }
    }

    /// An update that must not be missed.
    pub(super) fn notice(&mut self, update: Update) {
        self.deliver();
        let late = match self.waiting.is_empty() {
            true => self.send(update).err(),
            false => Some(update),
        };
        if let Some(update) = late {
            if self.waiting.len() == NOTICES {
                self.waiting.pop_front();
            }
            self.waiting.push_back(update);
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
