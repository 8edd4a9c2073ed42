//! Which webhooks of a history are about which job, and up to where the history was read.
//!
//! A history is known by a name, the path of its file; what is in it stays there.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};

use super::{Ledger, LedgerError, heard, time};
use crate::job::{Job, JobId, Reading};
use crate::limits::{LEDGER_ID_BYTES, LEDGER_SEEN_PER_JOB};
use crate::status::Status;

/// A webhook of a history that names a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The delivery's id, as text.
    pub delivery_id: String,
    /// Its number in the history.
    pub number: i64,
    /// The job it is about.
    pub job: JobId,
    /// When the relay received it.
    pub received_at: Timestamp,
    /// The same for the same body.
    pub digest: u64,
    /// The state it told.
    pub status: Option<Status>,
    /// Whether kreel made it itself.
    pub is_synthesised: bool,
}

impl Seen {
    /// What a webhook says, if it names a job. Ids that are too long for any list are left out.
    pub fn of(
        (delivery_id, number): (String, i64),
        received_at: Timestamp,
        body: &[u8],
        is_synthesised: bool,
    ) -> Option<Self> {
        let reading = Reading::of(body);
        let job: &Job = reading.job()?;
        let id = job.id.clone()?;
        (id.as_str().len() <= LEDGER_ID_BYTES).then(|| Self {
            delivery_id,
            number,
            job: id,
            received_at,
            digest: digest(body),
            status: job.status.clone(),
            is_synthesised,
        })
    }
}

/// FNV-1a: the same in every version of this program, as a file of several runs needs it. It tells
/// repeats, and proves nothing.
pub(crate) fn digest(body: &[u8]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    body.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

/// The columns, in the order they are read.
const COLUMNS: &str = "delivery_id, number, job_id, received_at_us, digest, status, is_synthesised";

impl Ledger {
    /// Up to which number a history was read; 0 if it was not.
    pub fn reached(&self, history: &str) -> Result<i64, LedgerError> {
        let db = self.db();
        let mut select = db.prepare_cached("SELECT number FROM reached WHERE history = ?1")?;
        let number = select.query_row([history], |row| row.get(0)).optional()?;
        Ok(number.unwrap_or(0))
    }

    /// Notes webhooks of a history, and up to where it was read. One that was noted before is
    /// noted anew; of one job a thousand are noted.
    pub fn see(&self, history: &str, all: &[Seen], reached: i64) -> Result<(), LedgerError> {
        self.change(all.len(), |db| {
            for one in all {
                let is_over = one.status.as_ref().is_some_and(Status::is_terminal);
                heard(db, &one.job, one.received_at, is_over)?;
                db.prepare_cached(
                    "INSERT INTO seen (history, delivery_id, number, job_id, received_at_us, digest,
                         status, is_synthesised)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE ?9 >
                         (SELECT count(*) FROM seen WHERE job_id = ?4 AND history = ?1)
                     ON CONFLICT DO UPDATE SET number = ?3, job_id = ?4, received_at_us = ?5,
                         digest = ?6, status = ?7, is_synthesised = ?8",
                )?
                .execute(params![
                    history,
                    one.delivery_id,
                    one.number,
                    one.job.as_str(),
                    one.received_at.as_microsecond(),
                    one.digest.cast_signed(),
                    one.status.as_ref().map(Status::as_str),
                    one.is_synthesised,
                    LEDGER_SEEN_PER_JOB,
                ])?;
            }
            db.prepare_cached("INSERT OR REPLACE INTO reached VALUES (?1, ?2)")?
                .execute(params![history, reached])?;
            Ok(())
        })
    }

    /// The webhooks of a history about a job, in the order they came.
    pub fn seen(&self, history: &str, job: &JobId) -> Result<Vec<Seen>, LedgerError> {
        let db = self.db();
        let sql = format!(
            "SELECT {COLUMNS} FROM seen WHERE job_id = ?1 AND history = ?2
                ORDER BY number, received_at_us"
        );
        let mut select = db.prepare_cached(&sql)?;
        let rows = select.query_map(params![job.as_str(), history], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// So many of a history's webhooks, the newest first; those kreel made itself are not among
    /// them.
    pub fn last_seen(&self, history: &str, limit: usize) -> Result<Vec<Seen>, LedgerError> {
        let db = self.db();
        let sql = format!(
            "SELECT {COLUMNS} FROM seen WHERE history = ?1 AND is_synthesised = 0
                ORDER BY number DESC LIMIT ?2"
        );
        let mut select = db.prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map(params![history, limit], read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Seen> {
    Ok(Seen {
        delivery_id: row.get(0)?,
        number: row.get(1)?,
        job: JobId::new(row.get::<_, String>(2)?),
        received_at: time(row.get(3)?),
        digest: row.get::<_, i64>(4)?.cast_unsigned(),
        status: row
            .get::<_, Option<String>>(5)?
            .map(|name| Status::of(&name)),
        is_synthesised: row.get(6)?,
    })
}
