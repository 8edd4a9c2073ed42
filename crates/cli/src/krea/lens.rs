//! What the inspector shows of jobs: rows and sheets from ledger and history, read anew whenever one
//! of them has changed, and what can be done about a job.
//!
//! Keeps no truth of its own. Only what a link answered when it was looked at is remembered while
//! the inspector is open.

mod acts;
mod rows;
mod seen;
mod sheet;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kreel_client::{CertificateDer, ReplayConfig};
use kreel_krea::{Evidence, JobId, JobRow, Keys, Ledger, Reading, row};
use kreel_tui::lens::{Act, Acted, Column, Lens, Of, Page, Sheet};
use tokio::sync::watch;

use self::seen::Seen;
use super::{Gather, ledger};
use crate::limits::{LENS_LOOK, LENS_TICK};
use crate::problem::{Problem, Result};
use crate::tunnels::Tunnels;

/// What a lens is made of.
#[derive(Debug)]
pub(crate) struct LensOptions {
    /// The file of jobs, if not the usual one.
    pub(crate) jobs: Option<PathBuf>,
    /// The file of the history.
    pub(crate) history: PathBuf,
    /// The tunnels of this machine.
    pub(crate) tunnels: Option<Tunnels>,
    /// The address of the tunnel this process has open.
    pub(crate) own: watch::Receiver<Option<http::Uri>>,
    /// The API.
    pub(crate) upstream: http::Uri,
    /// Certificates to trust for it.
    pub(crate) trusted: Vec<CertificateDer<'static>>,
    /// What to ask it with; or why there is nothing.
    pub(crate) keys: Result<Keys>,
    /// How long after a job's end its webhook is missed.
    pub(crate) missed_after: Duration,
    /// How webhooks that never came are handed over, if there is an app.
    pub(crate) app: Option<ReplayConfig>,
}

/// Knows what webhooks of Krea's are about.
#[derive(Debug)]
pub(crate) struct JobLens {
    options: LensOptions,
    /// For the thread that reads.
    reading: Mutex<Sight>,
    /// For the thread that acts, so that neither waits for the other.
    acting: Mutex<Sight>,
    /// What links have answered.
    links: Mutex<seen::Links>,
    /// How often something was done that no file tells of.
    turns: AtomicU64,
    /// Whether something in sight changes by time alone: a webhook that may be missed soon.
    ticks: AtomicBool,
    began: Instant,
    closed: watch::Sender<bool>,
}

/// A look at ledger and history; the ledger is opened when a job is in sight, so that nobody has
/// its file who has no use for it.
#[derive(Debug, Default)]
struct Sight {
    history: seen::Deliveries,
    gather: Option<Gather>,
}

impl JobLens {
    /// One that looks there.
    pub(crate) fn new(options: LensOptions) -> Arc<Self> {
        Arc::new(Self {
            options,
            reading: Mutex::default(),
            acting: Mutex::default(),
            links: Mutex::default(),
            turns: AtomicU64::new(0),
            ticks: AtomicBool::new(false),
            began: Instant::now(),
            closed: watch::channel(false).0,
        })
    }

    /// Rows, the newest first.
    fn rows(&self, limit: usize) -> Result<Page> {
        let mut sight = lock(&self.reading);
        let gather = self.gather(&mut sight)?;
        self.catch_up(gather)?;
        let mut found = gather.page(None, limit + 1, self.options.missed_after)?;
        let has_older = found.len() > limit;
        found.truncate(limit);
        let waits = found.iter().any(|(_, evidence, row)| waits(evidence, row));
        self.ticks.store(waits, Ordering::Relaxed);
        let zone = TimeZone::system();
        let rows = found.iter().map(|(_, evidence, row)| {
            let numbers = gather.numbers(evidence)?;
            Ok(rows::of(evidence, row, &numbers, &zone))
        });
        Ok(Page {
            rows: rows.collect::<Result<_>>()?,
            has_older,
        })
    }

    /// What is known of one.
    fn sheet(&self, of: &Of) -> Result<Option<Sheet>> {
        let mut sight = lock(&self.reading);
        let seen = sight.history.of(&self.options.history, of)?;
        let (id, reading) = match seen {
            Seen::Job(id, reading) => (id, reading),
            Seen::Nothing(reading) => return Ok(Some(sheet::of_no_job(&reading))),
            Seen::Arriving => return Ok(Some(sheet::arriving())),
            Seen::Gone => return Ok(None),
        };
        let gather = self.gather(&mut sight)?;
        self.catch_up(gather)?;
        let evidence = gather.evidence(&id)?;
        let numbers = gather.numbers(&evidence)?;
        let row = row(&evidence, Timestamp::now(), self.options.missed_after);
        if waits(&evidence, &row) {
            self.ticks.store(true, Ordering::Relaxed);
        }
        let own = reading.filter(|_| evidence.deliveries.is_empty());
        let sheet = sheet::Of {
            evidence: &evidence,
            row: &row,
            numbers: &numbers,
            own: own.as_ref(),
            links: &lock(&self.links),
            zone: &TimeZone::system(),
        };
        Ok(Some(sheet.lines()))
    }

    /// All that is known of jobs; opened the first time.
    fn gather<'a>(&self, sight: &'a mut Sight) -> Result<&'a mut Gather> {
        if sight.gather.is_none() {
            let options = &self.options;
            let ledger: Arc<Ledger> = ledger(options.jobs.as_deref())?;
            let tunnels = options.tunnels.clone();
            let gather = Gather::new(ledger, &options.history, tunnels);
            sight.gather = Some(gather.beside(Some(options.own.clone())));
        }
        Ok(sight.gather.as_mut().expect("it was made just now"))
    }

    /// Reads what has come; what is left is for the next look, which is soon.
    fn catch_up(&self, gather: &mut Gather) -> Result<()> {
        if !gather.catch_up(LENS_LOOK)?.is_end {
            self.turns.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Lens for JobLens {
    fn name(&self) -> &'static str {
        "Job"
    }

    fn title(&self) -> &'static str {
        "Krea's jobs"
    }

    fn columns(&self) -> &'static [Column] {
        &rows::COLUMNS
    }

    fn page(&self, limit: usize) -> std::result::Result<Page, String> {
        self.rows(limit).map_err(|problem| in_words(&problem))
    }

    fn read(&self, of: &Of) -> std::result::Result<Option<Sheet>, String> {
        self.sheet(of).map_err(|problem| in_words(&problem))
    }

    fn act(&self, of: &Of, act: &Act) -> Acted {
        let acted = self.done(of, act);
        self.turns.fetch_add(1, Ordering::Relaxed);
        acted.unwrap_or_else(|problem| Acted::Fails(in_words(&problem)))
    }

    fn version(&self) -> u64 {
        let mut sight = lock(&self.reading);
        let history = sight.history.version(&self.options.history);
        let ledger = sight
            .gather
            .as_ref()
            .map(|gather| gather.ledger().version());
        let ticks = match self.ticks.load(Ordering::Relaxed) {
            true => self.began.elapsed().as_millis() / LENS_TICK.as_millis(),
            false => 0,
        };
        // What can't be told is told by whoever reads next.
        let parts = [
            history.unwrap_or(0).cast_unsigned(),
            ledger.and_then(std::result::Result::ok).unwrap_or(0),
            self.turns.load(Ordering::Relaxed),
            u64::try_from(ticks).unwrap_or(0),
        ];
        parts.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, part| {
            (hash ^ part).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
        })
    }

    fn close(&self) {
        self.closed.send_replace(true);
    }
}

/// Whether time alone may change what is said of it.
fn waits(evidence: &Evidence, row: &JobRow) -> bool {
    let told = evidence.of_api().and_then(|job| job.status.as_ref());
    let is_over = told.is_some_and(kreel_krea::Status::is_terminal);
    is_over && !evidence.has_come() && !row.flags.contains(&kreel_krea::Flag::Missed)
}

fn in_words(problem: &Problem) -> String {
    let (code, next) = (problem.code, &problem.next);
    format!("{code}: {}; {next}", problem.said())
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking thread left is only a look at files.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The job something is about.
fn job_of(seen: Seen) -> Option<(JobId, Option<Reading>)> {
    match seen {
        Seen::Job(id, reading) => Some((id, reading)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
