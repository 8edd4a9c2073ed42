//! What is visible of a document, line by line, and nothing else.

use super::Document;
use super::cursor::Cursor;
use super::pen::{Pen, Tone};
use super::walk::{self, Row};

/// One line as it is shown: inert, and no wider than was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What stands on it, from left to right.
    pub pieces: Vec<(Tone, String)>,
    /// Whether the selection is on it.
    pub is_selected: bool,
    /// Whether it goes on with the line above, which was too long.
    pub is_continued: bool,
}

/// The lines that fit on a screen of this size. Moves what is seen to where the selection is.
pub fn lines(document: &Document, cursor: &mut Cursor, width: u16, height: u16) -> Vec<Line> {
    cursor.width = width;
    cursor.height = height;
    cursor.selected = walk::settle(document, cursor.selected, &cursor.look());
    cursor.top = top(document, cursor);
    let cursor = &*cursor;
    let mut lines = Vec::with_capacity(height.into());
    let mut row = Some(cursor.top);
    while let Some(at) = row.filter(|_| lines.len() < usize::from(height)) {
        let Some(line) = line(document, cursor, at) else {
            break;
        };
        lines.push(line);
        row = walk::next(document, at, &cursor.look());
    }
    lines
}

fn line(document: &Document, cursor: &Cursor, row: Row) -> Option<Line> {
    let section = document.sections().get(row.section as usize)?;
    let look = walk::in_section(&cursor.look(), row.section);
    section.first()?;
    let sideways = if section.is_shiftable(&look) {
        cursor.sideways
    } else {
        0
    };
    let mut pen = Pen::new(cursor.width, sideways, look.needle);
    section.draw(row.spot, &look, &mut pen);
    Some(Line {
        pieces: pen.finish(),
        is_selected: row == cursor.selected,
        is_continued: section.is_continued(row.spot),
    })
}

/// The first row to show: the one so far while the selection is in sight from there, else the
/// nearest from which it is; and no blank below the last row while there are rows above.
fn top(document: &Document, cursor: &Cursor) -> Row {
    let look = cursor.look();
    let height = usize::from(cursor.height.max(1));
    let before = walk::settle(document, cursor.top, &look).min(cursor.selected);
    let mut top = cursor.selected;
    let mut above = 0;
    while above + 1 < height && top > before {
        let Some(row) = walk::prev(document, top, &look) else {
            break;
        };
        top = row;
        above += 1;
    }
    let mut shown = above + 1;
    let mut last = cursor.selected;
    while shown < height {
        let Some(row) = walk::next(document, last, &look) else {
            break;
        };
        last = row;
        shown += 1;
    }
    while shown < height {
        let Some(row) = walk::prev(document, top, &look) else {
            break;
        };
        top = row;
        shown += 1;
    }
    top
}
