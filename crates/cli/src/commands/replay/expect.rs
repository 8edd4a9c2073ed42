//! `--expect`: whether an answer is as it should be.
//!
//! A filter, in which words, `body:`, `jq:`, `header:` and `size` are about the answer; or what a
//! cassette has recorded. What needs an answer's header or body is judged at the end, from the history.

use std::collections::HashMap;

use jiff::Timestamp;
use kreel_client::filter::{Filter, Flag, Flags, Subject, Term};
use kreel_client::inert::inert;
use kreel_client::{Attempt, AttemptEnd, DeliveryId, KeptAttempt};
use kreel_inspect::cassette::RecordedAnswer;
use kreel_inspect::compare::{Change, Ignore, Side, compare};
use kreel_inspect::mask::MASKED;
use kreel_wire::Headers;

use crate::commands::diff::{BODY, answer_side, first_difference, of_answers};
use crate::filters;
use crate::problem::{Code, Problem, Result};
use crate::terminal::quoted;

/// What is typed for the answers of a cassette.
pub(super) const RECORDED: &str = "recorded";

/// What a cassette's deliveries were answered.
pub(super) type Recorded = HashMap<DeliveryId, RecordedAnswer>;

/// What answers shall be like.
#[derive(Debug)]
pub(super) struct Expect {
    what: What,
    /// As it was typed.
    pub(super) text: String,
    /// Whether the answer itself is needed to judge.
    pub(super) needs_answer: bool,
}

#[derive(Debug)]
enum What {
    /// What the filter picks.
    Picked(Filter),
    /// The same status and body as recorded, but for what does not count.
    Recorded { answers: Recorded, ignore: Ignore },
}

impl Expect {
    /// The same answers as then.
    pub(super) fn recorded(answers: Recorded, ignore: Ignore) -> Self {
        Self {
            what: What::Recorded { answers, ignore },
            text: RECORDED.to_owned(),
            needs_answer: true,
        }
    }

    /// A status like `2xx`, or several; or a filter.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let filter = match looks_like_statuses(text) {
            true => statuses(text)?,
            false => filters::parse_alone(text)?,
        };
        // Nobody looks for such a word in an answer.
        if filter.has(|term| matches!(term, Term::Words(words) if is_class(words.text()))) {
            return Err(no_status(text));
        }
        Ok(Self {
            needs_answer: filter.needs_body() || filter.needs_headers(),
            what: What::Picked(filter),
            text: text.to_owned(),
        })
    }

    /// How an attempt ended otherwise, in words where there are any; nothing if it ended so.
    /// `answer` is what the app said, where that is needed.
    pub(super) fn fault(&self, attempt: &Attempt, answer: Option<&KeptAttempt>) -> Option<String> {
        match &self.what {
            What::Picked(filter) => (!picks(filter, attempt, answer)).then(String::new),
            What::Recorded { answers, ignore } => {
                let Some(recorded) = answers.get(&attempt.delivery.id) else {
                    return Some("no answer was recorded".to_owned());
                };
                match answer {
                    Some(kept) if kept.failure.is_none() => differs(recorded, kept, ignore),
                    _ => Some(String::new()),
                }
            }
        }
    }
}

/// Whether it is made of what statuses are made of, and so is no text to look for.
fn looks_like_statuses(text: &str) -> bool {
    let is_of_them = |c: char| c.is_ascii_digit() || "xX<>=,.- ".contains(c);
    text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(is_of_them)
}

/// `2xx`, `200,409`, `<500`.
fn statuses(text: &str) -> Result<Filter> {
    let is_status = |part: &str| {
        let number = part.trim_start_matches(['<', '>', '=']);
        is_class(part) || number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    match text.split(',').all(is_status) {
        true => filters::parse_alone(&format!("status:{text}")),
        false => Err(no_status(text)),
    }
}

/// `2xx`.
fn is_class(word: &str) -> bool {
    let word = word.as_bytes();
    word.len() == 3 && word[0].is_ascii_digit() && word[1..].eq_ignore_ascii_case(b"xx")
}

fn no_status(text: &str) -> Problem {
    Problem::new(
        Code::OptionUnusable,
        format!(
            "--expect {} is neither statuses nor a filter",
            quoted(&inert(text))
        ),
        "a status that is not alone is a term like status:2xx",
        "write 2xx, 200,409 or <500; or a filter like 'status:2xx took<1s'; body:404 looks for a text",
    )
}

fn picks(filter: &Filter, attempt: &Attempt, answer: Option<&KeptAttempt>) -> bool {
    let none = Headers::default();
    let kept = answer.and_then(|kept| kept.answer.as_ref());
    let (status, size_bytes) = match &attempt.end {
        AttemptEnd::Answered { status, body_bytes } => (Some(*status), Some(*body_bytes)),
        AttemptEnd::Failed(_) => (None, None),
    };
    let delivery = &attempt.delivery;
    let subject = Subject {
        id: delivery.id,
        seq: delivery.seq.0,
        tunnel: "",
        method: &delivery.method,
        target: &delivery.target,
        headers: Some(kept.map_or(&none, |(headers, _)| headers)),
        body: Some(kept.map_or(&[][..], |(_, body)| body)),
        size_bytes: size_bytes.or(Some(0)),
        received_at_us: delivery.received_at_us,
        now_us: u64::try_from(Timestamp::now().as_microsecond()).unwrap_or(0),
        status,
        took: Some(attempt.timings.total),
        note: None,
        flags: Flags::default()
            .with(Flag::Replay, attempt.replay)
            .with(Flag::Edited, attempt.is_edited)
            .with(Flag::Answered, status.is_some())
            .with(Flag::Failed, status.is_none()),
    };
    filter.matches(&subject)
}

/// How an answer differs from the recorded one: in status or body. What was masked may be anything.
fn differs(recorded: &RecordedAnswer, kept: &KeptAttempt, ignore: &Ignore) -> Option<String> {
    let then = Side {
        label: String::new(),
        method: None,
        target: None,
        status: Some(recorded.status),
        failure: None,
        headers: &recorded.headers,
        body: &recorded.body,
        is_whole: recorded.is_whole,
        took: None,
        at_us: None,
    };
    let mut comparison = compare(&then, &answer_side(String::new(), kept), ignore);
    of_answers(&mut comparison);
    let sections = &mut comparison.sections;
    // A body that was masked as a whole may be no JSON at all.
    let is_masked_whole = *recorded.body == *format!("\"{MASKED}\"").as_bytes();
    sections.retain(|section| !(is_masked_whole && section.title == BODY));
    sections.iter_mut().for_each(|section| {
        section.changes.retain(|change| !is_masked(change));
    });
    first_difference(&comparison)
}

fn is_masked(change: &Change) -> bool {
    let masked = format!("\"{MASKED}\"");
    matches!(change, Change::Changed { from, .. } if *from == masked)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bytes::Bytes;
    use kreel_client::{DeliveryId, Kind, Seq, Summary, Timings};
    use kreel_wire::Failure;

    use super::*;

    fn attempt(end: AttemptEnd) -> Attempt {
        Attempt {
            delivery: Arc::new(Summary {
                id: DeliveryId::generate(),
                seq: Seq(1),
                kind: Kind::Queued,
                method: "POST".into(),
                target: Bytes::from_static(b"/hook"),
                size_bytes: Some(3),
                received_at_us: 0,
                signature: None,
            }),
            attempt: 2,
            end,
            timings: Timings {
                total: Duration::from_millis(20),
                ..Timings::default()
            },
            replay: true,
            is_edited: false,
        }
    }

    #[test]
    fn statuses_and_filters_are_told_apart() {
        let body_bytes = 2;
        let ok = attempt(AttemptEnd::Answered {
            status: 204,
            body_bytes,
        });
        let left = attempt(AttemptEnd::Failed(Failure::GivenUp {
            cause: String::new(),
        }));
        for (text, of_ok, of_left) in [
            ("2xx", true, false),
            ("200", false, false),
            ("200,204", true, false),
            ("2XX", true, false),
            ("4xx,2Xx", true, false),
            (">=200", true, false),
            ("<500", true, false),
            ("status:2xx took<1s", true, false),
            ("took>1s", false, false),
            ("is:failed", false, true),
            ("path:/hook size<10", true, true),
        ] {
            let expect = Expect::parse(text).unwrap();
            assert!(!expect.needs_answer, "{text}");
            let holds = |attempt| expect.fault(attempt, None).is_none();
            let both = (holds(&ok), holds(&left));
            assert_eq!(both, (of_ok, of_left), "{text}");
        }
        assert!(Expect::parse("body:ok").unwrap().needs_answer);
        for refused in [
            "statsu:2xx",
            "20",
            "2x",
            "2xxx",
            "2x0",
            "0xx",
            "999xx",
            "200-299",
            "200,",
            "2xx 3xx",
            "2xx or 409",
            "2xx took<1s",
            "not 5XX",
        ] {
            assert!(Expect::parse(refused).is_err(), "{refused}");
        }
        for text in ["ok", "body:404", "error 404"] {
            assert!(Expect::parse(text).is_ok(), "{text}");
        }
    }

    fn kept(status: u16, body: &'static str) -> KeptAttempt {
        KeptAttempt {
            number: 2,
            began_at_us: 0,
            is_replay: true,
            is_edited: false,
            method: "POST".to_owned(),
            body: None,
            other_target: None,
            request: None,
            status: Some(status),
            failure: None,
            answer: Some((Headers::default(), Bytes::from_static(body.as_bytes()))),
            answer_bytes: Some(body.len() as u64),
            timings: Timings::default(),
        }
    }

    #[test]
    fn recorded_answers_are_compared_by_what_they_mean() {
        let ok = attempt(AttemptEnd::Answered {
            status: 200,
            body_bytes: 1,
        });
        let then = |body: &str| {
            let answer = RecordedAnswer {
                status: 200,
                headers: Headers::default(),
                body: Bytes::from(body.replace("MASK", MASKED)),
                is_whole: true,
            };
            HashMap::from([(ok.delivery.id, answer)])
        };
        let json = r#"{"id":1,"email":"MASK","at":"10:00","n":[1,2.0]}"#;
        let rules = Ignore::parse(["$.at"]).unwrap();
        let same = r#"{ "n":[1,2.0], "at":"11:00", "email":"a@b.c", "id":1 }"#;
        let other = r#"{"id":2,"email":"a@b.c","at":"x","n":[1,2.0]}"#;
        let less = r#"{"id":1,"at":"x","n":[1,2.0]}"#;
        for (recorded, status, body, difference) in [
            ("ok", 200, "ok", None),
            ("ok", 200, "ko", Some("their text")),
            ("ok", 201, "ok", Some("status: 200 → 201")),
            (json, 200, same, None),
            (json, 200, other, Some("id: 1 → 2")),
            (json, 200, less, Some("only in the first")),
        ] {
            let expect = Expect::recorded(then(recorded), rules.clone());
            let fault = expect.fault(&ok, Some(&kept(status, body)));
            match difference {
                None => assert_eq!(fault, None, "{recorded} {body}"),
                Some(words) => assert!(fault.unwrap().contains(words), "{recorded} {body}"),
            }
        }
        let expect = Expect::recorded(HashMap::new(), rules);
        assert!(expect.fault(&ok, Some(&kept(200, "ok"))).is_some());
    }
}
