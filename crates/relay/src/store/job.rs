//! A job for the store's thread: work inside a transaction, and what follows once that is
//! committed. Work may be done a second time when a whole group failed because of one job.

use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::error::StoreError;

/// What a job needs of the transaction it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Nothing is written.
    Read,
    /// It is written, and need not outlive a power cut: the next commit that must takes it along.
    Write,
    /// It is on disk when the answer comes.
    Sync,
}

/// Something for the thread to do.
pub(super) enum Job {
    /// Work.
    Do(Need, Box<dyn Task>),
    /// The file has shown to be damaged to somebody who reads it.
    Mend,
    /// Nothing more comes.
    Stop,
}

/// Work inside a transaction.
pub(super) trait Task: Send {
    /// Does it.
    fn perform(&mut self, db: &Connection) -> rusqlite::Result<()>;
    /// Tells whoever waits what came of it.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Asked<T, W, C> {
    work: W,
    done: Option<T>,
    then: C,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl Job {
    /// A job whose result somebody waits for. `then` runs first, and only if it was committed.
    pub(super) fn asked<T, W, C>(
        need: Need,
        work: W,
        then: C,
    ) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
        C: FnOnce(&T) + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let asked = Asked {
            work,
            done: None,
            then,
            reply,
        };
        (Self::Do(need, Box::new(asked)), answer)
    }
}

impl<T, W, C> Task for Asked<T, W, C>
where
    T: Send,
    W: FnMut(&Connection) -> rusqlite::Result<T> + Send,
    C: FnOnce(&T) + Send,
{
    fn perform(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.done = Some((self.work)(db)?);
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self {
            done, then, reply, ..
        } = *self;
        let result = committed.and_then(|()| done.ok_or(StoreError::Closed));
        match &result {
            Ok(value) => then(value),
            // Room that it holds is given back before anybody is told.
            Err(_) => drop(then),
        }
        // Whoever asked may have left meanwhile.
        let _ = reply.send(result);
    }
}
