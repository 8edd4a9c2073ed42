//! What answers, their times and probes together say.

use std::time::Duration;

use kreel_client::KeptAttempt;
use kreel_client::inert::inert;
use kreel_client::plain::duration;
use kreel_inspect::compare::{Ignore, compare};

use crate::commands::diff::{answer_side, first_difference, of_answers};

/// One step of the trial.
#[derive(Debug)]
pub(super) struct Shot {
    /// What it is called.
    pub(super) name: &'static str,
    /// The attempts in it, in the order of their numbers.
    pub(super) attempts: Vec<KeptAttempt>,
    /// What the probe printed after it.
    pub(super) probe: Option<String>,
}

/// What it comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The app's state stays the same from the second time on.
    Idempotent {
        /// How an answer differs nevertheless.
        but: Option<String>,
    },
    /// Nothing speaks against it, and there was no probe to say more.
    LooksIdempotent,
    /// The app's state changed again.
    NotIdempotent {
        /// After which step.
        step: &'static str,
        /// What the probe printed before and after.
        from: String,
        /// What it printed after.
        to: String,
    },
    /// Answers differ, and there was no probe to say more.
    AnswersDiffer {
        /// In what.
        how: String,
    },
    /// The app failed, so nothing can be said.
    Failed {
        /// At which attempt, and how.
        how: String,
    },
    /// The app refused the first already, so nothing can be said.
    Refused {
        /// With which status.
        status: u16,
    },
    /// The user ended it before its end.
    Interrupted,
}

/// Repeats took much longer than the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slower {
    first: Duration,
    repeat: Duration,
}

/// From how many times as long a repeat is much slower: 10, beyond what a busy machine does to it.
const SLOWER_TIMES: u32 = 10;

/// How much longer it must take besides: 250 ms, since of a few milliseconds ten times as many
/// are still none.
const SLOWER_BY: Duration = Duration::from_millis(250);

/// Whether the second time took much longer than the first. Those at once are no measure: they
/// wait for each other. A first time that is the slow one is as it should be: only then was work
/// to do.
pub(super) fn slower(shots: &[Shot]) -> Option<Slower> {
    let named = |name: &str| shots.iter().find(|shot| shot.name == name);
    let took = |name: &str| Some(named(name)?.attempts.first()?.timings.total);
    let (first, repeat) = (took("once")?, took("again")?);
    let is_slower = repeat >= first * SLOWER_TIMES && repeat >= first + SLOWER_BY;
    is_slower.then_some(Slower { first, repeat })
}

impl Slower {
    /// In a sentence.
    pub(super) fn words(self) -> String {
        let (first, repeat) = (duration(self.first), duration(self.repeat));
        format!(
            "the repeat took {repeat} and the first {first}: a sender that waits less long sends it \
             yet again"
        )
    }
}

/// Looks at all steps; the first holds what the probe printed before.
pub(super) fn judge(shots: &[Shot], has_probe: bool, ignore: &Ignore) -> Verdict {
    let all = || shots.iter().flat_map(|shot| &shot.attempts);
    if has_probe && let Some((step, from, to)) = changed_again(shots) {
        return Verdict::NotIdempotent {
            step,
            from: from.to_owned(),
            to: to.to_owned(),
        };
    }
    if let Some(how) = all().find_map(fault) {
        return Verdict::Failed { how };
    }
    let refused = |attempt: &KeptAttempt| attempt.status.filter(|status| *status >= 300);
    if let Some(status) = all().next().and_then(refused) {
        return Verdict::Refused { status };
    }
    let mut attempts = all();
    let differs = attempts.next().and_then(|first| {
        let left = answer_side("first".to_owned(), first);
        attempts.find_map(|other| {
            let right = answer_side("repeat".to_owned(), other);
            let mut comparison = compare(&left, &right, ignore);
            of_answers(&mut comparison);
            let how = first_difference(&comparison)?;
            Some(format!("attempt {}: {how}", other.number))
        })
    });
    match (has_probe, differs) {
        (true, but) => Verdict::Idempotent { but },
        (false, None) => Verdict::LooksIdempotent,
        (false, Some(how)) => Verdict::AnswersDiffer { how },
    }
}

/// The first step after the first delivery in which the probe changed.
fn changed_again(shots: &[Shot]) -> Option<(&'static str, &str, &str)> {
    let probes = shots.iter().skip(1);
    let probes: Vec<_> = probes
        .filter_map(|shot| Some((shot.name, shot.probe.as_deref()?)))
        .collect();
    let mut pairs = probes.windows(2);
    pairs.find_map(|pair| match pair {
        [(_, from), (step, to)] if from != to => Some((*step, *from, *to)),
        _ => None,
    })
}

fn fault(attempt: &KeptAttempt) -> Option<String> {
    let number = attempt.number;
    match (&attempt.failure, attempt.status) {
        (Some((_, words)), _) => Some(format!("attempt {number}: {}", inert(words))),
        (None, Some(status @ 500..)) => Some(format!("attempt {number} was answered {status}")),
        (None, None) => Some(format!("attempt {number} was not answered")),
        _ => None,
    }
}

/// What may help where an app refuses a delivery with this status.
fn next_of(status: u16) -> &'static str {
    match status {
        300..=399 => "give the address it redirects to, with --to",
        401 | 403 => "try --resign, or --to a copy of the app that does not ask",
        409 => "it may have had it before; try --to a copy of the app that has not",
        _ => "try --resign, --set, or another app with --to",
    }
}

impl Verdict {
    /// Whether the app bears it, as far as can be seen.
    pub(super) fn is_good(&self) -> bool {
        matches!(self, Self::Idempotent { .. } | Self::LooksIdempotent)
    }

    /// A stable word.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Idempotent { .. } => "idempotent",
            Self::LooksIdempotent => "looks_idempotent",
            Self::NotIdempotent { .. } => "not_idempotent",
            Self::AnswersDiffer { .. } => "answers_differ",
            Self::Failed { .. } | Self::Refused { .. } => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The same in a sentence.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Idempotent { but: None } => {
                "repeats change nothing the probe sees, and all answers are alike".to_owned()
            }
            Self::Idempotent { but: Some(how) } => {
                format!("repeats change nothing the probe sees, though answers differ ({how})")
            }
            Self::LooksIdempotent => {
                "all answers are alike; what the app did besides, only a --probe can tell"
                    .to_owned()
            }
            Self::NotIdempotent { step, from, to } => format!(
                "the probe changed when the delivery was sent {step}: from {} to {}",
                inert(from),
                inert(to)
            ),
            Self::AnswersDiffer { how } => format!(
                "answers differ ({how}); leave out what may differ with --ignore, or see what the app does with --probe"
            ),
            Self::Failed { how } => format!("nothing can be said, since the app failed: {how}"),
            Self::Refused { status } => format!(
                "nothing can be said, since the app refused it with {status}: {}",
                next_of(*status)
            ),
            Self::Interrupted => {
                "nothing can be said, since it was stopped before its end".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use kreel_client::Timings;
    use kreel_wire::HeadersBuilder;

    use super::*;

    /// Each with headers of its own, as apps have them.
    fn answered(number: u32, status: u16, body: &'static str) -> KeptAttempt {
        let mut headers = HeadersBuilder::default();
        let date = format!("Mon, 30 Nov 2026 10:00:0{number} GMT");
        headers.push(b"date", date.as_bytes());
        headers.push(b"set-cookie", format!("sid=s3cret{number}").as_bytes());
        KeptAttempt {
            number,
            began_at_us: 0,
            is_replay: true,
            is_edited: false,
            method: "POST".to_owned(),
            body: None,
            other_target: None,
            request: None,
            status: Some(status),
            failure: None,
            answer: Some((headers.build(), Bytes::from_static(body.as_bytes()))),
            answer_bytes: Some(body.len() as u64),
            timings: Timings::default(),
        }
    }

    fn shots(bodies: [&'static str; 3], probes: Option<[&str; 4]>) -> Vec<Shot> {
        let names = ["before", "once", "again", "at once"];
        let probe = |place: usize| probes.map(|probes| probes[place].to_owned());
        let mut shots = vec![];
        for (place, name) in names.into_iter().enumerate() {
            let attempts = match place {
                0 => vec![],
                place => vec![answered(place as u32 + 1, 200, bodies[place - 1])],
            };
            let probe = probe(place);
            shots.push(Shot {
                name,
                attempts,
                probe,
            });
        }
        shots
    }

    #[test]
    fn each_verdict_has_its_grounds() {
        let none = Ignore::default();
        let same = ["{\"id\":1}"; 3];
        let other = ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}"];
        let ids = Ignore::parse(["$.id"]).unwrap();
        let steady = Some(["0", "1", "1", "1"]);
        for (bodies, probes, ignore, word, good) in [
            (same, None, &none, "looks_idempotent", true),
            (other, None, &none, "answers_differ", false),
            (other, None, &ids, "looks_idempotent", true),
            (same, steady, &none, "idempotent", true),
            (other, steady, &none, "idempotent", true),
            (
                same,
                Some(["0", "1", "2", "2"]),
                &none,
                "not_idempotent",
                false,
            ),
            (
                same,
                Some(["0", "1", "1", "4"]),
                &none,
                "not_idempotent",
                false,
            ),
            // It was handled before: the first of these was a repeat already.
            (same, Some(["1", "1", "1", "1"]), &none, "idempotent", true),
        ] {
            let shots = shots(bodies, probes);
            let verdict = judge(&shots, probes.is_some(), ignore);
            assert_eq!(
                (verdict.word(), verdict.is_good()),
                (word, good),
                "{verdict:?}"
            );
        }
        let mut broken = shots(same, None);
        broken[3].attempts[0].status = Some(503);
        let verdict = judge(&broken, false, &none);
        assert_eq!(
            verdict.words(),
            "nothing can be said, since the app failed: attempt 4 was answered 503"
        );
        for (status, advice) in [(401, "--resign"), (302, "--to"), (409, "had it before")] {
            let mut refusing = shots(same, None);
            for shot in &mut refusing {
                let attempts = shot.attempts.iter_mut();
                attempts.for_each(|attempt| attempt.status = Some(status));
            }
            let verdict = judge(&refusing, false, &none);
            assert_eq!((verdict.word(), verdict.is_good()), ("failed", false));
            let words = verdict.words();
            let start = format!("nothing can be said, since the app refused it with {status}: ");
            assert!(
                words.starts_with(&start) && words.contains(advice),
                "{words}"
            );
        }
        // A repeat that is refused is an answer that differs.
        let mut known = shots(same, None);
        known[2].attempts[0].status = Some(409);
        assert_eq!(judge(&known, false, &none).word(), "answers_differ");
        assert_eq!(slower(&shots(same, None)), None);
        let mut late = shots(same, None);
        for (again_ms, is_slower) in [(3_000, true), (500, false), (260, true), (250, false)] {
            let first_ms = if again_ms == 500 { 100 } else { 10 };
            late[1].attempts[0].timings.total = Duration::from_millis(first_ms);
            late[2].attempts[0].timings.total = Duration::from_millis(again_ms);
            assert_eq!(slower(&late).is_some(), is_slower, "{again_ms}");
        }
        let twice = judge(&shots(same, Some(["0", "1", "2", "2"])), true, &none);
        assert!(
            twice.words().contains("sent again: from 1 to 2"),
            "{twice:?}"
        );
    }
}
