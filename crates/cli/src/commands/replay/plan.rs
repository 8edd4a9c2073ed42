//! What is replayed, in which order and when: a stream that a replayer takes from as it can.

use futures_util::Stream;
use futures_util::stream::unfold;
use kreel_client::{Replay, Target, Update};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::pace::Pace;
use crate::past::{Past, Pick};
use crate::shape::Shape;

/// All that is to be replayed.
#[derive(Debug)]
pub(super) struct Plan {
    /// Where the deliveries are.
    pub(super) past: Past,
    /// Which ones, in their order.
    pub(super) picks: Vec<Pick>,
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
        let progress = Progress {
            plan: self,
            unfit,
            began: Instant::now(),
            round: 0,
            place: 0,
        };
        unfold(progress, Progress::next)
    }

    /// Whether attempts at one delivery differ, in what they send or in when.
    fn is_each_alone(&self) -> bool {
        self.pace != Pace::Free || self.shape.has_time()
    }

    fn replay(&self, pick: &Pick, times: u32) -> Result<Replay, String> {
        let edited = match self.shape.is_nothing() {
            true => None,
            false => {
                let taken = self.past.take(pick.number, &pick.id.to_string());
                self.shape
                    .apply(&taken.map_err(|problem| problem.cause().to_owned())?)?
            }
        };
        Ok(Replay {
            delivery: pick.id,
            edited,
            to: self.to.clone(),
            times,
            at_once: self.at_once,
        })
    }
}

impl Progress {
    async fn next(mut self) -> Option<(Replay, Self)> {
        loop {
            let pick = *self.plan.picks.get(self.place)?;
            let is_alone = self.plan.is_each_alone();
            if self.plan.pace != Pace::Free {
                let came = self.plan.picks.iter().map(|pick| pick.received_at_us);
                let due = self.plan.pace.due(self.round, self.place, came);
                sleep_until(self.began + due).await;
            }
            let times = if is_alone { 1 } else { self.plan.times };
            self.place += 1;
            if self.place == self.plan.picks.len() && is_alone && self.round + 1 < self.plan.times {
                (self.round, self.place) = (self.round + 1, 0);
            }
            match self.plan.replay(&pick, times) {
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
