//! Which job a delivery is about, and what links have answered.

use std::collections::VecDeque;
use std::path::Path;

use kreel_client::{HistoryError, Reader, Standing};
use kreel_krea::{JobId, Reading};
use kreel_tui::lens::{Mood, Of};

use crate::krea::gather::body_of;
use crate::limits::{GATHER_BODY_BYTES, LENS_LINKS};
use crate::problem::{Result, of_history};

/// What is looked at.
#[derive(Debug)]
pub(super) enum Seen {
    /// A job; with what the webhook says of it, where one is looked at.
    Job(JobId, Option<Reading>),
    /// A webhook that names no job.
    Nothing(Reading),
    /// A delivery that is not all here.
    Arriving,
    /// One that is not here any more.
    Gone,
}

/// The history, once there is one.
#[derive(Debug, Default)]
pub(super) struct Deliveries(Option<Reader>);

impl Deliveries {
    /// What this is.
    pub(super) fn of(&mut self, history: &Path, of: &Of) -> Result<Seen> {
        let number = match of {
            Of::Subject(id) => return Ok(Seen::Job(JobId::new(id), None)),
            Of::Delivery(number) => *number,
        };
        let mut read = || match self.reader(history)? {
            Some(reader) => delivery(reader, number),
            None => Ok(Seen::Gone),
        };
        read().map_err(|error| of_history(&error))
    }

    /// Another number whenever something has changed; nothing while there is no history.
    pub(super) fn version(&mut self, history: &Path) -> Option<i64> {
        self.reader(history).ok()??.version().ok()
    }

    fn reader(&mut self, history: &Path) -> std::result::Result<Option<&Reader>, HistoryError> {
        if self.0.is_none() {
            self.0 = Reader::open(history)?;
        }
        Ok(self.0.as_ref())
    }
}

fn delivery(reader: &Reader, number: i64) -> std::result::Result<Seen, HistoryError> {
    let Some(row) = reader.row(number)? else {
        return Ok(Seen::Gone);
    };
    if !row.is_complete && matches!(row.standing, Standing::Live | Standing::Waiting) {
        return Ok(Seen::Arriving);
    }
    let size = row.summary.size_bytes.unwrap_or(0);
    if size > GATHER_BODY_BYTES {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        return Ok(Seen::Nothing(Reading::TooLarge(size)));
    }
    let reading = Reading::of(&body_of(reader, number)?);
    Ok(match reading.job().and_then(|job| job.id.clone()) {
        Some(id) => Seen::Job(id, Some(reading)),
        None => Seen::Nothing(reading),
    })
}

/// What links have answered, the newest last.
#[derive(Debug, Default)]
pub(super) struct Links(VecDeque<(String, String, Mood)>);

impl Links {
    /// Remembers it, in place of what this link has answered before.
    pub(super) fn note(&mut self, url: &str, said: String, mood: Mood) {
        self.0.retain(|(known, ..)| known != url);
        if self.0.len() >= LENS_LINKS {
            self.0.pop_front();
        }
        self.0.push_back((url.to_owned(), said, mood));
    }

    /// What this one has answered, if it was asked.
    pub(super) fn of(&self, url: &str) -> Option<(&str, Mood)> {
        let found = self.0.iter().find(|(known, ..)| known == url);
        found.map(|(_, said, mood)| (said.as_str(), *mood))
    }
}
