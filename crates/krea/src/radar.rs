//! Which webhooks never came, and which jobs are worth asking about to find that out.
//!
//! Pure: the evidence is gathered and the API asked elsewhere.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::jobs::{Evidence, is_missed};
use crate::limits::ASK_TOTAL;
use crate::status::Status;

/// Whether a webhook is due by now that nobody has sent, and that kreel has not made up for yet:
/// the API has told the job's end for that long.
pub fn due(evidence: &Evidence, now: Timestamp, after: Duration) -> bool {
    is_missed(evidence, now, after) && !evidence.is_made_up_for()
}

/// Whether asking about a job can show anything: no webhook has told its end, and neither has the
/// API. What goes elsewhere is nobody's business here.
pub fn is_open(evidence: &Evidence) -> bool {
    let told = evidence.of_api().and_then(|job| job.status.as_ref());
    let is_over = told.is_some_and(Status::is_terminal);
    !evidence.has_come() && !is_over && !evidence.is_elsewhere
}

/// Whether a job that was started then may still be at work: after three hours it is not asked about
/// any more.
pub fn may_run(started_at: Timestamp, now: Timestamp) -> bool {
    // One that is in the future has just begun, by another clock.
    now.duration_since(started_at) < ASK_TOTAL.try_into().unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ask::ApiAnswer;
    use crate::job::{JobId, Reading};
    use crate::jobs::{Attempt, Delivery, Outcome};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn body(status: &str) -> String {
        json!({"job_id": "1", "status": status, "completed_at": at(0).to_string()}).to_string()
    }

    fn asked(status: &str) -> Evidence {
        Evidence {
            api: Some(ApiAnswer::of(at(1), body(status).into())),
            ..Evidence::of(JobId::new("1"))
        }
    }

    fn came(status: &str) -> Delivery {
        Delivery {
            id: "d".to_owned(),
            received_at: at(2),
            reading: Reading::of(body(status).as_bytes()),
            digest: 0,
            is_synthesised: false,
            is_forgotten: false,
            attempts: Vec::new(),
            withheld: None,
        }
    }

    const AFTER: Duration = Duration::from_secs(30);

    #[test]
    fn a_webhook_is_due_once_the_end_is_old_and_until_it_is_made_up_for() {
        let mut evidence = asked("completed");
        assert!(!due(&evidence, at(29), AFTER));
        assert!(due(&evidence, at(30), AFTER));
        // One on the way is no end.
        evidence.deliveries = vec![came("processing")];
        assert!(due(&evidence, at(30), AFTER));
        let attempt = |outcome| Attempt {
            began_at: at(20),
            outcome,
            took: Duration::ZERO,
        };
        evidence.deliveries.push(Delivery {
            is_synthesised: true,
            attempts: vec![attempt(Outcome::Failed)],
            ..came("completed")
        });
        assert!(due(&evidence, at(30), AFTER), "the app was not there");
        evidence.deliveries[1]
            .attempts
            .push(attempt(Outcome::Answered(500)));
        assert!(!due(&evidence, at(30), AFTER));
        evidence.deliveries = vec![came("failed")];
        assert!(!due(&evidence, at(30), AFTER));
        assert!(!due(&asked("sampling"), at(1_000), AFTER));
        assert!(!due(&Evidence::of(JobId::new("1")), at(1_000), AFTER));
    }

    #[test]
    fn what_was_started_hours_ago_does_not_run_any_more() {
        let hours = |count: i64| at(count * 3600);
        assert!(may_run(hours(0), hours(0)) && may_run(hours(1), hours(0)));
        assert!(may_run(hours(0), hours(2)));
        assert!(!may_run(hours(0), hours(3)));
    }

    #[test]
    fn only_what_has_not_ended_is_asked_about() {
        assert!(is_open(&Evidence::of(JobId::new("1"))));
        assert!(is_open(&asked("queued")) && !is_open(&asked("failed")));
        let mut evidence = asked("queued");
        evidence.deliveries = vec![came("sampling")];
        assert!(is_open(&evidence));
        evidence.deliveries.push(came("completed"));
        assert!(!is_open(&evidence));
        let elsewhere = Evidence {
            is_elsewhere: true,
            ..asked("queued")
        };
        assert!(!is_open(&elsewhere));
    }
}
