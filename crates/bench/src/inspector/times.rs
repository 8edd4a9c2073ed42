//! How long keys took, by what they did.

use std::time::Duration;

use crate::figures::percentile;
use crate::report::Table;

/// Times of keys, by what they did.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<(&'static str, Vec<Duration>)>);

impl Times {
    /// Notes one.
    pub(super) fn note(&mut self, what: &'static str, took: Duration) {
        match self.0.iter_mut().find(|(known, _)| *known == what) {
            Some((_, times)) => times.push(took),
            None => self.0.push((what, vec![took])),
        }
    }

    /// The time within which this share of all was, in milliseconds.
    pub(super) fn within(&self, share: f64) -> f64 {
        let mut all: Vec<Duration> = self
            .0
            .iter()
            .flat_map(|(_, times)| times)
            .copied()
            .collect();
        all.sort_unstable();
        percentile(&all, share) / 1_000.0
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|(_, times)| times.len()).sum()
    }

    /// Prints them, the most frequent first.
    pub(super) fn print(mut self, title: &str) {
        let mut table = Table::new(title, ["times", "p50, ms", "p99, ms", "max, ms"]);
        self.0
            .sort_by_key(|(_, times)| std::cmp::Reverse(times.len()));
        for (what, mut times) in self.0 {
            times.sort_unstable();
            let cells =
                [0.5, 0.99, 1.0].map(|share| format!("{:.1}", percentile(&times, share) / 1_000.0));
            let count = times.len().to_string();
            table.row(what.to_owned(), std::iter::once(count).chain(cells));
        }
        table.print();
    }
}
