//! The store's one thread: takes jobs in order, many to a transaction, and tells those who wait
//! once the transaction is on disk. Between them it writes the log and trims the ring.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tracing::{error, info, warn};

use super::damage::{check, is_damage, replace};
use super::job::{Job, Need, Task};
use super::parts::Parts;
use super::upkeep::{Flush, Trim};
use super::{rows, schema};
use crate::error::StoreError;
use crate::limits::{LOG_PAUSE, LOG_PAUSE_BUSY, MEND_AGAIN, STORE_GROUP, TRIM_EVERY, TRIM_PAUSE};

/// A job and what it needs.
type Work = (Need, Box<dyn Task>);

/// What the thread owns.
pub(super) struct Writer {
    /// Absent while the file can't be had.
    db: Option<Connection>,
    jobs: mpsc::Receiver<Job>,
    parts: Arc<Parts>,
    runtime: Runtime,
    /// Whether commits are synced as it is set now.
    synced: bool,
    /// When the log is written next, if there is something in it.
    flush_at: Option<Instant>,
    pause: Duration,
    trim_at: Instant,
    failing: bool,
    /// When a damaged file was last tried to be replaced, if that failed.
    mend_failed_at: Option<Instant>,
    /// Jobs that had to be on disk, and the commits that put them there.
    synced_jobs: u64,
    synced_commits: u64,
}

enum Wake {
    Job(Job),
    Log,
    Due,
    Closed,
}

impl Writer {
    pub(super) fn new(
        db: Connection,
        jobs: mpsc::Receiver<Job>,
        parts: Arc<Parts>,
    ) -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        Ok(Self {
            db: Some(db),
            jobs,
            parts,
            runtime,
            synced: true,
            flush_at: None,
            pause: LOG_PAUSE,
            trim_at: Instant::now(),
            failing: false,
            mend_failed_at: None,
            synced_jobs: 0,
            synced_commits: 0,
        })
    }

    /// Runs until told to stop or nobody is left to ask.
    pub(super) fn run(mut self) {
        let mut group = Vec::with_capacity(STORE_GROUP);
        loop {
            let mut stop = false;
            match self.wait() {
                Wake::Job(job) => stop = self.take_group(job, &mut group),
                Wake::Log => self.flush_at = Some(Instant::now() + self.pause),
                Wake::Due => {}
                Wake::Closed => stop = true,
            }
            self.add_upkeep(&mut group, stop);
            if !group.is_empty() {
                self.commit(&mut group);
            }
            if stop {
                break;
            }
        }
        self.parts.reader.close();
        info!(
            jobs = self.synced_jobs,
            commits = self.synced_commits,
            "the store is closed"
        );
        if let Some(db) = &self.db {
            // Folds the log into the file; without it the next start does the same.
            let _ = db.pragma_update(None, "synchronous", "full");
            let _ = db.query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(()));
        }
    }

    fn wait(&mut self) -> Wake {
        if let Ok(job) = self.jobs.try_recv() {
            return Wake::Job(job);
        }
        let Self {
            runtime,
            jobs,
            parts,
            flush_at,
            trim_at,
            ..
        } = self;
        let due = flush_at.map_or(*trim_at, |at| at.min(*trim_at));
        runtime.block_on(async {
            tokio::select! {
                biased;
                job = jobs.recv() => job.map_or(Wake::Closed, Wake::Job),
                () = parts.log.noticed.notified(), if flush_at.is_none() => Wake::Log,
                () = sleep_until(due) => Wake::Due,
            }
        })
    }

    /// Gathers what is there already; whether it is the last.
    fn take_group(&mut self, first: Job, group: &mut Vec<Work>) -> bool {
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Do(need, task) => group.push((need, task)),
                Job::Mend => self.mend_if_damaged(),
                Job::Stop => return true,
            }
            next = (group.len() < STORE_GROUP)
                .then(|| self.jobs.try_recv().ok())
                .flatten();
        }
        false
    }

    /// Adds what is due of the log and the ring: it shares the group's transaction, if there is
    /// one, and its sync.
    fn add_upkeep(&mut self, group: &mut Vec<Work>, last: bool) {
        let now = Instant::now();
        let asked = self.parts.flush_now.swap(false, Ordering::Relaxed);
        if self.parts.trim_again.swap(false, Ordering::Relaxed) {
            self.flush_at = Some(now + TRIM_PAUSE);
        } else if self.flush_at.is_none() && !self.parts.settled().is_empty() {
            self.flush_at = Some(now + self.pause);
        }
        if last || asked || self.flush_at.is_some_and(|at| at <= now) {
            let flush = Flush::new(&self.parts);
            self.pause = match flush.overflowed() {
                true => LOG_PAUSE_BUSY,
                false => LOG_PAUSE,
            };
            self.flush_at = None;
            group.push((Need::Write, Box::new(flush)));
            group.push((Need::Write, Box::new(Trim::new(&self.parts))));
        } else if self.trim_at <= now {
            group.push((Need::Write, Box::new(Trim::new(&self.parts))));
        }
        if self.trim_at <= now {
            self.trim_at = now + TRIM_EVERY;
        }
    }

    /// One transaction for all; if that fails, one for each, so that a job fails for its own
    /// reasons only.
    fn commit(&mut self, group: &mut Vec<Work>) {
        match self.together(group) {
            Ok(()) => {
                self.works();
                let jobs = group.iter().filter(|(need, _)| *need == Need::Sync).count();
                self.synced_jobs += jobs as u64;
                self.synced_commits += u64::from(jobs > 0);
                group.drain(..).for_each(|(_, task)| task.finish(Ok(())));
            }
            Err(_) => group.drain(..).for_each(|work| self.alone(work)),
        }
    }

    fn alone(&mut self, mut work: Work) {
        let mut done = self.together(std::slice::from_mut(&mut work));
        if let Err(StoreError::Sqlite(error)) = &done
            && is_damage(error)
            && self.mend(error.to_string())
        {
            done = self.together(std::slice::from_mut(&mut work));
        }
        match &done {
            Ok(()) => self.works(),
            Err(error) => self.fails(error),
        }
        work.1.finish(done);
    }

    fn together(&mut self, group: &mut [Work]) -> Result<(), StoreError> {
        let need = group.iter().map(|(need, _)| *need).max();
        let need = need.unwrap_or(Need::Read);
        let db = match &mut self.db {
            Some(db) => db,
            absent => absent.insert(schema::open(&self.parts.path)?),
        };
        if need != Need::Read && self.synced != (need == Need::Sync) {
            // In WAL mode FULL syncs the log at each commit, NORMAL does not.
            let how = if self.synced { "normal" } else { "full" };
            db.pragma_update(None, "synchronous", how)?;
            self.synced = !self.synced;
        }
        // At once for writing: another process may write between a group's first read and first
        // write, and the group would fail.
        let behaviour = match need {
            Need::Read => TransactionBehavior::Deferred,
            Need::Write | Need::Sync => TransactionBehavior::Immediate,
        };
        let transaction = db.transaction_with_behavior(behaviour)?;
        for (_, task) in group {
            task.perform(&transaction)?;
        }
        Ok(transaction.commit()?)
    }

    fn works(&mut self) {
        if std::mem::take(&mut self.failing) {
            info!("the store can be written to again");
        }
    }

    fn fails(&mut self, error: &StoreError) {
        if !std::mem::replace(&mut self.failing, true) {
            error!(%error, cause = ?error,
                "the store can't be written to; senders get 503 until it can");
        }
    }

    /// Somebody could not read what must be readable.
    fn mend_if_damaged(&mut self) {
        let found = self.db.as_ref().map(check);
        match found {
            Some(Ok(Some(cause))) => {
                self.mend(cause);
            }
            Some(Err(error)) if is_damage(&error) => {
                self.mend(error.to_string());
            }
            _ => warn!("what could not be read is no damage of the file as a whole"),
        }
    }

    /// Sets the file aside and goes on with a new one; whether that could be done.
    fn mend(&mut self, cause: String) -> bool {
        let just_failed = |at: Instant| at.elapsed() < MEND_AGAIN;
        if self.mend_failed_at.is_some_and(just_failed) {
            return false;
        }
        self.parts.reader.close();
        if let Some(db) = self.db.take() {
            // As it is: closing it would fold its log in.
            let keep_log = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let _ = db.set_db_config(keep_log, true);
        }
        self.synced = true;
        let mended = replace(&self.parts.path, cause).and_then(|damage| {
            error!("{damage}");
            let db = schema::open(&self.parts.path)?;
            self.parts.recount(&db).map_err(StoreError::from)?;
            rows::tidy(&db).map_err(StoreError::from)?;
            self.db = Some(db);
            Ok(())
        });
        self.mend_failed_at = mended.is_err().then(Instant::now);
        if let Err(error) = &mended {
            error!(%error, cause = ?error, "the damaged file could not be replaced");
        }
        mended.is_ok()
    }
}
