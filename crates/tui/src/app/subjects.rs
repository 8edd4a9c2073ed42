//! What deliveries are about, as rows in their place. The selection is a subject, not a line.

use crate::lens::{Page, SubjectRow};

/// How many are asked for at first, and how many more each time: several screens.
const STEP: usize = 100;

/// How many are listed at the most; the older ones are found otherwise.
const MOST: usize = 2_000;

/// Rows, and the place in them.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    rows: Vec<SubjectRow>,
    has_older: bool,
    selected: Option<String>,
    top: usize,
    height: usize,
    /// How many were asked for.
    steps: usize,
    is_loaded: bool,
    /// Why they can't be read.
    pub(crate) fault: Option<String>,
}

impl Subjects {
    /// How many rows are wanted.
    pub(crate) fn limit(&self) -> usize {
        ((self.steps + 1) * STEP).min(MOST)
    }

    /// Takes in what was found. Whoever was on the newest stays there.
    pub(crate) fn show(&mut self, found: Result<Page, String>) {
        self.is_loaded = true;
        match found {
            Ok(page) => {
                let was_first = self.index() == Some(0) && self.top == 0;
                self.rows = page.rows;
                self.has_older = page.has_older;
                self.fault = None;
                if was_first || self.index().is_none() {
                    self.select(0);
                }
                self.keep_in_sight();
            }
            Err(fault) => self.fault = Some(fault),
        }
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.is_loaded
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in sight.
    pub(crate) fn visible(&self) -> &[SubjectRow] {
        let end = (self.top + self.height).min(self.rows.len());
        &self.rows[self.top.min(end)..end]
    }

    /// The row the keys act on.
    pub(crate) fn selected(&self) -> Option<&SubjectRow> {
        self.rows.get(self.index()?)
    }

    /// Which of how many is selected, and whether there are more.
    pub(crate) fn place(&self) -> Option<(usize, usize, bool)> {
        Some((self.index()? + 1, self.rows.len(), self.has_older))
    }

    pub(crate) fn set_height(&mut self, height: usize) {
        self.height = height;
        self.keep_in_sight();
    }

    /// Moves by so many rows; whether more are to be asked for.
    pub(crate) fn move_by(&mut self, by: i64) -> bool {
        let index = self.index().unwrap_or(0);
        let last = self.rows.len().saturating_sub(1);
        let index = index.saturating_add_signed(by as isize).min(last);
        self.select(index);
        self.keep_in_sight();
        let is_near = self.rows.len() - index.min(self.rows.len()) <= self.height.max(1);
        let wants_more = self.has_older && is_near && self.limit() < MOST;
        if wants_more && self.limit() <= self.rows.len() {
            self.steps += 1;
        }
        wants_more
    }

    /// Moves by pages.
    pub(crate) fn page_by(&mut self, pages: i64) -> bool {
        let lines = self.height.saturating_sub(1).max(1) as i64;
        self.move_by(pages * lines)
    }

    /// Selects the one in this line.
    pub(crate) fn select_line(&mut self, line: usize) {
        if line < self.visible().len() {
            self.select(self.top + line);
        }
    }

    fn select(&mut self, index: usize) {
        self.selected = self.rows.get(index).map(|row| row.id.clone());
    }

    fn index(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.id == *selected)
    }

    fn keep_in_sight(&mut self) {
        let index = self.index().unwrap_or(0);
        let height = self.height.max(1);
        let least = (index + 1).saturating_sub(height);
        let most = index.min(self.rows.len().saturating_sub(height));
        self.top = self.top.clamp(least, most.max(least));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lens::Mood;

    fn page(ids: std::ops::Range<u32>, has_older: bool) -> Page {
        let row = |id: u32| SubjectRow {
            id: id.to_string(),
            sign: "✓",
            mood: Mood::Good,
            cells: Vec::new(),
            flags: Vec::new(),
            deliveries: Vec::new(),
        };
        Page {
            rows: ids.rev().map(row).collect(),
            has_older,
        }
    }

    fn selected(subjects: &Subjects) -> &str {
        &subjects.selected().expect("one is").id
    }

    #[test]
    fn the_selection_stays_with_its_subject_as_others_come() {
        let mut subjects = Subjects::default();
        subjects.set_height(3);
        subjects.show(Ok(page(0..5, false)));
        assert_eq!(selected(&subjects), "4");
        subjects.show(Ok(page(0..6, false)));
        assert_eq!(
            selected(&subjects),
            "5",
            "whoever is on the newest stays there"
        );
        subjects.move_by(1);
        subjects.show(Ok(page(0..9, false)));
        assert_eq!(selected(&subjects), "4");
        assert!(subjects.visible().iter().any(|row| row.id == "4"));
        subjects.show(Err("busy".to_owned()));
        assert_eq!(selected(&subjects), "4", "what was there stays");
        subjects.show(Ok(page(7..9, false)));
        assert_eq!(selected(&subjects), "8", "it is gone");
    }

    #[test]
    fn more_are_wanted_near_the_end() {
        let mut subjects = Subjects::default();
        subjects.set_height(10);
        subjects.show(Ok(page(0..100, true)));
        assert!(!subjects.move_by(5));
        assert_eq!(subjects.limit(), 100);
        assert!(subjects.move_by(90));
        assert_eq!(subjects.limit(), 200);
        assert!(subjects.move_by(1), "they are on their way");
        assert_eq!(subjects.limit(), 200);
        subjects.show(Ok(page(0..150, false)));
        assert!(!subjects.move_by(1_000));
        assert_eq!(selected(&subjects), "0");
        assert_eq!(subjects.visible().len(), 10);
    }
}
