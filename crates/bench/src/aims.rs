//! What kreel aims at (section 9 of the design) and what it must reach by now, and whether it does.

use crate::contender::Variant;
use crate::figures::{Metric, Spread, ratios};
use crate::rounds::Results;
use crate::scenario::Scenario;

/// A bound that a figure keeps or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

/// How much a bound matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// Where we want to be.
    Aim,
    /// Where we must be: less is a defect.
    Floor,
}

use Bound::{AtLeast, AtMost};
use Metric::{Cpu, P50, PerSecond};
use Rank::{Aim, Floor};
use Scenario::{Many, ManyNew, Paced, Seq, Seq1M, Seq64K, SeqNew, Tls, TlsMany};
use Variant::{Bore, Nginx, Rathole};

impl Bound {
    /// Whether the figure keeps it.
    pub(crate) fn kept_by(self, figure: f64) -> bool {
        match self {
            AtLeast(bound) => figure >= bound,
            AtMost(bound) => figure <= bound,
        }
    }
}

/// The bounds on the ratio of ours to a peer's.
const RATIOS: [(Scenario, Metric, Variant, Bound, Rank); 17] = [
    (Seq, P50, Bore, AtMost(1.1), Aim),
    (SeqNew, P50, Bore, AtMost(0.55), Aim),
    (SeqNew, P50, Bore, AtMost(0.7), Floor),
    (Seq1M, P50, Bore, AtMost(0.6), Aim),
    (Paced, P50, Bore, AtMost(1.3), Aim),
    (Many, PerSecond, Bore, AtLeast(1.0), Aim),
    (Many, PerSecond, Bore, AtLeast(0.85), Floor),
    (Many, PerSecond, Rathole, AtLeast(1.0), Aim),
    (Many, PerSecond, Nginx, AtLeast(0.75), Aim),
    (Many, Cpu, Bore, AtMost(1.0), Aim),
    (ManyNew, PerSecond, Bore, AtLeast(2.5), Aim),
    (ManyNew, PerSecond, Bore, AtLeast(2.0), Floor),
    (ManyNew, PerSecond, Rathole, AtLeast(2.0), Aim),
    (ManyNew, PerSecond, Nginx, AtLeast(0.8), Aim),
    (ManyNew, Cpu, Bore, AtMost(0.3), Aim),
    (Tls, P50, Nginx, AtMost(1.0), Aim),
    (TlsMany, PerSecond, Nginx, AtLeast(1.2), Aim),
];

/// The bounds on one of our own figures.
const FIGURES: [(Scenario, Metric, Bound, Rank); 1] = [(Seq64K, P50, AtMost(5_000.0), Floor)];

/// The relay's memory, in MiB: at rest, and through everything.
const RELAY_MIB: (f64, f64) = (10.0, 32.0);

/// A bound and how we stand to it.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    /// Of what.
    pub(crate) of: String,
    /// The bound.
    pub(crate) bound: Bound,
    /// How much it matters.
    pub(crate) rank: Rank,
    /// Ours.
    pub(crate) got: Spread,
    /// What the figures count; empty for ratios.
    pub(crate) unit: &'static str,
}

impl Verdict {
    /// Whether the bound is kept, by the median.
    pub(crate) fn kept(&self) -> bool {
        self.bound.kept_by(self.got.median)
    }

    /// The same where more is better.
    pub(crate) fn at_least(of: &str, least: f64, got: Spread, unit: &'static str) -> Self {
        Self {
            bound: AtLeast(least),
            ..Self::aim(of, 0.0, got, unit)
        }
    }

    /// A verdict on a single figure against an aim.
    pub(crate) fn aim(of: &str, most: f64, got: Spread, unit: &'static str) -> Self {
        Self {
            of: of.to_owned(),
            bound: AtMost(most),
            rank: Aim,
            got,
            unit,
        }
    }
}

/// The aim for a ratio, if there is one.
pub(crate) fn aim(scenario: Scenario, metric: Metric, peer: Variant) -> Option<Bound> {
    let wanted = (scenario, metric, peer, Aim);
    let mut rows = RATIOS.iter();
    let row = rows.find(|(s, m, p, _, rank)| (*s, *m, *p, *rank) == wanted);
    row.map(|(_, _, _, bound, _)| *bound)
}

/// How the results stand to every bound that concerns what was measured.
pub(crate) fn verdicts(results: &Results) -> Vec<Verdict> {
    let ours = |scenario| results.rounds(scenario, Variant::Kreel);
    let ratios = RATIOS
        .iter()
        .filter_map(|&(scenario, metric, peer, bound, rank)| {
            let of = format!(
                "{}: {}, to {}",
                scenario.label(),
                metric.label(),
                peer.name()
            );
            let got = ratios(ours(scenario), results.rounds(scenario, peer), metric)?;
            let unit = "";
            Some(Verdict {
                of,
                bound,
                rank,
                got,
                unit,
            })
        });
    let figures = FIGURES
        .iter()
        .filter_map(|&(scenario, metric, bound, rank)| {
            let of = format!("{}: {}", scenario.label(), metric.label());
            let figures = ours(scenario).iter().filter_map(|m| m.figure(metric));
            let (got, unit) = (Spread::of(figures)?, "µs");
            Some(Verdict {
                of,
                bound,
                rank,
                got,
                unit,
            })
        });
    ratios.chain(figures).chain(memory(results)).collect()
}

fn memory(results: &Results) -> impl Iterator<Item = Verdict> {
    let relays = results
        .memory
        .iter()
        .filter(|m| m.variant == Variant::Kreel && m.role == "relay");
    relays.flat_map(|relay| {
        let over = if relay.tls { "relay with TLS" } else { "relay" };
        let verdict = |when: &str, most, kib: u64| {
            let got = Spread::of([kib as f64 / 1024.0])?;
            Some(Verdict::aim(
                &format!("{over}: memory {when}"),
                most,
                got,
                "MiB",
            ))
        };
        let at_rest = verdict("at rest", RELAY_MIB.0, relay.at_rest);
        at_rest
            .into_iter()
            .chain(verdict("at its peak", RELAY_MIB.1, relay.peak))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_itself_is_good_enough() {
        assert!(AtLeast(1.0).kept_by(1.0) && !AtLeast(1.0).kept_by(0.99));
        assert!(AtMost(1.1).kept_by(1.1) && !AtMost(1.1).kept_by(1.11));
    }

    #[test]
    fn aims_and_floors_are_told_apart() {
        assert_eq!(aim(Many, PerSecond, Bore), Some(AtLeast(1.0)));
        assert_eq!(aim(Many, PerSecond, Variant::Direct), None);
    }
}
