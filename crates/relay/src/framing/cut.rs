//! A line that a read has cut: the only bytes that framing ever keeps.

/// The beginning of a line whose end has not come yet; empty most of the time.
#[derive(Debug, Default)]
pub(super) struct CutLine(Vec<u8>);

/// What the memory shrinks to after use. Ordinary lines fit, so that a connection seldom
/// allocates twice, and a huge one does not stay for the connection's life.
const KEPT_BYTES: usize = 4096;

impl CutLine {
    /// How long the beginning is.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no line is cut.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps a piece that does not end the line.
    pub(super) fn keep(&mut self, piece: &[u8]) {
        self.0.extend_from_slice(piece);
    }

    /// The whole line that this piece ends; uncopied if none was cut. Then call `clear`.
    pub(super) fn join<'a>(&'a mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.0.is_empty() {
            return piece;
        }
        self.0.extend_from_slice(piece);
        &self.0
    }

    /// Forgets the line.
    pub(super) fn clear(&mut self) {
        self.0.clear();
        self.0.shrink_to(KEPT_BYTES);
    }

    /// The memory held.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }
}
