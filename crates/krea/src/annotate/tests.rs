//! Every fixture, read and annotated; every note that a body alone can cause.

use std::collections::BTreeSet;

use super::*;
use crate::fixture::Fixture;
use crate::job::Kind;

/// A fixture, its status and kind, and the codes of its notes.
type Expected = (
    Fixture,
    Option<&'static str>,
    Option<Kind>,
    &'static [&'static str],
);

/// What each fixture is read as, and every note on its first body.
#[rustfmt::skip]
const EXPECTED: &[Expected] = &[
    (Fixture::Image, Some("completed"), Some(Kind::Image), &[]),
    (Fixture::Batch, Some("completed"), Some(Kind::Image), &[]),
    (Fixture::Video, Some("completed"), Some(Kind::Video), &[]),
    (Fixture::Enhance, Some("completed"), Some(Kind::Image), &[]),
    (Fixture::Audio, Some("completed"), Some(Kind::Audio), &[]),
    (Fixture::Model, Some("completed"), Some(Kind::Model), &["urls-typed"]),
    (Fixture::Training, Some("completed"), Some(Kind::Training), &["style_id-present"]),
    (Fixture::NodeApp, Some("completed"), Some(Kind::NodeApp), &["urls-map"]),
    (Fixture::Failed, Some("failed"), None, &["error-top-level"]),
    (Fixture::FailedInResult, Some("failed"), None, &["error-in-result"]),
    (Fixture::SilentFailure, Some("failed"), None, &["failed-without-reason"]),
    (Fixture::ShadowFail, Some("completed"), None, &["completed-without-result"]),
    (Fixture::Cancelled, Some("cancelled"), None, &[]),
    (Fixture::CancelledOpen, Some("cancelled"), None, &["completed_at-missing"]),
    (Fixture::Intermediate, Some("intermediate-complete"), Some(Kind::Image), &["non-terminal-delivery"]),
    (Fixture::Started, Some("processing"), None, &["non-terminal-delivery"]),
    (Fixture::Legacy, Some("completed"), Some(Kind::Video), &["urls-legacy-location"]),
    (Fixture::LegacyUrls, Some("completed"), Some(Kind::Image), &["urls-legacy-location"]),
    (Fixture::Duplicate, Some("completed"), Some(Kind::Image), &[]),
    (Fixture::Conflict, Some("completed"), Some(Kind::Image), &[]),
    (Fixture::Reordered, Some("completed"), Some(Kind::Image), &[]),
    (Fixture::Late, Some("completed"), Some(Kind::Image), &[]),
    (Fixture::Misspelt, Some("canceled"), None, &["unknown-status"]),
    (Fixture::UnknownStatus, Some("rendering"), None, &["unknown-status"]),
    (Fixture::ExtraFields, Some("completed"), Some(Kind::Image), &["extra-fields"]),
    (Fixture::OtherHost, Some("completed"), Some(Kind::Image), &["result-host-not-krea"]),
    (Fixture::Backwards, Some("completed"), Some(Kind::Image), &["completed_at-before-created_at"]),
    (Fixture::StrangeUrls, Some("completed"), None, &["urls-unreadable"]),
    (Fixture::BadTime, Some("completed"), Some(Kind::Image), &["time-unreadable"]),
    (Fixture::NoStatus, None, Some(Kind::Image), &["missing-status"]),
    (Fixture::NoJobId, Some("completed"), Some(Kind::Image), &["missing-job_id"]),
    (Fixture::OddJobId, Some("completed"), Some(Kind::Image), &["job_id-not-uuid"]),
    (Fixture::Foreign, None, None, &["foreign-shape", "missing-job_id"]),
    (Fixture::NotAnObject, None, None, &["not-an-object"]),
    (Fixture::Truncated, None, None, &["not-json"]),
    (Fixture::NotJson, None, None, &["not-json"]),
    (Fixture::Empty, None, None, &["empty-body"]),
];

fn codes(body: &str) -> Vec<&'static str> {
    let notes = annotate(&Reading::of(body.as_bytes()));
    notes.iter().map(Note::code).collect()
}

#[test]
fn every_fixture_is_read_and_annotated() {
    let listed: Vec<_> = EXPECTED.iter().map(|(fixture, ..)| *fixture).collect();
    assert_eq!(listed, Fixture::ALL, "a fixture without an expectation");
    for (fixture, status, kind, notes) in EXPECTED {
        let name = fixture.name();
        let body = fixture.body();
        let reading = Reading::of(body.as_bytes());
        let job = reading.job();
        let read = job.and_then(|job| job.status.as_ref()).map(Status::as_str);
        assert_eq!(read, *status, "{name}");
        assert_eq!(job.and_then(Job::kind), *kind, "{name}");
        assert_eq!(codes(&body), *notes, "{name}: {body}");
    }
}

#[test]
fn every_note_of_a_body_has_a_fixture() {
    let seen: BTreeSet<_> = EXPECTED
        .iter()
        .flat_map(|(.., notes)| *notes)
        .copied()
        .collect();
    // What a body alone can't tell, or is too large to keep ready, is tested elsewhere.
    let elsewhere = [
        "too-large",
        "fields-unreadable",
        "unknown-job",
        "duplicate-delivery",
        "conflicting-delivery",
        "late-delivery",
        "handler-non-2xx",
        "handler-failed",
        "handler-slow",
        "handler-very-slow",
        "missed-webhook",
    ];
    let both: BTreeSet<_> = seen.iter().copied().chain(elsewhere).collect();
    let all: BTreeSet<_> = crate::note::all().iter().map(Note::code).collect();
    assert_eq!(both, all);
    assert_eq!(codes(&" ".repeat(1024 * 1024 + 1)), ["too-large"]);
}

#[test]
fn several_things_are_noted_side_by_side() {
    let body = r#"{"job_id":"x","status":"failed","completed_at":null,"result":{"urls":["ftp://a/b"],"error":{"message":"m"}},"seed":1}"#;
    assert_eq!(
        codes(body),
        [
            "job_id-not-uuid",
            "error-in-result",
            "result-host-not-krea",
            "completed_at-missing",
            "extra-fields",
        ]
    );
}

#[test]
fn each_note_has_a_sentence_and_a_name_of_its_own() {
    let all = crate::note::all();
    let unique: BTreeSet<_> = all.iter().map(Note::code).collect();
    assert_eq!(unique.len(), all.len());
    for note in all {
        let sentence = note.to_string();
        assert!(sentence.ends_with('.') && sentence.len() > 25, "{sentence}");
        assert!(sentence.len() < 160, "{sentence}");
    }
}
