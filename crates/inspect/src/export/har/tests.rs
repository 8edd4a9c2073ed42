//! Archives against a schema written from the format's list of fields.

use serde_json::{Value, json};

use super::*;
use crate::export::testing::{exchange, headers, heads};

/// The archive of these, once it has passed the schema.
fn archive(exchanges: &[Exchange<'_>], masking: &Masking) -> Value {
    let written = har(exchanges, masking);
    let archive: Value = serde_json::from_str(&written).unwrap();
    let schema: Value = serde_json::from_str(include_str!("schema.json")).unwrap();
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    for validator in [validator, published::validator()] {
        let faults: Vec<String> = validator
            .iter_errors(&archive)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:?}\n{written}");
    }
    archive
}

#[test]
fn the_published_schema_refuses_what_is_no_archive() {
    let heads = heads();
    let whole = archive(&[exchange(&heads, b"x")], &Masking::off());
    for (place, wrong) in [
        ("/log/entries/0/startedDateTime", json!("yesterday")),
        ("/log/entries/0/request/headers/0", json!({"name": "x"})),
        ("/log/entries/0/timings/wait", json!("long")),
        ("/log/creator", json!({})),
    ] {
        let mut archive = whole.clone();
        *archive.pointer_mut(place).unwrap() = wrong;
        assert!(!published::validator().is_valid(&archive), "{place}");
    }
}

#[test]
fn an_archive_has_all_that_the_format_asks_for() {
    let heads = heads();
    let archive = archive(&[exchange(&heads, b"{\"a\":1}")], &Masking::off());
    assert_eq!(archive["log"]["creator"]["name"], "kreel");
    let entry = &archive["log"]["entries"][0];
    assert_eq!(entry["startedDateTime"], "2026-01-01T00:00:00.001500Z");
    assert_eq!(entry["time"], 13.0);
    assert_eq!(
        entry["timings"],
        json!({"blocked": -1.0, "dns": -1.0, "connect": 0.5, "ssl": -1.0, "send": 0.0, "wait": 12.0, "receive": 0.5})
    );
    let request = &entry["request"];
    assert_eq!(
        request["queryString"],
        json!([{"name": "a", "value": " b"}, {"name": "c", "value": "d e"}, {"name": "f", "value": ""}])
    );
    assert_eq!(
        request["postData"],
        json!({"mimeType": "application/json", "text": "{\"a\":1}"})
    );
    assert_eq!(
        request["cookies"],
        json!([{"name": "a", "value": "1"}, {"name": "b", "value": "2"}])
    );
    assert_eq!(
        request["headers"][2],
        json!({"name": "x-raw", "value": "café"})
    );
    assert_eq!(
        entry["response"]["cookies"],
        json!([{"name": "session", "value": "s3cret"}])
    );
    assert_eq!(entry["response"]["statusText"], "Created");
    assert_eq!(entry["response"]["content"]["text"], "ok");
}

#[test]
fn secrets_are_nowhere_in_it() {
    let heads = heads();
    let written = har(&[exchange(&heads, b"{}")], &Masking::standard());
    assert!(
        !written.contains("s3cret") && written.contains("Bearer ••••••"),
        "{written}"
    );
}

#[test]
fn binary_and_missing_answers_have_their_form() {
    let heads = heads();
    let mut lost = exchange(&heads, b"\xff\0");
    lost.answer = None;
    lost.started_at_us = None;
    lost.failure = Some((
        "refused",
        "the app refused the connection at localhost:3000",
    ));
    let mut binary = exchange(&heads, b"");
    let none = headers(&[]);
    binary.request.headers = &none;
    if let Some(answer) = &mut binary.answer {
        answer.body = b"\x89PNG";
        answer.is_whole = false;
    }
    let archive = archive(&[lost, binary], &Masking::off());
    let entries = &archive["log"]["entries"];
    assert_eq!(entries[0]["response"]["status"], 0);
    assert!(
        entries[0]["response"]["_error"]
            .as_str()
            .unwrap()
            .contains("refused")
    );
    assert_eq!(
        entries[0]["request"]["postData"],
        json!({"mimeType": "application/json", "text": "/wA=", "_encoding": "base64"})
    );
    assert!(entries[1]["request"].get("postData").is_none());
    let content = &entries[1]["response"]["content"];
    assert_eq!(
        (&content["encoding"], &content["text"]),
        (&json!("base64"), &json!("iVBORw=="))
    );
    assert_eq!(
        content["comment"],
        "only the beginning of the body was kept"
    );
    assert_eq!(archive["log"]["pages"], json!([]));
}
