//! Room for a body that is read piece by piece. A large one has pages of its own, which the system
//! has back the moment nobody shows the body any more: an allocator would keep them for a while,
//! and two bodies of 50 MB would take the memory of three.

use bytes::{Bytes, BytesMut};
use memmap2::MmapMut;

use crate::limits::OWN_PAGES_BYTES;

/// Room for so many bytes, and what was put there.
#[derive(Debug)]
pub(super) struct Room {
    place: Place,
    /// How many bytes may be put there.
    size: usize,
}

#[derive(Debug)]
enum Place {
    Heap(BytesMut),
    Pages { pages: MmapMut, used: usize },
}

impl Room {
    /// Room for so many bytes. Without pages to be had it is on the heap.
    pub(super) fn new(size: usize) -> Self {
        let pages = match size >= OWN_PAGES_BYTES {
            true => MmapMut::map_anon(size).ok(),
            false => None,
        };
        let place = match pages {
            Some(pages) => Place::Pages { pages, used: 0 },
            None => Place::Heap(BytesMut::with_capacity(size)),
        };
        Self { place, size }
    }

    /// Room that is taken as it is needed, up to so many bytes.
    pub(super) fn growing(size: usize) -> Self {
        let place = Place::Heap(BytesMut::new());
        Self { place, size }
    }

    /// How many bytes were put there.
    pub(super) fn len(&self) -> usize {
        match &self.place {
            Place::Heap(bytes) => bytes.len(),
            Place::Pages { used, .. } => *used,
        }
    }

    /// Whether nothing more fits.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.size
    }

    /// Puts as many of these there as fit.
    pub(super) fn put(&mut self, bytes: &[u8]) {
        let fits = bytes.len().min(self.size - self.len());
        let bytes = &bytes[..fits];
        match &mut self.place {
            Place::Heap(heap) => heap.extend_from_slice(bytes),
            Place::Pages { pages, used } => {
                pages[*used..*used + fits].copy_from_slice(bytes);
                *used += fits;
            }
        }
    }

    /// What was put there.
    pub(super) fn freeze(self) -> Bytes {
        match self.place {
            Place::Heap(bytes) => bytes.freeze(),
            Place::Pages { pages, used } => Bytes::from_owner(pages).slice(..used),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_there_is_there_on_the_heap_and_on_pages() {
        for size in [10, OWN_PAGES_BYTES, OWN_PAGES_BYTES + 7] {
            let mut room = Room::new(size);
            let piece: Vec<u8> = (0..=250).collect();
            let mut wanted = Vec::new();
            while !room.is_full() {
                room.put(&piece);
                wanted.extend_from_slice(&piece);
            }
            room.put(&piece);
            wanted.truncate(size);
            assert_eq!(room.len(), size);
            assert!(room.freeze() == wanted, "{size}");
        }
    }

    #[test]
    fn growing_room_ends_where_it_was_told_to() {
        let mut room = Room::growing(5);
        room.put(b"more than");
        assert!(room.is_full());
        assert_eq!(room.freeze(), &b"more "[..]);
    }

    #[test]
    fn what_ends_early_is_as_long_as_it_came() {
        let mut room = Room::new(OWN_PAGES_BYTES);
        room.put(b"so much");
        assert_eq!(room.freeze(), &b"so much"[..]);
    }
}
