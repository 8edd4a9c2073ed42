//! Every line that `--json` prints against the schemas in `docs/json.md`, and of cassettes against
//! that in `docs/cassette.md`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

/// The pages: for each type a block of JSON, the example, and one of JSON Schema.
const PAGES: [&str; 2] = [
    include_str!("../../docs/json.md"),
    include_str!("../../docs/cassette.md"),
];

/// The part with the types of `kreel listen`.
const LISTEN: &str = "`kreel listen`";

/// The part with the types of `kreel relay`, two of which `kreel listen` has otherwise.
const RELAY: &str = "`kreel relay`";

/// Type and schema of each part of the page.
type Parts = BTreeMap<&'static str, BTreeMap<&'static str, Validator>>;

/// Panics unless the object is of a documented type and has exactly the documented fields.
pub(crate) fn check(object: &Value) {
    let mut parts = parts().iter().filter(|(part, _)| **part != RELAY);
    let schema = parts.find_map(|(_, schemas)| schemas.get(kind(object)));
    hold(object, schema);
}

/// The same of a line of `kreel relay`.
pub(crate) fn check_relay(object: &Value) {
    let of = |part| parts()[part].get(kind(object));
    hold(object, of(RELAY).or_else(|| of(LISTEN)));
}

/// The objects that a command has printed, each checked.
pub(crate) fn lines(stdout: &str) -> Vec<Value> {
    let parse = |line: &str| {
        let object = serde_json::from_str(line);
        let object = object.unwrap_or_else(|error| panic!("no JSON ({error}): {line}"));
        check(&object);
        object
    };
    stdout.lines().map(parse).collect()
}

/// The types of `kreel listen` that are documented.
pub(crate) fn types() -> Vec<&'static str> {
    parts()[LISTEN].keys().copied().collect()
}

/// All types that are documented, relay's as `ready of a relay`.
pub(crate) fn all_types() -> Vec<String> {
    let of_part = |(part, schemas): (&&str, &BTreeMap<&'static str, Validator>)| {
        let part = *part;
        let named = move |kind: &&'static str| match part == RELAY {
            true => format!("{kind} of a relay"),
            false => (*kind).to_owned(),
        };
        schemas.keys().map(named).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = parts().iter().flat_map(of_part).collect();
    all.sort_unstable();
    all
}

/// The examples on the page, checked; their types as [`all_types`] has them.
pub(crate) fn examples() -> Vec<String> {
    let mut all = Vec::new();
    for (part, text) in headed() {
        for block in blocks(text, "json") {
            let example = serde_json::from_str::<Value>(block);
            let example = example.unwrap_or_else(|error| panic!("{error} in {block}"));
            let kind = kind(&example);
            match part == RELAY {
                true => {
                    check_relay(&example);
                    all.push(format!("{kind} of a relay"));
                }
                false => {
                    check(&example);
                    all.push(kind.to_owned());
                }
            }
        }
    }
    all.sort_unstable();
    all
}

fn kind(object: &Value) -> &str {
    let kind = object["type"].as_str();
    kind.unwrap_or_else(|| panic!("an object without a type: {object}"))
}

fn hold(object: &Value, schema: Option<&Validator>) {
    let schema =
        schema.unwrap_or_else(|| panic!("{:?} is not in docs/json.md: {object}", kind(object)));
    let faults: Vec<String> = schema
        .iter_errors(object)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(
        faults.is_empty(),
        "not as in docs/json.md: {object}\n{}",
        faults.join("\n")
    );
}

fn parts() -> &'static Parts {
    static PARTS: OnceLock<Parts> = OnceLock::new();
    PARTS.get_or_init(|| {
        let schemas = |text| blocks(text, "json schema").into_iter().map(validator);
        headed()
            .map(|(part, text)| (part, schemas(text).collect()))
            .collect()
    })
}

fn validator(block: &'static str) -> (&'static str, Validator) {
    let mut schema: Value =
        serde_json::from_str(block).unwrap_or_else(|error| panic!("{error} in {block}"));
    let title = schema["title"].as_str().expect("a title").to_owned();
    close(&mut schema);
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap_or_else(|error| panic!("the schema of {title}: {error}"));
    (title.leak(), validator)
}

/// Readers shall skip fields they do not know. We shall not print any that are not documented.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("properties").is_some_and(Value::is_object) {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

/// The parts of the pages: heading and text.
fn headed() -> impl Iterator<Item = (&'static str, &'static str)> {
    let parts = PAGES
        .into_iter()
        .flat_map(|page| page.split("\n## ").skip(1));
    parts.map(|part| part.split_once('\n').expect("a heading"))
}

/// The fenced blocks of a text with this info string.
fn blocks(text: &'static str, info: &str) -> Vec<&'static str> {
    let mut blocks = Vec::new();
    let mut rest = text;
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
