//! Documents against the schemas in `docs/json.md` and `docs/cassette.md`.

use serde_json::{Value, json};

use super::*;
use crate::export::testing::{exchange, heads};
use crate::inert::is_inert;

const JSON: &str = include_str!("../../../../../docs/json.md");
const CASSETTE: &str = include_str!("../../../../../docs/cassette.md");

/// The block with this info string under a heading, of the page that has it.
fn block(heading: &str, info: &str) -> &'static str {
    let page = if heading == "fixture" { CASSETTE } else { JSON };
    let (_, part) = page.split_once(&format!("\n### `{heading}`\n")).unwrap();
    let (_, part) = part.split_once(&format!("\n```{info}\n")).unwrap();
    part.split_once("\n```").unwrap().0
}

/// The document, once it is as the page says, field by field.
fn checked(written: &str) -> Value {
    let document: Value = serde_json::from_str(written).unwrap();
    let kind = document["type"].as_str().unwrap();
    let mut schema: Value = serde_json::from_str(block(kind, "json schema")).unwrap();
    close(&mut schema);
    let options = jsonschema::draft202012::options().should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:?}\n{written}");
    document
}

/// Nothing is printed that is not documented.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.contains_key("properties") {
            object.insert("additionalProperties".to_owned(), json!(false));
        }
        object.values_mut().for_each(close);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(close);
    }
}

#[test]
fn documents_are_as_documented() {
    let heads = heads();
    let exchange = exchange(&heads, b"{\"status\":\"completed\"}");
    let mut recorded = exchange;
    recorded.request.url = "https://webhook.invalid/hook?a=%20b&c=d+e&f";
    for written in [
        json(&exchange, &Masking::standard()),
        fixture(&recorded, &Masking::standard()),
    ] {
        let document = checked(&written);
        assert!(!written.contains("s3cret") && !written.contains('\n'));
        let kind = document["type"].as_str().unwrap();
        assert_eq!(
            document,
            serde_json::from_str::<Value>(block(kind, "json")).unwrap()
        );
    }
}

#[test]
fn every_byte_is_in_it() {
    let heads = heads();
    let mut exchange = exchange(&heads, b"\xff\0");
    exchange.answer = None;
    exchange.failure = Some(("died", "the app closed the connection before it answered"));
    exchange.request.is_whole = false;
    let document = checked(&json(&exchange, &Masking::off()));
    assert_eq!(
        document["request"]["body"],
        json!({"base64": "/wA=", "size_bytes": 2, "whole": false})
    );
    assert_eq!(document["request"]["headers"][1]["value"], "Bearer s3cret");
    assert_eq!(
        document["request"]["headers"][2],
        json!({"name": "x-raw", "value_base64": "Y2Fm6Q=="})
    );
    assert_eq!(document["failure"]["code"], "died");
    assert_eq!(document["answer"], Value::Null);
}

#[test]
fn documents_are_inert() {
    let heads = heads();
    let body = "\u{202e}\x1b]0;x\x07\u{9b}\u{1f980}\u{e0041}";
    let exchange = exchange(&heads, body.as_bytes());
    for written in [
        json(&exchange, &Masking::off()),
        fixture(&exchange, &Masking::off()),
    ] {
        assert!(written.chars().all(is_inert), "{written:?}");
        assert_eq!(checked(&written)["request"]["body"]["text"], body);
    }
}
