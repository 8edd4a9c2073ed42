//! Rows, flags and verdicts from evidence, one story each.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

use super::*;
use crate::fixture::Fixture;
use crate::job::JobId;

const OVERDUE: Duration = Duration::from_secs(30);

fn now() -> Timestamp {
    Timestamp::now()
}

fn delivery(body: &str) -> Delivery {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    Delivery {
        received_at: now(),
        reading: Reading::of(body.as_bytes()),
        digest: hasher.finish(),
        is_synthesised: false,
        attempts: Vec::new(),
    }
}

fn came(fixture: Fixture) -> Evidence {
    Evidence {
        deliveries: fixture.bodies().iter().map(|body| delivery(body)).collect(),
        ..Evidence::default()
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
    }
}

#[test]
fn flags_of_every_fixture() {
    for fixture in Fixture::ALL {
        let expected: &[&str] = match fixture {
            Fixture::Duplicate => &["DUPLICATE"],
            Fixture::Conflict => &["CONFLICT"],
            Fixture::Late => &["LATE"],
            Fixture::Intermediate | Fixture::Started | Fixture::Reordered => &["EARLY"],
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
            ..Evidence::default()
        };
        row(&evidence, now(), OVERDUE).delay
    };
    assert_eq!(ahead(3), Some(Duration::ZERO));
    assert_eq!(ahead(60), None);
    assert!(ahead(-61).is_some_and(|delay| delay > DELIVERY_LATE));
}

fn api(body: Option<Value>) -> Option<ApiAnswer> {
    Some(ApiAnswer {
        asked_at: now(),
        reading: body.map(|body| Reading::of_value(&body)),
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
        ..Evidence::default()
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
            ..Evidence::default()
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
        ..Evidence::default()
    };
    let row = row(&evidence, now(), OVERDUE);
    assert_eq!(row.deliveries, 20_000);
    assert_eq!(row.flags, [Flag::Duplicate]);
}
