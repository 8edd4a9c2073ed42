//! Deliveries that are over, to know them when the relay sends them again.

use std::collections::VecDeque;

use foldhash::HashSet;
use kreel_wire::DeliveryId;

/// A set that forgets its oldest members.
#[derive(Debug)]
pub(super) struct Memory {
    known: HashSet<DeliveryId>,
    order: VecDeque<DeliveryId>,
    most: usize,
}

impl Memory {
    pub(super) fn new(most: usize) -> Self {
        Self {
            known: HashSet::default(),
            order: VecDeque::new(),
            most,
        }
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

    /// Forgets one; whether it was known.
    pub(super) fn remove(&mut self, id: &DeliveryId) -> bool {
        let was_known = self.known.remove(id);
        if was_known {
            self.order.retain(|other| other != id);
        }
        was_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_the_oldest_first() {
        let ids: Vec<_> = (0..5).map(|n| DeliveryId::from_bytes([n; 16])).collect();
        let mut memory = Memory::new(3);
        for id in &ids[..3] {
            memory.insert(*id);
        }
        memory.insert(ids[0]);
        memory.insert(ids[3]);
        assert!(!memory.known.contains(&ids[0]));
        assert!(ids[1..4].iter().all(|id| memory.known.contains(id)));
        assert!(memory.remove(&ids[2]) && !memory.remove(&ids[2]));
        memory.insert(ids[4]);
        let left = ids.iter().filter(|id| memory.known.contains(id));
        assert!(left.eq([&ids[1], &ids[3], &ids[4]]));
    }
}
