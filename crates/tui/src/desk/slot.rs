//! Where a desk finds its work: the look that is wanted now, and chores.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kreel_inspect::document::Cancel;

use super::Chore;

/// Chores that may wait: a person can't press keys faster than they are done.
const CHORES: usize = 64;

/// Work for one desk.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    work: Mutex<Waiting<T>>,
    bell: Condvar,
    is_closed: AtomicBool,
}

#[derive(Debug)]
struct Waiting<T> {
    wanted: Option<T>,
    chores: VecDeque<Chore>,
    /// Of what is being done: nobody wants it any more.
    cancel: Cancel,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Work<T> {
    Look(T, Cancel),
    Chore(Chore),
    /// Nothing was asked for, for so long.
    Idle,
    Close,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            work: Mutex::new(Waiting {
                wanted: None,
                chores: VecDeque::new(),
                cancel: Cancel::default(),
            }),
            bell: Condvar::new(),
            is_closed: AtomicBool::new(false),
        }
    }
}

impl<T> Slot<T> {
    /// Wants this, and nothing that was wanted before.
    pub(crate) fn want(&self, wanted: T) {
        let mut work = self.lock();
        work.wanted = Some(wanted);
        work.cancel.cancel();
        self.bell.notify_one();
    }

    /// Adds a chore; false if there are too many.
    pub(crate) fn add(&self, chore: Chore) -> bool {
        let mut work = self.lock();
        let fits = work.chores.len() < CHORES;
        if fits {
            work.chores.push_back(chore);
            self.bell.notify_one();
        }
        fits
    }

    /// Nothing more is wanted.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.lock().cancel.cancel();
        self.bell.notify_one();
    }

    /// Whether nothing is wanted any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Whether something newer is wanted than what is being done.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_closed() || {
            let work = self.lock();
            work.wanted.is_some() || !work.chores.is_empty()
        }
    }

    /// Waits for work.
    pub(crate) fn next(&self, patience: Duration) -> Work<T> {
        let mut work = self.lock();
        loop {
            if self.is_closed() {
                return Work::Close;
            }
            if let Some(chore) = work.chores.pop_front() {
                return Work::Chore(chore);
            }
            if let Some(wanted) = work.wanted.take() {
                work.cancel = Cancel::default();
                return Work::Look(wanted, work.cancel.clone());
            }
            let waited = self.bell.wait_timeout(work, patience);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            work = guard;
            let has_work = work.wanted.is_some() || !work.chores.is_empty();
            if timeout.timed_out() && !has_work {
                return Work::Idle;
            }
        }
    }

    /// Nothing panics half-way while it holds this.
    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
