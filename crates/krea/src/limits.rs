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

/// How much of an upload is read at the most: 512 MiB. What is too large is read on and dropped,
/// since a caller that is cut off while it writes gets no answer.
pub(crate) const ASSET_READ_BYTES: u64 = 512 * 1024 * 1024;

/// The most images one call can ask the mock for: 100, more than any model makes.
pub(crate) const MOCK_MAX_BATCH: u64 = 100;

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

/// How long the name of the tunnel's address may take to be looked up: 3 s, once for each address. A
/// call that starts a job waits for it.
pub(crate) const LOOK_UP_DEADLINE: Duration = Duration::from_secs(3);

/// How much of a call and of its answer is kept to read it: 64 KiB, six times the longest prompt.
pub(crate) const KEPT_BYTES: usize = 64 * 1024;

/// How long a link may take to be checked or fetched, in all: 10 s. The user waits for it.
pub(crate) const FETCH_DEADLINE: Duration = Duration::from_secs(10);

/// The largest image that is fetched to be shown: 8 MiB, some times the size of the largest that
/// Krea makes.
pub(crate) const PREVIEW_BYTES: usize = 8 * 1024 * 1024;

/// How long a write to the ledger waits for another process to finish its own: 2 s, thousands of
/// times what one takes.
pub(crate) const LEDGER_BUSY: Duration = Duration::from_secs(2);

/// How many jobs the ledger knows: 50,000, years of one developer's work. Those that ended first
/// leave first.
pub(crate) const LEDGER_JOBS: i64 = 50_000;

/// How many bytes of parameters and of the API's answers it keeps: 256 MiB, 5 KiB for each job.
pub(crate) const LEDGER_BYTES: i64 = 256 * 1024 * 1024;

/// How many refused calls it remembers: 1,000, what a day of trying makes.
pub(crate) const LEDGER_REFUSED: i64 = 1_000;

/// How many webhooks about one job it lists: 1,000. Retries make some; a flood of repeats must not
/// fill the file.
pub(crate) const LEDGER_SEEN_PER_JOB: i64 = 1_000;

/// The longest id of a job it lists: 256 bytes; a UUID has 36.
pub(crate) const LEDGER_ID_BYTES: usize = 256;

/// How long a process has to hand over a webhook it made itself before another may try: 2 min,
/// longer than an app that is not stuck takes.
pub(crate) const HANDED_LEASE: Duration = Duration::from_secs(120);

/// How long the API has to say what it knows of a job: 15 s for the head and as long for the body.
/// It answers in a fraction of one.
pub(crate) const ASK_DEADLINE: Duration = Duration::from_secs(15);

/// The largest list of jobs that is read: 8 MiB, a thousand jobs of 8 KiB.
pub(crate) const LIST_MAX_BYTES: usize = 8 * 1024 * 1024;

/// The longest `Retry-After` that is believed: 10 min.
pub(crate) const RETRY_AFTER_MOST: Duration = Duration::from_secs(600);

/// How soon a job is asked about first: 2 s, the least Krea's guide names.
pub(crate) const ASK_AT_FIRST: Duration = Duration::from_secs(2);

/// How far asking slows down at first: every 5 s, the most that guide names.
pub(crate) const ASK_OFTEN: Duration = Duration::from_secs(5);

/// For how long it is asked that often: 2 min, in which images and enhancements end.
pub(crate) const ASK_OFTEN_FOR: Duration = Duration::from_secs(120);

/// How far it slows down after that: once a minute, often enough for a training of half an hour.
pub(crate) const ASK_SELDOM: Duration = Duration::from_secs(60);

/// For how long a job is asked about in all: 3 h, an hour beyond the 2 h after which Krea ends
/// every job.
pub(crate) const ASK_TOTAL: Duration = Duration::from_secs(3 * 60 * 60);

/// How long nothing is asked after 429 or a failure, if the API names no time: 10 s at least, twice
/// as long each time.
pub(crate) const ASK_PENALTY: Duration = Duration::from_secs(10);

/// How far that grows: 5 min.
pub(crate) const ASK_PENALTY_MOST: Duration = Duration::from_secs(300);

/// How long after one question the next may follow: 50 ms, so that a hundred jobs that end
/// together are no burst.
pub(crate) const ASK_GAP: Duration = Duration::from_millis(50);

/// How many jobs are asked about at a time: 1,000; Krea runs some ten of one workspace at once.
pub(crate) const AGENDA_JOBS: usize = 1_000;

/// How many keys that callers have sent are remembered: 16, more than one developer has.
pub(crate) const KEYS_MOST: usize = 16;

/// Of how many jobs it is remembered which key started them: 10,000.
pub(crate) const KEYS_OF_JOBS: usize = 10_000;
