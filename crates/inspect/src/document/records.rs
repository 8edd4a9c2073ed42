//! Records of a few numbers each, in order. For many of them there are pages of their own, which the
//! system has back the moment they are dropped: an allocator would keep them for a while.

use memmap2::MmapMut;

/// Records of `N` numbers.
#[derive(Debug)]
pub(super) struct Records<const N: usize>(Place<N>);

#[derive(Debug)]
enum Place<const N: usize> {
    Heap(Vec<[u32; N]>),
    Pages { pages: MmapMut, used: usize },
}

impl<const N: usize> Records<N> {
    /// None, and room for none.
    pub(super) fn new() -> Self {
        Self(Place::Heap(Vec::new()))
    }

    /// None, with room for so many: on pages of their own, of which those that are never written to
    /// are never taken from the system. Where there are none to be had it grows as it is needed.
    pub(super) fn on_pages(count: usize) -> Self {
        let size = count * N * size_of::<u32>();
        Self(match MmapMut::map_anon(size.max(1)) {
            Ok(pages) => Place::Pages { pages, used: 0 },
            Err(_) => Place::Heap(Vec::new()),
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match &self.0 {
            Place::Heap(records) => records.len(),
            Place::Pages { used, .. } => *used,
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[[u32; N]] {
        match &self.0 {
            Place::Heap(records) => records,
            Place::Pages { pages, used } => &on(pages)[..*used],
        }
    }

    /// All of them, to be changed.
    pub(super) fn all_mut(&mut self) -> &mut [[u32; N]] {
        match &mut self.0 {
            Place::Heap(records) => records,
            Place::Pages { pages, used } => &mut on_mut(pages)[..*used],
        }
    }

    /// One of them.
    pub(super) fn get(&self, at: u32) -> Option<&[u32; N]> {
        self.all().get(at as usize)
    }

    /// One of them, to be changed.
    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut [u32; N]> {
        self.all_mut().get_mut(at as usize)
    }

    /// Puts one at the end. There will be `left` more at the most: no room is taken beyond that.
    pub(super) fn push(&mut self, record: [u32; N], left: usize) {
        match &mut self.0 {
            Place::Heap(records) => {
                if records.len() == records.capacity() {
                    // By halves: what is reserved and not used counts, too, while it is being read.
                    records.reserve_exact((left + 1).min(records.len() / 2 + 64));
                }
                records.push(record);
            }
            Place::Pages { pages, used } => {
                let free = on_mut(pages).get_mut(*used);
                *free.expect("the budget of an index ends before its pages do") = record;
                *used += 1;
            }
        }
    }

    /// Takes away all but the first so many.
    pub(super) fn truncate(&mut self, count: usize) {
        match &mut self.0 {
            Place::Heap(records) => records.truncate(count),
            Place::Pages { used, .. } => *used = count.min(*used),
        }
    }

    /// Gives back what is not used. Pages that were not written to never were taken.
    pub(super) fn shrink(&mut self) {
        if let Place::Heap(records) = &mut self.0 {
            records.shrink_to_fit();
        }
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        let count = match &self.0 {
            Place::Heap(records) => records.capacity(),
            Place::Pages { used, .. } => *used,
        };
        count * N * size_of::<u32>()
    }
}

impl<const N: usize> Default for Records<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// All the records there is room for. Pages begin where any number may.
fn on<const N: usize>(pages: &MmapMut) -> &[[u32; N]] {
    let (numbers, _) = pages.as_chunks::<{ size_of::<u32>() }>();
    bytemuck::cast_slice::<_, u32>(numbers).as_chunks().0
}

fn on_mut<const N: usize>(pages: &mut MmapMut) -> &mut [[u32; N]] {
    let (numbers, _) = pages.as_chunks_mut::<{ size_of::<u32>() }>();
    bytemuck::cast_slice_mut::<_, u32>(numbers)
        .as_chunks_mut()
        .0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_the_same_on_the_heap_and_on_pages() {
        for mut records in [Records::<3>::new(), Records::on_pages(1000)] {
            for at in 0..1000 {
                records.push([at, at + 1, at + 2], 999 - at as usize);
            }
            assert_eq!((records.len(), records.memory_bytes()), (1000, 12_000));
            records.get_mut(7).unwrap()[1] = 0;
            assert_eq!(records.get(7), Some(&[7, 0, 9]));
            assert_eq!(records.get(999), Some(&[999, 1000, 1001]));
            assert_eq!(records.get(1000), None);
            records.truncate(3);
            records.push([9, 9, 9], 0);
            assert_eq!(records.all(), [[0, 1, 2], [1, 2, 3], [2, 3, 4], [9, 9, 9]]);
            records.shrink();
            assert_eq!(records.memory_bytes(), 48);
        }
    }
}
