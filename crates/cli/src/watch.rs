//! Watching a history: what a filter picks of what is there, and of what comes.
//!
//! Whoever records writes to the file; this only asks, after a pause, whether it has changed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use kreel_client::filter::{Filter, Term};
use kreel_client::{From, Reader, Row, Scope, Standing};
use tokio::time::Instant;

use crate::args::When;
use crate::limits::{
    WATCH_AGAIN, WATCH_AGES, WATCH_LOOK, WATCH_PAGE, WATCH_PAUSE, WATCH_PAUSE_MOST,
};
use crate::past::{self, Past};
use crate::problem::{Code, Problem, Result, of_history};

/// From when on deliveries count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// Only those that come from now on.
    Now,
    /// Those received since then too: microseconds since 1970.
    At(u64),
}

/// A history that is watched. It need not be there yet.
#[derive(Debug)]
pub(crate) struct Watch {
    path: PathBuf,
    past: Option<Past>,
    filter: Filter,
    start: Start,
    /// Deliveries up to this number had come before the watch began.
    began: i64,
    /// Deliveries up to this number are not judged again.
    floor: i64,
    /// Those that were picked.
    told: HashSet<i64>,
    version: Option<i64>,
    pause: Duration,
    looked: Instant,
}

impl Start {
    /// As the user said it.
    pub(crate) fn of(since: Option<When>) -> Result<Self> {
        let now = Timestamp::now();
        let at = match since {
            None => return Ok(Self::Now),
            Some(When::Ago(ago)) => now.saturating_sub(ago).unwrap_or(Timestamp::MIN),
            Some(When::At(at)) => at,
            Some(When::Last | When::Never) => return Err(past::since_needs_a_time()),
        };
        Ok(Self::At(u64::try_from(at.as_microsecond()).unwrap_or(0)))
    }
}

impl Watch {
    /// Watches the history in this file.
    pub(crate) fn begin(path: PathBuf, filter: Filter, start: Start) -> Result<Self> {
        let mut watch = Self {
            past: Past::at(path.clone())?,
            path,
            filter,
            start,
            began: 0,
            floor: 0,
            told: HashSet::new(),
            version: None,
            pause: WATCH_PAUSE,
            looked: Instant::now(),
        };
        if let Some(past) = &watch.past {
            watch.began = newest(&past.reader)?;
            watch.floor = match start {
                Start::Now => watch.began,
                Start::At(at) => before(&past.reader, at)?,
            };
        }
        Ok(watch)
    }

    /// The history, once there is one.
    pub(crate) fn past(&self) -> Option<&Past> {
        self.past.as_ref()
    }

    /// What the filter picks and was not told before, the oldest first.
    pub(crate) fn fresh(&mut self) -> Result<Vec<Row>> {
        if self.past.is_none() {
            self.past = Past::at(self.path.clone())?;
        }
        let Some(past) = &self.past else {
            return Ok(Vec::new());
        };
        let reader = &past.reader;
        let began = Instant::now();
        // Before the look: what changes meanwhile is looked at again.
        self.version = Some(reader.version().map_err(|error| of_history(&error))?);
        let end = newest(reader)?;
        let mut fresh = Vec::new();
        for row in look(reader, Some(&self.filter), self.floor)? {
            if self.counts(&row) && self.told.insert(row.number) {
                fresh.push(row);
            }
        }
        self.floor = self.floor.max(end - WATCH_AGAIN);
        self.told.retain(|number| *number > self.floor);
        self.looked = Instant::now();
        self.pause = (began.elapsed() * 2).clamp(WATCH_PAUSE, WATCH_PAUSE_MOST);
        Ok(fresh)
    }

    /// Waits until there may be something to tell. Cancelling the wait loses nothing.
    pub(crate) async fn change(&mut self) -> Result<()> {
        let has_ages = self.filter.has(|term| matches!(term, Term::Age(..)));
        loop {
            tokio::time::sleep(self.pause).await;
            let Some(past) = &self.past else {
                self.past = Past::at(self.path.clone())?;
                match self.past {
                    Some(_) => return Ok(()),
                    None => continue,
                }
            };
            let version = past.reader.version().map_err(|error| of_history(&error))?;
            if Some(version) != self.version {
                return Ok(());
            }
            if has_ages && self.looked.elapsed() >= WATCH_AGES {
                return Ok(());
            }
        }
    }

    /// How many deliveries there are that count and the filter does not pick, and the newest of
    /// them.
    pub(crate) fn misfits(&self, shown: usize) -> Result<(usize, Vec<Row>)> {
        let Some(past) = &self.past else {
            return Ok((0, Vec::new()));
        };
        let mut rows = look(&past.reader, None, self.floor)?;
        rows.retain(|row| self.counts(row) && !self.told.contains(&row.number));
        let count = rows.len();
        Ok((count, rows.split_off(count.saturating_sub(shown))))
    }

    /// Whether it is here as a whole, and came in time. One that never became whole stands as such.
    fn counts(&self, row: &Row) -> bool {
        let is_here = row.is_complete || row.standing == Standing::BrokenOff;
        let is_in_time = match self.start {
            Start::Now => true,
            Start::At(at) => row.number > self.began || row.summary.received_at_us >= at,
        };
        is_here && is_in_time
    }
}

/// What a filter picks beyond a number, the oldest first.
fn look(reader: &Reader, filter: Option<&Filter>, floor: i64) -> Result<Vec<Row>> {
    let scope = Scope {
        filter: filter.cloned(),
        since_number: Some(floor),
        ..Scope::default()
    };
    let mut from = floor;
    let mut rows = Vec::new();
    loop {
        let page = reader.look(&scope, From::After(from), WATCH_PAGE, WATCH_LOOK);
        let page = page.map_err(|error| of_history(&error))?;
        rows.extend(page.rows.into_iter().rev());
        if page.is_end {
            return Ok(rows);
        }
        from = page.scanned_to;
    }
}

/// The number of the newest delivery; 0 if there is none.
fn newest(reader: &Reader) -> Result<i64> {
    let rows = reader.page(None, None, 1);
    let rows = rows.map_err(|error| of_history(&error))?;
    Ok(rows.first().map_or(0, |row| row.number))
}

/// The number in front of all deliveries received since a moment. The history has them in the
/// order in which they came here, nearly the one in which relays received them; so the search ends
/// with a page in which all are older.
fn before(reader: &Reader, since_us: u64) -> Result<i64> {
    let mut first = newest(reader)? + 1;
    let mut place = None;
    loop {
        let rows = reader.page(None, place, WATCH_PAGE);
        let rows = rows.map_err(|error| of_history(&error))?;
        let is_in = |row: &&Row| row.summary.received_at_us >= since_us;
        match rows.iter().filter(is_in).map(|row| row.number).min() {
            Some(least) => first = least,
            None => return Ok(first - 1),
        }
        place = rows.last().map(|row| row.number);
    }
}

/// Time is up.
pub(crate) fn not_in_time(what: String, why: String) -> Problem {
    Problem::new(
        Code::NotInTime,
        what,
        why,
        "give it more time; --since 1m counts what came before the command began; \
         `kreel requests list` shows what came",
    )
}

#[cfg(test)]
mod tests;
