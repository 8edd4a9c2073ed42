//! From row to row across the sections of a document, past what is folded away.

use super::Document;
use super::needle::{Direction, Needle};
use super::section::{Look, Section, Spot};

/// A row of a document: a spot in one of its sections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// Which section.
    pub section: u32,
    /// Where in it.
    pub spot: Spot,
}

impl Row {
    pub(super) fn new(section: u32, spot: Spot) -> Self {
        Self { section, spot }
    }
}

/// The same look at another section.
pub(super) fn in_section<'a>(look: &Look<'a>, section: u32) -> Look<'a> {
    Look { section, ..*look }
}

/// The row below.
pub(super) fn next(document: &Document, row: Row, look: &Look<'_>) -> Option<Row> {
    let here = shown(document, row.section, look)
        .and_then(|(section, look)| section.next(row.spot, &look))
        .map(|spot| Row::new(row.section, spot));
    here.or_else(|| {
        let below = row.section + 1..document.sections().len() as u32;
        first_of(document, below, look)
    })
}

/// The row above.
pub(super) fn prev(document: &Document, row: Row, look: &Look<'_>) -> Option<Row> {
    let here = shown(document, row.section, look)
        .and_then(|(section, look)| section.prev(row.spot, &look))
        .map(|spot| Row::new(row.section, spot));
    here.or_else(|| last_of(document, row.section, look))
}

/// The last row.
pub(super) fn last(document: &Document, look: &Look<'_>) -> Option<Row> {
    last_of(document, document.sections().len() as u32, look)
}

/// The row on which another is seen, whatever was folded or resized since.
pub(super) fn settle(document: &Document, row: Row, look: &Look<'_>) -> Row {
    let Some(section) = document.sections().get(row.section as usize) else {
        return last(document, look).unwrap_or_default();
    };
    if let Some((section, look)) = shown(document, row.section, look) {
        if let Some(spot) = section.settle(row.spot, &look) {
            return Row::new(row.section, spot);
        }
    } else if let Some(heading) = section.under {
        return Row::new(heading, (0, 0));
    }
    let below = row.section..document.sections().len() as u32;
    first_of(document, below, look)
        .or_else(|| last_of(document, row.section, look))
        .unwrap_or_default()
}

/// Where a search ends that starts here: section and offset. Goes round once.
pub(super) fn find(
    document: &Document,
    needle: &Needle,
    (from, offset): (u32, usize),
    direction: Direction,
) -> Option<(u32, usize)> {
    let sections = document.sections();
    let count = sections.len() as u32;
    let bytes = |section: u32| {
        sections
            .get(section as usize)
            .map_or(&[][..], Section::searched)
    };
    let here = bytes(from);
    let offset = offset.min(here.len());
    // The bytes before the start of the search that a match may yet reach into, or out of.
    let over = (offset + needle.len() - 1).min(here.len());
    match direction {
        Direction::Forward => needle
            .find(&here[offset..])
            .map(|it| (from, offset + it))
            .or_else(|| {
                let others = (from + 1..count).chain(0..from);
                others
                    .filter_map(|it| Some((it, needle.find(bytes(it))?)))
                    .next()
            })
            .or_else(|| Some((from, needle.find(&here[..over])?))),
        Direction::Backward => needle
            .rfind(&here[..over])
            .map(|it| (from, it))
            .or_else(|| {
                let others = (0..from).rev().chain((from + 1..count).rev());
                others
                    .filter_map(|it| Some((it, needle.rfind(bytes(it))?)))
                    .next()
            })
            .or_else(|| Some((from, offset + needle.rfind(&here[offset..])?))),
    }
}

/// A section and the look at it, unless it is folded away.
fn shown<'d, 'l>(
    document: &'d Document,
    section: u32,
    look: &Look<'l>,
) -> Option<(&'d Section, Look<'l>)> {
    let sections = document.sections();
    let it = sections.get(section as usize)?;
    if let Some(heading) = it.under {
        let above = sections.get(heading as usize)?;
        if !above.is_unfolded(&in_section(look, heading)) {
            return None;
        }
    }
    Some((it, in_section(look, section)))
}

fn first_of(
    document: &Document,
    mut sections: std::ops::Range<u32>,
    look: &Look<'_>,
) -> Option<Row> {
    sections.find_map(|at| Some(Row::new(at, shown(document, at, look)?.0.first()?)))
}

/// The last row above a section.
fn last_of(document: &Document, before: u32, look: &Look<'_>) -> Option<Row> {
    (0..before).rev().find_map(|at| {
        let (section, look) = shown(document, at, look)?;
        Some(Row::new(at, section.last(&look)?))
    })
}
