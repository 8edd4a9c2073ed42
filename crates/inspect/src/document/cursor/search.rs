//! Searching in a document: to the next one, unfolding the way.

use crate::limits::SIDEWAYS;

use super::super::Document;
use super::super::needle::{Direction, Needle};
use super::super::walk::{self, Row};
use super::Cursor;

impl Cursor {
    /// To where the next one begins; whether there is any. Unfolds the way there.
    pub fn find(&mut self, document: &Document, needle: &Needle, direction: Direction) -> bool {
        self.needle = Some(needle.clone());
        let row = walk::settle(document, self.selected, &self.look());
        let from = self.from(document, row, direction);
        let Some((section, offset)) = walk::find(document, needle, from, direction) else {
            self.found = None;
            return false;
        };
        self.found = Some((section, offset));
        self.show(document, section, offset, needle.len());
        true
    }

    /// What is searched for, which is made visible wherever it stands.
    pub fn needle(&self) -> Option<&Needle> {
        self.needle.as_ref()
    }

    /// Whether the last search found something.
    pub fn has_found(&self) -> bool {
        self.found.is_some()
    }

    /// Ends the search; the selection stays.
    pub fn end_search(&mut self) {
        self.needle = None;
        self.found = None;
    }

    /// Where a search goes on from.
    fn from(&self, document: &Document, row: Row, direction: Direction) -> (u32, usize) {
        let Some(section) = document.sections().get(row.section as usize) else {
            return (0, 0);
        };
        let look = walk::in_section(&self.look(), row.section);
        let here = section.offset(row.spot, &look);
        let is_on = |offset: usize| {
            let spot = section.settle(section.spot_at(offset, &look), &look);
            spot == Some(row.spot)
        };
        match self.found {
            Some((at, offset)) if at == row.section && is_on(offset) => match direction {
                Direction::Forward => (at, offset + 1),
                Direction::Backward => (at, offset),
            },
            _ => (row.section, here),
        }
    }

    /// Selects the row of a byte, and unfolds and shifts until it is seen.
    fn show(&mut self, document: &Document, section: u32, offset: usize, length: usize) {
        let Some(shown) = document.sections().get(section as usize) else {
            return;
        };
        let look = walk::in_section(&self.look(), section);
        let spot = shown.spot_at(offset, &look);
        let start = shown.offset(spot, &look);
        let mut folded = Vec::new();
        if let Some(heading) = shown.under {
            folded.push(walk::in_section(&look, heading).place(0));
        }
        if let Some(tree) = shown.tree() {
            let mut around = tree.parent(spot.0 as u32);
            while let Some(container) = around {
                if !look.is_open(tree, &container) {
                    folded.push(look.place(container.node.into()));
                }
                around = tree.parent(container.node);
            }
        }
        let indent = shown.indent_columns(spot, &look);
        for place in folded {
            self.folds.set(place, place + 1, true);
        }
        self.selected = Row::new(section, spot);
        if shown.is_shiftable(&self.look()) {
            let left = offset.saturating_sub(start) + indent;
            self.shift_to(left, left + length);
        }
    }

    /// Goes sideways until these columns are seen; not at all where they are from the start.
    fn shift_to(&mut self, left: usize, right: usize) {
        let width = usize::from(self.width);
        if right < width {
            self.sideways = 0;
        } else if left <= self.sideways || right >= self.sideways + width {
            self.sideways = left.saturating_sub(width / 2).min(SIDEWAYS);
        }
    }
}
