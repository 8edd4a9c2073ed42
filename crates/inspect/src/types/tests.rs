//! Types of samples, and schemas that hold for all they were found from.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn samples(bodies: &[&str]) -> Samples {
    let mut samples = Samples::default();
    for body in bodies {
        samples.add(body.as_bytes()).unwrap();
    }
    samples
}

/// Two jobs, one of which has failed.
fn jobs() -> Samples {
    samples(&[
        r#"{"job_id":"a","status":"completed","result":{"urls":["https://x/1.png"]},"took":1.5,"type":1,"error":null}"#,
        r#"{"job_id":"b","status":"failed","took":2,"type":2,"error":{"code":7},"a-b":true}"#,
    ])
}

#[test]
fn rust_has_structures() {
    assert_eq!(
        jobs().write(Lang::Rust, "krea job"),
        r#"use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KreaJob {
    pub job_id: String,
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<KreaJobResult>,
    pub took: f64,
    #[serde(rename = "type")]
    pub type_: i64,
    pub error: Option<KreaJobError>,
    #[serde(rename = "a-b", default, skip_serializing_if = "Option::is_none")]
    pub a_b: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KreaJobError {
    pub code: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KreaJobResult {
    pub urls: Vec<String>,
}
"#
    );
}

#[test]
fn typescript_has_interfaces() {
    assert_eq!(
        jobs().write(Lang::TypeScript, "KreaJob"),
        r#"export interface KreaJob {
  job_id: string;
  status: string;
  result?: KreaJobResult;
  took: number;
  type: number;
  error: KreaJobError | null;
  "a-b"?: boolean;
}

export interface KreaJobError {
  code: number;
}

export interface KreaJobResult {
  urls: string[];
}
"#
    );
}

#[test]
fn python_has_dictionaries() {
    assert_eq!(
        jobs().write(Lang::Python, "KreaJob"),
        r#"from typing import Any, NotRequired, TypeAlias, TypedDict


class KreaJobResult(TypedDict):
    urls: list[str]


class KreaJobError(TypedDict):
    code: int


KreaJob = TypedDict(
    "KreaJob",
    {
        "job_id": str,
        "status": str,
        "result": NotRequired[KreaJobResult],
        "took": float,
        "type": int,
        "error": KreaJobError | None,
        "a-b": NotRequired[bool],
    },
)
"#
    );
}

#[test]
fn what_is_mixed_is_said_as_far_as_a_language_can() {
    let mixed = samples(&[
        "[1, \"a\", null, []]",
        "[{\"a\":18446744073709551615}, true]",
    ]);
    let rust = mixed.write(Lang::Rust, "Mixed");
    assert!(
        rust.contains("pub type Mixed = Vec<serde_json::Value>;"),
        "{rust}"
    );
    let ts = mixed.write(Lang::TypeScript, "Mixed");
    let union =
        "export type Mixed = (boolean | number | string | unknown[] | MixedValueItem | null)[];";
    assert!(ts.contains(union), "{ts}");
    let python = samples(&["null"]).write(Lang::Python, "Nothing");
    assert!(
        python.ends_with("\nNothing: TypeAlias = None\n"),
        "{python}"
    );
}

#[test]
fn keys_that_are_data_make_a_map() {
    let members: Vec<String> = (0..200)
        .map(|id| format!("\"id{id}\":{{\"n\":{id}}}"))
        .collect();
    let body = format!("{{\"jobs\":{{{}}}}}", members.join(","));
    let ts = samples(&[&body]).write(Lang::TypeScript, "Jobs");
    assert!(ts.contains("jobs: Record<string, JobsJobsValue>;"), "{ts}");
}

#[test]
fn what_is_no_json_is_no_sample() {
    let mut samples = Samples::default();
    assert!(matches!(samples.add(b"a=1"), Err(NoSample::NotJson { .. })));
    let large = vec![b' '; TYPE_BODY_BYTES + 1];
    assert!(matches!(
        samples.add(&large),
        Err(NoSample::TooLarge { .. })
    ));
    assert_eq!(samples.count(), 0);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        any::<u64>().prop_map(|it| json!(it)),
        any::<f64>().prop_map(|it| json!(it)),
        ".{0,4}".prop_map(|it| json!(it)),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|it| json!(it)),
            prop::collection::btree_map("[ab\\-]{0,2}|.{1,3}", inner, 0..5)
                .prop_map(|it| json!(it)),
        ]
    })
}

proptest! {
    #[test]
    fn a_schema_holds_for_all_it_was_found_from(values in prop::collection::vec(any_json(), 1..6)) {
        let mut samples = Samples::default();
        for value in &values {
            samples.add(value.to_string().as_bytes()).unwrap();
        }
        let schema = serde_json::from_str(&samples.write(Lang::JsonSchema, "Any")).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for value in &values {
            prop_assert!(validator.is_valid(value), "{value} {schema}");
        }
        for lang in [Lang::Rust, Lang::TypeScript, Lang::Python] {
            prop_assert!(!samples.write(lang, "Any").is_empty());
        }
    }
}
