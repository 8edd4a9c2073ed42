//! Jobs on their way to the thread that does them. Putting one never waits.
//!
//! Waking a thread costs more than most jobs do. Those nobody waits for gather for [`LINGER`], and
//! longer while many come; one whose answer somebody waits for wakes the thread at once, as does a
//! full group.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;

use super::Job;
use crate::limits::{HISTORY_GROUP, HISTORY_GROUP_BYTES};

/// How long jobs nobody waits for may gather: 5 ms. What a killed process forgets is no longer
/// than that, and a list read by hand never notices.
const LINGER: Duration = Duration::from_millis(5);

/// The same while many come: 25 ms. Most deliveries then end in the group they came in, which
/// writes them once and changes no row; among thousands a second nobody misses the last.
const BUSY_LINGER: Duration = Duration::from_millis(25);

/// How large a group is after which many are expected: 32 jobs, some 3,000 deliveries a second when
/// they gathered for [`LINGER`]. It ends below a fifth of that, so it does not flutter.
const BUSY_GROUP: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
    bytes: AtomicUsize,
    /// Who waits for fewer bytes.
    waits: AtomicWaker,
    #[cfg(test)]
    is_hurried: std::sync::atomic::AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    /// Each with the memory it takes: to look that up again would touch all of it under the lock.
    jobs: VecDeque<(usize, Job)>,
    /// How many of them somebody waits for.
    urgent: usize,
    thread: Thread,
    is_closed: bool,
    /// Whether the last group was a large one.
    is_busy: bool,
    /// How much memory they take in all.
    bytes: usize,
}

/// What the thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Thread {
    /// It will look for jobs by itself.
    #[default]
    Busy,
    /// It lets jobs gather.
    Lingers,
    /// It waits for one.
    Sleeps,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// A group of jobs.
    Group,
    /// No job has come for the time given.
    Quiet,
    /// Nothing, ever again.
    Closed,
}

impl Queue {
    /// Adds a job.
    pub(super) fn put(&self, job: Job) {
        let bytes = job.size_bytes();
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let mut inner = self.lock();
        inner.bytes += bytes;
        inner.urgent += usize::from(job.is_urgent());
        inner.jobs.push_back((bytes, job));
        let wakes = match inner.thread {
            Thread::Busy => false,
            Thread::Lingers => inner.is_due(),
            Thread::Sleeps => true,
        };
        if wakes {
            // So that those that follow do not wake it again.
            inner.thread = Thread::Busy;
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// Whether the jobs that are not done take less memory than this; if not, the caller is woken
    /// when some more of them are taken.
    pub(super) fn poll_below(&self, bytes: usize, cx: &mut Context<'_>) -> Poll<()> {
        let is_below = || self.bytes.load(Ordering::Relaxed) < bytes;
        if is_below() {
            return Poll::Ready(());
        }
        self.waits.register(cx.waker());
        // They may have been taken just before it was registered.
        match is_below() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// No job comes any more.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.wake.notify_one();
    }

    #[cfg(test)]
    pub(super) fn hurry(&self) {
        self.is_hurried.store(true, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(super) fn is_hurried(&self) -> bool {
        self.is_hurried.load(Ordering::Relaxed)
    }

    /// Waits for jobs and takes as many as may share a transaction.
    pub(super) fn next(&self, group: &mut VecDeque<Job>, quiet: Option<Duration>) -> Next {
        let mut inner = self.lock();
        let mut began = Instant::now();
        loop {
            let (gathered, linger) = (began.elapsed(), inner.linger());
            if inner.is_due() || (gathered >= linger && !inner.jobs.is_empty()) {
                return self.take(&mut inner, group);
            }
            if inner.is_closed {
                return Next::Closed;
            }
            if gathered < linger {
                inner.thread = Thread::Lingers;
                inner = self.sleep(inner, Some(linger - gathered));
                continue;
            }
            inner.is_busy = false;
            inner.thread = Thread::Sleeps;
            inner = self.sleep(inner, quiet);
            let is_quiet = inner.jobs.is_empty() && !inner.is_closed;
            if is_quiet && quiet.is_some_and(|quiet| began.elapsed() >= linger + quiet) {
                inner.thread = Thread::Busy;
                return Next::Quiet;
            }
            if !is_quiet {
                // Others follow the first.
                began = Instant::now();
            }
        }
    }

    fn take(&self, inner: &mut Inner, group: &mut VecDeque<Job>) -> Next {
        inner.thread = Thread::Busy;
        let mut bytes = 0;
        while group.len() < HISTORY_GROUP && bytes < HISTORY_GROUP_BYTES {
            let Some((job_bytes, job)) = inner.jobs.pop_front() else {
                break;
            };
            bytes += job_bytes;
            inner.urgent -= usize::from(job.is_urgent());
            group.push_back(job);
        }
        inner.bytes -= bytes;
        inner.is_busy = group.len() >= BUSY_GROUP;
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.waits.wake();
        Next::Group
    }

    fn sleep<'a>(
        &self,
        inner: MutexGuard<'a, Inner>,
        time: Option<Duration>,
    ) -> MutexGuard<'a, Inner> {
        let woken = match time {
            None => self.wake.wait(inner),
            Some(time) => self
                .wake
                .wait_timeout(inner, time)
                .map(|(inner, _)| inner)
                .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0)),
        };
        woken.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Whether jobs must not gather any longer.
    fn is_due(&self) -> bool {
        let is_full = self.jobs.len() >= HISTORY_GROUP || self.bytes >= HISTORY_GROUP_BYTES;
        (is_full || self.urgent > 0 || self.is_closed) && !self.jobs.is_empty()
    }

    /// How long they may gather.
    fn linger(&self) -> Duration {
        match self.is_busy {
            true => BUSY_LINGER,
            false => LINGER,
        }
    }
}

/// What a job takes beside its bytes, about.
const JOB_BYTES: usize = 512;

impl Job {
    /// How much memory it takes, about.
    pub(super) fn size_bytes(&self) -> usize {
        JOB_BYTES
            + match self {
                Self::Begin {
                    delivery, first, ..
                }
                | Self::Receive {
                    delivery, first, ..
                } => delivery.headers.size_bytes() + delivery.target.len() + first.len(),
                Self::Piece { data, .. } => data.len(),
                Self::Ended { attempt, .. } | Self::Replayed { attempt, .. } => {
                    let request = attempt.request.as_ref();
                    let answer = attempt.answer.as_ref();
                    request.map_or(0, |(url, headers)| url.len() + headers.size_bytes())
                        + answer.map_or(0, |answer| {
                            answer.head.headers.size_bytes() + answer.body.len()
                        })
                        + attempt.changed.body.as_ref().map_or(0, bytes::Bytes::len)
                }
                Self::Stand { .. }
                | Self::Begun { .. }
                | Self::Promise { .. }
                | Self::Backlog { .. }
                | Self::Load { .. }
                | Self::Head { .. }
                | Self::Allot { .. }
                | Self::Whole { .. }
                | Self::Duplicate { .. } => 0,
            }
    }

    /// Whether somebody waits for what comes of it.
    fn is_urgent(&self) -> bool {
        match self {
            Self::Receive { is_complete, .. } => *is_complete,
            Self::Piece { end, .. } => *end,
            Self::Begun { .. }
            | Self::Whole { .. }
            | Self::Promise { .. }
            | Self::Backlog { .. }
            | Self::Load { .. }
            | Self::Head { .. }
            | Self::Allot { .. } => true,
            Self::Begin { .. }
            | Self::Stand { .. }
            | Self::Ended { .. }
            | Self::Replayed { .. }
            | Self::Duplicate { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::limits::HISTORY_PIECE_BYTES;
    use crate::testing::id;

    /// How long the next group takes, and how large it is.
    fn next(queue: &Queue) -> (Duration, usize) {
        let mut group = VecDeque::new();
        let began = Instant::now();
        assert_eq!(queue.next(&mut group, None), Next::Group);
        (began.elapsed(), group.len())
    }

    fn duplicate() -> Job {
        let id = kreel_wire::DeliveryId::from_bytes([7; 16]);
        Job::Duplicate { id }
    }

    fn put(queue: &Queue, count: usize) {
        (0..count).for_each(|_| queue.put(duplicate()));
    }

    #[test]
    fn jobs_gather_longer_behind_a_large_group() {
        let queue = Queue::default();
        put(&queue, BUSY_GROUP);
        assert_eq!(next(&queue).1, BUSY_GROUP);
        put(&queue, BUSY_GROUP - 1);
        let (time, count) = next(&queue);
        assert!(time >= BUSY_LINGER, "{time:?}");
        assert_eq!(count, BUSY_GROUP - 1);
        assert_eq!(queue.lock().linger(), LINGER, "it is over");
    }

    #[test]
    fn neither_who_waits_nor_a_full_group_lets_jobs_gather() {
        let large = Bytes::from(vec![b'x'; HISTORY_PIECE_BYTES]);
        let pieces = HISTORY_GROUP_BYTES / HISTORY_PIECE_BYTES;
        let piece = || Job::Piece {
            id: id(1),
            data: large.clone(),
            end: false,
        };
        let begun = || Job::Begun {
            id: id(1),
            attempt: 1,
        };
        for jobs in [
            vec![begun()],
            (0..pieces).map(|_| piece()).collect(),
            (0..HISTORY_GROUP).map(|_| duplicate()).collect(),
        ] {
            let queue = Queue::default();
            queue.lock().is_busy = true;
            let count = jobs.len();
            for (place, job) in jobs.into_iter().enumerate() {
                assert!(!queue.lock().is_due(), "{place} of {count}");
                queue.put(job);
            }
            assert!(queue.lock().is_due(), "{count}");
            assert_eq!(next(&queue).1, count);
            assert_eq!(queue.lock().bytes, 0);
        }
    }
}
