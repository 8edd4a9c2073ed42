//! What is replayed, in which order and when: a stream that a replayer takes from as it can.

use futures_util::Stream;
use futures_util::stream::unfold;
use kreel_client::{Replay, Target, Update};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::pace::{Pace, Schedule};
use crate::past::{Past, Pick};
use crate::shape::{Original, Shape};

/// All that is to be replayed.
#[derive(Debug)]
pub(super) struct Plan {
    /// Where the deliveries are.
    pub(super) past: Past,
    /// Which ones, in their order.
    pub(super) picks: Vec<Pick>,
    /// What stands in a file in their places, where that differs; empty without a file.
    pub(super) others: Vec<Option<Original>>,
    /// How they are changed.
    pub(super) shape: Shape,
    /// Where to, if not to the app.
    pub(super) to: Option<Target>,
    /// How often each.
    pub(super) times: u32,
    /// How many at once.
    pub(super) at_once: u32,
    /// When.
    pub(super) pace: Pace,
}

/// How far the plan is.
struct Progress {
    plan: Plan,
    schedule: Schedule,
    unfit: mpsc::UnboundedSender<Update>,
    began: Instant,
    round: u32,
    place: usize,
}

impl Plan {
    /// How many attempts it comes to.
    pub(super) fn total(&self) -> u64 {
        self.picks.len() as u64 * u64::from(self.times)
    }

    /// The replays one after another; what can't be replayed as asked is told instead.
    pub(super) fn stream(self, unfit: mpsc::UnboundedSender<Update>) -> impl Stream<Item = Replay> {
        let came = self.picks.iter().map(|pick| pick.received_at_us);
        let progress = Progress {
            schedule: Schedule::new(self.pace, came),
            plan: self,
            unfit,
            began: Instant::now(),
            round: 0,
            place: 0,
        };
        unfold(progress, Progress::next)
    }

    /// How many attempts one replay stands for.
    pub(super) fn times_each(&self) -> u32 {
        match self.is_each_alone() {
            true => 1,
            false => self.times,
        }
    }

    /// Whether attempts at one delivery differ, in what they send or in when.
    fn is_each_alone(&self) -> bool {
        self.pace != Pace::Free || self.shape.has_time()
    }

    fn replay(&self, place: usize, pick: &Pick) -> Result<Replay, String> {
        let other = self.others.get(place).and_then(Option::as_ref);
        let edited = match other {
            Some(other) => self.shape.apply(other)?,
            None if self.shape.is_nothing() => None,
            None => {
                let taken = self.past.take(pick.number, &pick.id.to_string());
                let taken = taken.map_err(|problem| problem.cause().to_owned())?;
                self.shape.apply(&Original::of(&taken))?
            }
        };
        Ok(Replay {
            delivery: pick.id,
            edited,
            to: self.to.clone(),
            times: self.times_each(),
            at_once: self.at_once,
        })
    }
}

impl Progress {
    async fn next(mut self) -> Option<(Replay, Self)> {
        loop {
            let place = self.place;
            let pick = *self.plan.picks.get(place)?;
            let is_alone = self.plan.is_each_alone();
            if self.plan.pace != Pace::Free {
                let due = self.schedule.due(self.round, place, pick.received_at_us);
                sleep_until(self.began + due).await;
            }
            self.place += 1;
            if self.place == self.plan.picks.len() && is_alone && self.round + 1 < self.plan.times {
                (self.round, self.place) = (self.round + 1, 0);
            }
            match self.plan.replay(place, &pick) {
                Ok(replay) => return Some((replay, self)),
                Err(why) => {
                    let delivery = pick.id;
                    // Nobody listens any more only at the end.
                    let _ = self.unfit.send(Update::NotReplayed { delivery, why });
                }
            }
        }
    }
}
