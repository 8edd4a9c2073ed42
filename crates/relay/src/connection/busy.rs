//! What is under way on a connection, and how much of it has yet to be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use crate::limits::ANSWER_UNWRITTEN_BYTES;

/// How many requests are under way on a connection; silence is no fault while there are any. And
/// how much of their answers has yet to be written.
#[derive(Debug, Clone)]
pub(crate) struct Busy(Arc<Requests>);

#[derive(Debug)]
struct Requests {
    heads: Heads,
    under_way: AtomicU32,
    /// How many have begun, ever (it may wrap): tells two heads apart.
    begun: AtomicU32,
    /// What bodies have handed over and nobody has written yet.
    unwritten: AtomicUsize,
    /// A body that waits until it is.
    waits: AtomicWaker,
}

/// One request under way; over when dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Busy);

impl UnderWay {
    /// So much of the answer is handed over to be written.
    pub(crate) fn hands_over(&self, bytes: usize) {
        if self.0.heads() == Heads::Tracked {
            self.0.0.unwritten.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Ready once little is left unwritten of what was handed over. HTTP/2 has several answers on a connection, and
    /// windows of its own for each: there it always is.
    pub(crate) fn poll_written(&self, cx: &Context<'_>) -> Poll<()> {
        let Requests {
            heads,
            unwritten,
            waits,
            ..
        } = &*self.0.0;
        let is_written = || unwritten.load(Ordering::Relaxed) <= ANSWER_UNWRITTEN_BYTES;
        if *heads == Heads::Untracked || is_written() {
            return Poll::Ready(());
        }
        waits.register(cx.waker());
        match is_written() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

impl Busy {
    /// Of a connection whose heads are like that.
    pub(crate) fn new(heads: Heads) -> Self {
        Self(Arc::new(Requests {
            heads,
            under_way: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            unwritten: AtomicUsize::new(0),
            waits: AtomicWaker::new(),
        }))
    }

    /// How its heads are.
    pub(super) fn heads(&self) -> Heads {
        self.0.heads
    }

    /// So much is written. Heads and framing are in it, so that somewhat more may be left than is
    /// thought.
    pub(super) fn wrote(&self, bytes: usize) {
        let unwritten = self.0.unwritten.load(Ordering::Relaxed);
        if unwritten > 0 {
            // In HTTP/1.1 the connection's own task alone writes and hands over.
            let left = unwritten.saturating_sub(bytes);
            self.0.unwritten.store(left, Ordering::Relaxed);
            if left <= ANSWER_UNWRITTEN_BYTES {
                self.0.waits.wake();
            }
        }
    }

    /// Counts a request until the guard is dropped.
    pub(crate) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        // What of an earlier answer was not to be written never will be.
        self.0.unwritten.store(0, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.under_way.load(Ordering::Relaxed) == 0
    }

    pub(super) fn begun(&self) -> u32 {
        self.0.begun.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether a byte on an idle connection begins a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heads {
    /// It does, and the head has its own deadline: HTTP/1.1.
    Tracked,
    /// It may be anything, an answered ping for one: HTTP/2.
    Untracked,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_waits_until_what_it_handed_over_is_written() {
        let written = |under_way: &UnderWay| {
            let cx = Context::from_waker(std::task::Waker::noop());
            under_way.poll_written(&cx).is_ready()
        };
        for (heads, waits) in [(Heads::Tracked, true), (Heads::Untracked, false)] {
            let busy = Busy::new(heads);
            let under_way = busy.begin();
            assert!(written(&under_way));
            under_way.hands_over(ANSWER_UNWRITTEN_BYTES);
            assert!(written(&under_way), "small pieces go together");
            under_way.hands_over(32);
            busy.wrote(16);
            assert_eq!(written(&under_way), !waits, "too much is left");
            busy.wrote(16);
            assert!(written(&under_way));
            busy.wrote(2 * ANSWER_UNWRITTEN_BYTES);
            assert!(written(&under_way), "heads are written, too");
            under_way.hands_over(2 * ANSWER_UNWRITTEN_BYTES);
            drop(under_way);
            assert!(written(&busy.begin()), "it is of an answer that is over");
        }
    }

    #[test]
    fn who_waits_is_woken_by_the_last_of_it() {
        let woken = Arc::new(Woken::default());
        let waker = std::task::Waker::from(woken.clone());
        let busy = Busy::new(Heads::Tracked);
        let under_way = busy.begin();
        under_way.hands_over(ANSWER_UNWRITTEN_BYTES + 32);
        assert!(
            under_way
                .poll_written(&Context::from_waker(&waker))
                .is_pending()
        );
        busy.wrote(31);
        assert_eq!(woken.0.load(Ordering::Relaxed), 0);
        busy.wrote(1);
        assert_eq!(woken.0.load(Ordering::Relaxed), 1);
    }

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl std::task::Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
