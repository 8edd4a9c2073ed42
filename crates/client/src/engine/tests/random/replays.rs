//! What the user wants replayed in a random schedule, and the numbers of all attempts.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::oneshot;

use super::world::{number, pick};
use crate::engine::{Replayed, Run};
use crate::history::{Allotted, Job, Refused};
use crate::testing::id;
use crate::{AttemptEnd, Failure, Replay, Timings};

#[derive(Default)]
pub(super) struct Replays {
    /// Those that wait for their number.
    asking: BTreeMap<u64, oneshot::Receiver<Result<Allotted, Refused>>>,
    /// Those the app has.
    running: BTreeMap<u64, Allotted>,
    /// By delivery and number of an attempt, whether it was a replay.
    numbers: HashMap<u64, BTreeMap<u32, bool>>,
}

impl Replays {
    /// Some replays of one of those that were posted, or of one that never was.
    pub(super) fn wanted(which: u8, last: u64) -> Box<Replay> {
        Box::new(Replay {
            times: u32::from(which) % 4 + 1,
            at_once: u32::from(which) % 3,
            ..Replay::once(id(u64::from(which) % (last + 1) + 1))
        })
    }

    /// One begins: what the history is asked.
    pub(super) fn begin(&mut self, run: Run, replay: &Replay) -> Job {
        let (reply, asked) = oneshot::channel();
        self.asking.insert(run.0, asked);
        let id = replay.delivery;
        Job::Allot { id, reply }
    }

    /// Takes in the numbers that were given; says which were not.
    pub(super) fn allotted(&mut self) -> Vec<(Run, Refused)> {
        let mut refused = Vec::new();
        let given = self.asking.iter_mut().filter_map(|(run, asked)| {
            let given = asked.try_recv().ok()?;
            Some((*run, given))
        });
        for (run, given) in given.collect::<Vec<_>>() {
            self.asking.remove(&run);
            match given {
                Ok(allotted) => self.begun(run, allotted),
                Err(why) => refused.push((Run(run), why)),
            }
        }
        refused
    }

    fn begun(&mut self, run: u64, allotted: Allotted) {
        let (number, attempt) = (number(&allotted.delivery.id), allotted.attempt);
        let numbers = self.numbers.entry(number).or_default();
        let last = numbers.iter().rfind(|(_, is_replay)| **is_replay);
        assert!(
            last.is_none_or(|(last, _)| *last < attempt),
            "{number} is replayed as {attempt} after {last:?}"
        );
        let before = numbers.insert(attempt, true);
        assert_eq!(before, None, "{number} had an attempt {attempt}");
        self.running.insert(run, allotted);
    }

    /// One of them ends.
    pub(super) fn end(&mut self, which: u8, answered: bool) -> Option<(Run, Replayed)> {
        let run = pick(self.running.keys(), which)?;
        let allotted = self.running.remove(&run)?;
        let end = match answered {
            true => AttemptEnd::Answered {
                status: 200,
                body_bytes: 0,
            },
            false => AttemptEnd::Failed(Failure::Died),
        };
        let ended = Replayed {
            delivery: allotted.delivery,
            attempt: allotted.attempt,
            end,
            timings: Timings::default(),
        };
        Some((Run(run), ended))
    }

    pub(super) fn count(&self) -> usize {
        self.asking.len() + self.running.len()
    }

    pub(super) fn kill(&mut self) {
        self.asking.clear();
        self.running.clear();
    }

    /// Only one that runs can be given up.
    pub(super) fn check_runs(&self, run: Run) {
        assert!(self.asking.contains_key(&run.0) || self.running.contains_key(&run.0));
    }

    /// An attempt that a delivery gets by itself has no replay's number.
    pub(super) fn check_own_number(&mut self, number: u64, attempt: u32) {
        let before = self
            .numbers
            .entry(number)
            .or_default()
            .insert(attempt, false);
        assert_ne!(
            before,
            Some(true),
            "attempt {attempt} at {number} was a replay"
        );
    }

    /// What the history has is what there was.
    pub(super) fn check_kept(&self, number: u64, kept: &[(u32, bool)]) {
        let numbers = self.numbers.get(&number);
        for (attempt, is_replay) in kept {
            let was_replay = numbers.and_then(|numbers| numbers.get(attempt));
            assert_eq!(was_replay, Some(is_replay), "attempt {attempt} at {number}");
        }
    }
}
