//! A lens's sheet in the detail, and how far into it the user has looked.

use bytes::Bytes;

use crate::desk::Picture;
use crate::lens::{Sheet, SheetLine};

/// A sheet, with the line the keys act on.
#[derive(Debug, Default)]
pub(crate) struct OpenSheet {
    /// What the lens says; none if it knows nothing of it, or was not asked yet.
    pub(crate) sheet: Option<Sheet>,
    /// It was asked.
    pub(crate) is_read: bool,
    /// Why it can't be read.
    pub(crate) fault: Option<String>,
    /// Which line is selected.
    pub(crate) selected: usize,
    /// The first line on screen, once laid out.
    pub(crate) top: usize,
    /// The image behind one of the links.
    pub(crate) preview: Option<Picture>,
}

impl OpenSheet {
    /// Takes in what the lens says now. Whoever looks at a line stays there.
    pub(crate) fn show(&mut self, read: Result<Option<Sheet>, String>) {
        self.is_read = true;
        match read {
            Ok(sheet) => {
                self.sheet = sheet;
                self.fault = None;
            }
            Err(fault) => self.fault = Some(fault),
        }
        self.selected = self.selected.min(self.lines().len().saturating_sub(1));
    }

    /// Shows an image.
    pub(crate) fn preview(&mut self, bytes: Bytes) {
        self.preview = Some(Picture::new(bytes));
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> &[SheetLine] {
        self.sheet.as_ref().map_or(&[], |sheet| &sheet.lines)
    }

    /// The line the keys act on.
    pub(crate) fn line(&self) -> Option<&SheetLine> {
        self.lines().get(self.selected)
    }

    /// Moves by so many lines.
    pub(crate) fn move_by(&mut self, by: isize) {
        let last = self.lines().len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// To the next line with a link, from here on.
    pub(crate) fn go_to_link(&mut self) -> bool {
        let next = |from: usize| {
            let lines = self.lines().iter().enumerate().skip(from);
            lines
                .clone()
                .find(|(_, line)| line.link.is_some())
                .map(|(index, _)| index)
        };
        let found = next(self.selected + 1).or_else(|| next(0));
        self.selected = found.unwrap_or(self.selected);
        found.is_some()
    }
}
