//! Started jobs in a SQLite file, so that a later run knows them too.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use thiserror::Error;

use super::store::JobStore;
use crate::job::{JobId, Kind};
use crate::jobs::KnownJob;

/// Each migration once, oldest first; the file's `user_version` counts those it has had. They are
/// only ever added. Times are microseconds since 1970.
const MIGRATIONS: [&str; 1] = ["CREATE TABLE krea_job (
        id TEXT PRIMARY KEY,
        started_at_us INTEGER NOT NULL,
        path TEXT NOT NULL,
        kind TEXT,
        model TEXT,
        parameters TEXT,
        webhook_url TEXT,
        is_own_webhook INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX krea_job_started ON krea_job (started_at_us);"];

/// The columns, in the order they are read.
const COLUMNS: &str =
    "id, started_at_us, path, kind, model, parameters, webhook_url, is_own_webhook";

/// How long a write waits for another process to finish its own: 2 s, thousands of times what one
/// takes.
const BUSY: Duration = Duration::from_secs(2);

/// Jobs in a file. Several processes may use it at once.
#[derive(Debug)]
pub struct JobsInFile(Mutex<Connection>);

/// Why a file of jobs can't be used.
#[derive(Debug, Error)]
pub enum JobsError {
    /// It can't be made or opened.
    #[error("the file can't be opened")]
    Open(#[from] io::Error),
    /// SQLite can't use it.
    #[error("the file is not one of jobs")]
    Database(#[from] rusqlite::Error),
    /// A newer kreel wrote it.
    #[error("a newer kreel wrote this file (version {found}, known here: {known})")]
    Newer {
        /// Its version.
        found: usize,
        /// The newest version known here.
        known: usize,
    },
}

impl JobsInFile {
    /// Opens the file, and makes it if there is none: its owner's alone.
    pub fn open(path: &Path) -> Result<Self, JobsError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        private(path)?;
        let mut db = Connection::open(path)?;
        db.busy_timeout(BUSY)?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // What a crash of the machine takes from it are the jobs of its last moments.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        migrate(&mut db)?;
        Ok(Self(Mutex::new(db)))
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        // A connection is whole after any panic: SQLite rolls back what was not committed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_note(&self, job: &KnownJob) -> rusqlite::Result<usize> {
        let db = self.db();
        let mut insert = db.prepare_cached(
            "INSERT INTO krea_job (id, started_at_us, path, kind, model, parameters, webhook_url,
                 is_own_webhook)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (id) DO UPDATE SET started_at_us = ?2, path = ?3, kind = ?4, model = ?5,
                 parameters = ?6, webhook_url = ?7, is_own_webhook = ?8",
        )?;
        insert.execute(params![
            job.id.as_str(),
            job.started_at.as_microsecond(),
            job.path,
            job.kind.map(Kind::as_str),
            job.model,
            job.parameters,
            job.webhook_url,
            job.is_own_webhook,
        ])
    }

    fn try_find(&self, id: &JobId) -> rusqlite::Result<Option<KnownJob>> {
        let db = self.db();
        let sql = format!("SELECT {COLUMNS} FROM krea_job WHERE id = ?1");
        let mut select = db.prepare_cached(&sql)?;
        select.query_row([id.as_str()], read).optional()
    }

    fn try_newest(&self, limit: usize) -> rusqlite::Result<Vec<KnownJob>> {
        let db = self.db();
        let sql = format!("SELECT {COLUMNS} FROM krea_job ORDER BY started_at_us DESC LIMIT ?1");
        let mut select = db.prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map([limit], read)?;
        rows.collect()
    }
}

/// What can't be noted is told in the log; calls go on.
impl JobStore for JobsInFile {
    fn note(&self, job: KnownJob) {
        if let Err(error) = self.try_note(&job) {
            tracing::error!(%error, "a job could not be noted");
        }
    }

    fn find(&self, id: &JobId) -> Option<KnownJob> {
        self.try_find(id).unwrap_or_else(|error| {
            tracing::error!(%error, "a job could not be looked up");
            None
        })
    }

    fn newest(&self, limit: usize) -> Vec<KnownJob> {
        self.try_newest(limit).unwrap_or_else(|error| {
            tracing::error!(%error, "jobs could not be listed");
            Vec::new()
        })
    }
}

fn migrate(db: &mut Connection) -> Result<(), JobsError> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: usize = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = MIGRATIONS.len();
    if found > known {
        return Err(JobsError::Newer { found, known });
    }
    for migration in &MIGRATIONS[found..] {
        change.execute_batch(migration)?;
    }
    change.pragma_update(None, "user_version", known)?;
    change.commit()?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<KnownJob> {
    let kind: Option<String> = row.get(3)?;
    Ok(KnownJob {
        id: JobId::new(row.get::<_, String>(0)?),
        started_at: Timestamp::from_microsecond(row.get(1)?).unwrap_or_default(),
        path: row.get(2)?,
        kind: kind.and_then(|name| Kind::ALL.into_iter().find(|kind| kind.as_str() == name)),
        model: row.get(4)?,
        parameters: row.get(5)?,
        webhook_url: row.get(6)?,
        is_own_webhook: row.get(7)?,
    })
}

/// Makes the file its owner's alone before anything is in it.
fn private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn job(id: &str, second: i64) -> KnownJob {
        KnownJob {
            id: JobId::new(id),
            path: "/generate/3d/acme/solid".to_owned(),
            kind: Some(Kind::Model),
            model: Some("acme/solid".to_owned()),
            parameters: Some("{\"prompt\":\"a fox\"}".to_owned()),
            started_at: Timestamp::from_second(second).unwrap(),
            webhook_url: Some("https://relay.example/t".to_owned()),
            is_own_webhook: true,
        }
    }

    #[test]
    fn a_later_run_knows_the_jobs_of_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/jobs.db");
        let store = JobsInFile::open(&path).unwrap();
        for second in [2, 3, 1] {
            store.note(job(&second.to_string(), second));
        }
        let changed = KnownJob {
            parameters: None,
            ..job("2", 2)
        };
        store.note(changed.clone());
        drop(store);
        let store = JobsInFile::open(&path).unwrap();
        assert_eq!(store.newest(2), [job("3", 3), changed.clone()]);
        assert_eq!(store.find(&JobId::new("2")), Some(changed));
        assert_eq!(store.find(&JobId::new("4")), None);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn several_may_write_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.db");
        let stores = [(); 4].map(|()| JobsInFile::open(&path).unwrap());
        std::thread::scope(|scope| {
            for (at, store) in stores.iter().enumerate() {
                scope.spawn(move || (0..25).for_each(|n| store.note(job(&format!("{at}-{n}"), n))));
            }
        });
        assert_eq!(stores[0].newest(1_000).len(), 100);
    }

    #[test]
    fn a_newer_file_is_left_alone_and_a_strange_one_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.db");
        drop(JobsInFile::open(&path).unwrap());
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
        drop(db);
        assert!(matches!(
            JobsInFile::open(&path),
            Err(JobsError::Newer { found: 99, .. })
        ));
        let strange = folder.path().join("strange");
        fs::write(
            &strange,
            "this is no database, but long enough to be taken for one",
        )
        .unwrap();
        assert!(matches!(
            JobsInFile::open(&strange),
            Err(JobsError::Database(_))
        ));
        assert!(fs::read(&strange).unwrap().starts_with(b"this is no"));
    }
}
