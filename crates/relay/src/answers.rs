//! Memory for answers under way: what their senders have yet to read, in all. Windows grow only
//! while there is room; when there is none, who reads nothing is not waited for as long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kreel_wire::limits::WINDOW_BYTES;

use crate::limits::ANSWER_WINDOW_BYTES;

/// How much is taken, and how much there is.
#[derive(Debug, Clone)]
pub(crate) struct AnswerRoom(Arc<Room>);

#[derive(Debug)]
struct Room {
    taken: AtomicUsize,
    most: AtomicUsize,
}

impl AnswerRoom {
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Room {
            taken: AtomicUsize::new(0),
            most: AtomicUsize::new(most),
        }))
    }

    /// Puts another bound in force.
    pub(crate) fn set_most(&self, most: usize) {
        self.0.most.store(most, Ordering::Relaxed);
    }

    /// Whether more is taken than there should be.
    pub(crate) fn is_short(&self) -> bool {
        self.0.taken.load(Ordering::Relaxed) > self.0.most.load(Ordering::Relaxed)
    }

    /// The window of an answer that begins.
    pub(crate) fn window(&self) -> Window {
        self.0
            .taken
            .fetch_add(ANSWER_WINDOW_BYTES as usize, Ordering::Relaxed);
        Window {
            room: self.clone(),
            bytes: ANSWER_WINDOW_BYTES,
            read: 0,
            since_grown: 0,
        }
    }

    fn has_room_for(&self, bytes: u32) -> bool {
        let more = bytes as usize;
        let taken = self.0.taken.fetch_add(more, Ordering::Relaxed) + more;
        let fits = taken <= self.0.most.load(Ordering::Relaxed);
        if !fits {
            self.0.taken.fetch_sub(more, Ordering::Relaxed);
        }
        fits
    }
}

/// How much of one answer the client may send ahead of its reader. Given back when dropped.
#[derive(Debug)]
pub(crate) struct Window {
    room: AnswerRoom,
    bytes: u32,
    /// What was read and not granted again yet.
    read: u32,
    since_grown: u32,
}

impl Window {
    /// Adds what a piece cost that was read; the credit to grant when enough has gathered. One that
    /// is read through again and again doubles, up to what a fast path needs.
    pub(crate) fn read(&mut self, cost: u32) -> Option<u32> {
        self.read += cost;
        self.since_grown = self.since_grown.saturating_add(cost);
        if self.read < self.bytes / 4 {
            return None;
        }
        let mut grant = std::mem::take(&mut self.read);
        let more = self.bytes.min(WINDOW_BYTES - self.bytes);
        if more > 0 && self.since_grown >= self.bytes && self.room.has_room_for(more) {
            self.since_grown = 0;
            self.bytes += more;
            grant += more;
        }
        Some(grant)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.room
            .0
            .taken
            .fetch_sub(self.bytes as usize, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use kreel_wire::{Chunk, ExchangeId};

    use super::*;

    fn chunk(bytes: usize) -> Chunk {
        Chunk {
            exchange: ExchangeId(1),
            data: vec![0; bytes].into(),
            end: false,
        }
    }

    /// Reads this much, a KiB at a time; what was granted.
    fn read(window: &mut Window, kib: usize) -> u64 {
        let grants = (0..kib).filter_map(|_| window.read(chunk(1024).cost_bytes()));
        grants.map(u64::from).sum()
    }

    #[test]
    fn windows_double_while_there_is_room_and_are_given_back() {
        let room = AnswerRoom::new(2 * WINDOW_BYTES as usize);
        let (mut one, mut other) = (room.window(), room.window());
        read(&mut one, 2048);
        assert_eq!(one.bytes, WINDOW_BYTES);
        let granted = read(&mut one, 1024);
        let cost = 1024 * u64::from(chunk(1024).cost_bytes());
        let late = u64::from(WINDOW_BYTES / 4);
        assert!(
            (cost - late..=cost + late).contains(&granted),
            "no more than is read"
        );
        read(&mut other, 2048);
        assert_eq!(other.bytes, WINDOW_BYTES);
        assert!(!room.is_short());
        let mut third = room.window();
        read(&mut third, 2048);
        assert_eq!(third.bytes, ANSWER_WINDOW_BYTES, "there is no room");
        assert!(room.is_short());
        drop((one, other, third));
        assert_eq!(room.0.taken.load(Ordering::Relaxed), 0);
    }
}
