//! Which columns there is room for, and what stands in them.

use jiff::tz::TimeZone;
use kreel_client::Row;
use kreel_client::plain::{duration, size};
use kreel_inspect::inert::{inert, inert_bytes};
use kreel_wire::Verdict;

use crate::theme::Look;
use crate::view::clock;
use crate::view::text::{fit, fit_right};

/// The width of each column; 0 where it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    time: usize,
    method: usize,
    path: usize,
    status: usize,
    took: usize,
    size: usize,
    flags: usize,
}

/// The sign in front, and the gaps around it.
const FRONT: usize = 3;

/// How many flags there is room for.
const FLAGS: usize = 5;

/// From these widths on the longest words of a status, and the longest usual methods, are whole.
const WIDE: usize = 72;
const MIDDLE: usize = 60;

impl Columns {
    /// Those for which there is room: path and status last until the end.
    pub(super) fn of(columns: u16) -> Self {
        let columns = usize::from(columns);
        let mut these = Self {
            time: 0,
            method: 0,
            path: 0,
            status: if columns >= WIDE { 12 } else { 9 },
            took: 0,
            size: 0,
            flags: 0,
        };
        let mut left = columns.saturating_sub(FRONT + these.status);
        let mut take = |width: usize, at_least: usize| {
            let fits = left >= width + at_least;
            left -= if fits { width } else { 0 };
            if fits { width } else { 0 }
        };
        these.method = take(if columns >= MIDDLE { 8 } else { 5 }, 12);
        these.time = take(9, 12);
        these.took = take(9, 18);
        these.flags = take(FLAGS + 1, 16);
        these.size = take(9, 18);
        these.path = left;
        these
    }

    /// What stands in them.
    pub(super) fn cells(
        &self,
        row: &Row,
        status: &str,
        look: Look,
        zone: &TimeZone,
    ) -> Vec<(String, Look)> {
        let summary = &row.summary;
        let took = row
            .last
            .as_ref()
            .map_or_else(String::new, |last| duration(last.total));
        let cell = |text: &str, width: usize, look| match width {
            0 => (String::new(), look),
            width => (format!("{} ", fit(text, width - 1)), look),
        };
        vec![
            cell(&clock(summary.received_at_us, zone), self.time, Look::Dim),
            cell(&inert(&summary.method), self.method, Look::Strong),
            cell(&inert_bytes(&summary.target), self.path, Look::Plain),
            cell(status, self.status, look),
            right(&took, self.took, Look::Dim),
            right(&size(summary.size_bytes), self.size, Look::Dim),
            cell(&flags(row), self.flags, Look::Fair),
        ]
    }
}

fn right(text: &str, width: usize, look: Look) -> (String, Look) {
    match width {
        0 => (String::new(), look),
        width => (format!("{} ", fit_right(text, width - 1)), look),
    }
}

/// Signs, each a letter: marked, note, replayed, edited, duplicate, signature good or not. Were there
/// all, `R` would be left out: `E` says it, too.
fn flags(row: &Row) -> String {
    let signature = row.summary.signature;
    let flags = [
        (row.is_marked, '*'),
        (row.note.is_some(), 'n'),
        (row.replays.count > 0, 'R'),
        (row.replays.is_edited, 'E'),
        (row.is_duplicate, 'D'),
        (signature.is_some_and(Verdict::is_good), 'V'),
        (signature.is_some_and(|it| !it.is_good()), 'X'),
    ];
    let set = flags.into_iter().filter(|(is_set, _)| *is_set);
    let signs: String = set.map(|(_, sign)| sign).collect();
    match signs.len() > FLAGS {
        true => signs.replace('R', ""),
        false => signs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row;

    #[test]
    fn each_flag_has_its_letter() {
        let mut row = row(1);
        assert_eq!(flags(&row), "");
        row.is_duplicate = true;
        assert_eq!(flags(&row), "D");
        (row.is_marked, row.note) = (true, Some("note".to_owned()));
        row.replays.count = 2;
        row.replays.is_edited = true;
        row.summary.signature = Some(Verdict::Stale);
        assert_eq!(flags(&row), "*nEDX");
        row.summary.signature = Some(Verdict::Good);
        assert_eq!(flags(&row), "*nEDV");
        row.is_marked = false;
        assert_eq!(flags(&row), "nREDV");
        row.is_marked = true;
        let most = Columns::of(200).flags - 1;
        assert!(flags(&row).len() <= most, "there is room for all");
    }
}
