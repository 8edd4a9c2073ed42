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

/// A pace for these deliveries. What is the same for all attempts is looked up once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    pace: Pace,
    count: u64,
    /// When the one that came first came: microseconds since 1970.
    first_us: u64,
    /// How long it took until the last had come.
    whole: Duration,
}

impl Schedule {
    /// For deliveries that were received then (microseconds since 1970).
    pub(super) fn new(pace: Pace, received_at_us: impl Iterator<Item = u64>) -> Self {
        let (mut count, mut first, mut last) = (0, u64::MAX, 0);
        for at in received_at_us {
            count += 1;
            first = first.min(at);
            last = last.max(at);
        }
        Self {
            pace,
            count,
            first_us: first,
            whole: Duration::from_micros(last.saturating_sub(first)),
        }
    }

    /// When an attempt is due, counted from the first: in which round, at which of the deliveries,
    /// and when that was received.
    pub(super) fn due(&self, round: u32, place: usize, received_at_us: u64) -> Duration {
        match self.pace {
            Pace::Free => Duration::ZERO,
            Pace::Every(every) => {
                let nth = u64::from(round) * self.count + place as u64;
                every.saturating_mul(u32::try_from(nth).unwrap_or(u32::MAX))
            }
            Pace::AsItCame => {
                let since = received_at_us.saturating_sub(self.first_us);
                let rounds = self.whole.saturating_mul(round);
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
        let due = |pace: Pace, round, place: usize| {
            let schedule = Schedule::new(pace, came.into_iter());
            let due = schedule.due(round, place, came[place]);
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
        let turned = Schedule::new(Pace::AsItCame, came.into_iter().rev());
        assert_eq!(turned.due(0, 2, came[0]), Duration::ZERO);
        assert_eq!(turned.due(0, 0, came[2]), Duration::from_secs(1));
    }

    /// A million of them take no longer each than ten.
    #[test]
    fn many_are_no_slower_than_few() {
        let schedule = Schedule::new(Pace::AsItCame, 0..1_000_000);
        let began = std::time::Instant::now();
        for at in 0..1_000_000_u64 {
            let due = schedule.due(0, at as usize, at);
            assert_eq!(due, Duration::from_micros(at));
        }
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
