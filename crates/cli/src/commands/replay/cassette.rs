//! Deliveries of a cassette, put into the history so that attempts at them are kept there, and what
//! they were answered then.

use std::path::Path;

use kreel_client::{DeliveryId, History, Kind, Seq};
use kreel_inspect::cassette;
use kreel_wire::{Delivery, Scheme};

use super::expect::Recorded;
use crate::args::HistoryPlace;
use crate::past::{self, Past, Pick};
use crate::problem::{Result, of_history};
use crate::terminal::say;

/// What the history has as relay and tunnel of what came from a cassette.
const NAME: &str = "cassette";

/// Reads a cassette, and has the history take in what it does not know.
pub(super) fn take_in(file: &Path, place: &HistoryPlace) -> Result<(Past, Vec<Pick>, Recorded)> {
    let mut recorded = crate::cassette::read(file)?;
    warn_of_masked(&recorded);
    let path = past::file(place)?;
    let history = History::open(&path).map_err(|error| of_history(&error))?;
    let picks: Vec<(DeliveryId, u64)> = recorded
        .iter()
        .map(|one| (one.id, one.received_at_us))
        .collect();
    let answers = recorded.iter_mut();
    let answers = answers.filter_map(|one| Some((one.id, one.answer.take()?)));
    let answers = answers.collect();
    let tunnel = NAME.parse().expect("it is a name of a tunnel");
    let deliveries = (1..).zip(recorded).map(|(seq, one)| delivery(seq, one));
    let taken = history.history.take_in(NAME, &tunnel, deliveries);
    taken.map_err(|error| of_history(&error))?;
    let past = Past::open(place)?.ok_or_else(|| past::not_found("last"))?;
    let pick = |(id, received_at_us): (DeliveryId, u64)| {
        Ok(Pick {
            number: past.find(&id.to_string())?,
            id,
            received_at_us,
        })
    };
    let picks = picks.into_iter().map(pick).collect::<Result<_>>()?;
    Ok((past, picks, answers))
}

fn delivery(seq: u64, recorded: cassette::Recorded) -> (Delivery, bytes::Bytes) {
    let delivery = Delivery {
        id: recorded.id,
        seq: Seq(seq),
        received_at_us: recorded.received_at_us,
        kind: Kind::Queued,
        method: recorded.method.into(),
        target: recorded.target,
        headers: recorded.headers,
        scheme: Scheme::Https,
        // Who sent it is not on record (RFC 5737, section 3: no such machine will ever be).
        forwarded_for: "192.0.2.0".into(),
        body_bytes: Some(recorded.body.len() as u64),
        attempted: false,
        signature: None,
    };
    (delivery, recorded.body)
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
