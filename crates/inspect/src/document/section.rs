//! A part of a document that is shown in one way, and how to go through its rows.
//!
//! A spot is a place in the section (the number of a value, a row of text, an offset of a dump)
//! and, where text is wrapped, which of its rows.

use std::ops::Range;

use bytes::Bytes;

use crate::limits::{DEEP_LEVEL, LONG_CONTAINER, SMALL_DOCUMENT};

use super::folds::Folds;
use super::hex;
use super::needle::Needle;
use super::pen::{self, Tone};
use super::rows::Rows;
use super::tree::{Container, Tree};

mod drawing;

use drawing::{INDENT_COLUMNS, most_levels};

/// A place in a section, and which of its rows.
pub(super) type Spot = (u64, u32);

/// A part of a document that is shown in one way.
#[derive(Debug)]
pub(super) struct Section {
    /// The bytes it shows.
    pub source: Bytes,
    /// How many levels it is set in.
    pub level: u16,
    /// The section of the heading it is folded away with.
    pub under: Option<u32>,
    /// How it is shown.
    pub shape: Shape,
    /// Where that of the source ends which it shows: the rest is for the next.
    pub end: usize,
}

/// How a section is shown.
#[derive(Debug)]
pub(super) enum Shape {
    /// A line of our own.
    Notice(Tone, String),
    /// The heading of a part, which folds the sections under it.
    Heading {
        /// What it says.
        words: String,
        /// Whether it starts open.
        is_open: bool,
    },
    /// JSON values.
    Json(Tree),
    /// XML elements and what is between them.
    Xml(Tree),
    /// Lines of text.
    Text(Rows),
    /// Header lines of a part.
    Head(Rows),
    /// Fields of a form.
    Form(Rows),
    /// A hex dump.
    Hex,
}

/// How a document is being looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    /// What is folded.
    pub folds: &'a Folds,
    /// Which section is looked at.
    pub section: u32,
    /// The width of the screen.
    pub width: u16,
    /// Whether long lines of text go on below.
    pub is_wrapped: bool,
    /// Whether strings are shown as what they say.
    pub is_read: bool,
    /// What is searched for.
    pub needle: Option<&'a Needle>,
}

impl Look<'_> {
    /// The number of a place across all sections.
    pub(super) fn place(&self, at: u64) -> u64 {
        u64::from(self.section) << 32 | at
    }

    /// Whether a container is open.
    pub(super) fn is_open(&self, tree: &Tree, container: &Container) -> bool {
        let depth = container.depth();
        let is_small = tree.len() as usize <= SMALL_DOCUMENT;
        let is_inviting = depth < DEEP_LEVEL && container.count <= LONG_CONTAINER;
        let usual = depth == 0 || is_small || is_inviting;
        self.folds
            .is_open(self.place(container.node.into()), depth == 0, usual)
    }
}

impl Section {
    /// Whether what is under this heading is shown.
    pub(super) fn is_unfolded(&self, look: &Look<'_>) -> bool {
        match &self.shape {
            Shape::Heading { is_open, .. } => look.folds.is_open(look.place(0), false, *is_open),
            _ => true,
        }
    }

    /// The values, if it has any that fold.
    pub(super) fn tree(&self) -> Option<&Tree> {
        match &self.shape {
            Shape::Json(tree) | Shape::Xml(tree) => Some(tree),
            _ => None,
        }
    }

    /// How many places there are, for a scroll mark.
    pub(super) fn extent(&self) -> u64 {
        match &self.shape {
            Shape::Notice(..) | Shape::Heading { .. } => 1,
            Shape::Json(tree) | Shape::Xml(tree) => tree.len().into(),
            Shape::Text(rows) | Shape::Head(rows) | Shape::Form(rows) => rows.count(),
            Shape::Hex => self.source.len().div_ceil(16) as u64,
        }
    }

    /// Bytes of memory of the index.
    pub(super) fn memory_bytes(&self) -> usize {
        let index = match &self.shape {
            Shape::Notice(_, words) | Shape::Heading { words, .. } => words.capacity(),
            Shape::Json(tree) | Shape::Xml(tree) => tree.memory_bytes(),
            Shape::Text(rows) | Shape::Head(rows) | Shape::Form(rows) => rows.memory_bytes(),
            Shape::Hex => 0,
        };
        size_of::<Self>() + index
    }

    /// Which of them a spot is.
    pub(super) fn ordinal(&self, (at, _): Spot) -> u64 {
        match self.shape {
            Shape::Hex => at / 16,
            _ => at,
        }
    }

    /// The first row.
    pub(super) fn first(&self) -> Option<Spot> {
        (self.extent() > 0).then_some((0, 0))
    }

    /// The last row.
    pub(super) fn last(&self, look: &Look<'_>) -> Option<Spot> {
        let last = self.extent().checked_sub(1)?;
        Some(match &self.shape {
            Shape::Json(tree) | Shape::Xml(tree) => {
                (tree.last(|it| look.is_open(tree, it))?.into(), 0)
            }
            Shape::Text(rows) => (last, self.parts(rows, last, look) - 1),
            Shape::Hex => self.settle((self.source.len() as u64 - 1, 0), look)?,
            _ => (last, 0),
        })
    }

    /// The row below.
    pub(super) fn next(&self, (at, part): Spot, look: &Look<'_>) -> Option<Spot> {
        match &self.shape {
            Shape::Json(tree) | Shape::Xml(tree) => {
                let next = tree.next(at as u32, |it| look.is_open(tree, it))?;
                return Some((next.into(), 0));
            }
            Shape::Text(rows) if part + 1 < self.parts(rows, at, look) => {
                return Some((at, part + 1));
            }
            Shape::Hex => {
                let next = at + hex::per_row(self.source.len(), look.width) as u64;
                return (next < self.source.len() as u64).then_some((next, 0));
            }
            _ => {}
        }
        (at + 1 < self.extent()).then_some((at + 1, 0))
    }

    /// The row above.
    pub(super) fn prev(&self, (at, part): Spot, look: &Look<'_>) -> Option<Spot> {
        match &self.shape {
            Shape::Json(tree) | Shape::Xml(tree) => {
                let prev = tree.prev(at as u32, |it| look.is_open(tree, it))?;
                Some((prev.into(), 0))
            }
            Shape::Text(rows) => {
                if part > 0 {
                    return Some((at, part - 1));
                }
                let above = at.checked_sub(1)?;
                Some((above, self.parts(rows, above, look) - 1))
            }
            Shape::Hex => {
                let step = hex::per_row(self.source.len(), look.width) as u64;
                Some((at.checked_sub(step)?, 0))
            }
            _ => Some((at.checked_sub(1)?, 0)),
        }
    }

    /// The row on which a spot is seen, whatever was folded or resized since.
    pub(super) fn settle(&self, (at, part): Spot, look: &Look<'_>) -> Option<Spot> {
        let last = self.extent().checked_sub(1)?;
        Some(match &self.shape {
            Shape::Json(tree) | Shape::Xml(tree) => {
                let node = u32::try_from(at).unwrap_or(u32::MAX);
                (tree.visible(node, |it| look.is_open(tree, it)).into(), 0)
            }
            Shape::Text(rows) => {
                let at = at.min(last);
                (at, part.min(self.parts(rows, at, look) - 1))
            }
            Shape::Hex => {
                let step = hex::per_row(self.source.len(), look.width) as u64;
                (at.min(self.source.len() as u64 - 1) / step * step, 0)
            }
            _ => (at.min(last), 0),
        })
    }

    /// Where in the source a spot begins.
    pub(super) fn offset(&self, (at, part): Spot, look: &Look<'_>) -> usize {
        match &self.shape {
            Shape::Notice(..) | Shape::Heading { .. } => 0,
            Shape::Json(tree) | Shape::Xml(tree) => {
                tree.node(at as u32).map_or(0, |it| it.offset as usize)
            }
            Shape::Text(rows) => self.part(rows, (at, part), look).start,
            Shape::Head(rows) | Shape::Form(rows) => rows.range(&self.source, at).start,
            Shape::Hex => at as usize,
        }
    }

    /// The spot a byte of the source is seen at, once nothing is folded.
    pub(super) fn spot_at(&self, offset: usize, look: &Look<'_>) -> Spot {
        match &self.shape {
            Shape::Notice(..) | Shape::Heading { .. } => (0, 0),
            Shape::Json(tree) | Shape::Xml(tree) => (tree.at_offset(offset).into(), 0),
            Shape::Text(rows) => {
                let at = rows.at_offset(&self.source, offset);
                let start = rows.range(&self.source, at).start;
                let starts = self.starts(rows, at, look);
                let part = starts.partition_point(|it| start + it <= offset);
                (at, part.saturating_sub(1) as u32)
            }
            Shape::Head(rows) | Shape::Form(rows) => (rows.at_offset(&self.source, offset), 0),
            Shape::Hex => (offset as u64, 0),
        }
    }

    /// The bytes that are searched; a heading and a notice have none of the sender's.
    pub(super) fn searched(&self) -> &[u8] {
        match self.shape {
            Shape::Notice(..) | Shape::Heading { .. } => &[],
            _ => &self.source[..self.end],
        }
    }

    /// Whether a row goes on with the one above.
    pub(super) fn is_continued(&self, (at, part): Spot) -> bool {
        match &self.shape {
            Shape::Text(rows) => {
                part > 0 || rows.is_continued(&self.source, rows.range(&self.source, at).start)
            }
            _ => false,
        }
    }

    fn part(&self, rows: &Rows, (at, part): Spot, look: &Look<'_>) -> Range<usize> {
        let row = rows.range(&self.source, at);
        let starts = self.starts(rows, at, look);
        let start_of = |part: usize| starts.get(part).map(|it| row.start + it);
        let part = part as usize;
        start_of(part).unwrap_or(row.end)..start_of(part + 1).unwrap_or(row.end)
    }

    fn parts(&self, rows: &Rows, at: u64, look: &Look<'_>) -> u32 {
        self.starts(rows, at, look).len() as u32
    }

    /// Where the wrapped rows of a row of text begin. Never empty.
    fn starts(&self, rows: &Rows, at: u64, look: &Look<'_>) -> Vec<usize> {
        if !look.is_wrapped {
            return vec![0];
        }
        let set_in = usize::from(self.level).min(most_levels(look.width)) * INDENT_COLUMNS;
        let width = usize::from(look.width).saturating_sub(set_in);
        pen::wrap(&self.source[rows.range(&self.source, at)], width as u16)
    }
}
