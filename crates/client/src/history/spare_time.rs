//! What the recorder's thread does when nobody wants anything of it: it indexes words, and
//! forgets what is too much.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::trim::{Budget, forget_some};
use super::words;

/// What there is to do, and when.
#[derive(Debug)]
pub(super) struct SpareTime {
    pub(super) budget: Budget,
    /// Something was written since all was indexed.
    is_behind: bool,
    /// How many jobs were done since the budget was looked at.
    unchecked: usize,
    is_over: bool,
    /// How long the next step waits.
    pause: Duration,
}

impl Default for SpareTime {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            // An earlier process may have left something.
            is_behind: true,
            unchecked: CHECK_AFTER,
            is_over: false,
            pause: QUIET,
        }
    }
}

impl SpareTime {
    /// So many jobs were done: they come first.
    pub(super) fn worked(&mut self, jobs: usize) {
        self.is_behind = true;
        self.unchecked += jobs;
        self.pause = QUIET;
    }

    /// It failed: it is tried again much later.
    pub(super) fn postpone(&mut self) {
        self.pause = AFTER_FAULT;
    }

    /// How long it must be quiet before something is done; none if nothing is to be.
    pub(super) fn pause(&self) -> Option<Duration> {
        (self.is_behind || self.is_over).then_some(self.pause)
    }

    /// Does one step.
    pub(super) fn step(&mut self, db: &mut Connection) -> rusqlite::Result<()> {
        let began = Instant::now();
        self.check(db)?;
        if self.is_over {
            self.is_over = forget_some(db)? && self.budget.is_exceeded(db)?;
        } else {
            self.is_behind = words::index_some(db)?;
        }
        // A fifth of one core, so that nobody's fan is heard.
        self.pause = (began.elapsed() * 4).clamp(LEAST_PAUSE, QUIET);
        Ok(())
    }

    /// Between two groups: makes room if there is far too little, quiet or not.
    pub(super) fn between(&mut self, db: &mut Connection) -> rusqlite::Result<()> {
        if self.unchecked >= CHECK_AFTER {
            self.check(db)?;
        }
        if self.is_over {
            self.is_over = forget_some(db)? && self.budget.is_exceeded(db)?;
        }
        Ok(())
    }

    fn check(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if std::mem::take(&mut self.unchecked) > 0 {
            self.is_over = self.budget.is_exceeded(db)?;
        }
        Ok(())
    }
}

/// How long nothing must have come: 2 s.
const QUIET: Duration = Duration::from_secs(2);

/// How long nothing is done after a fault: a minute.
const AFTER_FAULT: Duration = Duration::from_secs(60);

/// The shortest pause between two steps: 5 ms.
const LEAST_PAUSE: Duration = Duration::from_millis(5);

/// After how many jobs the budget is looked at though it is not quiet: 16,384, some 20 MiB.
const CHECK_AFTER: usize = 16_384;
