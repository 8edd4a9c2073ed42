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
    /// What is being looked at, or was last.
    doing: Option<T>,
    /// Of what is being done: nobody wants it any more.
    cancel: Cancel,
}

/// What can be wanted of a desk.
pub(crate) trait Wanted: Clone {
    /// Whether nobody needs the other any more once this is wanted.
    fn outdates(&self, other: &Self) -> bool;

    /// This, with what is still wanted of an earlier one that was not begun.
    fn after(self, earlier: &Self) -> Self;
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
                doing: None,
                cancel: Cancel::default(),
            }),
            bell: Condvar::new(),
            is_closed: AtomicBool::new(false),
        }
    }
}

impl<T: Wanted> Slot<T> {
    /// Wants this in place of what was wanted before.
    pub(crate) fn want(&self, wanted: T) {
        let mut work = self.lock();
        if work
            .doing
            .as_ref()
            .is_some_and(|doing| wanted.outdates(doing))
        {
            work.cancel.cancel();
        }
        work.wanted = Some(match work.wanted.take() {
            Some(earlier) => wanted.after(&earlier),
            None => wanted,
        });
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
                work.doing = Some(wanted.clone());
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::desk::Detail;

    fn detail(number: i64, has_body: bool) -> Detail {
        Detail {
            number,
            has_body,
            attempt: None,
        }
    }

    fn goto(which: &str) -> Chore {
        Chore::Goto {
            which: which.to_owned(),
            since: None,
        }
    }

    const AT_ONCE: Duration = Duration::from_millis(1);

    #[test]
    fn of_looks_the_latest_counts_and_chores_are_all_done_in_order() {
        let slot = Slot::default();
        slot.want(detail(1, false));
        assert!(slot.add(goto("a")) && slot.add(goto("b")));
        slot.want(detail(2, true));
        let mut done = Vec::new();
        loop {
            match slot.next(AT_ONCE) {
                Work::Chore(Chore::Goto { which, .. }) => done.push(which),
                Work::Look(detail, _) => {
                    done.push(format!("{} {}", detail.number, detail.has_body));
                }
                Work::Idle => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(done, ["a", "b", "2 true"]);
    }

    #[test]
    fn chores_are_bounded() {
        let slot = Slot::<Detail>::default();
        for _ in 0..CHORES {
            assert!(slot.add(goto("a")));
        }
        assert!(!slot.add(goto("one too many")));
    }

    #[test]
    fn what_is_being_read_goes_on_if_it_is_wanted_still() {
        let slot = Slot::default();
        slot.want(detail(1, false));
        let Work::Look(_, cancel) = slot.next(AT_ONCE) else {
            panic!("something is wanted");
        };
        slot.want(detail(1, true));
        assert!(!cancel.is_cancelled() && slot.is_stale());
        slot.want(detail(2, false));
        assert!(cancel.is_cancelled());
    }

    #[test]
    fn a_body_that_was_asked_for_and_not_begun_stays_wanted() {
        let slot = Slot::default();
        slot.want(detail(1, false));
        slot.want(detail(1, true));
        let wanted = slot.next(AT_ONCE);
        assert!(matches!(wanted, Work::Look(found, _) if found == detail(1, false)));
    }

    #[test]
    fn whoever_waits_is_woken() {
        let slot = Arc::new(Slot::<Detail>::default());
        let waiting = slot.clone();
        let thread = thread::spawn(move || matches!(waiting.next(HOUR), Work::Look(..)));
        slot.want(detail(1, false));
        assert!(thread.join().unwrap());
        let waiting = slot.clone();
        let thread = thread::spawn(move || matches!(waiting.next(HOUR), Work::Close));
        slot.close();
        assert!(thread.join().unwrap());
        assert!(slot.is_stale());
    }

    const HOUR: Duration = Duration::from_secs(3600);
}
