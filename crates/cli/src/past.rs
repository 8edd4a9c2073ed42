//! What came to this machine, as commands look it up: by id, by filter, with its body.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use kreel_client::filter::{Filter, Term};
use kreel_client::inert::inert;
use kreel_client::{DeliveryId, From, HistoryError, KeptAttempt, Match, Reader, Row, Scope, Whole};
use kreel_inspect::cassette::Masks;
use kreel_inspect::export::{Answer, Exchange, Request, Timings};
use kreel_wire::TunnelName;

use crate::args::{Filtered, HistoryPlace, When};
use crate::filters;
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result, of_history};
use crate::terminal::say;

/// A history that is there.
#[derive(Debug)]
pub(crate) struct Past {
    /// For all that is looked up in other ways.
    pub(crate) reader: Reader,
    path: PathBuf,
}

/// A delivery that was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pick {
    /// Its number in the history.
    pub(crate) number: i64,
    /// Its id.
    pub(crate) id: DeliveryId,
    /// When it was received: microseconds since 1970.
    pub(crate) received_at_us: u64,
}

/// A delivery with its body.
#[derive(Debug)]
pub(crate) struct Taken {
    /// All of it but the body.
    pub(crate) whole: Whole,
    /// Its body.
    pub(crate) body: Bytes,
    id: String,
    url: String,
}

/// How long new words are indexed before a search: 5 s, beyond which it reads what is left.
const CATCH_UP: Duration = Duration::from_secs(5);

/// How long one look into the history takes at the most: 1 s; a search goes on until its end.
const LOOK: Duration = Duration::from_secs(1);

/// How many rows are looked for at a time: 500, so that little is held besides what is picked.
const PAGE: usize = 500;

impl Past {
    /// Opens the history that was named, or the usual one; nothing if there is none yet.
    pub(crate) fn open(place: &HistoryPlace) -> Result<Option<Self>> {
        Self::at(file(place)?)
    }

    /// Opens the history in this file; nothing if there is none yet.
    pub(crate) fn at(path: PathBuf) -> Result<Option<Self>> {
        let reader = Reader::open(&path).map_err(|error| of_history(&error))?;
        Ok(reader.map(|reader| Self { reader, path }))
    }

    /// The same for a command that names a delivery, which is not there without a history.
    pub(crate) fn with(place: &HistoryPlace, id: &str) -> Result<Self> {
        Self::open(place)?.ok_or_else(|| not_found(id))
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Which delivery is meant.
    pub(crate) fn find(&self, id: &str) -> Result<i64> {
        let unclear = |why: &str| {
            Problem::new(
                Code::DeliveryUnclear,
                format!("it is not clear which delivery {id:?} means"),
                why,
                "give more of the id, `last`, or `last~1` for the one before; see `kreel requests list`",
            )
        };
        match self.reader.find(id).map_err(|error| of_history(&error))? {
            Match::One(number) => Ok(number),
            Match::None => Err(not_found(id)),
            Match::Several => Err(unclear("several ids begin like that")),
            Match::Nonsense => Err(unclear("it can't be an id")),
        }
    }

    /// Which deliveries are meant, in the order of the ids; or what a filter picks, oldest first.
    pub(crate) fn pick(&self, ids: &[String], filtered: &Filtered) -> Result<Vec<Pick>> {
        let Some(text) = &filtered.filter else {
            let found = ids.iter().map(|id| {
                let row = self.row(self.find(id)?)?;
                Ok(Pick::of(&row.ok_or_else(|| not_found(id))?))
            });
            return found.collect();
        };
        let filter = sifting(Some(text), filtered.since)?;
        let limit = filtered.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut picks = Vec::new();
        self.newest(filter, None, None, limit, |row| picks.push(Pick::of(&row)))?;
        picks.reverse();
        Ok(picks)
    }

    /// Goes through what a filter picks, the newest first.
    pub(crate) fn newest(
        &self,
        filter: Option<Filter>,
        tunnel: Option<&TunnelName>,
        before: Option<i64>,
        limit: usize,
        mut take: impl FnMut(Row),
    ) -> Result<()> {
        if let Some(filter) = &filter
            && filter.has(|term| matches!(term, Term::Words(_)))
        {
            // What is not indexed yet is found too, but takes longer.
            self.reader.catch_up(CATCH_UP);
        }
        let scope = Scope {
            filter,
            tunnel: tunnel.cloned(),
            ..Scope::default()
        };
        let mut from = before.map_or(From::Newest, From::Before);
        let mut left = limit;
        while left > 0 {
            let page = self
                .reader
                .look(&scope, from, left.min(PAGE), LOOK)
                .map_err(|error| of_history(&error))?;
            left -= page.rows.len().min(left);
            page.rows.into_iter().for_each(&mut take);
            if page.is_end {
                break;
            }
            from = From::Before(page.scanned_to);
        }
        Ok(())
    }

    /// A delivery in brief.
    pub(crate) fn row(&self, number: i64) -> Result<Option<Row>> {
        self.reader.row(number).map_err(|error| of_history(&error))
    }

    /// A delivery with its body.
    pub(crate) fn take(&self, number: i64, id: &str) -> Result<Taken> {
        self.taken(number, id, self.reader.get(number))
    }

    /// The same, of whose answers only the last is here as a whole: there may be a thousand.
    pub(crate) fn take_with_last(&self, number: i64, id: &str) -> Result<Taken> {
        self.taken(number, id, self.reader.get_with_answer(number, None))
    }

    fn taken(
        &self,
        number: i64,
        id: &str,
        whole: std::result::Result<Option<Whole>, HistoryError>,
    ) -> Result<Taken> {
        let whole = whole.map_err(|error| of_history(&error))?;
        let whole = whole.ok_or_else(|| not_found(id))?;
        let body = self.body(number)?;
        Ok(Taken {
            id: whole.delivery.id.to_string(),
            url: public_url(&whole),
            whole,
            body,
        })
    }

    /// The body of a delivery, as far as it is here.
    fn body(&self, number: i64) -> Result<Bytes> {
        let piece = |place| {
            let piece = self.reader.piece(number, place);
            piece.map_err(|error| of_history(&error))
        };
        let first = piece(0)?.unwrap_or_default();
        let Some(second) = piece(1)? else {
            return Ok(first);
        };
        let mut body = BytesMut::from(&first[..]);
        body.extend_from_slice(&second);
        for place in 2.. {
            match piece(place)? {
                Some(more) => body.extend_from_slice(&more),
                None => break,
            }
        }
        Ok(body.freeze())
    }
}

impl Pick {
    fn of(row: &Row) -> Self {
        Self {
            number: row.number,
            id: row.summary.id,
            received_at_us: row.summary.received_at_us,
        }
    }
}

impl Taken {
    /// Whether its body is here to the last byte.
    pub(crate) fn is_whole(&self) -> bool {
        let size = self.whole.row.summary.size_bytes;
        self.whole.row.is_complete && size.is_none_or(|size| size == self.body.len() as u64)
    }

    /// The request as the sender sent it.
    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            method: &self.whole.delivery.method,
            url: &self.url,
            headers: &self.whole.delivery.headers,
            body: &self.body,
            is_whole: self.is_whole(),
        }
    }

    /// It and what became of the last attempt at it.
    pub(crate) fn exchange(&self) -> Exchange<'_> {
        self.exchange_of(self.whole.attempts.last())
    }

    /// It as a line of a cassette, with the answer to the last attempt that was as it came.
    pub(crate) fn line(&self, masks: &Masks) -> String {
        let exchange = self.exchange_of(self.whole.own_attempt());
        masks.line(&exchange, &self.whole.delivery.target)
    }

    /// Whether rules for bodies can't be followed in what would be in that line.
    pub(crate) fn is_missed_by(&self, masks: &Masks) -> bool {
        masks.misses(&self.exchange_of(self.whole.own_attempt()))
    }

    fn exchange_of<'a>(&'a self, last: Option<&'a KeptAttempt>) -> Exchange<'a> {
        Exchange {
            id: &self.id,
            received_at_us: self.whole.delivery.received_at_us,
            request: self.request(),
            answer: last.and_then(answer),
            failure: last
                .and_then(|last| last.failure.as_ref())
                .map(|(code, words)| (code.as_str(), words.as_str())),
            started_at_us: last.map(|last| last.began_at_us),
            timings: last.map_or_else(Timings::default, |last| Timings {
                connect: last.timings.connect,
                first_byte: last.timings.first_byte,
                total: Some(last.timings.total),
            }),
        }
    }
}

fn answer(attempt: &KeptAttempt) -> Option<Answer<'_>> {
    let (headers, body) = attempt.answer.as_ref()?;
    Some(Answer {
        status: attempt.status?,
        reason: None,
        headers,
        body,
        is_whole: is_whole(attempt),
    })
}

/// Whether all of an answer's body was kept.
pub(crate) fn is_whole(attempt: &KeptAttempt) -> bool {
    let kept = attempt.answer.as_ref().map_or(0, |(_, body)| body.len());
    attempt
        .answer_bytes
        .is_none_or(|bytes| bytes == kept as u64)
}

/// Where it was posted to. Which scheme and name the sender used is in its head.
fn public_url(whole: &Whole) -> String {
    let delivery = &whole.delivery;
    let scheme = delivery.scheme.as_str();
    let host = delivery.headers.first("host");
    let host = host.map_or(Cow::Borrowed("localhost"), |host| {
        String::from_utf8_lossy(host)
    });
    let target = String::from_utf8_lossy(&delivery.target);
    let tunnel = &whole.row.tunnel;
    match host.split('.').next() == Some(tunnel.as_str()) {
        true => format!("{scheme}://{host}{target}"),
        false => format!("{scheme}://{host}/{tunnel}{target}"),
    }
}

/// A filter, and that it came since then.
pub(crate) fn sifting(text: Option<&str>, since: Option<When>) -> Result<Option<Filter>> {
    // By itself first, so that a fault is pointed at in what was typed.
    let filter = text.map(filters::parse_alone).transpose()?;
    let Some(since) = since else {
        return Ok(filter);
    };
    let now = Timestamp::now();
    let age = match since {
        When::Ago(ago) => ago,
        When::At(at) => Duration::try_from(now.duration_since(at)).unwrap_or_default(),
        When::Last | When::Never => {
            return Err(since_needs_a_time());
        }
    };
    let seconds = age.as_secs() + u64::from(age.subsec_nanos() > 0);
    let both = match text {
        Some(text) if !text.trim().is_empty() => format!("({text}) age<{seconds}s"),
        _ => format!("age<{seconds}s"),
    };
    filters::parse_alone(&both).map(Some)
}

/// What `--since` can't be where deliveries of the history are meant.
pub(crate) fn since_needs_a_time() -> Problem {
    Problem::new(
        Code::OptionUnusable,
        "--since needs a time here",
        "last and none are about what waits at a relay",
        "give a length of time like 42m, or a time like 2026-11-23T10:00",
    )
}

/// The file that was named, or the usual one.
pub(crate) fn file(place: &HistoryPlace) -> Result<PathBuf> {
    named(place.history.as_deref())
}

/// This file, or the usual one.
pub(crate) fn named(file: Option<&Path>) -> Result<PathBuf> {
    match file {
        Some(file) => Ok(file.to_owned()),
        None => Ok(Paths::find()?.history()),
    }
}

/// Says that nothing has come.
pub(crate) fn nothing_yet(place: &HistoryPlace) {
    let here = match &place.history {
        Some(path) => format!("there is nothing in {}", inert(&path.to_string_lossy())),
        None => "nothing has come to this machine yet".to_owned(),
    };
    say(&format!("{here}; `kreel listen` keeps what comes"));
}

/// Says that a delivery is not written into a cassette.
pub(crate) fn left_out(id: &str) {
    say(&format!("{id} is not here as a whole, and left out"));
}

/// None of what was to be written into a cassette can be.
pub(crate) fn nothing_whole() -> Problem {
    Problem::new(
        Code::NothingWhole,
        "nothing was recorded",
        "none of these deliveries is here to its last byte",
        "pick others: `kreel requests list` shows which broke off; --format ndjson exports them as \
         far as they came",
    )
}

/// There is no such delivery.
pub(crate) fn not_found(id: &str) -> Problem {
    Problem::new(
        Code::DeliveryNotFound,
        format!("the history has no delivery {id:?}"),
        "",
        "see `kreel requests list`; another history needs --history",
    )
}
