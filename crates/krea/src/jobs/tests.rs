//! Rows, flags and verdicts from evidence, one story each.

use serde_json::{Value, json};

use super::*;
use crate::ask::ApiAnswer;
use crate::fixture::Fixture;
use crate::job::Reading;
use crate::ledger::digest;

const OVERDUE: Duration = Duration::from_secs(30);

fn now() -> Timestamp {
    Timestamp::now()
}

fn delivery(body: &str) -> Delivery {
    Delivery {
        id: "d".to_owned(),
        received_at: now(),
        reading: Reading::of(body.as_bytes()),
        digest: digest(body.as_bytes()),
        is_synthesised: false,
        is_forgotten: false,
        attempts: Vec::new(),
        withheld: None,
    }
}

fn came(fixture: Fixture) -> Evidence {
    Evidence {
        deliveries: fixture.bodies().iter().map(|body| delivery(body)).collect(),
        ..Evidence::of(JobId::new("1"))
    }
}

fn flags(evidence: &Evidence) -> Vec<&'static str> {
    let row = row(evidence, now(), OVERDUE);
    row.flags.iter().map(|flag| flag.as_str()).collect()
}

fn codes(evidence: &Evidence) -> Vec<&'static str> {
    let row = row(evidence, now(), OVERDUE);
    row.notes.iter().map(Note::code).collect()
}

fn known(path: &str) -> KnownJob {
    KnownJob {
        id: JobId::new("1"),
        path: path.to_owned(),
        kind: Some(Kind::Enhance),
        model: Some("topaz/bloom-enhance".to_owned()),
        parameters: None,
        started_at: now(),
        webhook_url: None,
        is_own_webhook: false,
        own_webhook_url: None,
    }
}

#[test]
fn flags_of_every_fixture() {
    for fixture in Fixture::ALL {
        let expected: &[&str] = match fixture {
            Fixture::Duplicate => &["DUPLICATE"],
            Fixture::Conflict => &["CONFLICT"],
            Fixture::Late => &["LATE"],
            Fixture::Intermediate
            | Fixture::Started
            | Fixture::Reordered
            | Fixture::UnknownStatus => &["EARLY"],
            Fixture::ShadowFail => &["SHADOW-FAIL"],
            _ => &[],
        };
        assert_eq!(flags(&came(*fixture)), expected, "{}", fixture.name());
    }
}

#[test]
fn an_end_outlives_what_comes_late() {
    let row = row(&came(Fixture::Reordered), now(), OVERDUE);
    assert_eq!(row.status, Some(Status::Completed));
    assert_eq!((row.deliveries, row.results), (2, 1));
    assert_eq!(row.took, Some(Duration::from_millis(7_784)));
    assert!(!row.is_free);
}

#[test]
fn failed_and_cancelled_jobs_are_free() {
    for (fixture, is_free) in [
        (Fixture::Failed, true),
        (Fixture::Cancelled, true),
        (Fixture::Image, false),
        (Fixture::ShadowFail, false),
    ] {
        assert_eq!(row(&came(fixture), now(), OVERDUE).is_free, is_free);
    }
}

#[test]
fn the_call_knows_more_than_the_result() {
    let mut evidence = came(Fixture::Enhance);
    assert_eq!(row(&evidence, now(), OVERDUE).kind, Some(Kind::Image));
    evidence.knows_jobs = true;
    assert_eq!(flags(&evidence), ["UNKNOWN JOB"]);
    evidence.known = Some(known("/generate/enhance/topaz/bloom-enhance"));
    let row = row(&evidence, now(), OVERDUE);
    assert_eq!(row.kind, Some(Kind::Enhance));
    assert_eq!(row.model.as_deref(), Some("topaz/bloom-enhance"));
    assert_eq!(row.flags, []);
}

#[test]
fn handlers_are_judged_by_status_and_time() {
    let attempt = |outcome, seconds| Attempt {
        began_at: now(),
        outcome,
        took: Duration::from_secs(seconds),
    };
    for (attempts, expected) in [
        (vec![attempt(Outcome::Answered(204), 1)], &[][..]),
        (vec![attempt(Outcome::Answered(200), 6)], &["handler-slow"]),
        (
            vec![attempt(Outcome::Answered(200), 11)],
            &["handler-very-slow"],
        ),
        (
            vec![attempt(Outcome::Answered(302), 1)],
            &["handler-non-2xx"],
        ),
        (vec![attempt(Outcome::Failed, 0)], &["handler-failed"]),
        (
            vec![
                attempt(Outcome::Answered(500), 6),
                attempt(Outcome::Answered(200), 7),
            ],
            &["handler-non-2xx", "handler-slow"],
        ),
    ] {
        let mut evidence = came(Fixture::Image);
        evidence.deliveries[0].attempts = attempts;
        assert_eq!(codes(&evidence), expected);
    }
}

#[test]
fn clocks_that_differ_are_no_delay() {
    let ahead = |seconds: i64| {
        let ended = now() + jiff::SignedDuration::from_secs(seconds);
        let body = json!({"job_id": "1", "status": "completed", "completed_at": ended.to_string()});
        let evidence = Evidence {
            deliveries: vec![delivery(&body.to_string())],
            ..Evidence::of(JobId::new("1"))
        };
        row(&evidence, now(), OVERDUE).delay
    };
    assert_eq!(ahead(3), Some(Duration::ZERO));
    assert_eq!(ahead(60), None);
    assert!(ahead(-61).is_some_and(|delay| delay > DELIVERY_LATE));
}

fn api(body: Option<Value>) -> Option<ApiAnswer> {
    Some(match body {
        Some(body) => ApiAnswer::of(now(), body.to_string().into()),
        None => ApiAnswer::unknown(now(), "{}".into()),
    })
}

#[test]
fn what_ended_long_ago_and_never_came_is_missed() {
    let ended = |seconds: i64| {
        let at = now() - jiff::SignedDuration::from_secs(seconds);
        json!({"job_id": "1", "status": "failed", "completed_at": at.to_string()})
    };
    let evidence = |body: Option<Value>, deliveries| Evidence {
        api: api(body),
        deliveries,
        ..Evidence::of(JobId::new("1"))
    };
    let old = ended(31);
    assert_eq!(flags(&evidence(Some(old.clone()), Vec::new())), ["MISSED"]);
    assert_eq!(flags(&evidence(Some(ended(5)), Vec::new())), [""; 0]);
    let open = json!({"job_id": "1", "status": "processing"});
    assert_eq!(flags(&evidence(Some(open), Vec::new())), [""; 0]);
    assert_eq!(flags(&evidence(None, Vec::new())), [""; 0]);
    let came = delivery(&old.to_string());
    assert_eq!(
        flags(&evidence(Some(old.clone()), vec![came.clone()])),
        [""; 0]
    );
    // What kreel made itself did not come.
    let made = Delivery {
        is_synthesised: true,
        ..came
    };
    let evidence = evidence(Some(old), vec![made]);
    assert_eq!(flags(&evidence), ["MISSED"]);
    assert_eq!(row(&evidence, now(), OVERDUE).deliveries, 0);
}

#[test]
fn the_api_vouches_for_a_webhook_or_does_not() {
    let body: Value = serde_json::from_str(&Fixture::Image.body()).unwrap();
    let verdict = |asked: Option<Value>| {
        let evidence = Evidence {
            deliveries: vec![delivery(&body.to_string())],
            api: api(asked),
            ..Evidence::of(JobId::new("1"))
        };
        row(&evidence, now(), OVERDUE).verdict
    };
    assert_eq!(verdict(Some(body.clone())), Some(Verdict::Matches));
    assert_eq!(verdict(None), Some(Verdict::Unknown));
    let mut other = body.clone();
    other["result"]["urls"][0] = json!("https://gen.krea.ai/images/other.png");
    other["status"] = json!("failed");
    let Some(Verdict::Differs(differences)) = verdict(Some(other)) else {
        panic!("they differ");
    };
    let fields: Vec<_> = differences.iter().map(|one| one.field).collect();
    assert_eq!(fields, ["status", "result.urls"]);
    assert_eq!(differences[0].delivered, "completed");
    let unasked = came(Fixture::Image);
    assert_eq!(row(&unasked, now(), OVERDUE).verdict, None);
}

#[test]
fn a_crowd_of_deliveries_is_no_burden() {
    let body = Fixture::Image.body();
    let evidence = Evidence {
        deliveries: (0..20_000).map(|_| delivery(&body)).collect(),
        ..Evidence::of(JobId::new("1"))
    };
    let row = row(&evidence, now(), OVERDUE);
    assert_eq!(row.deliveries, 20_000);
    assert_eq!(row.flags, [Flag::Duplicate]);
}

#[test]
fn a_handler_is_slow_beyond_5_s_and_very_slow_beyond_10() {
    for (millis, expected) in [
        (5_000, &[][..]),
        (5_001, &["HANDLER SLOW"]),
        (10_000, &["HANDLER SLOW"]),
        (10_001, &["HANDLER VERY SLOW"]),
    ] {
        let mut evidence = came(Fixture::Image);
        evidence.deliveries[0].attempts = vec![Attempt {
            began_at: now(),
            outcome: Outcome::Answered(200),
            took: Duration::from_millis(millis),
        }];
        assert_eq!(flags(&evidence), expected, "{millis} ms");
    }
}

#[test]
fn a_state_nobody_knows_is_early_and_a_misspelt_end_is_not() {
    let told = |status: &str| {
        let body = json!({"job_id": "1", "status": status, "created_at": "2026-10-02T08:15:30Z"});
        flags(&Evidence {
            deliveries: vec![delivery(&body.to_string())],
            ..Evidence::of(JobId::new("1"))
        })
    };
    assert_eq!(told("rendering"), ["EARLY"]);
    assert_eq!(told("canceled"), [""; 0]);
}

#[test]
fn what_kreel_made_itself_says_nothing() {
    let mut evidence = came(Fixture::Image);
    evidence.api = api(Some(serde_json::from_str(&Fixture::Failed.body()).unwrap()));
    evidence.deliveries[0].is_synthesised = true;
    let row = row(&evidence, now(), OVERDUE);
    assert_eq!((row.deliveries, row.synthesised), (0, 1));
    assert_eq!((row.status, row.verdict), (Some(Status::Failed), None));
}

#[test]
fn an_api_that_is_behind_is_asked_again() {
    let body: Value = serde_json::from_str(&Fixture::Image.body()).unwrap();
    let verdict = |delivered: &Value, asked: &Value| {
        let evidence = Evidence {
            deliveries: vec![delivery(&delivered.to_string())],
            api: api(Some(asked.clone())),
            ..Evidence::of(JobId::new("1"))
        };
        row(&evidence, now(), OVERDUE).verdict
    };
    let mut earlier = body.clone();
    earlier["status"] = json!("processing");
    earlier["result"] = Value::Null;
    earlier["completed_at"] = Value::Null;
    assert_eq!(verdict(&body, &earlier), Some(Verdict::NotYet));
    assert_eq!(verdict(&earlier, &body), Some(Verdict::NotYet));
    assert_eq!(verdict(&earlier, &earlier), Some(Verdict::Matches));
    // What never changes is compared nevertheless.
    earlier["created_at"] = json!("2020-01-01T00:00:00Z");
    let Some(Verdict::Differs(differences)) = verdict(&body, &earlier) else {
        panic!("they differ");
    };
    assert_eq!(differences.len(), 1, "{differences:?}");
}

#[test]
fn what_goes_elsewhere_and_what_was_forgotten_are_no_loss() {
    let old = now() - jiff::SignedDuration::from_secs(60);
    let body = json!({"job_id": "1", "status": "completed", "completed_at": old.to_string(),
        "result": {"urls": ["https://gen.krea.ai/a.png"]}});
    let mut evidence = Evidence {
        api: api(Some(body)),
        ..Evidence::of(JobId::new("1"))
    };
    assert_eq!(flags(&evidence), ["MISSED"]);
    evidence.is_elsewhere = true;
    assert_eq!(flags(&evidence), [""; 0]);
    evidence.is_elsewhere = false;
    evidence.deliveries = vec![Delivery {
        is_forgotten: true,
        ..delivery(&json!({"job_id": "1", "status": "completed"}).to_string())
    }];
    let row = row(&evidence, now(), OVERDUE);
    assert_eq!((row.deliveries, row.flags, row.verdict), (1, vec![], None));
}

#[test]
fn a_row_says_what_was_asked_for_and_when() {
    let prompt = |parameters: &str| {
        let known = KnownJob {
            parameters: Some(parameters.to_owned()),
            ..known("/generate/image/bfl/flux-1-dev")
        };
        known.prompt()
    };
    assert_eq!(prompt(r#"{"prompt":"a fox"}"#).as_deref(), Some("a fox"));
    assert_eq!(
        prompt(r#"{"n":1,"text":{"prompt":"a fox"}}"#).as_deref(),
        Some("a fox")
    );
    assert_eq!(prompt(r#"{"prompt":7}"#), None);
    assert_eq!(prompt("[]"), None);
    let evidence = Evidence {
        known: Some(known("/generate/enhance/topaz/bloom-enhance")),
        ..came(Fixture::Image)
    };
    let row = row(&evidence, now(), OVERDUE);
    let times = (row.created_at.unwrap(), row.completed_at.unwrap());
    assert_eq!(times.1.duration_since(times.0).as_millis(), 7_784);
    assert_eq!(row.id, JobId::new("1"));
    let started = Evidence {
        known: Some(known("/generate/image/bfl/flux-1-dev")),
        ..Evidence::of(JobId::new("1"))
    };
    assert!(super::row(&started, now(), OVERDUE).created_at.is_some());
}

#[test]
fn a_timeline_is_in_the_order_of_time() {
    let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
    let body = json!({"job_id": "1", "status": "completed", "created_at": at(1).to_string(),
        "completed_at": at(5).to_string(), "result": {"urls": ["https://gen.krea.ai/a.png"]}});
    let mut came = delivery(&body.to_string());
    came.received_at = at(6);
    came.attempts = vec![Attempt {
        began_at: at(6),
        outcome: Outcome::Answered(204),
        took: Duration::from_millis(3),
    }];
    let evidence = Evidence {
        known: Some(KnownJob {
            started_at: at(0),
            ..known("/generate/image/bfl/flux-1-dev")
        }),
        deliveries: vec![came],
        api: Some(ApiAnswer::of(
            at(3),
            json!({"job_id": "1", "status": "sampling"})
                .to_string()
                .into(),
        )),
        ..Evidence::of(JobId::new("1"))
    };
    let moments = timeline(&evidence);
    let steps: Vec<&str> = moments
        .iter()
        .map(|moment| match &moment.step {
            Step::Started { .. } => "started",
            Step::Created => "created",
            Step::Ended(_) => "ended",
            Step::Came { .. } => "came",
            Step::HandedOver { .. } => "handed over",
            Step::Withheld { .. } => "withheld",
            Step::Asked(_) => "asked",
        })
        .collect();
    assert_eq!(
        steps,
        [
            "started",
            "created",
            "asked",
            "ended",
            "came",
            "handed over"
        ]
    );
}

#[test]
fn what_was_withheld_has_not_come_and_counts_only_alone() {
    let body = |status: &str| {
        json!({"job_id": "1", "status": status, "completed_at": "2026-10-02T08:15:37Z"}).to_string()
    };
    let forged = Delivery {
        withheld: Some((now(), "KR0630: the API says something else".to_owned())),
        ..delivery(&body("failed"))
    };
    let mut evidence = Evidence {
        deliveries: vec![forged],
        api: Some(ApiAnswer::of(now(), body("completed").into())),
        ..Evidence::of(JobId::new("1"))
    };
    assert!(!evidence.has_come());
    let one = row(&evidence, now(), OVERDUE);
    assert!(matches!(one.verdict, Some(Verdict::Differs(_))), "{one:?}");
    assert!(one.flags.contains(&Flag::Missed));
    let steps = timeline(&evidence);
    assert!(steps.iter().any(
        |moment| matches!(&moment.step, Step::Withheld { why, .. } if why.contains("KR0630"))
    ));
    evidence.deliveries.push(delivery(&body("completed")));
    assert!(evidence.has_come());
    let one = row(&evidence, now(), OVERDUE);
    assert_eq!(one.verdict, Some(Verdict::Matches));
}
