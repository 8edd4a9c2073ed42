//! A cassette that is replayed. Its deliveries are put into the history so that attempts at them are
//! kept there; what is sent is what stands in the file, whatever the history knows of them.

use std::path::Path;

use kreel_client::{History, Kind, Seq};
use kreel_inspect::cassette;
use kreel_wire::{Delivery, Scheme};

use super::expect::Recorded;
use crate::args::HistoryPlace;
use crate::cassette::RELAY;
use crate::past::{self, Past, Pick};
use crate::problem::{Result, of_history};
use crate::shape::Original;
use crate::terminal::say;

/// A cassette that was read.
#[derive(Debug)]
pub(super) struct Tape(Vec<cassette::Recorded>);

/// What of a cassette is in the history.
#[derive(Debug)]
pub(super) struct TakenIn {
    /// The history.
    pub(super) past: Past,
    /// Its deliveries, in the order of its lines.
    pub(super) picks: Vec<Pick>,
    /// Those lines that differ from what the history has, each in its place.
    pub(super) others: Vec<Option<Original>>,
}

impl Tape {
    /// Reads one.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let recorded = crate::cassette::read(file)?;
        warn_of_masked(&recorded);
        Ok(Self(recorded))
    }

    /// What stands in its lines.
    pub(super) fn originals(&self) -> Vec<Original> {
        self.0.iter().map(Original::recorded).collect()
    }

    /// What its deliveries were answered.
    pub(super) fn answers(&self) -> Recorded {
        let lines = self.0.iter();
        let answers = lines.filter_map(|line| Some((line.id, line.answer.clone()?)));
        answers.collect()
    }

    /// Has the history take in what it does not know.
    pub(super) fn take_in(self, place: &HistoryPlace) -> Result<TakenIn> {
        let path = past::file(place)?;
        let history = History::open(&path).map_err(|error| of_history(&error))?;
        let tunnel = RELAY.parse().expect("it is a name of a tunnel");
        let deliveries = (1..).zip(&self.0).map(|(seq, line)| delivery(seq, line));
        let taken = history.history.take_in(RELAY, &tunnel, deliveries);
        taken.map_err(|error| of_history(&error))?;
        let past = Past::open(place)?.ok_or_else(|| past::not_found("last"))?;
        let (mut picks, mut others) = (Vec::new(), Vec::new());
        for line in self.0 {
            let id = line.id.to_string();
            let number = past.find(&id)?;
            others.push(other(&past, number, &id, &line)?);
            picks.push(Pick {
                number,
                id: line.id,
                received_at_us: line.received_at_us,
            });
        }
        Ok(TakenIn {
            past,
            picks,
            others,
        })
    }
}

/// The line, if the history has its delivery in another form: with the secrets that were masked, or
/// from a line that was written differently.
fn other(
    past: &Past,
    number: i64,
    id: &str,
    line: &cassette::Recorded,
) -> Result<Option<Original>> {
    let line = Original::recorded(line);
    let known = Original::of(&past.take(number, id)?);
    Ok((known.request != line.request).then_some(Original {
        is_other: true,
        ..line
    }))
}

fn delivery(seq: u64, recorded: &cassette::Recorded) -> (Delivery, bytes::Bytes) {
    let delivery = Delivery {
        id: recorded.id,
        seq: Seq(seq),
        received_at_us: recorded.received_at_us,
        kind: Kind::Queued,
        method: recorded.method.as_str().into(),
        target: recorded.target.clone(),
        headers: recorded.headers.clone(),
        scheme: Scheme::Https,
        // Who sent it is not on record (RFC 5737, section 3: no such machine will ever be).
        forwarded_for: "192.0.2.0".into(),
        body_bytes: Some(recorded.body.len() as u64),
        attempted: false,
        signature: None,
    };
    (delivery, recorded.body.clone())
}

/// What stands for a secret is sent as it stands there; the app may not like that.
fn warn_of_masked(recorded: &[cassette::Recorded]) {
    let mut names: Vec<String> = Vec::new();
    for name in recorded.iter().flat_map(cassette::Recorded::masked_headers) {
        let name = String::from_utf8_lossy(name).into_owned();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if !names.is_empty() {
        let names = names.join(", ");
        say(&format!(
            "note: {names} was masked when this was recorded; -H 'NAME: VALUE' sends another value"
        ));
    }
}
