//! The recorder's one thread: takes jobs in order, many to a transaction, and tells what came of
//! them once the transaction is where it must be.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kreel_wire::{DeliveryId, TunnelName};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};

use super::bodies::Bodies;
use super::ended::Ended;
use super::error::is_damage;
use super::file::OpenFile;
use super::group::Group;
use super::queue::{Next, Queue};
use super::register::register;
use super::replays::{Allotment, Written};
use super::spare_time::SpareTime;
use super::stake::AtStake;
use super::{Done, HistoryError, Job, Standing, look};
use crate::error::with_causes;
use crate::limits::{HISTORY_ARREARS, HISTORY_GROUP};

/// Where jobs are put. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Jobs(Arc<Queue>);

impl Jobs {
    /// Adds a job. Never waits. Nothing comes of it once the recorder is closed.
    pub(crate) fn put(&self, job: Job) {
        self.0.put(job);
    }

    /// Whether the jobs that are not done take less memory than this; if not, the caller is woken
    /// when some more of them are begun.
    pub(crate) fn poll_below(&self, bytes: usize, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_below(bytes, cx)
    }
}

/// Writes what becomes of one tunnel's deliveries, or only of what is replayed.
#[derive(Debug)]
pub(crate) struct Recorder {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    ended: Option<oneshot::Receiver<()>>,
    replays: Arc<AtomicU64>,
}

impl Recorder {
    /// Starts the thread, for what comes through this tunnel, or for replays alone. `is_alone`: no
    /// other process works on the tunnel.
    pub(super) fn start(
        file: OpenFile,
        name: Option<(String, TunnelName)>,
        is_alone: bool,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Done>), HistoryError> {
        let mut file = file;
        let number = match &name {
            None => Ok(NO_TUNNEL),
            Some(name) => register(&mut file.db, name, is_alone),
        };
        let number = number.map_err(|source| HistoryError::Database {
            path: file.path.clone(),
            source,
        })?;
        let queue = Arc::new(Queue::default());
        let (told, tell) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let scribe = Scribe {
            wanted: file.wanted.clone(),
            file: Some(file),
            name,
            tunnel: number,
            queue: queue.clone(),
            bodies: Bodies::default(),
            told,
            spare_time: SpareTime::default(),
            is_failing: false,
            replaced_at: Instant::now(),
            is_synced: false,
            arrears: HashMap::new(),
            ended: Ended::default(),
            replays: Arc::default(),
        };
        let replays = scribe.replays.clone();
        let thread = std::thread::Builder::new()
            .name("kreel-history".into())
            .spawn(move || {
                scribe.run();
                #[cfg(test)]
                note_cpu();
                // Nobody may wait for it.
                let _ = end.send(());
            })
            .map_err(HistoryError::Thread)?;
        let recorder = Self {
            queue,
            thread: Some(thread),
            ended: Some(ended),
            replays,
        };
        Ok((recorder, tell))
    }

    /// Where jobs for it are put.
    pub(crate) fn jobs(&self) -> Jobs {
        Jobs(self.queue.clone())
    }

    /// How many attempts that the user wanted are in the file. It goes on counting while the rest
    /// is written.
    pub(crate) fn replays_written(&self) -> Arc<AtomicU64> {
        self.replays.clone()
    }

    /// Waits less for other processes, so that tests need not.
    #[cfg(test)]
    pub(crate) fn hurry(&self) {
        self.queue.hurry();
    }

    /// Does all that was put, then closes the file.
    pub(crate) async fn close(mut self) {
        // Whoever gives up waiting shall not wait for the thread either.
        self.thread = None;
        self.queue.close();
        if let Some(ended) = self.ended.take() {
            // If it is gone the thread has ended.
            let _ = ended.await;
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // It ends once its last job is done; a panic of its own has been printed.
            let _ = thread.join();
        }
    }
}

/// What the thread has.
struct Scribe {
    /// None after a damaged file could not be replaced.
    file: Option<OpenFile>,
    wanted: PathBuf,
    name: Option<(String, TunnelName)>,
    tunnel: i64,
    queue: Arc<Queue>,
    bodies: Bodies,
    told: mpsc::UnboundedSender<Done>,
    spare_time: SpareTime,
    is_failing: bool,
    /// When it was last tried to have another file.
    replaced_at: Instant,
    /// Whether commits are synced at the moment.
    is_synced: bool,
    /// Where deliveries stand, which could not be written.
    arrears: HashMap<DeliveryId, Standing>,
    /// Those that are finished and which the file may not know.
    ended: Ended,
    /// How many attempts that the user wanted are in the file.
    replays: Arc<AtomicU64>,
}

impl Scribe {
    fn run(mut self) {
        let mut group = VecDeque::with_capacity(HISTORY_GROUP);
        loop {
            let quiet = match self.is_failing {
                true => Some(RETRY),
                false => self.spare_time.pause(),
            };
            match self.queue.next(&mut group, quiet) {
                Next::Group => {
                    self.spare_time.worked(group.len());
                    self.group(&mut group);
                    self.spare(SpareTime::between);
                }
                Next::Quiet if self.is_failing => self.retry(),
                Next::Quiet => self.spare(SpareTime::step),
                Next::Closed => break,
            }
        }
    }

    /// Does a group and tells what came of it.
    fn group(&mut self, jobs: &mut VecDeque<Job>) {
        let mut stake = AtStake::of(jobs, &self.bodies);
        // One that changes nothing would not show whether it can be written again.
        stake.syncs |= stake.writes && self.is_failing;
        match self.commit(jobs, &stake) {
            Ok(written) => {
                self.bodies.committed();
                self.replays.fetch_add(stake.replays, Ordering::Relaxed);
                if stake.writes {
                    self.mended();
                }
                written.done.into_iter().for_each(|done| self.tell(done));
                written.allotments.into_iter().for_each(Allotment::tell);
            }
            Err(error) => {
                self.roll_back(&stake);
                self.failed(&error);
                let backlogs = stake.backlogs.into_iter().map(Job::from);
                let undone = jobs
                    .drain(..)
                    .filter(|job| !matches!(job, Job::Backlog { .. }));
                backlogs
                    .chain(undone)
                    .for_each(|job| self.look_nevertheless(job));
            }
        }
    }

    fn spare(&mut self, work: fn(&mut SpareTime, &mut Connection) -> rusqlite::Result<()>) {
        let Some(file) = self.file.as_mut().filter(|_| !self.is_failing) else {
            return;
        };
        let synced = std::mem::take(&mut self.is_synced);
        let worked = match synced {
            true => file.db.pragma_update(None, "synchronous", "normal"),
            false => Ok(()),
        };
        match worked.and_then(|()| work(&mut self.spare_time, &mut file.db)) {
            Err(error) if is_damage(&error) => self.failed(&error),
            Err(error) => {
                // Nobody waits for it, and whoever wants to write is told soon enough.
                debug!(%error, "the history could not be tended");
                self.spare_time.postpone();
            }
            Ok(()) => {}
        }
    }

    /// Whether it works again is only known by writing.
    fn retry(&mut self) {
        if self.file.is_none() {
            self.replace("");
        }
        let stake = AtStake {
            syncs: true,
            writes: true,
            ..AtStake::default()
        };
        if self.commit(&mut VecDeque::new(), &stake).is_ok() {
            self.mended();
        }
    }

    fn commit(&mut self, jobs: &mut VecDeque<Job>, stake: &AtStake) -> rusqlite::Result<Written> {
        if stake.syncs && self.file.as_ref().is_some_and(OpenFile::is_gone) {
            self.replace("it is not where it was");
        }
        if self.file.is_none() && self.replaced_at.elapsed() >= RETRY {
            self.replace("");
        }
        let Some(file) = &self.file else {
            return Err(rusqlite::Error::InvalidPath("".into()));
        };
        let db = &file.db;
        #[cfg(test)]
        if self.queue.is_hurried() {
            db.busy_timeout(Duration::from_millis(20))?;
        }
        if !stake.writes {
            let looked = jobs.drain(..);
            let done = looked.map(|job| look::perform(db, self.tunnel, job));
            return Ok(Written {
                done: done
                    .filter_map(Result::transpose)
                    .collect::<Result<_, _>>()?,
                allotments: Vec::new(),
            });
        }
        if stake.syncs != self.is_synced {
            let level = if stake.syncs { "full" } else { "normal" };
            db.pragma_update(None, "synchronous", level)?;
            self.is_synced = stake.syncs;
        }
        // At once for writing: another process may write between a group's first read and first
        // write, and the group would fail.
        db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let group = Group::begin(db, self.tunnel, &mut self.bodies)?;
        let mut group = group.remembering(&mut self.ended);
        for (id, standing) in &self.arrears {
            group.perform(Job::Stand {
                id: *id,
                standing: *standing,
            })?;
        }
        while let Some(job) = jobs.pop_front() {
            group.perform(job)?;
        }
        let written = group.finish(stake.syncs)?;
        db.prepare_cached("COMMIT")?.execute([])?;
        self.arrears.clear();
        Ok(written)
    }

    /// Nothing of the group is in the file.
    fn roll_back(&mut self, stake: &AtStake) {
        if let Some(file) = &self.file
            && !file.db.is_autocommit()
            && let Err(error) = file.db.execute_batch("ROLLBACK")
        {
            warn!(%error, "the history could not roll back");
        }
        for (id, standing) in &stake.standings {
            if self.arrears.len() < HISTORY_ARREARS {
                self.arrears.insert(*id, *standing);
            }
            self.ended.insert(*id, *standing);
        }
        let mut asked = stake.asked.clone();
        for id in self.bodies.rolled_back(&stake.pieces) {
            if !asked.contains(&id) {
                asked.push(id);
            }
        }
        for id in asked {
            self.tell(Done::NotDone { id });
        }
    }

    /// A group has failed; reading may work nevertheless. What would write is not done.
    fn look_nevertheless(&self, job: Job) {
        let Some(file) = &self.file else {
            return look::refuse(job)
                .into_iter()
                .for_each(|done| self.tell(done));
        };
        let is_backlog = matches!(job, Job::Backlog { .. });
        match look::perform(&file.db, self.tunnel, job) {
            Ok(found) => found.into_iter().for_each(|found| self.tell(found)),
            Err(_) if is_backlog => self.tell(look::no_backlog()),
            Err(_) => {}
        }
    }

    fn failed(&mut self, error: &rusqlite::Error) {
        let mut cause = with_causes(error);
        if is_damage(error)
            && let Some(aside) = self.replace(&cause)
        {
            cause = aside;
        }
        if !std::mem::replace(&mut self.is_failing, true) {
            self.tell(Done::Failing { cause });
        }
    }

    fn mended(&mut self) {
        if std::mem::replace(&mut self.is_failing, false) {
            self.tell(Done::Mended);
        }
    }

    /// Goes on with another file. Says what became of the one before, or why there is none.
    fn replace(&mut self, why: &str) -> Option<String> {
        self.replaced_at = Instant::now();
        for id in self.bodies.clear() {
            self.tell(Done::NotDone { id });
        }
        self.is_synced = false;
        let opened = match self.file.take() {
            Some(file) => file.reopen(why),
            None => OpenFile::open(&self.wanted),
        };
        let (mut file, notice) = match opened {
            Ok(opened) => opened,
            Err(error) => return Some(with_causes(&error)),
        };
        if let Some(name) = &self.name {
            match register(&mut file.db, name, false) {
                Ok(number) => self.tunnel = number,
                Err(error) => return Some(with_causes(&error)),
            }
        }
        self.file = Some(file);
        notice.set_aside.map(|aside| aside.to_string())
    }

    fn tell(&self, done: Done) {
        // Whoever put the jobs may have left.
        let _ = self.told.send(done);
    }
}

/// The number no tunnel has.
const NO_TUNNEL: i64 = 0;

/// How often it is tried whether a history that failed works again: each second.
const RETRY: Duration = Duration::from_secs(1);

/// How much CPU the thread of the last recorder took, for the test that prints it.
#[cfg(test)]
pub(super) static LAST_CPU: std::sync::Mutex<Duration> = std::sync::Mutex::new(Duration::ZERO);

#[cfg(test)]
fn note_cpu() {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    if let Ok(mut last) = LAST_CPU.lock() {
        *last = Duration::from_nanos(nanos.unwrap_or_default());
    }
}
