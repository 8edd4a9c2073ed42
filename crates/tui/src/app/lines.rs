//! What stands in each line of the rows: deliveries, and between them the lines the user drew.

use kreel_client::{Marker, Row};

use super::App;

/// What stands in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown<'a> {
    /// A delivery.
    Row(&'a Row),
    /// A line across the rows. It can't be selected.
    Marker(&'a Marker),
}

impl App {
    /// So many lines are there for rows and for the markers among them.
    pub(crate) fn set_lines(&mut self, lines: usize) {
        self.lines = lines;
        self.list.set_height(lines);
        if self.markers.is_empty() {
            return;
        }
        // Fewer rows may show fewer markers, so it is tried with one row less at a time.
        for rows in (1..lines).rev() {
            if self.shown_lines().len() <= lines {
                return;
            }
            self.list.set_height(rows);
        }
    }

    /// What stands in the lines, from the first one on.
    pub(crate) fn shown_lines(&self) -> Vec<Shown<'_>> {
        let mut above = self.list.above_first().unwrap_or(i64::MAX);
        let mut shown = Vec::with_capacity(self.list.visible().len());
        for row in self.list.visible() {
            let here = |marker: &&Marker| (row.number..above).contains(&marker.below);
            shown.extend(self.markers.iter().filter(here).map(Shown::Marker));
            shown.push(Shown::Row(row));
            above = row.number;
        }
        if self.list.ends_in_sight() {
            // Drawn before the first delivery: below all of them, as far as there is room.
            let room = self.lines.saturating_sub(shown.len());
            let last = self.markers.iter().filter(|marker| marker.below < above);
            shown.extend(last.take(room).map(Shown::Marker));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{app, row};

    fn marker(id: i64, below: i64) -> Marker {
        Marker {
            id,
            below,
            tunnel: "tunnel".to_owned(),
            made_at_us: 0,
            text: String::new(),
        }
    }

    /// Rows as their numbers, markers as theirs below zero.
    fn numbers(app: &App) -> Vec<i64> {
        let number = |shown: &Shown<'_>| match shown {
            Shown::Row(row) => row.number,
            Shown::Marker(marker) => -marker.id,
        };
        app.shown_lines().iter().map(number).collect()
    }

    #[test]
    fn a_marker_stands_above_what_was_newest_when_it_was_drawn() {
        let mut app = app((1..=6)
            .rev()
            .filter(|number| *number != 4)
            .map(row)
            .collect());
        // 4 is filtered out: its marker stands where it would.
        app.markers = vec![marker(3, 6), marker(2, 4), marker(1, 4)];
        app.set_lines(10);
        assert_eq!(numbers(&app), [-3, 6, 5, -2, -1, 3, 2, 1]);
        app.set_lines(5);
        assert_eq!(numbers(&app), [-3, 6, 5]);
        app.list.select(3);
        app.set_lines(3);
        assert_eq!(numbers(&app), [-2, -1, 3]);
    }

    proptest! {
        #[test]
        fn the_selected_row_is_in_sight_whatever_stands_between(
            rows in 1..60_i64,
            belows in proptest::collection::vec(1..60_i64, 0..30),
            moves in proptest::collection::vec(-12..12_i64, 1..12),
            lines in 1..15_usize,
        ) {
            let mut app = app((1..=rows).rev().map(row).collect());
            app.markers = belows.iter().zip(1..).map(|(below, id)| marker(id, *below)).collect();
            app.markers.sort_by_key(|marker| std::cmp::Reverse((marker.below, marker.id)));
            for by in moves {
                app.list.move_by(by);
                app.set_lines(lines);
                let selected = app.list.selected_number().unwrap();
                let shown = numbers(&app);
                let place = shown.iter().position(|number| *number == selected);
                let from = shown.len().saturating_sub(lines);
                // Where there are more markers than lines, those furthest up are out of sight.
                prop_assert!(place.is_some_and(|place| place >= from), "{} in {:?}", selected, shown);
                prop_assert!(shown.len() <= lines || app.list.visible().len() == 1);
            }
        }
    }
}
