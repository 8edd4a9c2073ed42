//! The senders: closed loops that post, wait for the answer and check that it is theirs.
//!
//! Raw sockets and one prepared buffer for each sender, all on one thread, because whatever the
//! generator spends it takes from what it measures.

mod answer;
mod connection;
mod post;

pub(crate) use connection::{Target, Tls};
pub(crate) use post::{REQUEST_ID, job};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use connection::{Connection, Fault};
use post::Post;

/// A kind of traffic.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How many post at the same time.
    pub(crate) senders: usize,
    /// The length of each body.
    pub(crate) body_bytes: usize,
    /// Whether each request has a connection of its own.
    pub(crate) fresh: bool,
    /// How many requests at most, over all senders.
    pub(crate) requests: u64,
    /// How often each sender posts, if not as soon as it has its answer.
    pub(crate) pace: Option<Duration>,
}

/// What the senders saw.
#[derive(Debug, Default)]
pub(crate) struct Sample {
    /// One for each right answer, in no order.
    pub(crate) latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Requests whose answer was wrong, late or missing.
    pub(crate) errors: u64,
    /// What was wrong with one of them.
    pub(crate) complaint: Option<String>,
}

/// Senders with their connections, ready to post.
#[derive(Debug)]
pub(crate) struct Senders {
    target: Arc<Target>,
    load: Load,
    idle: Vec<Sender>,
}

impl Senders {
    /// Makes the senders ready; those that keep a connection open it with their first request.
    pub(crate) fn new(target: Arc<Target>, load: Load) -> Self {
        let sender = || Sender {
            post: Post::new(&target, load.body_bytes),
            connection: None,
            seen: Sample::default(),
        };
        let idle = (0..load.senders).map(|_| sender()).collect();
        Self { target, load, idle }
    }

    /// Posts until so many requests were made or the time is up, whichever comes first. The
    /// connections stay open for the next time.
    pub(crate) async fn run(&mut self, requests: u64, time: Duration) -> Sample {
        let budget = Arc::new(Budget {
            left: AtomicU64::new(requests),
            until: Instant::now() + time,
        });
        let started = Instant::now();
        let mut running = JoinSet::new();
        for sender in self.idle.drain(..) {
            running.spawn(sender.run(Arc::clone(&self.target), self.load, Arc::clone(&budget)));
        }
        let mut total = Sample::default();
        while let Some(finished) = running.join_next().await {
            match finished {
                Ok(mut sender) => {
                    total.absorb(std::mem::take(&mut sender.seen));
                    self.idle.push(sender);
                }
                Err(lost) => total.blame(format!("a sender died: {lost}")),
            }
        }
        total.elapsed = started.elapsed();
        total
    }
}

impl Sample {
    fn absorb(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.errors += other.errors;
        self.complaint = self.complaint.take().or(other.complaint);
    }

    fn blame(&mut self, complaint: String) {
        self.errors += 1;
        self.complaint.get_or_insert(complaint);
    }
}

/// What all senders of a run share.
#[derive(Debug)]
struct Budget {
    left: AtomicU64,
    until: Instant,
}

impl Budget {
    /// Takes one request out of the budget, if there is one.
    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        Instant::now() < self.until
            && self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
                .is_ok()
    }
}

/// One closed loop.
#[derive(Debug)]
struct Sender {
    post: Post,
    connection: Option<Connection>,
    seen: Sample,
}

impl Sender {
    async fn run(mut self, target: Arc<Target>, load: Load, budget: Arc<Budget>) -> Self {
        let mut pace = load.pace.map(ticker);
        while budget.take() {
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            let started = Instant::now();
            let exchange = self.exchange(&target, load.fresh);
            match tokio::time::timeout(ANSWER_WITHIN, exchange).await {
                Ok(Ok(())) => self.seen.latencies.push(started.elapsed()),
                Ok(Err(fault)) => self.fail(fault.to_string()),
                Err(_) => self.fail(format!("no answer within {ANSWER_WITHIN:?}")),
            }
        }
        self
    }

    /// Posts once, over the connection at hand if there is one.
    async fn exchange(&mut self, target: &Target, fresh: bool) -> Result<(), Fault> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(target).await?,
        };
        self.post.renew();
        if connection.exchange(&self.post).await? && !fresh {
            self.connection = Some(connection);
        }
        Ok(())
    }

    fn fail(&mut self, complaint: String) {
        self.connection = None;
        self.seen.blame(complaint);
    }
}

fn ticker(period: Duration) -> Interval {
    let mut ticker = tokio::time::interval(period);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticker
}

/// Longer than any answer on loopback takes, and than a tunnel's own `--wait`.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
