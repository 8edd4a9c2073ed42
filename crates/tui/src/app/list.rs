//! The rows on screen: which part of the history is at hand, and where in it the user is.
//!
//! Newest first. The selection is a delivery, not a line: rows that arrive do not move it.

use kreel_client::Row;

/// A part of the history, and the place in it.
#[derive(Debug, Default)]
pub(crate) struct List {
    rows: Vec<Row>,
    /// Whether there are newer ones than those at hand.
    has_newer: bool,
    /// Whether there are older ones.
    has_older: bool,
    selected: Option<i64>,
    /// The row in the first line, unless the newest always is.
    top: Option<i64>,
    /// How many lines there are.
    height: usize,
    /// Whether anything was looked up yet.
    is_loaded: bool,
    /// Whether the selection stays where it is, though the newest are followed: something is
    /// being said about it.
    is_pinned: bool,
}

/// Which part of the history is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The newest.
    Newest,
    /// Those around this row.
    At(i64),
    /// The oldest.
    Oldest,
}

impl List {
    /// The rows at hand from the first line on, as many as there are lines.
    pub(crate) fn visible(&self) -> &[Row] {
        let start = self.top_index();
        let end = (start + self.height).min(self.rows.len());
        &self.rows[start..end]
    }

    /// How many newer ones are out of sight, at least.
    pub(crate) fn above(&self) -> (usize, bool) {
        (self.top_index(), self.has_newer)
    }

    /// The row above the first line, if it is at hand.
    pub(crate) fn above_first(&self) -> Option<i64> {
        let above = self.top_index().checked_sub(1)?;
        self.rows.get(above).map(|row| row.number)
    }

    /// Which of all rows is selected, from 1, and how many there are, as far as they are at hand:
    /// none if newer ones are not, with whether older ones are not.
    pub(crate) fn place(&self) -> Option<(usize, usize, bool)> {
        let index = self.selected_index().filter(|_| !self.has_newer)?;
        Some((index + 1, self.rows.len(), self.has_older))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    /// The row the keys act on.
    pub(crate) fn selected(&self) -> Option<&Row> {
        let number = self.selected?;
        self.rows.iter().find(|row| row.number == number)
    }

    /// The row of this number, if it is at hand.
    pub(crate) fn at_hand_of(&self, number: i64) -> Option<&Row> {
        self.rows.get(self.index_of(number)?)
    }

    /// Its number, also while it is not at hand.
    pub(crate) fn selected_number(&self) -> Option<i64> {
        self.selected
    }

    /// Whether the last line that is visible is the oldest of all.
    pub(crate) fn ends_in_sight(&self) -> bool {
        !self.has_older && self.top_index() + self.height >= self.rows.len()
    }

    /// All that are at hand.
    pub(crate) fn at_hand(&self) -> &[Row] {
        &self.rows
    }

    /// The row after the selected one, which came before it.
    pub(crate) fn before_selected(&self) -> Option<&Row> {
        self.rows.get(self.selected_index()? + 1)
    }

    /// Whether the newest is always in the first line.
    pub(crate) fn follows(&self) -> bool {
        self.top.is_none()
    }

    /// Which part is wanted next.
    pub(crate) fn anchor(&self) -> Anchor {
        match (self.top, self.selected) {
            (None, _) => Anchor::Newest,
            (Some(_), Some(selected)) => Anchor::At(selected),
            (Some(top), None) => Anchor::At(top),
        }
    }

    /// Whether the rows at hand end within a page of what is visible, and there are more.
    pub(crate) fn wants_more(&self) -> bool {
        let start = self.top_index();
        let below = self.rows.len().saturating_sub(start + self.height);
        (self.has_newer && start < self.height && self.top.is_some())
            || (self.has_older && below < self.height)
    }

    /// Takes in what was looked up.
    pub(crate) fn show(&mut self, rows: Vec<Row>, has_newer: bool, has_older: bool) {
        self.rows = rows;
        self.has_newer = has_newer;
        self.has_older = has_older;
        self.is_loaded = true;
        if self.is_pinned && self.selected.is_some() {
            // Also one that is not at hand any more.
        } else if self.follows() || self.selected.is_none() {
            self.selected = self.rows.first().map(|row| row.number);
        } else if self.selected_index().is_none() {
            // It is gone, or no longer among those wanted: the one nearest to it.
            let gone = self.selected.unwrap_or(i64::MAX);
            let older = self.rows.iter().find(|row| row.number < gone);
            self.selected = older.or(self.rows.last()).map(|row| row.number);
        }
        self.keep_in_sight();
    }

    /// Forgets all, since others are wanted from now on; the selection stays, if it is among them.
    pub(crate) fn reset(&mut self) {
        self.top = None;
        self.is_loaded = false;
    }

    /// Whether the selection is to stay though the newest are followed.
    pub(crate) fn pin(&mut self, is_pinned: bool) {
        self.is_pinned = is_pinned;
    }

    /// So many lines are there.
    pub(crate) fn set_height(&mut self, height: usize) {
        if self.height != height {
            self.height = height;
            self.keep_in_sight();
        }
    }

    /// Moves the selection by so many rows, down if positive; ends following.
    pub(crate) fn move_by(&mut self, rows: i64) {
        let Some(index) = self.selected_index() else {
            return;
        };
        let last = self.rows.len() - 1;
        let index = index.saturating_add_signed(rows as isize).min(last);
        self.stay();
        self.selected = Some(self.rows[index].number);
        self.keep_in_sight();
    }

    /// Moves by pages.
    pub(crate) fn page_by(&mut self, pages: i64) {
        let lines = self.height.saturating_sub(1).max(1) as i64;
        self.move_by(pages * lines);
    }

    /// Goes to the newest and stays with it.
    pub(crate) fn follow(&mut self) {
        self.top = None;
        self.selected = self.rows.first().map(|row| row.number);
    }

    /// Ends following: what is in sight stays there.
    pub(crate) fn stay(&mut self) {
        if self.top.is_none() {
            self.top = self.rows.first().map(|row| row.number);
        }
    }

    /// Goes to the last of those at hand; whether there are older ones to be looked up.
    pub(crate) fn go_to_oldest(&mut self) -> bool {
        self.stay();
        if !self.has_older {
            self.selected = self.rows.last().map(|row| row.number);
            self.keep_in_sight();
        }
        self.has_older
    }

    /// Selects this one, which may not be at hand yet.
    pub(crate) fn select(&mut self, number: i64) {
        self.stay();
        self.selected = Some(number);
        match self.selected_index() {
            Some(_) => self.keep_in_sight(),
            None => self.top = Some(number),
        }
    }

    fn index_of(&self, number: i64) -> Option<usize> {
        let found = self.rows.binary_search_by(|row| number.cmp(&row.number));
        found.ok()
    }

    fn selected_index(&self) -> Option<usize> {
        self.index_of(self.selected?)
    }

    /// The first line's row, or the one that took its place.
    fn top_index(&self) -> usize {
        let Some(top) = self.top else {
            return 0;
        };
        self.rows
            .partition_point(|row| row.number > top)
            .min(self.rows.len().saturating_sub(1))
    }

    fn keep_in_sight(&mut self) {
        let (Some(selected), Some(_)) = (self.selected_index(), self.top) else {
            return;
        };
        let height = self.height.max(1);
        let start = self.top_index();
        let start = match selected {
            above if above < start => above,
            below if below >= start + height => below + 1 - height,
            _ => {
                // No empty lines while there are rows for them.
                start
                    .min(self.rows.len().saturating_sub(height))
                    .min(selected)
            }
        };
        self.top = self.rows.get(start).map(|row| row.number);
    }
}

#[cfg(test)]
mod tests;
