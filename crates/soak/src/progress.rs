//! What all tasks of a part share: how far it is, when it is over, and when no client was there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ledger::{Clock, Ledger, MessageId, SenderLine};

/// What a part is to reach, and by when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    /// Acknowledged messages.
    pub(crate) acknowledged: u64,
    /// Processes killed.
    pub(crate) kills: u64,
    /// How often the disk was full; 0 where there is none to fill.
    pub(crate) full: u64,
    /// After this it ends whatever was reached.
    pub(crate) time: Duration,
}

/// How far a part is.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Its time.
    pub(crate) clock: Clock,
    /// The senders' ledger.
    pub(crate) ledger: Ledger,
    /// Where all chance comes from.
    pub(crate) seed: u64,
    goal: Goal,
    started: Instant,
    /// It goes on until its time is up, whatever was reached.
    takes_its_time: bool,
    last_id: AtomicU64,
    acknowledged: AtomicU64,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    apart: Mutex<Apart>,
}

/// How a spell is counted in which the relay's disk was full, and it said so.
pub(crate) const FULL: &str = "full disk";

/// How a sender is counted that was told 503.
pub(crate) const REFUSED: &str = "senders told 503";

/// Why no client can be reached, and since when.
#[derive(Debug, Default)]
struct Apart {
    client_gone: bool,
    cut: bool,
    since_us: u64,
}

impl Progress {
    /// Begins now.
    pub(crate) fn new(ledger: Ledger, seed: u64, goal: Goal) -> Self {
        Self {
            clock: Clock::new(),
            ledger,
            seed,
            goal,
            started: Instant::now(),
            takes_its_time: false,
            last_id: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            counts: Mutex::default(),
            apart: Mutex::default(),
        }
    }

    /// The same, of a part that goes on until its time is up.
    pub(crate) fn until_time_is_up(ledger: Ledger, seed: u64, goal: Goal) -> Self {
        Self {
            takes_its_time: true,
            ..Self::new(ledger, seed, goal)
        }
    }

    /// Whether there shall be no more messages and no more trouble.
    pub(crate) fn is_over(&self) -> bool {
        (self.is_reached() && !self.takes_its_time) || self.started.elapsed() >= self.goal.time
    }

    /// Whether everything was reached that was to be.
    pub(crate) fn is_reached(&self) -> bool {
        self.acknowledged() >= self.goal.acknowledged
            && self.kills() >= self.goal.kills
            && self.count(FULL) >= self.goal.full
    }

    /// What was to be reached.
    pub(crate) fn goal(&self) -> Goal {
        self.goal
    }

    /// How long it has gone on.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A number no other message has.
    pub(crate) fn next_id(&self) -> MessageId {
        self.last_id.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts an acknowledged message.
    pub(crate) fn acknowledge(&self) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Counts some trouble.
    pub(crate) fn add(&self, what: &'static str) {
        *lock(&self.counts).entry(what).or_default() += 1;
    }

    /// How often there was this trouble.
    pub(crate) fn count(&self, what: &str) -> u64 {
        lock(&self.counts).get(what).copied().unwrap_or_default()
    }

    /// How many processes were killed.
    pub(crate) fn kills(&self) -> u64 {
        ["relay killed", "client killed", "app killed"]
            .map(|what| self.count(what))
            .iter()
            .sum()
    }

    /// All trouble there was.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.counts).clone()
    }

    /// There is no client process any more.
    pub(crate) fn client_is_gone(&self) {
        self.change(|apart| apart.client_gone = true);
    }

    /// A client is about to be started.
    pub(crate) fn client_comes(&self) {
        self.change(|apart| apart.client_gone = false);
    }

    /// Nothing goes between relay and client any more.
    pub(crate) fn is_cut(&self) {
        self.change(|apart| apart.cut = true);
    }

    /// The network is about to be mended.
    pub(crate) fn is_mended(&self) {
        self.change(|apart| apart.cut = false);
    }

    fn change(&self, change: impl FnOnce(&mut Apart)) {
        let now_us = self.clock.now_us();
        let mut apart = lock(&self.apart);
        let before = apart.client_gone || apart.cut;
        change(&mut apart);
        let after = apart.client_gone || apart.cut;
        match (before, after) {
            (false, true) => apart.since_us = now_us,
            (true, false) => {
                let line = SenderLine::Apart {
                    from_us: apart.since_us,
                    to_us: now_us,
                };
                // Without the line less is checked, nothing is wrong.
                let _ = self.ledger.put(&line);
            }
            _ => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
