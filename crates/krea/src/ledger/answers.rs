//! The newest answer of the API about each job.

use rusqlite::{OptionalExtension, params};

use super::{Ledger, LedgerError, heard, time};
use crate::ask::ApiAnswer;
use crate::job::{Job, JobId, Reading};
use crate::status::Status;

impl Ledger {
    /// Notes what the API said of a job, in place of what it said before.
    pub fn answered(&self, id: &JobId, answer: &ApiAnswer) -> Result<(), LedgerError> {
        self.change(1, |db| {
            if let Some(job) = answer.reading.as_ref().and_then(Reading::job) {
                heard(db, id, born(job, answer), is_over(job))?;
            }
            let status = if answer.reading.is_some() { 200 } else { 404 };
            db.prepare_cached("INSERT OR REPLACE INTO answer VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![
                    id.as_str(),
                    answer.asked_at.as_microsecond(),
                    status,
                    &answer.body[..],
                ])?;
            Ok(())
        })
    }

    /// What the API said last of a job.
    pub fn answer(&self, id: &JobId) -> Result<Option<ApiAnswer>, LedgerError> {
        let db = self.db();
        let mut select = db.prepare_cached(
            "SELECT asked_at_us, http_status, body FROM answer WHERE job_id = ?1",
        )?;
        let found = select.query_row([id.as_str()], |row| {
            let body: Vec<u8> = row.get(2)?;
            let asked_at = time(row.get(0)?);
            Ok(match row.get::<_, u16>(1)? {
                404 => ApiAnswer::unknown(asked_at, body.into()),
                _ => ApiAnswer::of(asked_at, body.into()),
            })
        });
        Ok(found.optional()?)
    }
}

fn is_over(job: &Job) -> bool {
    job.status.as_ref().is_some_and(Status::is_terminal)
}

/// When the job was made, by the API's word unless that is in the future.
fn born(job: &Job, answer: &ApiAnswer) -> jiff::Timestamp {
    let created_at = job.created_at.at().unwrap_or(answer.asked_at);
    created_at.min(answer.asked_at)
}
