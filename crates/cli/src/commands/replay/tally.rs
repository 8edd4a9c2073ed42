//! What came of all attempts: counted, with percentiles of how long answers took.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use kreel_client::inert::inert;
use kreel_client::plain::{duration, milliseconds};
use kreel_client::{Attempt, AttemptEnd};
use serde_json::{Value, json};

/// The longest answer that is told apart from longer ones: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// How many digits of a latency are true: 3, which is finer than it can be measured again.
const DIGITS: u8 = 3;

/// How many odd ones are told of one by one: 5.
const TOLD: usize = 5;

/// Counts and latencies.
#[derive(Debug)]
pub(super) struct Tally {
    planned: u64,
    answered: u64,
    failed: u64,
    not_replayed: u64,
    statuses: BTreeMap<u16, u64>,
    failures: BTreeMap<&'static str, u64>,
    latencies: Histogram<u64>,
    /// How many were as expected, and how many not; none without an expectation.
    expected: Option<(u64, u64)>,
    /// What was not as expected, or not answered: the first few.
    odd: Vec<String>,
}

/// How a run went, aside from what was counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) took: Duration,
    pub(super) interrupted: bool,
    /// How many attempts are not in the history.
    pub(super) unwritten: u64,
    /// What was expected, as it was typed.
    pub(super) expectation: Option<&'a str>,
}

impl Tally {
    /// Of so many attempts.
    pub(super) fn new(planned: u64, has_expectation: bool) -> Self {
        Self {
            planned,
            answered: 0,
            failed: 0,
            not_replayed: 0,
            statuses: BTreeMap::new(),
            failures: BTreeMap::new(),
            latencies: Histogram::new_with_bounds(1, LONGEST_US, DIGITS)
                .expect("an hour in microseconds with three digits is within its bounds"),
            expected: has_expectation.then_some((0, 0)),
            odd: Vec::new(),
        }
    }

    /// An attempt has ended.
    pub(super) fn add(&mut self, attempt: &Attempt) {
        match &attempt.end {
            AttemptEnd::Answered { status, .. } => {
                self.answered += 1;
                *self.statuses.entry(*status).or_default() += 1;
                let micros = u64::try_from(attempt.timings.total.as_micros());
                self.latencies.saturating_record(micros.unwrap_or(u64::MAX));
            }
            AttemptEnd::Failed(failure) => {
                self.failed += 1;
                *self.failures.entry(failure.code()).or_default() += 1;
                if self.expected.is_none() {
                    self.tell_odd(attempt, "");
                }
            }
        }
    }

    /// It is known whether an attempt was as expected; if not, perhaps in what.
    pub(super) fn judge(&mut self, attempt: &Attempt, fault: Option<&str>) {
        let (so, not_so) = self.expected.get_or_insert_default();
        match fault {
            None => *so += 1,
            Some(how) => {
                *not_so += 1;
                self.tell_odd(attempt, how);
            }
        }
    }

    /// So many attempts that were planned can't be made.
    pub(super) fn refuse(&mut self, attempts: u64) {
        self.not_replayed += attempts;
    }

    /// It came to its end by itself: of a delivery that could not be replayed any more some attempts
    /// may have been made before.
    pub(super) fn settle(&mut self) {
        if self.not_replayed > 0 {
            self.not_replayed = self.planned.saturating_sub(self.attempts()).max(1);
        }
    }

    /// How many attempts have ended.
    pub(super) fn attempts(&self) -> u64 {
        self.answered + self.failed
    }

    /// Whether all went as it should.
    pub(super) fn is_good(&self) -> bool {
        let is_expected = match self.expected {
            Some((_, not_so)) => not_so == 0,
            None => self.failed == 0,
        };
        is_expected && self.not_replayed == 0
    }

    fn tell_odd(&mut self, attempt: &Attempt, how: &str) {
        if self.odd.len() < TOLD {
            let end = match &attempt.end {
                AttemptEnd::Answered { status, .. } => status.to_string(),
                AttemptEnd::Failed(failure) => inert(&failure.to_string()).into_owned(),
            };
            let (id, number) = (attempt.delivery.id, attempt.attempt);
            let how = match how {
                "" => String::new(),
                how => format!(" ({})", inert(how)),
            };
            self.odd.push(format!("{id}:{number} {end}{how}"));
        }
    }

    fn per_second(&self, took: Duration) -> f64 {
        let rate = self.attempts() as f64 / took.as_secs_f64().max(1e-6);
        (rate * 10.0).round() / 10.0
    }

    fn percentile(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.latencies.value_at_quantile(quantile))
    }

    /// For people.
    pub(super) fn text(&self, run: Run<'_>) -> String {
        let (done, planned) = (self.attempts(), self.planned);
        let stopped = if run.interrupted { ", stopped" } else { "" };
        let took = duration(run.took);
        let mut text = format!("{done} of {planned} sent in {took}{stopped}: ");
        let statuses = self.statuses.iter();
        let mut parts: Vec<String> = statuses
            .map(|(status, count)| format!("{count} × {status}"))
            .collect();
        let failures = self.failures.iter();
        parts.extend(failures.map(|(code, count)| format!("{count} {}", code.replace('_', " "))));
        if parts.is_empty() {
            parts.push("nothing was answered".to_owned());
        }
        text += &parts.join(", ");
        text.push('\n');
        if self.not_replayed > 0 {
            let _ = writeln!(text, "{} could not be replayed", self.not_replayed);
        }
        if self.answered > 1 {
            let parts = QUANTILES.map(|(name, quantile)| {
                format!("{} {}", name, duration(self.percentile(quantile)))
            });
            let _ = writeln!(text, "latency: {}", parts.join(", "));
            let _ = writeln!(text, "rate: {} a second", self.per_second(run.took));
        }
        if let (Some((so, not_so)), Some(expectation)) = (self.expected, run.expectation) {
            let all = so + not_so;
            let _ = writeln!(text, "as expected ({}): {so} of {all}", inert(expectation));
        }
        for odd in &self.odd {
            let _ = writeln!(text, "  {odd}");
        }
        text
    }

    /// For scripts.
    pub(super) fn object(&self, run: Run<'_>) -> Value {
        let latency = (self.answered > 0).then(|| {
            let mut parts = serde_json::Map::new();
            for (name, quantile) in QUANTILES {
                parts.insert(
                    name.to_owned(),
                    milliseconds(self.percentile(quantile)).into(),
                );
            }
            Value::from(parts)
        });
        let by_name = |(name, count): (String, &u64)| (name, Value::from(*count));
        let statuses = self.statuses.iter();
        let statuses = statuses.map(|(status, count)| by_name((status.to_string(), count)));
        let failures = self.failures.iter();
        let failures = failures.map(|(code, count)| by_name(((*code).to_owned(), count)));
        json!({
            "type": "replayed",
            "planned": self.planned,
            "attempts": self.attempts(),
            "answered": self.answered,
            "failed": self.failed,
            "not_replayed": self.not_replayed,
            "unwritten": run.unwritten,
            "statuses": statuses.collect::<serde_json::Map<_, _>>(),
            "failures": failures.collect::<serde_json::Map<_, _>>(),
            "expected": self.expected.map(|(so, _)| so),
            "unexpected": self.expected.map(|(_, not_so)| not_so),
            "interrupted": run.interrupted,
            "took_ms": milliseconds(run.took),
            "per_second": self.per_second(run.took),
            "latency_ms": latency,
        })
    }
}

/// What of the latencies is told.
const QUANTILES: [(&str, f64); 6] = [
    ("min", 0.0),
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("max", 1.0),
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kreel_client::{DeliveryId, Failure, Kind, Seq, Summary, Timings};

    use super::*;

    fn attempt(end: AttemptEnd, millis: u64) -> Attempt {
        Attempt {
            delivery: Arc::new(Summary {
                id: DeliveryId::from_bytes([0x55; 16]),
                seq: Seq(1),
                kind: Kind::Queued,
                method: "POST".into(),
                target: bytes::Bytes::new(),
                size_bytes: Some(0),
                received_at_us: 0,
                signature: None,
            }),
            attempt: 2,
            end,
            timings: Timings {
                total: Duration::from_millis(millis),
                ..Timings::default()
            },
            replay: true,
            is_edited: false,
        }
    }

    fn answered(status: u16, millis: u64) -> Attempt {
        let body_bytes = 0;
        attempt(AttemptEnd::Answered { status, body_bytes }, millis)
    }

    fn run(interrupted: bool) -> Run<'static> {
        Run {
            took: Duration::from_secs(2),
            interrupted,
            unwritten: 0,
            expectation: Some("2xx"),
        }
    }

    #[test]
    fn all_is_counted_and_percentiles_are_true() {
        let mut tally = Tally::new(200, false);
        for millis in 1..=100 {
            tally.add(&answered(200, millis));
        }
        assert!(tally.is_good());
        let left = Failure::GivenUp {
            cause: "it \u{1b}[31mhung".to_owned(),
        };
        tally.add(&attempt(AttemptEnd::Failed(left), 5_000));
        assert!(!tally.is_good(), "one had no answer");
        let object = tally.object(run(true));
        for (field, value) in [
            ("planned", json!(200)),
            ("attempts", json!(101)),
            ("answered", json!(100)),
            ("failed", json!(1)),
            ("statuses", json!({"200": 100})),
            ("failures", json!({"given_up": 1})),
            ("expected", Value::Null),
            ("interrupted", json!(true)),
            ("per_second", json!(50.5)),
        ] {
            assert_eq!(object[field], value, "{field}");
        }
        for (name, ms) in [("min", 1.0), ("p50", 50.0), ("p90", 90.0), ("max", 100.0)] {
            let got = object["latency_ms"][name].as_f64().unwrap();
            assert!((got - ms).abs() <= ms / 1_000.0, "{name}: {got}");
        }
        let text = tally.text(run(true));
        assert!(
            text.starts_with("101 of 200 sent in 2.0 s, stopped: 100 × 200, 1 given up\n"),
            "{text}"
        );
        assert!(!text.contains('\x1b'), "{text}");
    }

    #[test]
    fn what_is_expected_decides() {
        let mut tally = Tally::new(2, true);
        let bad = answered(500, 1);
        tally.add(&bad);
        tally.judge(&bad, None);
        assert!(tally.is_good(), "500 was expected");
        tally.judge(&bad, Some("$.id: 1 → 2"));
        assert!(!tally.is_good());
        let text = tally.text(run(false));
        assert!(text.contains("as expected (2xx): 1 of 2\n"), "{text}");
        assert!(text.contains(":2 500 ($.id: 1 → 2)\n"), "{text}");
        let mut refused = Tally::new(1, false);
        refused.refuse(1);
        assert!(!refused.is_good());
    }

    /// What was planned is what was tried and what could not be.
    #[test]
    fn what_can_not_be_replayed_counts_as_often_as_it_was_to_be() {
        let mut tally = Tally::new(20, false);
        for _ in 0..13 {
            tally.add(&answered(200, 1));
        }
        // It went three times, and then no more.
        tally.refuse(10);
        tally.settle();
        let object = tally.object(run(false));
        assert_eq!(object["attempts"], 13);
        assert_eq!(object["not_replayed"], 7);
        let text = tally.text(run(false));
        assert!(text.contains("\n7 could not be replayed\n"), "{text}");
        let mut whole = Tally::new(1, false);
        whole.add(&answered(200, 1));
        whole.settle();
        assert_eq!(whole.object(run(false))["not_replayed"], 0);
    }
}
