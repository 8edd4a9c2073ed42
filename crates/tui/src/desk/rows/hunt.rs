//! A search that keeps what it has found: a part of the history without gaps, which grows towards
//! where the user is going, and in which what may have changed is looked at again.

use std::time::{Duration, Instant};

use kreel_client::{From, HistoryError, Page, Reader, Row, Scope};

use super::Look;
use crate::app::Progress;
use crate::app::list::Anchor;
use crate::desk::Rows;
use crate::limits::{FOUND_ROWS, MARGIN, NEAR_ROWS, UNSETTLED};

/// A search, and what it has found.
#[derive(Debug)]
pub(super) struct Hunt {
    typed: String,
    since: Option<i64>,
    /// Newest first: all there are between the next two.
    rows: Vec<Row>,
    /// Everything above this number up to the next was looked at.
    low: i64,
    high: i64,
    /// The newest delivery there was when it was last asked.
    newest: i64,
    /// There is nothing older to be looked at.
    is_oldest: bool,
    /// How many deliveries below were not looked at, at the most.
    unsearched: u64,
    /// Those that may be answered by now are looked at again from above this number on.
    again: i64,
    began: Instant,
    /// How long it took until all that was wanted was found.
    spent: Duration,
    is_settled: bool,
}

impl Hunt {
    /// A search for this in a history whose newest delivery has this number.
    pub(super) fn new(look: &Look, newest: i64) -> Self {
        let begin = match look.anchor {
            Anchor::Newest => newest,
            Anchor::At(number) => number.min(newest),
            Anchor::Oldest => 0,
        };
        Self {
            typed: typed(look),
            since: look.since,
            rows: Vec::new(),
            low: begin,
            high: begin,
            newest,
            is_oldest: begin == 0,
            unsearched: 0,
            again: begin,
            began: Instant::now(),
            spent: Duration::ZERO,
            is_settled: false,
        }
    }

    /// Whether it is time to begin anew, since that is quickly done: what is far from the user may
    /// have been marked or replayed by somebody else.
    pub(super) fn is_old(&self) -> bool {
        self.is_settled && self.spent < QUICK && self.began.elapsed() > RENEWED
    }

    /// Whether it is for the same as this.
    pub(super) fn is_for(&self, look: &Look) -> bool {
        self.typed == typed(look) && self.since == look.since
    }

    /// Searches on for a while: what is new, what may have changed, and then towards where the
    /// user is. Whether all that is wanted was found.
    pub(super) fn go_on(
        &mut self,
        reader: &Reader,
        scope: &Scope,
        anchor: Anchor,
        budget: Duration,
    ) -> Result<bool, HistoryError> {
        let began = Instant::now();
        let until = began + budget;
        self.go_to(reader, anchor)?;
        let mut is_all = self.newer(reader, scope, anchor, budget / 2)?;
        self.look_again(reader, scope, budget / 4)?;
        self.look_at_those_near(reader, scope, anchor)?;
        let (_, below) = self.around(anchor);
        if below < MARGIN && !self.is_oldest {
            let left = until
                .saturating_duration_since(Instant::now())
                .max(budget / 4);
            is_all &= self.older(reader, scope, MARGIN - below, left)?;
        }
        self.let_go(anchor);
        if !self.is_settled {
            self.spent += began.elapsed();
            self.is_settled = is_all;
        }
        Ok(is_all)
    }

    /// The rows around where the user is.
    pub(super) fn hand_out(&self, anchor: Anchor, to: &mut Rows) {
        let at = self.place(anchor);
        let (from, end) = (
            at.saturating_sub(MARGIN),
            (at + MARGIN).min(self.rows.len()),
        );
        to.rows = self.rows[from..end].to_vec();
        to.has_newer = from > 0 || self.high < self.newest;
        to.has_older = end < self.rows.len() || !self.is_oldest;
    }

    /// How far it has got.
    pub(super) fn progress(&self, reader: &Reader) -> Result<Progress, HistoryError> {
        let part = 1.0 - reader.position(self.low)?;
        Ok(Progress::new(part, self.unsearched))
    }

    /// Begins anew where the user has gone to, if that is not where it is.
    fn go_to(&mut self, reader: &Reader, anchor: Anchor) -> Result<(), HistoryError> {
        self.newest = reader.newest()?;
        let begin = match anchor {
            Anchor::Newest if self.newest - self.high > FAR => self.newest,
            Anchor::Oldest if !self.is_oldest => 0,
            Anchor::At(number) => match number.min(self.newest) {
                number if number > self.high || number < self.low => number,
                _ => return Ok(()),
            },
            _ => return Ok(()),
        };
        self.rows.clear();
        (self.low, self.high, self.again) = (begin, begin, begin);
        self.is_oldest = begin == 0;
        Ok(())
    }

    /// What is newer than all that was looked at. Whether nothing is left that is wanted.
    fn newer(
        &mut self,
        reader: &Reader,
        scope: &Scope,
        anchor: Anchor,
        budget: Duration,
    ) -> Result<bool, HistoryError> {
        let (above, _) = self.around(anchor);
        let wanted = match anchor {
            Anchor::Newest => FOUND_ROWS,
            Anchor::Oldest => MARGIN.saturating_sub(self.rows.len()),
            Anchor::At(_) => MARGIN.saturating_sub(above),
        };
        if wanted == 0 {
            return Ok(true);
        }
        let page = reader.look(scope, From::After(self.high), wanted, budget)?;
        let is_all = page.is_end || page.rows.len() >= wanted;
        self.high = page.scanned_to.max(self.high);
        self.rows.splice(0..0, page.rows);
        Ok(is_all)
    }

    fn older(
        &mut self,
        reader: &Reader,
        scope: &Scope,
        wanted: usize,
        budget: Duration,
    ) -> Result<bool, HistoryError> {
        let page = reader.look(scope, From::Before(self.low + 1), wanted, budget)?;
        self.is_oldest = page.is_end;
        self.unsearched = page.unsearched;
        self.low = match page.is_end {
            true => 0,
            false => self.low.min(page.scanned_to - 1),
        };
        let is_all = page.is_end || page.rows.len() >= wanted;
        self.rows.extend(page.rows);
        Ok(is_all)
    }

    /// Looks again at some of the newest, in turn: they may have been answered since.
    fn look_again(
        &mut self,
        reader: &Reader,
        scope: &Scope,
        budget: Duration,
    ) -> Result<(), HistoryError> {
        let from = self.again.max(self.high - UNSETTLED).max(self.low);
        let page = reader.look(scope, From::After(from), FOUND_ROWS, budget)?;
        let to = page.scanned_to.min(self.high);
        self.put(from, to, page);
        self.again = if to >= self.high { 0 } else { to };
        Ok(())
    }

    /// Looks again at those the user sees: they may have been replayed, marked or noted since.
    fn look_at_those_near(
        &mut self,
        reader: &Reader,
        scope: &Scope,
        anchor: Anchor,
    ) -> Result<(), HistoryError> {
        let at = self.place(anchor);
        let near = at.saturating_sub(NEAR_ROWS)..(at + NEAR_ROWS).min(self.rows.len());
        let numbers: Vec<i64> = self.rows[near].iter().map(|row| row.number).collect();
        // Those that lie together are looked up together.
        for numbers in numbers.chunk_by(|newer, older| newer - older <= TOGETHER) {
            let (Some(&newest), Some(&oldest)) = (numbers.first(), numbers.last()) else {
                continue;
            };
            let scope = Scope {
                since_number: Some(scope.since_number.unwrap_or(0).max(oldest - 1)),
                ..scope.clone()
            };
            let page = reader.look(&scope, From::Before(newest + 1), FOUND_ROWS, SOON)?;
            if page.is_end {
                self.put(oldest - 1, newest, page);
            }
        }
        Ok(())
    }

    /// Has what was found just now take the place of all above one number up to another.
    fn put(&mut self, above: i64, to: i64, page: Page) {
        let begin = self.rows.partition_point(|row| row.number > to);
        let end = self.rows.partition_point(|row| row.number > above);
        let found = page.rows.into_iter();
        let found = found.filter(|row| row.number > above && row.number <= to);
        self.rows.splice(begin..end, found);
    }

    /// Forgets what is furthest from the user.
    fn let_go(&mut self, anchor: Anchor) {
        let Some(surplus) = self.rows.len().checked_sub(FOUND_ROWS + 1) else {
            return;
        };
        if self.place(anchor) * 2 > self.rows.len() {
            let last = self.rows.drain(..=surplus).next_back();
            self.high = last.map_or(self.high, |row| row.number - 1);
        } else {
            self.rows.truncate(FOUND_ROWS);
            self.low = self.rows.last().map_or(self.low, |row| row.number - 1);
            self.is_oldest = false;
        }
    }

    /// How many there are on either side of the user.
    fn around(&self, anchor: Anchor) -> (usize, usize) {
        let at = self.place(anchor);
        (at, self.rows.len() - at)
    }

    /// Where the user is among those found.
    fn place(&self, anchor: Anchor) -> usize {
        match anchor {
            Anchor::Newest => 0,
            Anchor::Oldest => self.rows.len(),
            Anchor::At(number) => self.rows.partition_point(|row| row.number > number),
        }
    }
}

/// Who goes to the newest from further off than this begins anew: 20,000 numbers, which are
/// looked through in some milliseconds.
const FAR: i64 = 20_000;

/// A search that took less than this is begun anew every so often: a tenth of a processor at most.
const QUICK: Duration = Duration::from_millis(100);
const RENEWED: Duration = Duration::from_secs(1);

/// Rows with fewer numbers between them than this are looked up together: 64, a page of the file.
const TOGETHER: i64 = 64;

/// What a look at a few rows may take; what takes longer is looked at the next time.
const SOON: Duration = Duration::from_millis(5);

fn typed(look: &Look) -> String {
    look.filter
        .as_ref()
        .map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests;
