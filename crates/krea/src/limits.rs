//! Sizes and deadlines of this crate, each with its reason.

use std::time::Duration;

/// The largest body that is read as a job: 1 MiB. All published examples are under 1 KiB, and a
/// batch of a thousand addresses is 100 KiB.
pub(crate) const JOB_MAX_BYTES: usize = 1024 * 1024;

/// How many results of one job are listed: 1,000, the most `batch_size` times anyone has seen
/// by far. The others are counted.
pub(crate) const MAX_RESULTS: usize = 1_000;

/// How many names of fields nobody knows are kept: 32, enough to see what is new.
pub(crate) const MAX_EXTRA_FIELDS: usize = 32;

/// The longest text taken over from a body (an id, a status, a code, an address): 4 KiB.
/// Addresses of files with signed queries reach 2 KiB.
pub(crate) const MAX_TEXT_BYTES: usize = 4096;

/// How long a handler takes before it is called slow: 5 s. Krea says "answer quickly" without a
/// number; this one is ours.
pub(crate) const HANDLER_SLOW: Duration = Duration::from_secs(5);

/// How long a handler takes before it is called far too slow: 10 s, the shortest deadline that is
/// common among senders of webhooks.
pub(crate) const HANDLER_VERY_SLOW: Duration = Duration::from_secs(10);

/// How long after its end a job's webhook is called late: 60 s, ours as well.
pub(crate) const DELIVERY_LATE: Duration = Duration::from_secs(60);

/// How far the two clocks may be apart before "completed after it was received" is a fault and
/// not their difference: 5 s.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(5);

/// How many notes one job's row has: 64, twice as many as there are kinds of them.
pub(crate) const MAX_NOTES: usize = 64;

/// How long a connection may take to be made: 10 s, after which a person looks for the fault.
pub(crate) const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// How long an idle connection is kept: 20 s, under the 30 to 60 s after which servers close
/// theirs, so that no request meets one that has just been closed.
pub(crate) const IDLE_CONNECTION: Duration = Duration::from_secs(20);

/// How long a client has for the head of a request: 10 s, as at the relay.
pub(crate) const HEAD_DEADLINE: Duration = Duration::from_secs(10);

/// How long what is under way has at the end: 2 s.
pub(crate) const STOP_DEADLINE: Duration = Duration::from_secs(2);

/// The largest JSON body the mock reads: 1 MiB, many times the longest prompt of 10,000
/// characters.
pub(crate) const REQUEST_MAX_BYTES: usize = 1024 * 1024;

/// The largest upload: 75 MB, as Krea's schema says.
pub(crate) const ASSET_MAX_BYTES: u64 = 75_000_000;

/// How much of an upload is kept to learn its type and size in pixels: 64 KiB.
pub(crate) const ASSET_HEAD_BYTES: usize = 64 * 1024;

/// How many jobs the mock remembers: 20,000; then those that ended first are forgotten.
pub(crate) const MOCK_MAX_JOBS: usize = 20_000;

/// How many assets and styles the mock remembers of each: 10,000.
pub(crate) const MOCK_MAX_ITEMS: usize = 10_000;

/// How many webhooks the mock posts at once: 256, so that a silent receiver takes no more than
/// that many sockets.
pub(crate) const WEBHOOKS_AT_ONCE: usize = 256;

/// How long a receiver of the mock's webhooks has to answer: 10 s. Krea's own deadline is not
/// documented.
pub(crate) const WEBHOOK_DEADLINE: Duration = Duration::from_secs(10);

/// How long a webhook that is held back to come out of order waits for one to overtake it: 2 s.
pub(crate) const HELD_BACK: Duration = Duration::from_secs(2);

/// How long the API may take until the head of its answer: 300 s, beyond the 100 s after which
/// Cloudflare in front of it gives up.
pub(crate) const API_DEADLINE: Duration = Duration::from_secs(300);

/// How much of a call and of its answer is kept to read it: 64 KiB, six times the longest prompt.
pub(crate) const KEPT_BYTES: usize = 64 * 1024;

/// How many started jobs are remembered in memory: 10,000, weeks of one developer's work.
pub(crate) const KNOWN_JOBS: usize = 10_000;

/// How many bytes of their parameters: 64 MiB, ten thousand prompts of usual length.
pub(crate) const KNOWN_JOBS_BYTES: usize = 64 * 1024 * 1024;
