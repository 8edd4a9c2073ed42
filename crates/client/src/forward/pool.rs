//! Idle connections to the app, the freshest on top.
//!
//! Nobody polls them while they lie here; one that the app has closed meanwhile is found out by
//! the attempt that takes it, which connects anew then.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::connection::Connection;
use crate::limits::{IDLE, IDLE_CONNECTIONS};

/// Connections at rest, with the time they came to it.
#[derive(Debug, Default)]
pub(super) struct Pool {
    idle: Mutex<Vec<(Instant, Connection)>>,
}

impl Pool {
    /// The connection used last, if that is not too long ago.
    pub(super) fn take(&self) -> Option<Connection> {
        loop {
            let (since, connection) = self.idle().pop()?;
            if since.elapsed() < IDLE {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next attempt, unless there are enough.
    pub(super) fn put(&self, connection: Connection) {
        let mut idle = self.idle();
        if idle.len() < IDLE_CONNECTIONS {
            idle.push((Instant::now(), connection));
        }
    }

    /// Closes those that have been idle for too long by `now`.
    pub(super) fn sweep(&self, now: Instant) {
        let mut idle = self.idle();
        let fresh = idle.partition_point(|(since, _)| now.duration_since(*since) >= IDLE);
        let expired: Vec<_> = idle.drain(..fresh).collect();
        drop(idle);
        drop(expired);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Connection)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.idle().len()
    }
}
