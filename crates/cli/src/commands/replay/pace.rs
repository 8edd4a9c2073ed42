//! When attempts are due. Pure: times in, times out.

use std::time::Duration;

/// When the next one may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As soon as there is room.
    Free,
    /// So long after the one before.
    Every(Duration),
    /// So long after the one before as it came; rounds follow each other without a pause.
    AsItCame,
}

impl Pace {
    /// When an attempt is due, counted from the first: in which round, and at which of the
    /// deliveries, of which it is known when they were received (microseconds since 1970).
    pub(super) fn due(
        self,
        round: u32,
        place: usize,
        received_at_us: impl ExactSizeIterator<Item = u64> + Clone,
    ) -> Duration {
        match self {
            Self::Free => Duration::ZERO,
            Self::Every(every) => {
                let nth = u64::from(round) * received_at_us.len() as u64 + place as u64;
                every.saturating_mul(u32::try_from(nth).unwrap_or(u32::MAX))
            }
            Self::AsItCame => {
                let first = received_at_us.clone().min().unwrap_or(0);
                let last = received_at_us.clone().max().unwrap_or(0);
                let whole = Duration::from_micros(last - first);
                let mut all = received_at_us;
                let since = all.nth(place).map_or(0, |at| at - first);
                let rounds = whole.saturating_mul(round);
                rounds.saturating_add(Duration::from_micros(since))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_at_their_times() {
        let came = [5_000_000_u64, 5_250_000, 6_000_000];
        let due = |pace: Pace, round, place| {
            let due = pace.due(round, place, came.iter().copied());
            u64::try_from(due.as_millis()).unwrap()
        };
        let every = Pace::Every(Duration::from_millis(100));
        for (pace, round, place, ms) in [
            (Pace::Free, 7, 2, 0),
            (every, 0, 0, 0),
            (every, 0, 2, 200),
            (every, 1, 0, 300),
            (Pace::AsItCame, 0, 0, 0),
            (Pace::AsItCame, 0, 1, 250),
            (Pace::AsItCame, 0, 2, 1_000),
            (Pace::AsItCame, 2, 1, 2_250),
        ] {
            assert_eq!(due(pace, round, place), ms, "{pace:?} {round} {place}");
        }
        // Ids may be given in any order: one that came first is due at once.
        let turned = came.iter().rev().copied();
        assert_eq!(Pace::AsItCame.due(0, 2, turned), Duration::ZERO);
    }
}
