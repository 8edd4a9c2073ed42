//! Numbers out of samples: percentiles, medians, and ratios taken round by round.

use std::time::Duration;

use crate::load::Sample;

/// What one scenario gave with one variant in one round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measurement {
    p50: f64,
    p99: f64,
    per_second: f64,
    cpu: Option<f64>,
    /// Requests answered wrongly, late or not at all.
    pub(crate) errors: u64,
    /// What was wrong with one of them.
    pub(crate) complaint: Option<String>,
}

/// A figure of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    /// Half the answers came within so many microseconds.
    P50,
    /// All but one in a hundred came within so many microseconds.
    P99,
    /// Right answers per second.
    PerSecond,
    /// Processor seconds of the tunnel for 10,000 right answers.
    Cpu,
}

impl Metric {
    /// What one reads.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::PerSecond => "req/s",
            Self::Cpu => "CPU s/10k",
        }
    }
}

impl Measurement {
    /// The figures of a sample; `cpu` is what the tunnel's processes spent on it, if it has any.
    pub(crate) fn new(mut sample: Sample, cpu: Option<Duration>) -> Self {
        sample.latencies.sort_unstable();
        let answers = sample.latencies.len() as f64;
        Self {
            p50: percentile(&sample.latencies, 0.50),
            p99: percentile(&sample.latencies, 0.99),
            per_second: answers / sample.elapsed.as_secs_f64(),
            cpu: cpu.map(|cpu| cpu.as_secs_f64() / answers * 10_000.0),
            errors: sample.errors,
            complaint: sample.complaint,
        }
    }

    /// One figure, if there is such a thing and anything was answered.
    pub(crate) fn figure(&self, metric: Metric) -> Option<f64> {
        let figure = match metric {
            Metric::P50 => self.p50,
            Metric::P99 => self.p99,
            Metric::PerSecond => self.per_second,
            Metric::Cpu => self.cpu?,
        };
        (figure.is_finite() && self.per_second > 0.0).then_some(figure)
    }
}

/// A figure over all rounds: the median, and how far it went to either side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// The middle.
    pub(crate) median: f64,
    /// The smallest.
    pub(crate) least: f64,
    /// The largest.
    pub(crate) most: f64,
}

impl Spread {
    /// The spread of some values; nothing of none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let (lower, upper) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Self {
            median: f64::midpoint(lower, upper),
            least,
            most,
        })
    }
}

/// Ours to theirs, round by round; rounds in which either has no figure do not count.
pub(crate) fn ratios(
    ours: &[Measurement],
    theirs: &[Measurement],
    metric: Metric,
) -> Option<Spread> {
    let ratio = |(ours, theirs): (&Measurement, &Measurement)| {
        let ratio = ours.figure(metric)? / theirs.figure(metric)?;
        ratio.is_finite().then_some(ratio)
    };
    Spread::of(ours.iter().zip(theirs).filter_map(ratio))
}

/// The value below which this share of the sorted latencies lies, in microseconds.
pub(crate) fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    let at = sorted.get(rank.saturating_sub(1));
    at.map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered_in(micros: impl IntoIterator<Item = u64>) -> Measurement {
        let sample = Sample {
            latencies: micros.into_iter().map(Duration::from_micros).collect(),
            elapsed: Duration::from_secs(1),
            ..Sample::default()
        };
        Measurement::new(sample, None)
    }

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let measurement = answered_in((1..=100).rev());
        let figure = |metric| measurement.figure(metric).map(f64::round);
        assert_eq!(figure(Metric::P50), Some(50.0));
        assert_eq!(figure(Metric::P99), Some(99.0));
        assert_eq!(figure(Metric::PerSecond), Some(100.0));
        assert_eq!(figure(Metric::Cpu), None);
        assert_eq!(answered_in([]).figure(Metric::P50), None);
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds() {
        let ours = [answered_in([100]), answered_in([300]), answered_in([100])];
        let theirs = [answered_in([200]), answered_in([200]), answered_in([1_000])];
        let spread = ratios(&ours, &theirs, Metric::P50).unwrap();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(near(spread.median, 0.5), "{spread:?}");
        assert!(
            near(spread.least, 0.1) && near(spread.most, 1.5),
            "{spread:?}"
        );
        assert_eq!(ratios(&ours, &[], Metric::P50), None);
    }

    #[test]
    fn the_median_of_two_lies_between() {
        assert_eq!(
            Spread::of([4.0, 2.0]).map(|spread| spread.median),
            Some(3.0)
        );
        assert_eq!(Spread::of([]), None);
    }
}
