//! Pages of what is looked for, in both directions by key, within a time.

use std::time::{Duration, Instant};

use kreel_inspect::filter::Filter;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::judge::Judge;
use super::plan::Plan;
use super::rows::{JOINED, REST, complete, one, row};
use super::scope::{From, Page, Scope};
use crate::history::record::SUMMARY;
use crate::limits::{HISTORY_SPAN, HISTORY_SPAN_INDEXED};

/// Which way numbers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Older,
    Newer,
}

/// One look in one direction.
struct Look<'a> {
    db: &'a Connection,
    plan: &'a Plan,
    judge: Judge<'a>,
    direction: Direction,
    limit: usize,
    until: Instant,
    page: Page,
}

/// Numbers from `least` to `most`, both included.
#[derive(Debug, Clone, Copy)]
struct Span {
    least: i64,
    most: i64,
}

/// Looks for what a scope is about.
pub(super) fn look(
    db: &Connection,
    scope: &Scope,
    from: From,
    limit: usize,
    budget: Duration,
    now_us: u64,
) -> rusqlite::Result<Page> {
    let plan = Plan::new(db, scope, now_us)?;
    let there = extent(db)?;
    let least = there
        .least
        .max(scope.since_number.map_or(0, |since| since + 1));
    let until = Instant::now() + budget;
    let one_way = |direction, span, limit, until| {
        let look = Look {
            db,
            plan: &plan,
            judge: Judge::new(db, &plan, now_us),
            direction,
            limit,
            until,
            page: Page::default(),
        };
        look.through(span)
    };
    let span = |most: i64| Span {
        least,
        most: most.min(there.most),
    };
    match from {
        From::Newest => one_way(Direction::Older, span(i64::MAX), limit, until),
        From::Before(number) => one_way(Direction::Older, span(number - 1), limit, until),
        From::After(number) => {
            let span = Span {
                least: least.max(number + 1),
                most: there.most,
            };
            one_way(Direction::Newer, span, limit, until)
        }
        From::Around(number) => {
            let newer = Span {
                least: least.max(number + 1),
                most: there.most,
            };
            let halfway = Instant::now() + budget / 2;
            let mut page = match limit / 2 {
                0 => Page::default(),
                limit => one_way(Direction::Newer, newer, limit, halfway)?,
            };
            let rest = limit - page.rows.len();
            let older = one_way(Direction::Older, span(number), rest, until)?;
            page.rows.extend(older.rows);
            Ok(Page {
                rows: page.rows,
                ..older
            })
        }
    }
}

/// The least and the greatest number there is; an empty span if there is none.
fn extent(db: &Connection) -> rusqlite::Result<Span> {
    db.prepare_cached(
        "SELECT coalesce((SELECT min(number) FROM delivery), 1),
            coalesce((SELECT max(number) FROM delivery), 0)",
    )?
    .query_row([], |row| {
        Ok(Span {
            least: row.get(0)?,
            most: row.get(1)?,
        })
    })
}

/// The highest number there is.
pub(super) fn newest(db: &Connection) -> rusqlite::Result<i64> {
    Ok(extent(db)?.most)
}

/// How far along the history a number stands: 0 is the oldest, 1 the newest.
pub(super) fn position(db: &Connection, number: i64) -> rusqlite::Result<f64> {
    let Span { least, most } = extent(db)?;
    if most <= least {
        return Ok(1.0);
    }
    let along = (number.clamp(least, most) - least) as f64;
    Ok(along / (most - least) as f64)
}

/// How many deliveries there are, at the most.
pub(super) fn count(db: &Connection) -> rusqlite::Result<u64> {
    let Span { least, most } = extent(db)?;
    Ok(u64::try_from(most - least + 1).unwrap_or(0))
}

impl Look<'_> {
    fn through(mut self, span: Span) -> rusqlite::Result<Page> {
        self.page.scanned_to = match self.direction {
            Direction::Older => span.most + 1,
            Direction::Newer => span.least - 1,
        };
        let is_through = self.plan.is_void || span.most < span.least || self.parts(span)?;
        let (first, last) = match self.direction {
            Direction::Older => (span.least, self.page.scanned_to),
            Direction::Newer => (self.page.scanned_to, span.most),
        };
        if is_through {
            self.page.scanned_to = match self.direction {
                Direction::Older => span.least,
                Direction::Newer => span.most.max(span.least - 1),
            };
            self.page.is_end = true;
        } else {
            self.page.unsearched = u64::try_from(last - first).unwrap_or(0);
        }
        if self.direction == Direction::Newer {
            self.page.rows.reverse();
        }
        Ok(self.page)
    }

    /// Goes through a span. False if there may be more that was not looked at.
    fn parts(&mut self, span: Span) -> rusqlite::Result<bool> {
        let Some(words) = &self.plan.words else {
            return self.scan(span);
        };
        // What is not indexed yet is read.
        let indexed_to: i64 = self
            .db
            .prepare_cached("SELECT indexed_to FROM state")?
            .query_row([], |row| row.get(0))?;
        let indexed = Span {
            most: span.most.min(indexed_to),
            ..span
        };
        let fresh = Span {
            least: span.least.max(indexed_to + 1),
            ..span
        };
        match self.direction {
            Direction::Older => Ok(self.scan(fresh)? && self.ask(words, indexed)?),
            Direction::Newer => Ok(self.ask(words, indexed)? && self.scan(fresh)?),
        }
    }

    /// Reads rows, as many numbers at a time as are read quickly.
    fn scan(&mut self, span: Span) -> rusqlite::Result<bool> {
        let (source, condition) = match self.plan.index {
            Some(index) => index.source(),
            None => ("delivery", ""),
        };
        let order = match self.direction {
            Direction::Older => "DESC",
            Direction::Newer => "ASC",
        };
        let sql = format!(
            "SELECT {SUMMARY}, {REST} FROM {source} {JOINED} WHERE number BETWEEN ?1 AND ?2
                {condition} {} ORDER BY number {order}",
            self.plan.conditions
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut width = match self.plan.index {
            Some(_) => HISTORY_SPAN_INDEXED,
            None => HISTORY_SPAN,
        };
        let mut left = span;
        while left.least <= left.most {
            let part = match self.direction {
                Direction::Older => Span {
                    least: left.least.max(left.most - width + 1),
                    ..left
                },
                Direction::Newer => Span {
                    most: left.most.min(left.least + width - 1),
                    ..left
                },
            };
            let bounds = [Value::from(part.least), Value::from(part.most)];
            let values = bounds.iter().chain(&self.plan.values);
            let mut rows = statement.query(params_from_iter(values))?;
            while let Some(found) = rows.next()? {
                let judged = row(found)?;
                let number = judged.number;
                if self.judge.accepts(&judged, self.plan.filter.as_ref())? {
                    self.page.rows.push(complete(self.db, found, judged)?);
                }
                self.page.scanned_to = number;
                if self.is_over() {
                    return Ok(false);
                }
            }
            match self.direction {
                Direction::Older => {
                    self.page.scanned_to = part.least;
                    left.most = part.least - 1;
                }
                Direction::Newer => {
                    self.page.scanned_to = part.most;
                    left.least = part.most + 1;
                }
            }
            if self.is_over() && left.least <= left.most {
                return Ok(false);
            }
            width = width.saturating_mul(2);
        }
        Ok(true)
    }

    /// Asks the index of words. What was completed since it was indexed is read besides.
    fn ask(&mut self, words: &str, span: Span) -> rusqlite::Result<bool> {
        if span.most < span.least {
            return Ok(true);
        }
        let mut again: Vec<i64> = self
            .db
            .prepare_cached("SELECT number FROM unindexed WHERE number BETWEEN ?1 AND ?2")?
            .query_map([span.least, span.most], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let order = match self.direction {
            Direction::Older => "DESC",
            Direction::Newer => {
                again.reverse();
                "ASC"
            }
        };
        let sql = format!(
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3
                ORDER BY rowid {order}"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut found = statement.query(params![words, span.least, span.most])?;
        // Both come in order; `again` is taken from its end.
        let mut next: Option<i64> = found.next()?.map(|row| row.get(0)).transpose()?;
        loop {
            let is_first = |number: i64, other: i64| match self.direction {
                Direction::Older => number >= other,
                Direction::Newer => number <= other,
            };
            let number = match (again.last().copied(), next) {
                (None, None) => return Ok(true),
                (Some(number), other) if other.is_none_or(|other| is_first(number, other)) => {
                    again.pop();
                    if other == Some(number) {
                        next = found.next()?.map(|row| row.get(0)).transpose()?;
                    }
                    self.weigh(number, self.plan.filter.as_ref())?;
                    number
                }
                (_, Some(number)) => {
                    next = found.next()?.map(|row| row.get(0)).transpose()?;
                    self.weigh(number, self.plan.filter_but_words.as_ref())?;
                    number
                }
                (Some(_), None) => return Ok(true),
            };
            self.page.scanned_to = number;
            if self.is_over() {
                return Ok(false);
            }
        }
    }

    fn weigh(&mut self, number: i64, filter: Option<&Filter>) -> rusqlite::Result<()> {
        let Some(found) = one(self.db, number)? else {
            return Ok(());
        };
        if self.judge.is_of_tunnel(&found) && self.judge.accepts(&found, filter)? {
            self.page.rows.push(found);
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.page.rows.len() >= self.limit || Instant::now() >= self.until
    }
}
