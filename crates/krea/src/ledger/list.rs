//! All jobs of a history, a page at a time, the newest first.

use jiff::Timestamp;
use rusqlite::params;

use super::{Ledger, LedgerError, time};
use crate::job::JobId;

/// Where a job stands in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The job.
    pub job: JobId,
    /// Since when it is known of: when it was started, or created, or first told of.
    pub at: Timestamp,
}

impl Ledger {
    /// So many jobs: those started through the proxy, those the API told of, and those this history
    /// has webhooks about; `before`: only those behind that place.
    pub fn places(
        &self,
        history: &str,
        before: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Place>, LedgerError> {
        let db = self.db();
        let mut select = db.prepare_cached(
            "SELECT job_id, at_us FROM heard AS h WHERE (at_us, job_id) < (?1, ?2)
                AND (EXISTS (SELECT 1 FROM seen WHERE job_id = h.job_id AND history = ?3)
                    OR EXISTS (SELECT 1 FROM krea_job WHERE id = h.job_id)
                    OR EXISTS (SELECT 1 FROM answer WHERE job_id = h.job_id))
                ORDER BY at_us DESC, job_id DESC LIMIT ?4",
        )?;
        let (at, id) = match before {
            Some(place) => (place.at.as_microsecond(), place.job.as_str()),
            None => (i64::MAX, ""),
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map(params![at, id, history, limit], |row| {
            Ok(Place {
                job: JobId::new(row.get::<_, String>(0)?),
                at: time(row.get(1)?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The place of this job, if anyone told of it.
    pub fn place(&self, id: &JobId) -> Result<Option<Place>, LedgerError> {
        Ok(self
            .beginning_with(id.as_str(), 2)?
            .into_iter()
            .find(|place| place.job == *id))
    }

    /// So many jobs whose id begins like this.
    pub fn beginning_with(&self, text: &str, limit: usize) -> Result<Vec<Place>, LedgerError> {
        let db = self.db();
        let mut select = db.prepare_cached(
            "SELECT job_id, at_us FROM heard WHERE job_id >= ?1 AND substr(job_id, 1, length(?1)) = ?1
                ORDER BY job_id LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map(params![text, limit], |row| {
            Ok(Place {
                job: JobId::new(row.get::<_, String>(0)?),
                at: time(row.get(1)?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
