//! `--filter`: of all that is reported, what is about the deliveries a filter picks.
//!
//! A delivery is judged when there is something to say of it: an attempt has ended, a sender has
//! its answer. Headers and body are read from the history, which has them a moment later; a
//! delivery that can't be judged by then is shown, for a filter must not hide what it can't see.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use kreel_client::filter::{Filter, Flag, Flags, Subject};
use kreel_client::{AttemptEnd, DeliveryId, Kind, Reader, Summary, Update};

/// How soon the history is looked at again: 20 ms, by when it usually has what just came.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long the history has to get what a filter needs: 2 s, many times what it takes.
const PATIENCE: Duration = Duration::from_secs(2);

/// How many reports may wait for that: 1,024, as many as wait anywhere else.
const MOST_WAITING: usize = 1_024;

/// How many deliveries are remembered as shown or not: 4,096, more than are ever open at once.
const MOST_REMEMBERED: usize = 4_096;

/// What leaves out reports.
#[derive(Debug)]
pub(super) struct Sieve {
    filter: Filter,
    tunnel: String,
    history: PathBuf,
    reader: Option<Reader>,
    known: HashMap<DeliveryId, Known>,
    /// The known in the order they came.
    order: VecDeque<DeliveryId>,
    /// Reports that can't be judged yet, and those behind them.
    waiting: VecDeque<(Update, Instant)>,
}

/// What is known of a delivery.
#[derive(Debug)]
enum Known {
    /// It is shown, and whatever is said of it.
    Shown,
    /// Nothing of it was shown; these come first if it is.
    Held(Vec<Update>),
}

impl Sieve {
    /// For the deliveries of this tunnel, which that history gets.
    pub(super) fn new(filter: Filter, tunnel: String, history: PathBuf) -> Self {
        Self {
            filter,
            tunnel,
            history,
            reader: None,
            known: HashMap::new(),
            order: VecDeque::new(),
            waiting: VecDeque::new(),
        }
    }

    /// What is to be shown, now that this is reported.
    pub(super) fn pass(&mut self, update: &Update) -> Vec<Update> {
        let Some(delivery) = delivery(update) else {
            return vec![update.clone()];
        };
        self.remember(delivery.id);
        self.waiting
            .push_back((update.clone(), Instant::now() + PATIENCE));
        self.look_again()
    }

    /// Whether something waits for the history.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What can be judged by now, in order.
    pub(super) fn look_again(&mut self) -> Vec<Update> {
        let mut passed = Vec::new();
        while let Some((update, until)) = self.waiting.front() {
            let is_late = Instant::now() >= *until || self.waiting.len() > MOST_WAITING;
            let Some(is_meant) = self.judge(&update.clone()).or(is_late.then_some(true)) else {
                break;
            };
            if let Some((update, _)) = self.waiting.pop_front() {
                self.settle(update, is_meant, &mut passed);
            }
        }
        passed
    }

    /// The rest, judged or not.
    pub(super) fn finish(&mut self) -> Vec<Update> {
        for (_, until) in &mut self.waiting {
            *until = Instant::now();
        }
        self.look_again()
    }

    fn settle(&mut self, update: Update, is_meant: bool, passed: &mut Vec<Update>) {
        let Some(known) = delivery(&update).and_then(|delivery| self.known.get_mut(&delivery.id))
        else {
            // Forgotten since; what is said of it alone is still right.
            passed.extend(is_meant.then_some(update));
            return;
        };
        match known {
            Known::Shown => passed.push(update),
            Known::Held(held) if is_meant => {
                passed.append(held);
                passed.push(update);
                *known = Known::Shown;
            }
            Known::Held(held) => {
                // An attempt that is not meant is not told later; how it began to be is.
                if !matches!(update, Update::Attempt(_)) && held.len() < MOST_HELD {
                    held.push(update);
                }
            }
        }
    }

    /// Whether a report's delivery is meant; none if that can't be said yet.
    fn judge(&mut self, update: &Update) -> Option<bool> {
        let delivery = Arc::clone(delivery(update)?);
        if matches!(self.known.get(&delivery.id), Some(Known::Shown)) {
            return Some(true);
        }
        let flags = Flags::default()
            .with(Flag::Queued, delivery.kind == Kind::Queued)
            .signed(delivery.signature);
        let (status, took, flags) = match update {
            // It has only come: what becomes of it may decide.
            Update::Delivery(_) => return Some(false),
            Update::Attempt(attempt) => {
                let flags = flags.with(Flag::Replay, attempt.replay);
                let took = Some(attempt.timings.total);
                match attempt.end {
                    AttemptEnd::Answered { status, .. } => {
                        (Some(status), took, flags.with(Flag::Answered, true))
                    }
                    AttemptEnd::Failed(_) => (None, took, flags.with(Flag::Failed, true)),
                }
            }
            Update::Captured(_) | Update::Withheld { .. } => {
                (None, None, flags.with(Flag::Captured, true))
            }
            _ => (None, None, flags.with(Flag::Waiting, true)),
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let subject = Subject {
            id: delivery.id,
            seq: delivery.seq.0,
            tunnel: &self.tunnel,
            method: &delivery.method,
            target: &delivery.target,
            headers: None,
            body: None,
            size_bytes: delivery.size_bytes,
            received_at_us: delivery.received_at_us,
            now_us: now.map_or(0, |now| now.as_micros() as u64),
            status,
            took,
            note: None,
            flags,
        };
        if let Some(is_meant) = self.filter.decide(&subject) {
            return Some(is_meant);
        }
        if self.reader.is_none() {
            self.reader = Reader::open(&self.history).ok().flatten();
        }
        self.reader.as_ref()?.judge(&self.filter, subject).ok()?
    }

    fn remember(&mut self, id: DeliveryId) {
        if self.known.contains_key(&id) {
            return;
        }
        self.known.insert(id, Known::Held(Vec::new()));
        self.order.push_back(id);
        if self.order.len() > MOST_REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// How many reports of a delivery are held until it is shown: 4; there are no more before its first
/// attempt ends.
const MOST_HELD: usize = 4;

/// Which delivery a report is about.
fn delivery(update: &Update) -> Option<&Arc<Summary>> {
    match update {
        Update::Delivery(delivery)
        | Update::Captured(delivery)
        | Update::Withheld { delivery, .. }
        | Update::Answered { delivery, .. } => Some(delivery),
        Update::Attempt(attempt) => Some(&attempt.delivery),
        _ => None,
    }
}
