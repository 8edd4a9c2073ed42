//! How far the handing over of what had waited is, for the user.

use std::time::Duration;

use tokio::time::Instant;

use super::Effect;
use crate::Update;

/// How often it is told: each second.
const TOLD: Duration = Duration::from_secs(1);

/// What had waited when the link came up, and how much of it is done.
#[derive(Debug, Default)]
pub(super) struct Drain {
    total: u64,
    done: u64,
    told_at: Option<Instant>,
}

impl Drain {
    /// So many wait, besides those counted before.
    pub(super) fn add(&mut self, waiting: u64) {
        self.total += waiting;
    }

    /// One of them is finished.
    pub(super) fn one_done(&mut self) {
        self.done = (self.done + 1).min(self.total);
    }

    /// One of them was counted before.
    pub(super) fn one_known(&mut self) {
        self.total = self.total.saturating_sub(1).max(self.done);
    }

    /// What is to be told now.
    pub(super) fn tell(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let Self {
            total,
            done,
            told_at,
        } = *self;
        if total == 0 {
            return;
        }
        let since = told_at.unwrap_or(now);
        if done == total {
            self.tell_end(effects);
        } else if now.duration_since(since) >= TOLD {
            self.told_at = Some(now);
            effects.push(Effect::Update(Update::Draining { done, total }));
        } else {
            self.told_at = Some(since);
        }
    }

    /// What is to be told now if all of them are done.
    pub(super) fn tell_end(&mut self, effects: &mut Vec<Effect>) {
        let total = self.total;
        if total > 0 && self.done == total {
            *self = Self::default();
            effects.push(Effect::Update(Update::Drained { total }));
        }
    }
}
