//! A search through the whole history, newest first, that keeps what it has found: when something
//! new arrives only that is looked at, not all again.

use kreel_client::{From, HistoryError, Reader, Row, Scope};

use super::Look;
use crate::app::Progress;
use crate::app::list::Anchor;
use crate::limits::{FOUND_ROWS, LOOK, MARGIN, UNSETTLED};

/// A search, and what it has found.
#[derive(Debug)]
pub(super) struct Hunt {
    typed: String,
    since: Option<i64>,
    /// Newest first.
    rows: Vec<Row>,
    /// All between these two are searched, both included.
    reached: Option<(i64, i64)>,
    /// The oldest is reached.
    is_end: bool,
    /// How many rows are wanted.
    wanted: usize,
    unsearched: u64,
}

impl Hunt {
    pub(super) fn new(look: &Look) -> Self {
        Self {
            typed: typed(look),
            since: look.since,
            rows: Vec::new(),
            reached: None,
            is_end: false,
            wanted: MARGIN,
            unsearched: 0,
        }
    }

    /// Whether it is for the same as this.
    pub(super) fn is_for(&self, look: &Look) -> bool {
        self.typed == typed(look) && self.since == look.since
    }

    /// Searches on for a while: what is new first, then further back.
    pub(super) fn go_on(
        &mut self,
        reader: &Reader,
        scope: &Scope,
        anchor: Anchor,
    ) -> Result<(), HistoryError> {
        self.want(anchor);
        self.catch_up(reader, scope)?;
        if self.is_finished() {
            return Ok(());
        }
        let from = match self.reached {
            None => From::Newest,
            Some((_, oldest)) => From::Before(oldest),
        };
        let page = reader.look(scope, from, self.wanted - self.rows.len(), LOOK)?;
        let newest = self.reached.map(|(newest, _)| newest);
        let newest = newest.or_else(|| page.rows.first().map(|row| row.number));
        let newest = newest.unwrap_or(page.scanned_to);
        self.reached = Some((newest, page.scanned_to));
        self.is_end = page.is_end;
        self.unsearched = page.unsearched;
        self.rows.extend(page.rows);
        Ok(())
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether there is nothing more to be found, or enough is.
    pub(super) fn is_finished(&self) -> bool {
        self.is_end || self.rows.len() >= self.wanted
    }

    /// How far it has got, until it is at the end.
    pub(super) fn progress(&self, reader: &Reader) -> Result<Option<Progress>, HistoryError> {
        let Some((_, oldest)) = self.reached.filter(|_| !self.is_finished()) else {
            return Ok(None);
        };
        let part = reader.position(oldest)?;
        Ok(Some(Progress::new(part, self.unsearched)))
    }

    /// More are wanted once the user comes near the end of those found.
    fn want(&mut self, anchor: Anchor) {
        let is_near_the_end = match anchor {
            Anchor::Newest => false,
            Anchor::Oldest => true,
            Anchor::At(number) => {
                let found = self.rows.iter().position(|row| row.number <= number);
                found.is_none_or(|index| index + MARGIN / 2 > self.rows.len())
            }
        };
        if is_near_the_end && self.rows.len() >= self.wanted {
            self.wanted = (self.rows.len() + MARGIN).min(FOUND_ROWS);
        }
    }

    /// Looks at what is new, and again at the newest of what was there: it may have been answered
    /// since.
    fn catch_up(&mut self, reader: &Reader, scope: &Scope) -> Result<(), HistoryError> {
        let Some((newest, oldest)) = self.reached else {
            return Ok(());
        };
        let from = (newest - UNSETTLED).max(oldest - 1);
        let page = reader.look(scope, From::After(from), FOUND_ROWS, LOOK)?;
        let first_kept = self.rows.partition_point(|row| row.number > from);
        let reached = page.scanned_to.max(newest);
        let mut rows = page.rows;
        rows.extend(self.rows.drain(first_kept..).take(FOUND_ROWS));
        // What is far back may have been replayed or marked since.
        for row in rows
            .iter_mut()
            .filter(|row| row.number <= from)
            .take(MARGIN)
        {
            if let Some(fresh) = reader.row(row.number)? {
                *row = fresh;
            }
        }
        self.rows = rows;
        self.reached = Some((reached, oldest));
        Ok(())
    }
}

fn typed(look: &Look) -> String {
    look.filter
        .as_ref()
        .map_or_else(String::new, ToString::to_string)
}
