//! What this client holds of deliveries that are not finished: what attempts need, and attempts.
//!
//! Bodies that wait for long are held within a bound, in all; beyond it they are read from the
//! history when their turn comes.

use foldhash::HashMap;
use kreel_wire::DeliveryId;
use tokio::task::AbortHandle;

use crate::forward::{Body, Stored, Work};
use crate::history::Jobs;
use crate::limits::HELD_BYTES;

pub(super) struct Hands {
    by_id: HashMap<DeliveryId, Hand>,
    held_bytes: usize,
    history: Jobs,
}

enum Hand {
    /// All that an attempt needs, and how many bytes of body that is.
    Waiting { work: Box<Work>, bytes: usize },
    /// The attempt.
    Running(AbortHandle),
}

impl Hands {
    pub(super) fn new(history: Jobs) -> Self {
        Self {
            by_id: HashMap::default(),
            held_bytes: 0,
            history,
        }
    }

    /// Holds what an attempt needs; the body only if there is room or it is nowhere else.
    pub(super) fn hold(&mut self, id: DeliveryId, mut work: Box<Work>) {
        self.let_go(&id);
        let mut bytes = work.body.held_bytes();
        if self.held_bytes + bytes > HELD_BYTES && work.body.is_complete() {
            work.body = Body::Stored(Stored::new(self.history.clone(), id, bytes as u64));
            bytes = 0;
        }
        self.held_bytes += bytes;
        self.by_id.insert(id, Hand::Waiting { work, bytes });
    }

    /// Gives away what an attempt needs, if it is here.
    pub(super) fn take(&mut self, id: &DeliveryId) -> Option<Box<Work>> {
        match self.by_id.remove(id)? {
            Hand::Waiting { work, bytes } => {
                self.held_bytes -= bytes;
                Some(work)
            }
            Hand::Running(_) => None,
        }
    }

    /// An attempt goes on.
    pub(super) fn runs(&mut self, id: DeliveryId, task: AbortHandle) {
        self.by_id.insert(id, Hand::Running(task));
    }

    /// Nothing of a delivery is needed any more; an attempt that goes on is broken off.
    pub(super) fn let_go(&mut self, id: &DeliveryId) {
        match self.by_id.remove(id) {
            Some(Hand::Waiting { bytes, .. }) => self.held_bytes -= bytes,
            Some(Hand::Running(task)) => task.abort(),
            None => {}
        }
    }

    /// An attempt has ended by itself.
    pub(super) fn ended(&mut self, id: &DeliveryId) {
        self.by_id.remove(id);
    }
}
