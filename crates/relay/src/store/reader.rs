//! Reads what is committed, beside the thread that writes: a drain must not wait for other
//! deliveries' fsyncs.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::schema;

/// A connection of its own, opened when it is first needed.
#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    connection: Mutex<Option<Connection>>,
}

impl Reader {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            connection: Mutex::new(None),
        }
    }

    /// Reads. Blocks: for threads that may.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut connection = self.connection();
        let open = match connection.take() {
            Some(open) => open,
            None => open_to_read(&self.path)?,
        };
        work(connection.insert(open))
    }

    /// Lets go of the file; the next read opens it anew.
    pub(super) fn close(&self) {
        self.connection().take();
    }

    fn connection(&self) -> std::sync::MutexGuard<'_, Option<Connection>> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a file without ever writing to it, not even to fold its log in.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(
        rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
        true,
    )?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -512)?;
    schema::harden(&connection)?;
    Ok(connection)
}
