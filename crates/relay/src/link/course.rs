//! How far a link's drain is: first through the past its client asked for, if it did, then
//! through what waits.

use kreel_wire::Seq;

use crate::store::{Look, Shelved};

/// What of the past a client wants (`--since`), as known when it said hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Past {
    /// Received from then on, in microseconds since 1970.
    pub(crate) since_us: u64,
    /// The highest position given out by then: whatever comes behind it is no past.
    pub(crate) until: Seq,
    /// When the client said hello, in milliseconds since 1970: what is settled later is not sent
    /// again.
    pub(crate) settled_before: i64,
}

/// Where a drain is.
#[derive(Debug)]
pub(super) struct Course {
    /// What is left of the past.
    past: Option<Past>,
    /// Everything up to here has been looked at.
    after: Seq,
}

impl Course {
    pub(super) fn new(past: Option<Past>) -> Self {
        let mut course = Self {
            past,
            after: Seq(0),
        };
        if past.is_some_and(|past| past.since_us == u64::MAX) {
            course.goes_on();
        }
        course
    }

    /// Where to look next.
    pub(super) fn look(&self) -> Look {
        let at = self.past.map_or(Shelved::Waiting, |past| Shelved::Past {
            since_us: past.since_us,
            until: past.until,
            settled_before: past.settled_before,
        });
        Look {
            after: self.after,
            at,
        }
    }

    /// This one has been looked at.
    pub(super) fn passed(&mut self, seq: Seq) {
        self.after = seq;
    }

    /// Nothing is left where it looked: whether there is more elsewhere.
    pub(super) fn goes_on(&mut self) -> bool {
        match self.past.take() {
            Some(past) => {
                self.after = past.until;
                true
            }
            None => false,
        }
    }

    /// Something has been put behind this position meanwhile. The past is as it was.
    pub(super) fn back_to(&mut self, after: Seq) {
        if self.past.is_none() {
            self.after = self.after.min(after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_comes_first_and_what_waits_behind_it() {
        let past = Past {
            since_us: 7,
            until: Seq(20),
            settled_before: 9,
        };
        let mut course = Course::new(Some(past));
        assert!(matches!(
            course.look().at,
            Shelved::Past { since_us: 7, .. }
        ));
        course.passed(Seq(12));
        course.back_to(Seq(3));
        assert_eq!(course.look().after, Seq(12));
        assert!(course.goes_on());
        assert_eq!(course.look().after, Seq(20));
        assert_eq!(course.look().at, Shelved::Waiting);
        course.passed(Seq(30));
        course.back_to(Seq(24));
        course.back_to(Seq(40));
        assert_eq!(course.look().after, Seq(24));
        assert!(!course.goes_on());
    }
}
