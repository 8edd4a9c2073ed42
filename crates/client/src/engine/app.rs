//! Whether the app can be reached, and how hard it may be pressed when it has just come back.

use tokio::time::Instant;

use crate::limits::{APP_PROBE, ATTEMPTS};

/// The app, as far as connections tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AppState {
    /// It can be reached.
    Up,
    /// It can't. It is looked for from time to time; nothing else is tried meanwhile.
    Down {
        /// When it is looked for next; none while that goes on.
        next_probe: Option<Instant>,
    },
    /// It is back, and what has waited is handed over with growing haste: an app that was
    /// just started is slow at first, and a crowd at the door may bring it down again.
    Recovering {
        /// How many more attempts may be started by now.
        allowance: usize,
        /// How many more are allowed when time has passed, whether or not the app is quick.
        raise: usize,
        /// When that is.
        next_raise: Instant,
    },
}

impl AppState {
    /// An attempt got no connection: whether that is news. If it is not, the app is being
    /// looked for already, and that is not put off.
    pub(super) fn went_down(&mut self, now: Instant) -> bool {
        let is_news = !matches!(self, Self::Down { .. });
        if is_news {
            *self = Self::look_again(now);
        }
        is_news
    }

    /// It was looked for and not found.
    pub(super) fn was_not_found(&mut self, now: Instant) {
        if let Self::Down { .. } = self {
            *self = Self::look_again(now);
        }
    }

    fn look_again(now: Instant) -> Self {
        Self::Down {
            next_probe: Some(now + APP_PROBE),
        }
    }

    /// A connection was made: whether that is news.
    pub(super) fn came_back(&mut self, now: Instant) -> bool {
        let is_news = matches!(self, Self::Down { .. });
        if is_news {
            *self = Self::Recovering {
                allowance: 1,
                raise: 1,
                next_raise: now + APP_PROBE,
            };
        }
        is_news
    }

    /// An attempt begins.
    pub(super) fn attempt_started(&mut self) {
        if let Self::Recovering { allowance, .. } = self {
            *allowance = allowance.saturating_sub(1);
        }
    }

    /// An attempt has got through to it: two may follow.
    pub(super) fn attempt_ended(&mut self) {
        if let Self::Recovering { allowance, .. } = self {
            *allowance += 2;
        }
    }

    /// Nothing that came while it was down waits any more: whether that changes anything.
    pub(super) fn caught_up(&mut self) -> bool {
        let was_recovering = matches!(self, Self::Recovering { .. });
        if was_recovering {
            *self = Self::Up;
        }
        was_recovering
    }

    /// Whether an attempt may be started.
    pub(super) fn takes_more(&self) -> bool {
        match self {
            Self::Up => true,
            Self::Down { .. } => false,
            Self::Recovering { allowance, .. } => *allowance > 0,
        }
    }

    /// Whether more attempts are allowed now, since time has passed.
    pub(super) fn raise_is_due(&mut self, now: Instant) -> bool {
        match self {
            Self::Recovering {
                allowance,
                raise,
                next_raise,
            } if *next_raise <= now => {
                *allowance += *raise;
                *raise = (*raise * 2).min(ATTEMPTS);
                *next_raise = now + APP_PROBE;
                true
            }
            _ => false,
        }
    }

    /// Whether it is to be looked for now; if so, that counts as begun.
    pub(super) fn probe_is_due(&mut self, now: Instant) -> bool {
        match self {
            Self::Down {
                next_probe: next @ Some(_),
            } if next.is_some_and(|at| at <= now) => {
                *next = None;
                true
            }
            _ => false,
        }
    }

    /// When time changes something.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Up => None,
            Self::Down { next_probe } => *next_probe,
            Self::Recovering { next_raise, .. } => Some(*next_raise),
        }
    }
}
