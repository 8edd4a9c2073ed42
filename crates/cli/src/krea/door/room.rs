//! Those that wait at the door, and what becomes of each by what the API says. Pure: bodies are read
//! and the API is asked elsewhere.

use std::collections::{HashMap, HashSet};

use kreel_client::DeliveryId;
use kreel_krea::{JobId, Ruling};
use tokio::time::Instant;

use crate::limits::{DOOR_NOT_YET, DOOR_UNKNOWN};

/// Those that wait, by the job they are about: their ids alone, since bodies are in the history.
#[derive(Debug, Default)]
pub(super) struct Room {
    jobs: HashMap<JobId, Vec<Visitor>>,
    all: HashSet<DeliveryId>,
}

/// One that waits.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) id: DeliveryId,
    /// Since when the API speaks of an earlier state.
    open_since: Option<Instant>,
    /// How often the API has said that it knows no such job.
    unknown: u32,
}

/// What the API knows of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It tells of it.
    Told,
    /// It knows no such job, and nobody here does.
    Nowhere,
    /// It knows no such job, though it was started here, with a key that was asked with: it may not
    /// be known everywhere yet.
    Here,
    /// The same, and the key it was started with is not known any more: the others prove nothing.
    ByAnotherKey,
}

/// What becomes of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Becomes {
    /// It is let in.
    Admitted,
    /// It is withheld, for this reason.
    Refused(String),
    /// It goes on waiting.
    Waits,
}

impl Room {
    /// Whether this one waits here.
    pub(super) fn has(&self, id: DeliveryId) -> bool {
        self.all.contains(&id)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The jobs they are about.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &JobId> {
        self.jobs.keys()
    }

    /// One more waits to hear of this job.
    pub(super) fn enter(&mut self, job: &JobId, id: DeliveryId) {
        if self.all.insert(id) {
            let visitor = Visitor {
                id,
                open_since: None,
                unknown: 0,
            };
            self.jobs.entry(job.clone()).or_default().push(visitor);
        }
    }

    /// Those that wait to hear of this job, who leave unless they are put back.
    pub(super) fn take(&mut self, job: &JobId) -> Vec<Visitor> {
        let visitors = self.jobs.remove(job).unwrap_or_default();
        for visitor in &visitors {
            self.all.remove(&visitor.id);
        }
        visitors
    }

    /// They go on waiting.
    pub(super) fn put_back(&mut self, job: &JobId, visitors: Vec<Visitor>) {
        if !visitors.is_empty() {
            self.all.extend(visitors.iter().map(|visitor| visitor.id));
            self.jobs.entry(job.clone()).or_default().extend(visitors);
        }
    }
}

impl Visitor {
    /// What becomes of it. That the API could not be asked never comes here: it decides nothing.
    pub(super) fn judge(&mut self, ruling: Ruling, known: Known, now: Instant) -> Becomes {
        match (ruling, known) {
            (Ruling::True, _) => Becomes::Admitted,
            (Ruling::Untrue(why), Known::Told) => Becomes::Refused(why),
            (Ruling::Untrue(why), Known::Nowhere) => {
                self.unknown += 1;
                match self.unknown < DOOR_UNKNOWN {
                    true => Becomes::Waits,
                    false => Becomes::Refused(why),
                }
            }
            (_, Known::ByAnotherKey) => Becomes::Waits,
            (Ruling::Open(why), _) | (Ruling::Untrue(why), Known::Here) => {
                let since = *self.open_since.get_or_insert(now);
                match now - since < DOOR_NOT_YET {
                    true => Becomes::Waits,
                    false => Becomes::Refused(why),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(number: u8) -> DeliveryId {
        DeliveryId::from_bytes([number; 16])
    }

    /// One that has waited for long, and not for an answer.
    fn visitor() -> Visitor {
        let (mut room, job) = (Room::default(), JobId::new("1"));
        room.enter(&job, id(1));
        room.take(&job).remove(0)
    }

    fn open() -> Ruling {
        Ruling::Open("the API says processing".to_owned())
    }

    fn untrue() -> Ruling {
        Ruling::Untrue("the API knows no such job".to_owned())
    }

    #[test]
    fn an_earlier_state_is_waited_for_two_minutes_from_the_first_answer_on() {
        let (mut visitor, begun) = (visitor(), Instant::now());
        // However long the API could not be asked before.
        let first = begun + Duration::from_secs(4 * 60 * 60);
        assert_eq!(visitor.judge(open(), Known::Told, first), Becomes::Waits);
        let almost = first + DOOR_NOT_YET - Duration::from_millis(1);
        assert_eq!(visitor.judge(open(), Known::Told, almost), Becomes::Waits);
        let refused = visitor.judge(open(), Known::Told, first + DOOR_NOT_YET);
        assert_eq!(
            refused,
            Becomes::Refused("the API says processing".to_owned())
        );
        assert_eq!(
            visitor.judge(Ruling::True, Known::Told, first + DOOR_NOT_YET),
            Becomes::Admitted
        );
    }

    #[test]
    fn a_stranger_s_job_is_unknown_the_second_time_it_is_said() {
        let (mut visitor, now) = (visitor(), Instant::now());
        assert_eq!(visitor.judge(untrue(), Known::Nowhere, now), Becomes::Waits);
        let refused = visitor.judge(untrue(), Known::Nowhere, now);
        assert!(matches!(refused, Becomes::Refused(_)), "{refused:?}");
    }

    #[test]
    fn a_job_of_ours_is_not_unknown_at_once_and_never_by_another_s_key() {
        let (mut visitor, now) = (visitor(), Instant::now());
        for _ in 0..10 {
            assert_eq!(visitor.judge(untrue(), Known::Here, now), Becomes::Waits);
        }
        let later = now + DOOR_NOT_YET;
        let refused = visitor.judge(untrue(), Known::Here, later);
        assert!(matches!(refused, Becomes::Refused(_)), "{refused:?}");
        let years = now + Duration::from_secs(100_000_000);
        let waits = visitor.judge(untrue(), Known::ByAnotherKey, years);
        assert_eq!(waits, Becomes::Waits);
    }

    #[test]
    fn each_waits_once_for_its_job_and_those_put_back_go_on() {
        let (mut room, job, other) = (Room::default(), JobId::new("1"), JobId::new("2"));
        room.enter(&job, id(1));
        room.enter(&job, id(1));
        room.enter(&job, id(2));
        room.enter(&other, id(3));
        assert_eq!((room.len(), room.jobs().count()), (3, 2));
        let mut visitors = room.take(&job);
        assert_eq!((visitors.len(), room.len(), room.has(id(2))), (2, 1, false));
        visitors.remove(0);
        room.put_back(&job, visitors);
        assert!(room.has(id(2)) && room.has(id(3)) && room.len() == 2);
        assert!(room.take(&JobId::new("3")).is_empty());
        let visitors = room.take(&job);
        assert_eq!(visitors.len(), 1);
        room.put_back(&job, Vec::new());
        assert_eq!(room.jobs().count(), 1);
    }
}
