//! Whether a row is what is looked for; its headers and its body are read only if they decide.

use kreel_inspect::filter::{Filter, Flag, Flags, Subject};
use rusqlite::{Connection, OptionalExtension as _};

use super::plan::Plan;
use super::rows::{Row, replays};
use crate::history::Standing;
use crate::history::attempts::WITHHELD;
use crate::history::record::{headers, keys};
use crate::limits::HISTORY_FILTERED_BYTES;

/// Judges rows.
pub(super) struct Judge<'a> {
    db: &'a Connection,
    plan: &'a Plan,
    now_us: u64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(db: &'a Connection, plan: &'a Plan, now_us: u64) -> Self {
        Self { db, plan, now_us }
    }

    /// Whether it came through the tunnel that is looked at.
    pub(super) fn is_of_tunnel(&self, row: &Row) -> bool {
        let tunnel = self.plan.tunnel.as_ref();
        tunnel.is_none_or(|tunnel| *tunnel == row.tunnel)
    }

    /// Whether a filter picks it; all are picked if there is none.
    pub(super) fn accepts(&self, row: &Row, filter: Option<&Filter>) -> rusqlite::Result<bool> {
        let Some(filter) = filter else {
            return Ok(true);
        };
        let mut subject = row.subject(self.now_us);
        if self.plan.needs_replays {
            let replays = replays(self.db, row.number)?;
            let flags = subject.flags.with(Flag::Replay, replays.count > 0);
            subject.flags = flags.with(Flag::Edited, replays.is_edited);
        }
        if let Some(is_accepted) = filter.decide(&subject) {
            return Ok(is_accepted);
        }
        with_contents(self.db, row.number, filter, subject)
    }
}

/// Whether a filter picks a delivery. None if it is not in the file, or not whole.
pub(super) fn judge(
    db: &Connection,
    filter: &Filter,
    subject: Subject<'_>,
) -> rusqlite::Result<Option<bool>> {
    let number = db
        .prepare_cached("SELECT number FROM delivery WHERE id = ?1 AND is_complete = 1")?
        .query_row([subject.id.as_bytes()], |found| found.get(0))
        .optional()?;
    let judged = number.map(|number| with_contents(db, number, filter, subject));
    judged.transpose()
}

fn with_contents(
    db: &Connection,
    number: i64,
    filter: &Filter,
    subject: Subject<'_>,
) -> rusqlite::Result<bool> {
    let lines = db
        .prepare_cached("SELECT headers FROM delivery WHERE number = ?1")?
        .query_row([number], |found| headers(found, 0))?;
    let mut subject: Subject<'_> = subject;
    subject.headers = Some(&lines);
    if let Some(is_accepted) = filter.decide(&subject) {
        return Ok(is_accepted);
    }
    let body = body(db, number)?;
    subject.body = Some(&body);
    Ok(filter.matches(&subject))
}

impl Row {
    /// The row as a filter sees it, without headers and body.
    pub fn subject(&self, now_us: u64) -> Subject<'_> {
        let last = self.last.as_ref();
        let failure = last.and_then(|last| last.failure.as_deref());
        let has_failed = failure.is_some_and(|failure| failure != WITHHELD);
        let is = |standing| self.standing == standing;
        let flags = Flags::default()
            .with(Flag::Replay, self.replays.count > 0)
            .with(Flag::Edited, self.replays.is_edited)
            .with(Flag::Failed, is(Standing::Failed) || has_failed)
            .with(Flag::Marked, self.is_marked)
            .with(Flag::Waiting, is(Standing::Waiting) || is(Standing::Live))
            .with(Flag::Duplicate, self.is_duplicate)
            .with(Flag::Noted, self.note.is_some())
            .with(Flag::Queued, self.summary.kind == kreel_wire::Kind::Queued)
            .with(Flag::Answered, is(Standing::Answered))
            .with(Flag::Captured, is(Standing::Captured))
            .with(Flag::Lost, is(Standing::Lost))
            .with(Flag::Broken, is(Standing::BrokenOff))
            .signed(self.summary.signature);
        Subject {
            id: self.summary.id,
            seq: self.summary.seq.0,
            tunnel: &self.tunnel,
            method: &self.summary.method,
            target: &self.summary.target,
            headers: None,
            body: None,
            size_bytes: self.summary.size_bytes,
            received_at_us: self.summary.received_at_us,
            now_us,
            status: last.and_then(|last| last.status),
            took: last.map(|last| last.total),
            note: self.note.as_deref(),
            flags,
        }
    }
}

/// A body, or as much of its beginning as is looked through.
fn body(db: &Connection, number: i64) -> rusqlite::Result<Vec<u8>> {
    let (least, most) = keys(number);
    let mut pieces =
        db.prepare_cached("SELECT bytes FROM piece WHERE key BETWEEN ?1 AND ?2 ORDER BY key")?;
    let mut pieces = pieces.query([least, most])?;
    let mut body = Vec::new();
    while body.len() < HISTORY_FILTERED_BYTES
        && let Some(piece) = pieces.next()?
    {
        body.extend_from_slice(piece.get_ref(0)?.as_blob()?);
    }
    Ok(body)
}
