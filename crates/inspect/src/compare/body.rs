//! Two bodies: which way to compare them, and what to say if it had to be another one.

use std::hash::RandomState;
use std::time::Instant;

use super::json::{self, Unread};
use super::tree::Walk;
use super::{Change, Ignore, Section, Side, lines};
use crate::limits;

/// The section's title.
const TITLE: &str = "Body";

/// The section about bodies.
pub(super) fn section(left: &Side<'_>, right: &Side<'_>, ignore: &Ignore) -> Option<Section> {
    if left.body.is_empty() && right.body.is_empty() {
        return None;
    }
    let (changes, mut notes) = changes(left.body, right.body, ignore);
    for (side, place) in [(left, "left"), (right, "right")] {
        if !side.is_whole {
            notes.push(format!(
                "on the {place} only the first {} bytes were kept",
                side.body.len()
            ));
        }
    }
    Some(Section::of(TITLE, changes, notes))
}

fn changes(left: &[u8], right: &[u8], ignore: &Ignore) -> (Vec<Change>, Vec<String>) {
    if left == right {
        return (vec![same(left.len())], Vec::new());
    }
    if left.is_empty() || right.is_empty() {
        return (size_change(left, right), Vec::new());
    }
    let (Ok(left_text), Ok(right_text)) = (str::from_utf8(left), str::from_utf8(right)) else {
        return (bytes(left, right), Vec::new());
    };
    let mut notes = Vec::new();
    if left.len().max(right.len()) > limits::STRUCTURE_BYTES {
        notes.push("too large to be compared as JSON".to_owned());
    } else {
        match structure(left_text, right_text, ignore) {
            Ok(found) => return found,
            Err(note) => notes.extend(note),
        }
    }
    if let Some(lines) = text(left_text, right_text) {
        return (lines, notes);
    }
    notes.push("too large to be compared line by line".to_owned());
    (bytes(left, right), notes)
}

/// The changes between two JSON documents, or why they are not compared as such.
fn structure(
    left: &str,
    right: &str,
    ignore: &Ignore,
) -> Result<(Vec<Change>, Vec<String>), Option<String>> {
    let keys = RandomState::new();
    let read = |text| json::read(text, ignore, &keys);
    let (l, r) = match (read(left), read(right)) {
        (Ok(l), Ok(r)) => (l, r),
        (Err(Unread::NotJson), Err(Unread::NotJson)) => return Err(None),
        (Err(Unread::NotJson), Ok(_)) => return Err(Some(other_is("left"))),
        (Ok(_), Err(Unread::NotJson)) => return Err(Some(other_is("right"))),
        (Err(unread), _) | (_, Err(unread)) => return Err(Some(too_much(unread))),
    };
    let mut walk = Walk::new(left, right, Instant::now() + limits::SEARCH);
    walk.compare(&l, &r);
    let mut notes = Vec::new();
    if let Some(key) = &walk.duplicate {
        notes.push(format!(
            "{key} occurs several times in one object; #2 is its second occurrence"
        ));
    }
    let changes = walk.changes();
    if !changes.iter().any(Change::is_difference) {
        notes.push(written_differently(ignore));
    }
    Ok((changes, notes))
}

fn text(left: &str, right: &str) -> Option<Vec<Change>> {
    let fits = |text: &str| {
        text.len() <= limits::TEXT_BYTES
            && memchr::memchr_iter(b'\n', text.as_bytes()).count() <= limits::TEXT_LINES
    };
    if !is_text(left) || !is_text(right) || !fits(left) || !fits(right) {
        return None;
    }
    let deadline = Instant::now() + limits::SEARCH;
    Some(vec![Change::Lines(lines::lines(left, right, deadline))])
}

/// UTF-8 with NUL in it is some format of bytes.
fn is_text(text: &str) -> bool {
    memchr::memchr(0, text.as_bytes()).is_none()
}

/// Sizes, and where the first difference is.
fn bytes(left: &[u8], right: &[u8]) -> Vec<Change> {
    let mut changes = size_change(left, right);
    let same = left
        .iter()
        .zip(right)
        .take_while(|(left, right)| left == right);
    let at = same.count();
    let byte = |body: &[u8]| match body.get(at) {
        Some(byte) => format!("0x{byte:02x}"),
        None => "the end".to_owned(),
    };
    changes.push(Change::Changed {
        path: format!("byte {at} (0x{at:x})"),
        from: byte(left),
        to: byte(right),
        aside: Some("the first difference"),
    });
    changes
}

fn size_change(left: &[u8], right: &[u8]) -> Vec<Change> {
    let size = |body: &[u8]| format!("{} bytes", body.len());
    let path = "size".to_owned();
    if left.len() == right.len() {
        return vec![Change::Same {
            path,
            value: size(left),
        }];
    }
    let (from, to) = (size(left), size(right));
    vec![Change::Changed {
        path,
        from,
        to,
        aside: None,
    }]
}

fn same(bytes: usize) -> Change {
    Change::Same {
        path: "body".to_owned(),
        value: format!("{bytes} bytes, each the same"),
    }
}

fn other_is(place: &str) -> String {
    format!("the {place} one is not JSON, so both are compared as text")
}

fn too_much(unread: Unread) -> String {
    match unread {
        Unread::NotJson => "not JSON".to_owned(),
        Unread::TooDeep => format!(
            "nested deeper than {} levels, so compared as text",
            limits::STRUCTURE_DEPTH
        ),
        Unread::TooMany => format!(
            "more than {} values, so compared as text",
            limits::STRUCTURE_VALUES
        ),
    }
}

fn written_differently(ignore: &Ignore) -> String {
    let same = "the same JSON, written differently: white space, order of keys or escapes";
    if ignore.is_empty() {
        return same.to_owned();
    }
    format!("{same}, or what is ignored")
}
