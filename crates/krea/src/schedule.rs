//! When the API is asked about which job: soon at first, then less and less often, until the job has
//! ended or nobody can hope for it any more.
//!
//! Pure: time comes in, nothing is asked here.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::job::JobId;
use crate::limits::{
    AGENDA_JOBS, ASK_AT_FIRST, ASK_GAP, ASK_OFTEN, ASK_OFTEN_FOR, ASK_PENALTY, ASK_PENALTY_MOST,
    ASK_SELDOM, ASK_TOTAL,
};

/// When to ask about one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    began: Instant,
    pause: Duration,
    next: Option<Instant>,
}

/// What came of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The job goes on, or the API does not know it yet.
    Goes,
    /// It has ended.
    Ended,
    /// The API wants to be left alone, or failed; for how long, if it said so.
    PutOff(Option<Duration>),
    /// It makes no sense to ask again.
    Hopeless,
}

impl Schedule {
    /// From now on.
    pub fn new(now: Instant) -> Self {
        Self {
            began: now,
            pause: ASK_AT_FIRST,
            next: Some(now + ASK_AT_FIRST),
        }
    }

    /// The same, and the first time now.
    pub fn at_once(now: Instant) -> Self {
        Self {
            next: Some(now),
            ..Self::new(now)
        }
    }

    /// When to ask next; never, once it is over.
    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Takes in what came of asking.
    pub fn asked(&mut self, asked: Asked, now: Instant) {
        let age = now - self.began;
        let grown = self.pause.mul_f64(1.5);
        let pause = match asked {
            Asked::Ended | Asked::Hopeless => None,
            _ if age >= ASK_TOTAL => None,
            Asked::Goes if age < ASK_OFTEN_FOR => Some(grown.min(ASK_OFTEN)),
            Asked::Goes => Some(grown.min(ASK_SELDOM)),
            Asked::PutOff(wanted) => {
                let longer = (self.pause * 2).clamp(ASK_PENALTY, ASK_PENALTY_MOST);
                Some(wanted.unwrap_or_default().max(longer))
            }
        };
        self.next = pause.map(|pause| now + pause);
        self.pause = pause.unwrap_or(self.pause);
    }
}

/// What is to be asked: a bounded list, those that were started here first.
#[derive(Debug, Default)]
pub struct Agenda {
    jobs: HashMap<JobId, Item>,
    /// Until when nothing is asked at all.
    quiet_until: Option<Instant>,
}

#[derive(Debug)]
struct Item {
    schedule: Schedule,
    is_known: bool,
    is_under_way: bool,
}

impl Agenda {
    /// Adds a job, unless it is there. A full list takes one that was started here in place of one
    /// that was not, and no other. Whether it is there now.
    pub fn add(&mut self, id: &JobId, is_known: bool, now: Instant) -> bool {
        self.put(id, is_known, Schedule::new(now))
    }

    /// The same for one that somebody waits for: it is asked about now.
    pub fn add_at_once(&mut self, id: &JobId, is_known: bool, now: Instant) -> bool {
        self.put(id, is_known, Schedule::at_once(now))
    }

    fn put(&mut self, id: &JobId, is_known: bool, schedule: Schedule) -> bool {
        if let Some(item) = self.jobs.get_mut(id) {
            item.is_known |= is_known;
            return true;
        }
        if self.jobs.len() >= AGENDA_JOBS {
            let stranger = self
                .jobs
                .iter()
                .find(|(_, item)| !item.is_known && !item.is_under_way);
            let stranger = stranger.map(|(id, _)| id.clone()).filter(|_| is_known);
            let Some(stranger) = stranger else {
                return false;
            };
            self.jobs.remove(&stranger);
        }
        let item = Item {
            schedule,
            is_known,
            is_under_way: false,
        };
        self.jobs.insert(id.clone(), item);
        true
    }

    /// Takes a job out.
    pub fn remove(&mut self, id: &JobId) {
        self.jobs.remove(id);
    }

    /// Whether this job is on the list.
    pub fn has(&self, id: &JobId) -> bool {
        self.jobs.contains_key(id)
    }

    /// How many are on it.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// A job to ask about now; [`Agenda::asked`] must follow.
    pub fn due(&mut self, now: Instant) -> Option<JobId> {
        if self.quiet_until.is_some_and(|until| until > now) {
            return None;
        }
        let waiting = self.jobs.iter().filter(|(_, item)| !item.is_under_way);
        let due = waiting.filter_map(|(id, item)| {
            let at = item.schedule.next().filter(|at| *at <= now)?;
            Some(((!item.is_known, at), id))
        });
        let id = due.min_by_key(|(rank, _)| *rank)?.1.clone();
        self.jobs.get_mut(&id)?.is_under_way = true;
        // No burst, however many are due.
        self.quiet_until = Some(now + ASK_GAP);
        Some(id)
    }

    /// When the next one is due; never if there is none.
    pub fn next(&self) -> Option<Instant> {
        let waiting = self.jobs.values().filter(|item| !item.is_under_way);
        let next = waiting.filter_map(|item| item.schedule.next()).min()?;
        Some(self.quiet_until.map_or(next, |until| until.max(next)))
    }

    /// The API wants to be left alone, or failed, whatever it was asked: nothing is asked for so long.
    pub fn put_off(&mut self, wanted: Option<Duration>, now: Instant) {
        let until = now + wanted.unwrap_or(ASK_PENALTY);
        self.quiet_until = Some(self.quiet_until.map_or(until, |before| before.max(until)));
    }

    /// Takes in what came of asking. One that is over leaves; if the API wants to be left alone,
    /// that goes for all.
    pub fn asked(&mut self, id: &JobId, asked: Asked, now: Instant) {
        let Some(item) = self.jobs.get_mut(id) else {
            return;
        };
        item.is_under_way = false;
        item.schedule.asked(asked, now);
        if item.schedule.next().is_none() {
            self.jobs.remove(id);
        }
        if let Asked::PutOff(wanted) = asked {
            self.put_off(wanted, now);
        }
    }
}

#[cfg(test)]
mod tests;
