//! What the client says of link, app and itself, kept as it was said last.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kreel_client::{DeliveryId, Ready, Update};
use kreel_inspect::inert::inert;

use super::toast::News;
use crate::limits::GATED;

/// The state of everything but the deliveries.
#[derive(Debug, Default)]
pub(crate) struct Status {
    pub(crate) link: Link,
    /// Where the app was looked for and not found, and why.
    pub(crate) app_down: Option<String>,
    /// Whether deliveries are held back, and how many are.
    pub(crate) held: Option<u64>,
    /// Those that wait until somebody has decided about them.
    gated: HashSet<DeliveryId>,
    /// What had waited: how many are done, of how many.
    pub(crate) draining: Option<(u64, u64)>,
    /// While they are: those that the app is at work on all the same.
    pub(crate) running: Vec<DeliveryId>,
    /// Replays that go on, by their deliveries.
    pub(crate) replaying: BTreeMap<DeliveryId, Replaying>,
    /// Why the history can't be written.
    pub(crate) history_failing: Option<String>,
    /// Until when running attempts are waited for.
    pub(crate) stopping: Option<(u64, Instant)>,
}

/// The way to the relay.
#[derive(Debug, Clone, Default)]
pub(crate) enum Link {
    /// It has never been there.
    #[default]
    Connecting,
    Up(Arc<Ready>, Option<Duration>),
    /// It was there, or was tried, and is not.
    Down {
        cause: String,
        /// The tunnel as it was.
        was: Option<Arc<Ready>>,
        until: Instant,
    },
}

/// Replays: done, failed, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Replaying {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) total: u64,
}

impl Link {
    /// The tunnel as it is, or was.
    pub(crate) fn ready(&self) -> Option<&Ready> {
        match self {
            Self::Connecting => None,
            Self::Up(ready, _) => Some(ready),
            Self::Down { was, .. } => was.as_deref(),
        }
    }
}

impl Status {
    /// Whether the app is at work on a delivery though others are held.
    pub(crate) fn is_running(&self, id: &DeliveryId) -> bool {
        self.held.is_some() && self.running.contains(id)
    }

    /// All replays that go on, taken together.
    pub(crate) fn replays(&self) -> Option<Replaying> {
        let replays = self.replaying.values().copied();
        replays.reduce(|all, one| Replaying {
            done: all.done + one.done,
            failed: all.failed + one.failed,
            total: all.total + one.total,
        })
    }

    /// Whether something on screen changes with the seconds.
    pub(crate) fn counts_down(&self) -> bool {
        self.stopping.is_some() || matches!(self.link, Link::Down { .. })
    }

    /// Why a delivery that waits does so, in a word, if it is not for its turn or the app.
    pub(crate) fn held_back(&self, id: &DeliveryId) -> Option<&'static str> {
        match (self.gated.contains(id), self.held) {
            (true, _) => Some("gated"),
            (false, Some(_)) if !self.running.contains(id) => Some("held"),
            (false, _) => None,
        }
    }

    /// Takes in what the client says; with a line for the user, if it is news.
    pub(crate) fn hear(&mut self, update: &Update, now: Instant) -> Option<(News, String)> {
        match update {
            Update::Ready(ready) => {
                let is_back = matches!(self.link, Link::Down { .. });
                self.link = Link::Up(ready.clone(), None);
                let waited = ready.waiting;
                match (is_back, waited) {
                    (_, 1..) => Some((News::Good, format!("ready: {waited} waited and come now"))),
                    (true, 0) => Some((News::Good, "the link is back".to_owned())),
                    (false, 0) => None,
                }
            }
            Update::Latency(latency) => {
                if let Link::Up(_, known) = &mut self.link {
                    *known = Some(*latency);
                }
                None
            }
            Update::Reconnecting { cause, in_, .. } => {
                let was = match std::mem::take(&mut self.link) {
                    Link::Up(ready, _) => Some(ready),
                    Link::Down { was, .. } => was,
                    Link::Connecting => None,
                };
                self.link = Link::Down {
                    cause: inert(cause).into_owned(),
                    was,
                    until: now + *in_,
                };
                None
            }
            Update::AppDown { address, failure } => {
                self.app_down = Some(inert(&failure.to_string()).into_owned());
                let address = inert(address);
                Some((
                    News::Bad,
                    format!("the app at {address} can't be reached: deliveries wait"),
                ))
            }
            Update::AppUp { waiting } => {
                self.app_down = None;
                Some((News::Good, format!("the app is back; {waiting} waited")))
            }
            Update::Draining { done, total } => {
                self.draining = Some((*done, *total));
                None
            }
            Update::Drained { total } => {
                self.draining = None;
                Some((
                    News::Good,
                    format!("all {total} that had waited are handed over"),
                ))
            }
            Update::HistoryFailing { cause } => {
                let cause = inert(cause).into_owned();
                self.history_failing = Some(cause.clone());
                Some((News::Bad, format!("the history can't be written: {cause}")))
            }
            Update::HistoryMended => {
                self.history_failing = None;
                Some((News::Good, "the history can be written again".to_owned()))
            }
            Update::Gated(delivery) => {
                if self.gated.len() >= GATED {
                    // Those that broke off are among them: what counts is told again.
                    self.gated.clear();
                }
                self.gated.insert(delivery.id);
                None
            }
            Update::Attempt(attempt) => {
                self.gated.remove(&attempt.delivery.id);
                None
            }
            Update::Withheld { delivery, why } => {
                self.gated.remove(&delivery.id);
                Some((News::Bad, format!("withheld from the app: {}", inert(why))))
            }
            Update::Held {
                on,
                waiting,
                running,
            } => {
                self.held = on.then_some(*waiting);
                self.running.clone_from(running);
                None
            }
            Update::Replaying {
                delivery,
                done,
                failed,
                total,
            } => {
                let (done, failed, total) =
                    (u64::from(*done), u64::from(*failed), u64::from(*total));
                let is_over = done >= total;
                match is_over {
                    true => self.replaying.remove(delivery),
                    false => self.replaying.insert(
                        *delivery,
                        Replaying {
                            done,
                            failed,
                            total,
                        },
                    ),
                };
                is_over.then(|| replayed(failed, total))
            }
            Update::NotReplayed { why, .. } => {
                Some((News::Bad, format!("not replayed: {}", inert(why))))
            }
            Update::Stopping { running, grace } => {
                self.stopping = Some((*running, now + *grace));
                None
            }
            _ => None,
        }
    }
}

fn replayed(failed: u64, total: u64) -> (News, String) {
    match (failed, total) {
        (0, 1) => (News::Good, "replayed".to_owned()),
        (0, total) => (News::Good, format!("replayed {total} times")),
        (_, 1) => (
            News::Bad,
            "replayed, and it failed: see 3 Answer".to_owned(),
        ),
        (failed, total) => (
            News::Bad,
            format!("replayed {total} times, {failed} failed"),
        ),
    }
}
