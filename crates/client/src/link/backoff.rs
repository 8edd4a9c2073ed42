//! How long to wait before the next connection: longer each time, never in step with others.

use std::time::Duration;

use crate::limits::{BACKOFF_CAP, BACKOFF_FIRST, STABLE};

/// Pauses that double from [`BACKOFF_FIRST`] to [`BACKOFF_CAP`], each ± 50 %, so that the
/// clients of a relay that was restarted do not all come back at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self {
            next: BACKOFF_FIRST,
        }
    }

    /// The next pause. `random` is any number, all equally likely.
    pub(crate) fn pause(&mut self, random: u32) -> Duration {
        let pause = self
            .next
            .mul_f64(0.5 + f64::from(random) / f64::from(u32::MAX));
        self.next = (self.next * 2).min(BACKOFF_CAP);
        pause
    }

    /// A link has ended that lasted so long: after a stable one the pauses begin anew.
    pub(crate) fn note_link(&mut self, lasted: Duration) {
        if lasted >= STABLE {
            *self = Self::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        let mut backoff = Backoff::new();
        let middle = u32::MAX / 2;
        let pauses: Vec<u128> = (0..9)
            .map(|_| backoff.pause(middle).as_micros().div_ceil(1000))
            .collect();
        assert_eq!(
            pauses,
            [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
        );
    }

    #[test]
    fn jitter_is_half_either_way() {
        assert_eq!(Backoff::new().pause(0), Duration::from_millis(50));
        assert_eq!(Backoff::new().pause(u32::MAX), Duration::from_millis(150));
    }

    #[test]
    fn only_a_stable_link_starts_the_pauses_anew() {
        let mut backoff = Backoff::new();
        backoff.pause(0);
        backoff.pause(0);
        backoff.note_link(STABLE - Duration::from_millis(1));
        assert_eq!(backoff.pause(0), Duration::from_millis(200));
        backoff.note_link(STABLE);
        assert_eq!(backoff, Backoff::new());
    }
}
