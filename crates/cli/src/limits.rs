//! Counts and deadlines of commands that watch a history, each with its reason.

use std::time::Duration;

/// How long a watch pauses before it asks whether the history has changed: 100 ms. Asking takes
/// some microseconds; nobody notices a tenth of a second behind a webhook's own way.
pub(crate) const WATCH_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause: 2 s. After a look that took long the pause is twice as long as the look, so
/// that a watch over a million deliveries leaves two thirds of a processor alone.
pub(crate) const WATCH_PAUSE_MOST: Duration = Duration::from_secs(2);

/// How soon a filter that asks for an age looks again although nothing has changed: 1 s.
pub(crate) const WATCH_AGES: Duration = Duration::from_secs(1);

/// How many rows are looked for at a time: 500.
pub(crate) const WATCH_PAGE: usize = 500;

/// How long one look takes at the most before it goes on with the next: 1 s.
pub(crate) const WATCH_LOOK: Duration = Duration::from_secs(1);

/// How many of the newest deliveries are judged again when something has changed: 10,000. What
/// waits longer than that for its answer is not picked by it any more.
pub(crate) const WATCH_AGAIN: i64 = 10_000;

/// How many deliveries that did not fit are shown where too few did: 5, a glance.
pub(crate) const SHOWN_MISFITS: usize = 5;

/// The most commands `kreel exec` runs at once: 256, each of which has a process and three pipes.
pub(crate) const EXEC_AT_ONCE: u16 = 256;

/// How many samples `kreel types` reads at the most: 10,000, far beyond what adds a field.
pub(crate) const TYPE_SAMPLES: usize = 10_000;

/// How many deliveries are read at a time for what they say of jobs: 500.
pub(crate) const GATHER_PAGE: usize = 500;

/// How long one such page may take to be found: 1 s.
pub(crate) const GATHER_LOOK: Duration = Duration::from_secs(1);

/// How many of the newest deliveries are read the first time: 50,000, a few seconds' work. What came
/// before kreel knew of jobs, and before those, is left out.
pub(crate) const GATHER_FIRST: i64 = 50_000;

/// The largest body that is read for a job: 1 MiB, as the reader of jobs has it.
pub(crate) const GATHER_BODY_BYTES: u64 = 1024 * 1024;

/// For how long a delivery that is not all there is looked at again: 10 min, a body of 1 MiB over
/// the slowest line that still makes sense.
pub(crate) const GATHER_PENDING: Duration = Duration::from_secs(600);

/// How many such are looked at again: 1,000.
pub(crate) const GATHER_PENDING_MOST: usize = 1_000;

/// How long a command that shows jobs reads what has come at the most: 5 s.
pub(crate) const GATHER_WAIT: Duration = Duration::from_secs(5);

/// How many jobs are looked through at a time for those that are missed: 500.
pub(crate) const JOBS_PAGE: usize = 500;

/// How long a command pauses between two questions to the API: 100 ms, ten a second.
pub(crate) const ASK_PAUSE: Duration = Duration::from_millis(100);

/// How many jobs the API is asked to list: 200, of the thousand it would.
pub(crate) const LISTED_JOBS: u32 = 200;

/// How often the radar looks at what has come: every 500 ms.
pub(crate) const RADAR_TICK: Duration = Duration::from_millis(500);

/// How long it reads what has come at a time: 200 ms, so that a long history is read beside all
/// else.
pub(crate) const RADAR_LOOK: Duration = Duration::from_millis(200);

/// How many jobs that have not ended it looks at: 1,000, as many as are asked about.
pub(crate) const RADAR_JOBS: usize = 1_000;

/// How often it asks for the list of jobs, for those started past the proxy: every minute.
pub(crate) const RADAR_LIST: Duration = Duration::from_secs(60);

/// Of how many jobs it remembers that their webhooks were told to be missed: 10,000, fifty times what
/// a list has.
pub(crate) const RADAR_TOLD: usize = 10_000;

/// How soon a webhook that did not reach the app is handed over again: after 10 s.
pub(crate) const RADAR_AGAIN: Duration = Duration::from_secs(10);

/// How long the radar has to end: 2 s.
pub(crate) const RADAR_STOP: Duration = Duration::from_secs(2);

/// How long a proxy and what it has to tell have to end: 4 s, beyond the 2 s calls have.
pub(crate) const FRONT_STOP: Duration = Duration::from_secs(4);

/// How long after a job's end its webhook is missed, unless it is said otherwise: 30 s, half of
/// what counts as late.
pub(crate) const RADAR_USUAL: Duration = Duration::from_secs(30);

/// How soon a relay is asked again that is not there: after 500 ms; it may just be starting.
pub(crate) const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How often it is asked at the most: 6 times, over 2.5 s.
pub(crate) const ASKED_AT_MOST: u32 = 6;

/// The most that is read of a file with a secret for a rule: 4 KiB, eight times what one can have.
pub(crate) const RULE_SECRET_BYTES: u64 = 4096;

/// How long the inspector reads at a time what has come about jobs: 100 ms; the rest a moment later.
pub(crate) const LENS_LOOK: Duration = Duration::from_millis(100);

/// How often it looks again at a webhook that may be missed soon: every second.
pub(crate) const LENS_TICK: Duration = Duration::from_secs(1);

/// Of how many links it remembers what they answered: 256, more than anyone looks after in a session.
pub(crate) const LENS_LINKS: usize = 256;

/// How many webhooks may wait at the door to be asked about: 32,768, twice as many as a client lets
/// wait, by their ids alone: 4 MiB. Of those beyond the client tells again later.
pub(crate) const DOOR_WAITING: usize = 32_768;

/// How often the door looks whether a key has come, and reads again what it could not: every second.
pub(crate) const DOOR_TICK: Duration = Duration::from_secs(1);

/// How many jobs that are not on the agenda it looks after each time: 512, some milliseconds.
pub(crate) const DOOR_IDLE: usize = 512;

/// How long a webhook waits for an API that speaks of an earlier state: 2 min from the first time it
/// does so. Whoever forges an end has no more than that.
pub(crate) const DOOR_NOT_YET: Duration = Duration::from_secs(120);

/// How often the API must say that it knows no such job before it is believed: twice, the second time
/// 3 s after the first, since one that was made just now may not be known everywhere.
pub(crate) const DOOR_UNKNOWN: u32 = 2;

/// How long an app may take for a webhook that kreel has made itself, where no other time is set: 60 s,
/// half of the time after which another process may try.
pub(crate) const MADE_UP_MOST: Duration = Duration::from_secs(60);

/// How often it is said that such an app is still at it: every 30 s.
pub(crate) const MADE_UP_RENEW: Duration = Duration::from_secs(30);
