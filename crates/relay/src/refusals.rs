//! Refusals told one by one, until there are too many: a flood shall not fill the disk by its log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::info;

use crate::limits::REFUSALS_TOLD;

/// How many have been told this second, and how many not.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Option<Second>>);

#[derive(Debug, Clone, Copy)]
struct Second {
    began: Instant,
    told: u32,
    left_out: u64,
}

impl Refusals {
    /// Whether this one is told. Says first how many before it were not.
    pub(crate) fn is_told(&self) -> bool {
        let (is_told, left_out) = self.count(Instant::now());
        if left_out > 0 {
            info!(left_out, "more were refused than are told one by one");
        }
        is_told
    }

    fn count(&self, now: Instant) -> (bool, u64) {
        let mut second = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = Second {
            began: now,
            told: 0,
            left_out: 0,
        };
        let current = second.get_or_insert(fresh);
        let over = now.duration_since(current.began) >= Duration::from_secs(1);
        let left_out = if over { current.left_out } else { 0 };
        if over {
            *current = fresh;
        }
        let is_told = current.told < REFUSALS_TOLD;
        match is_told {
            true => current.told += 1,
            false => current.left_out += 1,
        }
        (is_told, left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_as_a_number() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        for _ in 0..REFUSALS_TOLD {
            assert_eq!(refusals.count(start), (true, 0));
        }
        for _ in 0..7 {
            assert_eq!(refusals.count(start), (false, 0));
        }
        let later = start + Duration::from_secs(1);
        assert_eq!(refusals.count(later), (true, 7));
        assert_eq!(refusals.count(later), (true, 0));
    }
}
