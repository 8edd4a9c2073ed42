//! `--expect`: whether an answer is as it should be.
//!
//! A filter, in which words, `body:`, `jq:`, `header:` and `size` are about the answer; what needs
//! its header or body is judged at the end, from the history.

use jiff::Timestamp;
use kreel_client::filter::{Filter, Flag, Flags, Subject};
use kreel_client::{Attempt, AttemptEnd, KeptAttempt};
use kreel_wire::Headers;

use crate::filters;
use crate::problem::Result;

/// What answers shall be like.
#[derive(Debug)]
pub(super) struct Expect {
    filter: Filter,
    /// As it was typed.
    pub(super) text: String,
    /// Whether the answer itself is needed to judge.
    pub(super) needs_answer: bool,
}

impl Expect {
    /// A status like `2xx`, or several; or a filter.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let is_status = |part: &str| {
            let digits = part.trim_start_matches(['<', '>', '=']);
            digits.len() == 3 && digits.chars().all(|c| c.is_ascii_digit() || c == 'x')
        };
        let typed = match text.split(',').all(is_status) {
            true => format!("status:{text}"),
            false => text.to_owned(),
        };
        let filter = filters::parse_alone(&typed)?;
        Ok(Self {
            needs_answer: filter.needs_body() || filter.needs_headers(),
            filter,
            text: text.to_owned(),
        })
    }

    /// Whether an attempt ended so; `answer` is what the app said, where that is needed.
    pub(super) fn holds(&self, attempt: &Attempt, answer: Option<&KeptAttempt>) -> bool {
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
        self.filter.matches(&subject)
    }
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
            ("<500", true, false),
            ("status:2xx took<1s", true, false),
            ("took>1s", false, false),
            ("is:failed", false, true),
            ("path:/hook size<10", true, true),
        ] {
            let expect = Expect::parse(text).unwrap();
            assert!(!expect.needs_answer, "{text}");
            let both = (expect.holds(&ok, None), expect.holds(&left, None));
            assert_eq!(both, (of_ok, of_left), "{text}");
        }
        assert!(Expect::parse("body:ok").unwrap().needs_answer);
        assert!(Expect::parse("statsu:2xx").is_err());
    }
}
