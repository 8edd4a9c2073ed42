//! How the rows of a section are drawn, set in by their level.

use super::super::pen::{Pen, Tone};
use super::super::{form, hex, json, xml};
use super::{Look, Section, Shape, Spot};

/// How levels are set in.
pub(super) const INDENT_COLUMNS: usize = 2;

impl Section {
    /// Draws a row.
    pub(in crate::document) fn draw(&self, spot: Spot, look: &Look<'_>, pen: &mut Pen<'_>) {
        self.indent(spot, look, pen);
        match &self.shape {
            Shape::Notice(tone, words) => pen.put(*tone, words),
            Shape::Heading { words, .. } => {
                let mark = if self.is_unfolded(look) {
                    "▾ "
                } else {
                    "▸ "
                };
                pen.put(Tone::Punctuation, mark);
                pen.source(Tone::Heading, words.as_bytes());
            }
            Shape::Json(tree) => {
                let node = spot.0 as u32;
                let is_open = tree
                    .container(node)
                    .is_some_and(|it| look.is_open(tree, &it));
                json::draw(tree, &self.source, node, is_open, look.is_read, pen);
            }
            Shape::Xml(tree) => {
                let node = spot.0 as u32;
                let is_open = tree
                    .container(node)
                    .is_some_and(|it| look.is_open(tree, &it));
                xml::draw(tree, &self.source, node, is_open, pen);
            }
            Shape::Text(rows) => pen.text(Tone::Plain, &self.source[self.part(rows, spot, look)]),
            Shape::Head(rows) => {
                let line = &self.source[rows.range(&self.source, spot.0)];
                let colon = memchr::memchr(b':', line).map_or(0, |it| it + 1);
                pen.source(Tone::Key, &line[..colon]);
                pen.text(Tone::Plain, &line[colon..]);
            }
            Shape::Form(rows) => form::draw(&self.source[rows.range(&self.source, spot.0)], pen),
            Shape::Hex => {
                let step = hex::per_row(self.source.len(), look.width);
                hex::draw(&self.source, spot.0 as usize, step, pen);
            }
        }
    }

    /// Whether rows are shifted sideways: not those that fit any width.
    pub(in crate::document) fn is_shiftable(&self, look: &Look<'_>) -> bool {
        match self.shape {
            Shape::Text(_) => !look.is_wrapped,
            Shape::Notice(..) | Shape::Hex => false,
            _ => true,
        }
    }

    /// How many columns a row is set in.
    pub(in crate::document) fn indent_columns(&self, (at, _): Spot, look: &Look<'_>) -> usize {
        let inside = self.tree().map_or(0, |it| it.depth(at as u32) as usize + 1);
        (usize::from(self.level) + inside).min(most_levels(look.width)) * INDENT_COLUMNS
    }

    /// Sets a row in, at most by a third of the width; deeper ones say how deep they are.
    fn indent(&self, (at, _): Spot, look: &Look<'_>, pen: &mut Pen<'_>) {
        if matches!(self.shape, Shape::Hex) {
            return;
        }
        let inside = self.tree().map_or(0, |it| it.depth(at as u32));
        let level = usize::from(self.level) + inside as usize;
        let most = most_levels(look.width);
        pen.blank(level.min(most) * INDENT_COLUMNS);
        if level > most {
            pen.put(Tone::Dim, &format!("{level}› "));
        }
    }
}

/// How many levels are set in: at most a third of the width.
pub(super) fn most_levels(width: u16) -> usize {
    usize::from(width) / 3 / INDENT_COLUMNS
}
