//! Every line of `kreel listen --json` against the schemas in `docs/json.md`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The page: for each type a block of JSON, the example, and one of JSON Schema.
const PAGE: &str = include_str!("../../docs/json.md");

/// Panics unless the event is of a documented type and has exactly the documented fields.
pub(crate) fn check(event: &Value) {
    let kind = event["type"]
        .as_str()
        .unwrap_or_else(|| panic!("an event without a type: {event}"));
    let validator = validators()
        .get(kind)
        .unwrap_or_else(|| panic!("{kind:?} is not in docs/json.md: {event}"));
    let faults: Vec<String> = validator
        .iter_errors(event)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(
        faults.is_empty(),
        "not as in docs/json.md: {event}\n{}",
        faults.join("\n")
    );
}

/// The types that are documented.
pub(crate) fn types() -> Vec<&'static str> {
    validators().keys().copied().collect()
}

/// The examples on the page.
pub(crate) fn examples() -> Vec<Value> {
    let parse = |block: &str| {
        serde_json::from_str(block).unwrap_or_else(|error| panic!("{error} in {block}"))
    };
    blocks("json").into_iter().map(parse).collect()
}

fn validators() -> &'static BTreeMap<&'static str, Validator> {
    static VALIDATORS: OnceLock<BTreeMap<&'static str, Validator>> = OnceLock::new();
    VALIDATORS.get_or_init(|| blocks("json schema").into_iter().map(validator).collect())
}

fn validator(block: &'static str) -> (&'static str, Validator) {
    let mut schema: Value =
        serde_json::from_str(block).unwrap_or_else(|error| panic!("{error} in {block}"));
    let title = schema["title"].as_str().expect("a title").to_owned();
    // Readers shall skip fields they do not know. We shall not print any that are not documented.
    schema["additionalProperties"] = json!(false);
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap_or_else(|error| panic!("the schema of {title}: {error}"));
    (title.leak(), validator)
}

/// The fenced blocks of the page with this info string, in the part about `kreel listen`.
fn blocks(info: &str) -> Vec<&'static str> {
    let start = PAGE
        .find("\n## `kreel listen`")
        .expect("the part about kreel listen");
    let end = PAGE.find("\n## `kreel relay`").unwrap_or(PAGE.len());
    let mut blocks = Vec::new();
    let mut rest = &PAGE[start..end];
    while let Some(open) = rest.find("\n```") {
        let (line, behind) = rest[open + 4..].split_once('\n').expect("a line");
        let close = behind.find("\n```").expect("an end of the block");
        if line == info {
            blocks.push(&behind[..close]);
        }
        rest = &behind[close + 4..];
    }
    blocks
}
