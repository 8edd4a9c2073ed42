//! Watching a history: what a filter picks of what is there, and of what comes.
//!
//! Whoever records writes to the file; this only asks, after a pause, whether it has changed.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use kreel_client::filter::{Filter, Term};
use kreel_client::{From, Page, Reader, Row, Scope, Standing};
use tokio::time::Instant;

use crate::args::When;
use crate::cassette;
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
    /// The look that has not come to its end.
    look: Option<Look>,
}

/// A look at all that may have changed, one page at a time.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// How far it is.
    at: i64,
    /// The newest delivery when it began.
    end: i64,
    /// How long it has taken so far.
    took: Duration,
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
            look: None,
        };
        if let Some(past) = &watch.past {
            watch.began = newest(&past.reader)?;
            watch.floor = match start {
                Start::Now => watch.began,
                // What came later need not have been received later.
                Start::At(at) => {
                    let first = past.reader.first_since(at);
                    let first = first.map_err(|error| of_history(&error))?;
                    first.map_or(watch.began, |first| first - 1)
                }
            };
        }
        Ok(watch)
    }

    /// The history, once there is one.
    pub(crate) fn past(&self) -> Option<&Past> {
        self.past.as_ref()
    }

    /// What the filter picks and was not told before, the oldest first: a page of it. There may be
    /// more [amid](Self::is_amid) a look.
    pub(crate) fn fresh(&mut self) -> Result<Vec<Row>> {
        if self.past.is_none() {
            self.past = Past::at(self.path.clone())?;
        }
        let Some(past) = &self.past else {
            return Ok(Vec::new());
        };
        let reader = &past.reader;
        let began = Instant::now();
        let mut look = match self.look {
            Some(look) => look,
            None => {
                // Before the look: what changes meanwhile is looked at again.
                self.version = Some(reader.version().map_err(|error| of_history(&error))?);
                Look {
                    at: self.floor,
                    end: newest(reader)?,
                    took: Duration::ZERO,
                }
            }
        };
        let page = page(reader, Some(&self.filter), self.floor, look.at)?;
        let mut fresh = Vec::new();
        for row in page.rows.into_iter().rev() {
            // What is not judged again need not be remembered.
            let is_last_time = row.number <= look.end - WATCH_AGAIN;
            if self.counts(&row) && (is_last_time || self.told.insert(row.number)) {
                fresh.push(row);
            }
        }
        look.at = page.scanned_to;
        look.took += began.elapsed();
        self.look = (!page.is_end).then_some(look);
        if page.is_end {
            self.floor = self.floor.max(look.end - WATCH_AGAIN);
            self.told.retain(|number| *number > self.floor);
            self.looked = Instant::now();
            self.pause = (look.took * 2).clamp(WATCH_PAUSE, WATCH_PAUSE_MOST);
        }
        Ok(fresh)
    }

    /// Whether the last page was not the end: there may be more to tell at once.
    pub(crate) fn is_amid(&self) -> bool {
        self.look.is_some()
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
    pub(crate) fn misfits(&mut self, shown: usize) -> Result<(usize, Vec<Row>)> {
        while self.is_amid() {
            self.fresh()?;
        }
        let Some(past) = &self.past else {
            return Ok((0, Vec::new()));
        };
        let (mut count, mut newest) = (0, VecDeque::new());
        let mut at = self.floor;
        loop {
            let page = page(&past.reader, None, self.floor, at)?;
            for row in page.rows.into_iter().rev() {
                if self.counts(&row) && !self.told.contains(&row.number) {
                    count += 1;
                    newest.push_back(row);
                }
                if newest.len() > shown {
                    newest.pop_front();
                }
            }
            if page.is_end {
                return Ok((count, newest.into()));
            }
            at = page.scanned_to;
        }
    }

    /// Whether somebody sent it, it is here as a whole, and came in time. One that never became
    /// whole stands as such.
    fn counts(&self, row: &Row) -> bool {
        if row.is_synthesised() || row.relay == cassette::RELAY {
            return false;
        }
        let is_here = row.is_complete || row.standing == Standing::BrokenOff;
        let is_in_time = match self.start {
            Start::Now => true,
            Start::At(at) => row.number > self.began || row.summary.received_at_us >= at,
        };
        is_here && is_in_time
    }
}

/// A page of what a filter picks beyond a number, from a place on.
fn page(reader: &Reader, filter: Option<&Filter>, floor: i64, at: i64) -> Result<Page> {
    let scope = Scope {
        filter: filter.cloned(),
        since_number: Some(floor),
        ..Scope::default()
    };
    let page = reader.look(&scope, From::After(at), WATCH_PAGE, WATCH_LOOK);
    page.map_err(|error| of_history(&error))
}

/// The number of the newest delivery; 0 if there is none.
fn newest(reader: &Reader) -> Result<i64> {
    reader.newest().map_err(|error| of_history(&error))
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
