//! How jobs were started, as far as that was through the proxy.

use rusqlite::{OptionalExtension, Row, params};

use super::{Ledger, LedgerError, heard, time};
use crate::job::{JobId, Kind};
use crate::jobs::KnownJob;

/// The columns, in the order they are read.
const COLUMNS: &str = "id, started_at_us, path, kind, model, parameters, webhook_url,
    is_own_webhook, own_webhook_url";

impl Ledger {
    /// Notes a job that was started; one with the same id is replaced.
    pub fn note(&self, job: &KnownJob) -> Result<(), LedgerError> {
        self.change(1, |db| {
            heard(db, &job.id, job.started_at, false)?;
            db.prepare_cached(
                "INSERT OR REPLACE INTO krea_job (id, started_at_us, path, kind, model, parameters,
                     webhook_url, is_own_webhook, own_webhook_url)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                job.id.as_str(),
                job.started_at.as_microsecond(),
                job.path,
                job.kind.map(Kind::as_str),
                job.model,
                job.parameters,
                job.webhook_url,
                job.is_own_webhook,
                job.own_webhook_url,
            ])?;
            Ok(())
        })
    }

    /// The job with this id, if it was started through the proxy.
    pub fn find(&self, id: &JobId) -> Result<Option<KnownJob>, LedgerError> {
        let db = self.db();
        let sql = format!("SELECT {COLUMNS} FROM krea_job WHERE id = ?1");
        let mut select = db.prepare_cached(&sql)?;
        Ok(select.query_row([id.as_str()], read).optional()?)
    }

    /// So many jobs that were started through the proxy, the newest first.
    pub fn newest(&self, limit: usize) -> Result<Vec<KnownJob>, LedgerError> {
        self.started("", limit)
    }

    /// So many of those whose end nobody has told yet, the newest first.
    pub fn unfinished(&self, limit: usize) -> Result<Vec<KnownJob>, LedgerError> {
        self.started(
            "WHERE EXISTS (SELECT 1 FROM heard WHERE job_id = id AND is_over = 0)",
            limit,
        )
    }

    /// Whether any was started through the proxy, so that others are strange.
    pub fn knows_jobs(&self) -> Result<bool, LedgerError> {
        let db = self.db();
        let mut select = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM krea_job)")?;
        Ok(select.query_row([], |row| row.get(0))?)
    }

    fn started(&self, which: &str, limit: usize) -> Result<Vec<KnownJob>, LedgerError> {
        let db = self.db();
        let sql =
            format!("SELECT {COLUMNS} FROM krea_job {which} ORDER BY started_at_us DESC LIMIT ?1");
        let mut select = db.prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map([limit], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<KnownJob> {
    let kind: Option<String> = row.get(3)?;
    Ok(KnownJob {
        id: JobId::new(row.get::<_, String>(0)?),
        started_at: time(row.get(1)?),
        path: row.get(2)?,
        kind: kind.and_then(|name| Kind::ALL.into_iter().find(|kind| kind.as_str() == name)),
        model: row.get(4)?,
        parameters: row.get(5)?,
        webhook_url: row.get(6)?,
        is_own_webhook: row.get(7)?,
        own_webhook_url: row.get(8)?,
    })
}
