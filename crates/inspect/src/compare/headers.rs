//! Header lines compared in their order, with their repeats. Names have no case.

use std::time::Instant;

use kreel_wire::Headers;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::preview::{shown_bytes, shown_pair};
use super::{Change, Ignore, Section};
use crate::limits;

/// The section's title.
pub(super) const TITLE: &str = "Headers";

/// What stands before a name in a path, as in a rule of [`Ignore`].
pub(super) const PREFIX: &str = "header:";

/// A line: its place from 1, its name, its value.
#[derive(Clone, Copy)]
struct Line<'a> {
    nth: usize,
    name: &'a [u8],
    value: &'a [u8],
}

/// The section about headers.
pub(super) fn section(left: &Headers, right: &Headers, ignore: &Ignore) -> Option<Section> {
    let (left, right) = (lines(left, ignore), lines(right, ignore));
    if left.is_empty() && right.is_empty() {
        return None;
    }
    let content = |lines: &[Line<'_>]| {
        let content = lines
            .iter()
            .map(|line| (line.name.to_ascii_lowercase(), line.value.to_vec()));
        content.collect::<Vec<_>>()
    };
    let deadline = Instant::now() + limits::SEARCH;
    let (old, new) = (content(&left), content(&right));
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(deadline));
    let mut gone: Vec<Line<'_>> = Vec::new();
    let mut came: Vec<Line<'_>> = Vec::new();
    let mut placed: Vec<(usize, Change)> = Vec::new();
    for op in ops {
        if let DiffOp::Equal { new_index, len, .. } = op {
            let same = right[new_index..new_index + len].iter();
            placed.extend(same.map(|line| (line.nth, line.same())));
        } else {
            gone.extend(&left[op.old_range()]);
            came.extend(&right[op.new_range()]);
        }
    }
    for line in take_pairs(&mut gone, &mut came, |a, b| {
        a.has_name_of(b) && a.value == b.value
    }) {
        placed.push((line.1.nth, moved(line.0, line.1)));
    }
    for line in take_pairs(&mut gone, &mut came, Line::has_name_of) {
        placed.push((line.1.nth, changed(line.0, line.1)));
    }
    placed.extend(gone.iter().map(|line| (line.nth, line.removed())));
    placed.extend(came.iter().map(|line| (line.nth, line.added())));
    placed.sort_by_key(|(nth, _)| *nth);
    let changes = placed.into_iter().map(|(_, change)| change).collect();
    Some(Section::of(TITLE, changes, Vec::new()))
}

impl Line<'_> {
    fn has_name_of(&self, other: &Line<'_>) -> bool {
        self.name.eq_ignore_ascii_case(other.name)
    }

    fn path(&self) -> String {
        format!("{PREFIX}{}", shown_bytes(self.name))
    }

    fn same(&self) -> Change {
        Change::Same {
            path: self.path(),
            value: shown_bytes(self.value),
        }
    }

    fn added(&self) -> Change {
        Change::Added {
            path: self.path(),
            value: shown_bytes(self.value),
        }
    }

    fn removed(&self) -> Change {
        Change::Removed {
            path: self.path(),
            value: shown_bytes(self.value),
        }
    }
}

fn moved(left: Line<'_>, right: Line<'_>) -> Change {
    let path = |line: Line<'_>| format!("{} (line {})", line.path(), line.nth);
    Change::Moved {
        from_path: path(left),
        to_path: path(right),
        value: shown_bytes(right.value),
    }
}

fn changed(left: Line<'_>, right: Line<'_>) -> Change {
    let text = |line: Line<'_>| crate::inert::inert_bytes(line.value).into_owned();
    let (from, to) = shown_pair(&text(left), &text(right));
    Change::Changed {
        path: right.path(),
        from,
        to,
        aside: None,
    }
}

fn lines<'a>(headers: &'a Headers, ignore: &Ignore) -> Vec<Line<'a>> {
    let line = |(at, header): (usize, kreel_wire::Header<'a>)| Line {
        nth: at + 1,
        name: header.name,
        value: header.value,
    };
    let lines = headers.iter().enumerate().map(line);
    lines.filter(|line| !ignore.header(line.name)).collect()
}

/// Takes from both lists what belongs together, first come first served.
fn take_pairs<'a>(
    gone: &mut Vec<Line<'a>>,
    came: &mut Vec<Line<'a>>,
    belong: impl Fn(&Line<'a>, &Line<'a>) -> bool,
) -> Vec<(Line<'a>, Line<'a>)> {
    let mut pairs = Vec::new();
    gone.retain(|line| {
        let Some(at) = came.iter().position(|other| belong(line, other)) else {
            return true;
        };
        pairs.push((*line, came.remove(at)));
        false
    });
    pairs
}
