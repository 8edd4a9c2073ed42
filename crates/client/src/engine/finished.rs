//! The deliveries finished last, to know them when the relay sends them again.

use std::collections::{HashSet, VecDeque};

use kreel_wire::DeliveryId;

/// A set that forgets its oldest members.
#[derive(Debug)]
pub(super) struct Finished {
    known: HashSet<DeliveryId>,
    order: VecDeque<DeliveryId>,
    most: usize,
}

impl Finished {
    pub(super) fn new(most: usize) -> Self {
        Self {
            known: HashSet::new(),
            order: VecDeque::new(),
            most,
        }
    }

    pub(super) fn contains(&self, id: &DeliveryId) -> bool {
        self.known.contains(id)
    }

    pub(super) fn insert(&mut self, id: DeliveryId) {
        if self.known.insert(id) {
            self.order.push_back(id);
        }
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_first() {
        let ids: Vec<_> = (0..4).map(|n| DeliveryId::from_bytes([n; 16])).collect();
        let mut finished = Finished::new(3);
        for id in &ids[..3] {
            finished.insert(*id);
        }
        finished.insert(ids[0]);
        finished.insert(ids[3]);
        assert!(!finished.contains(&ids[0]));
        assert!(ids[1..].iter().all(|id| finished.contains(id)));
    }
}
