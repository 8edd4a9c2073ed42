//! Where the eye is in a document: plain data, that the document moves about in.

use bytes::Bytes;

use crate::limits::{MOVE_ROWS, SIDEWAYS};

use super::Document;
use super::folds::{Folds, Rule};
use super::needle::Needle;
use super::section::{Look, Shape, Spot};
use super::walk::{self, Row};
use super::{form, json, xml};

mod search;

/// What is selected in a document, what is seen of it, what is folded and searched for.
#[derive(Debug, Clone)]
pub struct Cursor {
    pub(super) top: Row,
    pub(super) selected: Row,
    pub(super) sideways: usize,
    pub(super) folds: Folds,
    pub(super) needle: Option<Needle>,
    /// Where the last one was found: section and offset.
    found: Option<(u32, usize)>,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) is_wrapped: bool,
    pub(super) is_read: bool,
}

impl Default for Cursor {
    /// At the start, of a screen of 80 by 24 until a first one is drawn.
    fn default() -> Self {
        Self {
            top: Row::default(),
            selected: Row::default(),
            sideways: 0,
            folds: Folds::default(),
            needle: None,
            found: None,
            width: 80,
            height: 24,
            is_wrapped: true,
            is_read: false,
        }
    }
}

impl Cursor {
    /// Down, or up, by so many rows.
    pub fn move_by(&mut self, document: &Document, rows: i64) {
        let mut row = walk::settle(document, self.selected, &self.look());
        for _ in 0..rows.unsigned_abs().min(MOVE_ROWS) {
            let further = match rows > 0 {
                true => walk::next(document, row, &self.look()),
                false => walk::prev(document, row, &self.look()),
            };
            let Some(further) = further else {
                break;
            };
            row = further;
        }
        self.selected = row;
    }

    /// Down, or up, by so many screens.
    pub fn page_by(&mut self, document: &Document, pages: i64) {
        let rows = i64::from(self.height.max(2) - 1);
        self.move_by(document, pages.saturating_mul(rows));
    }

    /// To the first row.
    pub fn to_start(&mut self, document: &Document) {
        self.sideways = 0;
        self.selected = walk::settle(document, Row::default(), &self.look());
    }

    /// To the last row.
    pub fn to_end(&mut self, document: &Document) {
        self.selected = walk::last(document, &self.look()).unwrap_or_default();
    }

    /// To a row of the screen, counted from its top, as a mouse would.
    pub fn to_screen_row(&mut self, document: &Document, row: u16) {
        self.selected = walk::settle(document, self.top, &self.look());
        self.move_by(document, row.min(self.height.saturating_sub(1)).into());
    }

    /// To the right, or left, by so many columns.
    pub fn sideways(&mut self, columns: i64) {
        let step = usize::try_from(columns.unsigned_abs()).unwrap_or(SIDEWAYS);
        self.sideways = match columns > 0 {
            true => self.sideways.saturating_add(step).min(SIDEWAYS),
            false => self.sideways.saturating_sub(step),
        };
    }

    /// How many columns are left out on the left.
    pub fn columns_left_out(&self) -> usize {
        self.sideways
    }

    /// Wraps long lines of text, or lets them run out of sight to the right.
    pub fn set_wrapped(&mut self, is_wrapped: bool) {
        self.is_wrapped = is_wrapped;
    }

    /// Whether long lines of text are wrapped.
    pub fn is_wrapped(&self) -> bool {
        self.is_wrapped
    }

    /// Shows JSON strings as what they say, between `“` and `”`, or as they are written.
    pub fn set_read(&mut self, is_read: bool) {
        self.is_read = is_read;
    }

    /// Whether JSON strings are shown as what they say.
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    /// Folds or unfolds what is selected; of a leaf nothing changes.
    pub fn toggle(&mut self, document: &Document) {
        if let Some((place, _, is_open)) = self.fold_here(document) {
            self.folds.set(place, place + 1, !is_open);
        }
    }

    /// Unfolds what is selected; whether it was folded.
    pub fn expand(&mut self, document: &Document) -> bool {
        let Some((place, _, false)) = self.fold_here(document) else {
            return false;
        };
        self.folds.set(place, place + 1, true);
        true
    }

    /// Folds what is selected; whether it was unfolded.
    pub fn collapse(&mut self, document: &Document) -> bool {
        let Some((place, _, true)) = self.fold_here(document) else {
            return false;
        };
        self.folds.set(place, place + 1, false);
        true
    }

    /// Folds all but what stands outermost.
    pub fn fold_all(&mut self, document: &Document) {
        self.folds = Folds::of(Rule::Closed);
        self.selected = walk::settle(document, self.selected, &self.look());
    }

    /// Unfolds all.
    pub fn expand_all(&mut self, _document: &Document) {
        self.folds = Folds::of(Rule::Open);
    }

    /// Unfolds what is selected and all inside.
    pub fn expand_deep(&mut self, document: &Document) {
        if let Some((place, end, _)) = self.fold_here(document) {
            self.folds.set(place, end, true);
        }
    }

    /// To what the selected row is in; whether it is in anything.
    pub fn to_parent(&mut self, document: &Document) -> bool {
        let row = walk::settle(document, self.selected, &self.look());
        let Some(section) = document.sections().get(row.section as usize) else {
            return false;
        };
        let parent = section.tree().and_then(|it| it.parent(row.spot.0 as u32));
        let spot = match (parent, section.under) {
            (Some(parent), _) => Row::new(row.section, (parent.node.into(), 0)),
            (None, Some(heading)) => Row::new(heading, (0, 0)),
            (None, None) => return false,
        };
        self.selected = spot;
        true
    }

    /// The name of what is selected, in the manner of jq for JSON.
    pub fn path(&self, document: &Document) -> Option<String> {
        let (section, (at, _)) = self.spot(document)?;
        match &section.shape {
            Shape::Json(tree) => json::path(tree, &section.source, at as u32),
            Shape::Xml(tree) => xml::path(tree, &section.source, at as u32),
            Shape::Form(rows) => {
                let field = &section.source[rows.range(&section.source, at)];
                Some(form::name(field))
            }
            _ => None,
        }
    }

    /// What is selected, as it stands in the source; of a member its value.
    pub fn value(&self, document: &Document) -> Option<Bytes> {
        let (section, (at, _)) = self.spot(document)?;
        let source = &section.source;
        match &section.shape {
            Shape::Json(tree) => Some(json::value(tree, source, at as u32)),
            Shape::Xml(tree) => Some(xml::value(tree, source, at as u32)),
            Shape::Form(rows) => {
                let row = rows.range(source, at);
                Some(source.slice(form::value(source, row)))
            }
            Shape::Text(rows) | Shape::Head(rows) => Some(source.slice(rows.range(source, at))),
            Shape::Hex | Shape::Heading { .. } => Some(source.clone()),
            Shape::Notice(..) => None,
        }
    }

    /// What the selected value says: a JSON string without its escapes, a form field decoded.
    pub fn text(&self, document: &Document) -> Option<Bytes> {
        let (section, (at, _)) = self.spot(document)?;
        match &section.shape {
            Shape::Json(tree) => Some(json::text(tree, &section.source, at as u32)),
            Shape::Form(_) => Some(form::decode(&self.value(document)?).into()),
            _ => self.value(document),
        }
    }

    /// About which row of how many is selected, as if nothing were folded: for a scroll mark.
    pub fn position(&self, document: &Document) -> Option<(u64, u64)> {
        let row = walk::settle(document, self.selected, &self.look());
        let sections = document.sections();
        let here = sections.get(row.section as usize)?.ordinal(row.spot);
        let extent = |it: &super::section::Section| it.extent();
        let above: u64 = sections[..row.section as usize].iter().map(extent).sum();
        Some((above + here, sections.iter().map(extent).sum()))
    }

    /// How the document is looked at.
    pub(super) fn look(&self) -> Look<'_> {
        Look {
            folds: &self.folds,
            section: 0,
            width: self.width,
            is_wrapped: self.is_wrapped,
            is_read: self.is_read,
            needle: self.needle.as_ref(),
        }
    }

    fn spot<'a>(&self, document: &'a Document) -> Option<(&'a super::section::Section, Spot)> {
        let row = walk::settle(document, self.selected, &self.look());
        let section = document.sections().get(row.section as usize)?;
        Some((section, row.spot))
    }

    /// What is selected if it folds: its place, one past the last place inside, whether it is open.
    fn fold_here(&self, document: &Document) -> Option<(u64, u64, bool)> {
        let row = walk::settle(document, self.selected, &self.look());
        let section = document.sections().get(row.section as usize)?;
        let look = walk::in_section(&self.look(), row.section);
        let place = look.place(row.spot.0);
        if let Shape::Heading { .. } = section.shape {
            return Some((place, place + 1, section.is_unfolded(&look)));
        }
        let container = section.tree()?.container(row.spot.0 as u32)?;
        let is_open = look.is_open(section.tree()?, &container);
        let end = look.place(container.end.into());
        (container.count > 0).then_some((place, end, is_open))
    }
}
