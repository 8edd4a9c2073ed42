//! One side of a comparison, and the small facts of it: request line, status, time.

use std::time::Duration;

use jiff::Timestamp;
use kreel_wire::Headers;

use super::preview::{shown_bytes, shown_pair};
use super::{Change, Section};
use crate::inert::inert;

/// One side: a delivery as it was received, or an answer to one.
#[derive(Debug, Clone)]
pub struct Side<'a> {
    /// What it is called on the screen.
    pub label: String,
    /// The method of a request.
    pub method: Option<&'a str>,
    /// Path and query of a request.
    pub target: Option<&'a [u8]>,
    /// The status of an answer.
    pub status: Option<u16>,
    /// Why there is no complete answer.
    pub failure: Option<&'a str>,
    /// The header lines in order.
    pub headers: &'a Headers,
    /// The body, or as much of it as was kept.
    pub body: &'a [u8],
    /// Whether that is all of it.
    pub is_whole: bool,
    /// How long it took.
    pub took: Option<Duration>,
    /// When it was: microseconds since 1970.
    pub at_us: Option<u64>,
}

/// Method, path and query.
pub(super) fn request_line(left: &Side<'_>, right: &Side<'_>) -> Option<Section> {
    let target = |side: &Side<'_>| side.target.map(shown_bytes);
    let method = |side: &Side<'_>| side.method.map(|method| inert(method).into_owned());
    let mut changes = Vec::new();
    changes.extend(either("method", method(left), method(right)));
    changes.extend(either("path", target(left), target(right)));
    section("Request line", changes)
}

/// The status of an answer, or why there was none.
pub(super) fn status(left: &Side<'_>, right: &Side<'_>) -> Option<Section> {
    let status = |side: &Side<'_>| side.status.map(|status| status.to_string());
    let failure = |side: &Side<'_>| side.failure.map(|failure| inert(failure).into_owned());
    let mut changes = Vec::new();
    changes.extend(either("status", status(left), status(right)));
    changes.extend(either("failure", failure(left), failure(right)));
    section("Status", changes)
}

/// When it was and how long it took. It always differs, so it never counts.
pub(super) fn time(left: &Side<'_>, right: &Side<'_>) -> Option<Section> {
    let took = |side: &Side<'_>| side.took.map(|took| format!("{took:.1?}"));
    let at = |side: &Side<'_>| side.at_us.map(moment);
    let mut changes = Vec::new();
    changes.extend(either("at", at(left), at(right)));
    changes.extend(either("took", took(left), took(right)));
    let mut section = section("Time", changes)?;
    section.is_equal = true;
    Some(section)
}

fn section(title: &'static str, changes: Vec<Change>) -> Option<Section> {
    (!changes.is_empty()).then(|| Section::of(title, changes, Vec::new()))
}

fn moment(at_us: u64) -> String {
    let at = i64::try_from(at_us).unwrap_or(i64::MAX);
    let at = Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX);
    format!("{at:.3}")
}

/// The change between two values that either side may lack.
fn either(path: &str, left: Option<String>, right: Option<String>) -> Option<Change> {
    let path = path.to_owned();
    match (left, right) {
        (Some(value), Some(right)) if value == right => Some(Change::Same { path, value }),
        (Some(left), Some(right)) => {
            let (from, to) = shown_pair(&left, &right);
            Some(Change::Changed {
                path,
                from,
                to,
                aside: None,
            })
        }
        (Some(value), None) => Some(Change::Removed { path, value }),
        (None, Some(value)) => Some(Change::Added { path, value }),
        (None, None) => None,
    }
}
