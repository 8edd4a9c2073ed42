//! Rows as lists show them, and all of one delivery.

use std::time::Duration;

use bytes::Bytes;
use kreel_wire::{Delivery, Headers, TunnelName};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::Standing;
use super::super::record::{HEAD, SUMMARY, head, headers, item, key, keys, summary};
use crate::{Summary, Timings};

/// A delivery in brief, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the history: later ones have higher numbers.
    pub number: i64,
    /// What came.
    pub summary: Summary,
    /// The relay it came from.
    pub relay: String,
    /// The tunnel it came through.
    pub tunnel: String,
    /// Where it stands.
    pub standing: Standing,
    /// How many attempts at it have been begun.
    pub attempts: u32,
    /// How the last one ended, once one has.
    pub last: Option<Last>,
    /// Whether its body is here to the last byte.
    pub is_complete: bool,
    /// Whether the user marked it.
    pub is_marked: bool,
    /// Whether it came again after it was finished. The app was not handed it again for that.
    pub is_duplicate: bool,
    /// The user's note on it.
    pub note: Option<String>,
    /// What replays there were.
    pub replays: Replays,
    /// What its head says its body is.
    pub content_type: Option<String>,
}

/// The attempts at a delivery that the user asked for, in brief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replays {
    /// How many there were.
    pub count: u32,
    /// Whether one of them was edited.
    pub is_edited: bool,
}

/// How an attempt ended, in brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// The status of the app's answer.
    pub status: Option<u16>,
    /// Why there was none, as a stable word.
    pub failure: Option<String>,
    /// How long it took.
    pub total: Duration,
}

/// All there is of a delivery, its body aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// It in brief.
    pub row: Row,
    /// Its head.
    pub delivery: Delivery,
    /// The attempts at it that are over, in order.
    pub attempts: Vec<KeptAttempt>,
}

impl Whole {
    /// The last attempt that tells what the app makes of it: neither edited nor sent elsewhere.
    pub fn own_attempt(&self) -> Option<&KeptAttempt> {
        let own = |attempt: &&KeptAttempt| !attempt.is_edited && attempt.other_target.is_none();
        self.attempts.iter().rev().find(own)
    }
}

/// An attempt that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAttempt {
    /// Which one, from 1.
    pub number: u32,
    /// When it began: microseconds since 1970, by this machine's clock.
    pub began_at_us: u64,
    /// Whether the user asked for it.
    pub is_replay: bool,
    /// Whether the user had changed the request.
    pub is_edited: bool,
    /// The method it was sent with.
    pub method: String,
    /// The body it was sent with, or as much of its beginning as is kept; none if it was the
    /// delivery's own.
    pub body: Option<Bytes>,
    /// The target it was handed to; none if that was the app.
    pub other_target: Option<String>,
    /// The URL it went to and the header lines as they were sent; none if nothing was sent.
    pub request: Option<(String, Headers)>,
    /// The status of the app's answer, also of one that broke off.
    pub status: Option<u16>,
    /// Why there was no complete answer: a stable word, and a sentence.
    pub failure: Option<(String, String)>,
    /// The header lines of the answer and its body, or as much of its beginning as is kept.
    pub answer: Option<(Headers, Bytes)>,
    /// How many bytes of answer there were.
    pub answer_bytes: Option<u64>,
    /// How long its parts took.
    pub timings: Timings,
}

/// The columns of a row, behind those of its summary.
pub(super) const REST: &str = "number, relay, name, standing, is_complete, is_marked, last_status,
    last_failure, last_us, note.text, headers, replayed, came_again";

/// What they are selected from, behind `delivery`.
pub(super) const JOINED: &str = "CROSS JOIN tunnel ON tunnel.id = tunnel_id
    LEFT JOIN note ON note.delivery = delivery.number";

pub(super) fn page(db: &Connection, before: i64, limit: usize) -> rusqlite::Result<Vec<Row>> {
    let sql = format!(
        "SELECT {SUMMARY}, {REST} FROM delivery {JOINED}
            WHERE number < ?1 ORDER BY number DESC LIMIT ?2"
    );
    let mut page = db.prepare_cached(&sql)?;
    page.query_map(params![before, limit], |found| with_extras(db, found))?
        .collect()
}

pub(super) fn page_of(
    db: &Connection,
    tunnel: &TunnelName,
    before: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    let ids: Vec<i64> = db
        .prepare_cached("SELECT id FROM tunnel WHERE name = ?1")?
        .query_map([tunnel.as_str()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let sql = format!(
        "SELECT {SUMMARY}, {REST} FROM delivery {JOINED}
            WHERE tunnel_id = ?3 AND number < ?1 ORDER BY number DESC LIMIT ?2"
    );
    let mut page = db.prepare_cached(&sql)?;
    let mut rows = Vec::new();
    // A name may be known from several relays.
    for id in ids {
        for found in page.query_map(params![before, limit, id], |found| with_extras(db, found))? {
            rows.push(found?);
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.number));
    rows.truncate(limit);
    Ok(rows)
}

pub(super) fn matching(
    db: &Connection,
    query: &str,
    before: i64,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    let numbers: Vec<i64> = db
        .prepare_cached(
            "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC
                LIMIT ?3",
        )?
        .query_map(params![query, before, limit], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let found = numbers.into_iter().map(|number| one(db, number));
    found.filter_map(Result::transpose).collect()
}

/// A row with all that lists show.
pub(super) fn with_extras(db: &Connection, found: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    complete(db, found, row(found)?)
}

/// Adds to a row what only those need that are shown.
pub(super) fn complete(
    db: &Connection,
    found: &rusqlite::Row<'_>,
    row: Row,
) -> rusqlite::Result<Row> {
    let replayed: u32 = found.get(20)?;
    Ok(Row {
        // Few have any: the others are not looked for.
        replays: match replayed {
            0 => Replays::default(),
            _ => replays(db, row.number)?,
        },
        content_type: value(found.get_ref(19)?.as_blob()?, b"content-type"),
        ..row
    })
}

/// What replays a delivery had.
pub(super) fn replays(db: &Connection, number: i64) -> rusqlite::Result<Replays> {
    let (least, most) = keys(number);
    db.prepare_cached(
        "SELECT count(*), coalesce(max(is_edited), 0) FROM attempt INDEXED BY attempt_replay
            WHERE is_replay = 1 AND key BETWEEN ?1 AND ?2",
    )?
    .query_row([least, most], |row| {
        Ok(Replays {
            count: row.get(0)?,
            is_edited: row.get(1)?,
        })
    })
}

/// The value of the first header of this name, in lines.
fn value(lines: &[u8], name: &[u8]) -> Option<String> {
    let mut lines = lines.split(|byte| *byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(b": "))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

pub(super) fn one(db: &Connection, number: i64) -> rusqlite::Result<Option<Row>> {
    let sql = format!(
        "SELECT {SUMMARY}, {REST} FROM delivery {JOINED}
            WHERE number = ?1"
    );
    db.prepare_cached(&sql)?
        .query_row([number], |found| with_extras(db, found))
        .optional()
}

/// Which answers are wanted of a delivery's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// All.
    All,
    /// That of the last one.
    Last,
    /// That of this one.
    Of(u32),
}

pub(super) fn whole(
    db: &Connection,
    number: i64,
    answers: Answers,
) -> rusqlite::Result<Option<Whole>> {
    let Some(row) = one(db, number)? else {
        return Ok(None);
    };
    let sql = format!("SELECT {HEAD} FROM delivery WHERE number = ?1");
    let delivery = db.prepare_cached(&sql)?.query_row([number], head)?;
    let (least, most) = keys(number);
    // Keys between these two are of attempts whose bodies are read.
    let (first, last) = match answers {
        Answers::All => (least, most),
        Answers::Last => db
            .prepare_cached(
                "SELECT coalesce(max(key), 0), coalesce(max(key), 0) FROM attempt
                    WHERE key BETWEEN ?1 AND ?2",
            )?
            .query_row([least, most], |found| Ok((found.get(0)?, found.get(1)?)))?,
        Answers::Of(attempt) => (key(number, attempt), key(number, attempt)),
    };
    let attempts = db
        .prepare_cached(&format!("SELECT {ATTEMPT} ORDER BY key"))?
        .query_map(
            params![least, most, &*delivery.method, first, last],
            attempt,
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Some(Whole {
        row,
        delivery,
        attempts,
    }))
}

pub(super) fn attempt_of(
    db: &Connection,
    number: i64,
    nth: u32,
) -> rusqlite::Result<Option<KeptAttempt>> {
    let method: Option<String> = db
        .prepare_cached("SELECT method FROM delivery WHERE number = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()?;
    let key = key(number, nth);
    db.prepare_cached(&format!("SELECT {ATTEMPT}"))?
        .query_row(params![key, key, method, key, key], attempt)
        .optional()
}

/// What an attempt is read from: those between two keys, of a delivery with that method; with
/// their bodies if they are between the two that follow, too.
const ATTEMPT: &str = "key, began_at_us, is_replay, url, request_headers, status, failure,
    failure_words, answer_headers,
    CASE WHEN key BETWEEN ?4 AND ?5 THEN answer_body END, answer_bytes, connect_us,
    first_byte_us, total_us, is_edited, coalesce(method, ?3),
    CASE WHEN key BETWEEN ?4 AND ?5 THEN body END, other_target
    FROM attempt WHERE key BETWEEN ?1 AND ?2";

/// A row from the columns above, without its extras.
pub(super) fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let total: Option<u64> = row.get(17)?;
    Ok(Row {
        summary: summary(row)?,
        attempts: row.get(7)?,
        number: row.get(9)?,
        relay: row.get(10)?,
        tunnel: row.get(11)?,
        standing: Standing::from_number(row.get(12)?)?,
        is_complete: row.get(13)?,
        is_marked: row.get(14)?,
        is_duplicate: row.get::<_, u32>(21)? > 0,
        note: row.get(18)?,
        replays: Replays::default(),
        content_type: None,
        last: match total {
            None => None,
            Some(total) => Some(Last {
                status: row.get(15)?,
                failure: row.get(16)?,
                total: Duration::from_micros(total),
            }),
        },
    })
}

fn attempt(row: &rusqlite::Row<'_>) -> rusqlite::Result<KeptAttempt> {
    let span = |column| {
        let micros: Option<u64> = row.get(column)?;
        Ok::<_, rusqlite::Error>(micros.map(Duration::from_micros))
    };
    let url: Option<String> = row.get(3)?;
    let failure: Option<String> = row.get(6)?;
    let body: Option<Vec<u8>> = row.get(9)?;
    Ok(KeptAttempt {
        number: item(row.get(0)?),
        began_at_us: row.get(1)?,
        is_replay: row.get(2)?,
        is_edited: row.get(14)?,
        method: row.get(15)?,
        body: row.get::<_, Option<Vec<u8>>>(16)?.map(Bytes::from),
        other_target: row.get(17)?,
        request: match url {
            Some(url) => Some((url, headers(row, 4)?)),
            None => None,
        },
        status: row.get(5)?,
        failure: match failure {
            Some(code) => Some((code, row.get(7)?)),
            None => None,
        },
        answer: match body {
            Some(body) => Some((headers(row, 8)?, body.into())),
            None => None,
        },
        answer_bytes: row.get(10)?,
        timings: Timings {
            connect: span(11)?,
            first_byte: span(12)?,
            total: span(13)?.unwrap_or_default(),
        },
    })
}
