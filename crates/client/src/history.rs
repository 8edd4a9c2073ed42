//! What this machine knows of deliveries and the attempts at them: one SQLite file that several
//! processes share.
//!
//! Passive: the driver puts [`Job`]s, one thread does them in order, many to a transaction, and
//! what came of them comes back as [`Done`]. Readers have connections of their own.

#[cfg(test)]
pub(crate) mod at_once;
mod attempts;
mod bodies;
mod ended;
mod error;
mod file;
mod fill;
mod fresh;
mod group;
mod job;
mod lock;
mod look;
mod markers;
mod pen;
mod queue;
mod reader;
mod record;
mod recorder;
mod register;
mod replays;
mod schema;
mod spare_time;
mod stake;
mod take_in;
mod tally;
#[cfg(test)]
mod tests;
mod trim;
mod words;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use kreel_wire::TunnelName;
use tokio::sync::mpsc;

pub use attempts::WITHHELD;
pub use error::HistoryError;
pub use file::{Newer, SetAside};
#[doc(hidden)]
pub use fill::fill;
pub use job::Standing;
pub(crate) use job::{
    Allotted, Changed, Done, Job, Known, Refused, StoredAnswer, StoredAttempt, Waiting,
};
pub(crate) use lock::WorkerLock;
pub use markers::Marker;
pub use pen::{Pen, Removed};
pub use reader::{
    Found, From, KeptAttempt, Last, Match, Page, Reader, Replays, Row, Scope, Totals, Whole,
};
pub(crate) use recorder::{Jobs, Recorder};
pub use take_in::MADE_HERE;

use file::OpenFile;

/// The history's file, open. Cheap to clone.
#[derive(Debug, Clone)]
pub struct History(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where the user wants it.
    path: PathBuf,
    /// A connection that is open anyway.
    spare: Mutex<Option<OpenFile>>,
    /// The locks this process holds.
    held: Arc<Mutex<HashSet<PathBuf>>>,
}

/// A history that is open, and what the user should be told about that.
#[derive(Debug)]
pub struct Opened {
    /// The history.
    pub history: History,
    /// What was there can't be used and is kept elsewhere.
    pub set_aside: Option<SetAside>,
    /// What is there is of a newer kreel, and is left alone.
    pub newer: Option<Newer>,
}

impl History {
    /// Opens the file, making it and its folder if they are absent. One that is damaged is set
    /// aside, one of a newer kreel is left alone; in both cases there is a history nevertheless.
    pub fn open(path: &Path) -> Result<Opened, HistoryError> {
        let (open, notice) = OpenFile::open(path)?;
        let history = Self(Arc::new(Inner {
            path: path.to_owned(),
            spare: Mutex::new(Some(open)),
            held: Arc::default(),
        }));
        Ok(Opened {
            history,
            set_aside: notice.set_aside,
            newer: notice.newer,
        })
    }

    /// A recorder for one tunnel at one relay, and what it says. If no other process works on that
    /// tunnel, what an earlier one left unfinished is tidied up first.
    pub(crate) fn recorder(
        &self,
        relay: &str,
        tunnel: &TunnelName,
    ) -> Result<(Recorder, mpsc::UnboundedReceiver<Done>), HistoryError> {
        let open = self.connection()?;
        // Held while it is tidied up, unless it is held anyway.
        let is_held = lock(&self.0.held).contains(&self.lock_path(relay, tunnel));
        let briefly = self.worker_lock(relay, tunnel).unwrap_or(None);
        let name = (relay.to_owned(), tunnel.clone());
        Recorder::start(open, Some(name), is_held || briefly.is_some())
    }

    /// A recorder of replays alone, of deliveries of any tunnel, and what it says.
    pub(crate) fn replay_recorder(
        &self,
    ) -> Result<(Recorder, mpsc::UnboundedReceiver<Done>), HistoryError> {
        Recorder::start(self.connection()?, None, false)
    }

    fn connection(&self) -> Result<OpenFile, HistoryError> {
        let spare = lock(&self.0.spare).take();
        match spare {
            Some(open) => Ok(open),
            None => Ok(OpenFile::open(&self.0.path)?.0),
        }
    }

    /// The right to work on what waits in a tunnel, if no other process has it. It ends with the
    /// guard, or with the process.
    pub(crate) fn worker_lock(
        &self,
        relay: &str,
        tunnel: &TunnelName,
    ) -> io::Result<Option<WorkerLock>> {
        WorkerLock::take(self.lock_path(relay, tunnel), &self.0.held)
    }

    fn lock_path(&self, relay: &str, tunnel: &TunnelName) -> PathBuf {
        lock::path(&self.0.path, relay, tunnel)
    }
}

/// Nothing panics half-way while it holds one of these.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
