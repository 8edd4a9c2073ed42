//! What is set is there, and nothing else has moved.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn set(text: &str, body: &str) -> Result<String, CannotSet> {
    let set: Set = text.parse().unwrap();
    set.apply(body.as_bytes())
        .map(|body| String::from_utf8(body).unwrap())
}

#[test]
fn only_the_value_changes() {
    for (text, body, expected) in [
        ("a=2", r#"{"a":1}"#, r#"{"a":2}"#),
        (
            "$.a=2",
            "{ \"a\" : 1.50e3 ,\n \"b\":0 }",
            "{ \"a\" : 2 ,\n \"b\":0 }",
        ),
        ("a=failed", r#"{"a":"ok"}"#, r#"{"a":"failed"}"#),
        ("a=\"5\"", r#"{"a":1}"#, r#"{"a":"5"}"#),
        ("a={\"b\": []}", r#"{"a":1}"#, r#"{"a":{"b": []}}"#),
        (
            "a.b[1].c=null",
            r#"{"a":{"b":[0,{"c":"x"}]}}"#,
            r#"{"a":{"b":[0,{"c":null}]}}"#,
        ),
        ("[0]=true", "[1, 2]", "[true, 2]"),
        ("[\"a.b\"]=1", r#"{"a.b":0}"#, r#"{"a.b":1}"#),
        ("['x=y']=1", r#"{"x=y":0}"#, r#"{"x=y":1}"#),
        ("a=x=y", r#"{"a":0}"#, r#"{"a":"x=y"}"#),
        ("a=", r#"{"a":0}"#, r#"{"a":""}"#),
        // A key as parsers read it, and the last one of those that are the same.
        ("é=1", r#"{"\u00e9":0}"#, r#"{"\u00e9":1}"#),
        ("a=9", r#"{"a":1,"a":2}"#, r#"{"a":1,"a":9}"#),
        (
            "a=1",
            "{\"b\":\"}\\\"a\",\"a\":0}",
            "{\"b\":\"}\\\"a\",\"a\":1}",
        ),
    ] {
        assert_eq!(set(text, body).as_deref(), Ok(expected), "{text} {body}");
    }
}

#[test]
fn what_is_missing_is_added_as_the_others_are_written() {
    for (text, body, expected) in [
        ("b=2", r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
        ("b=2", "{}", r#"{"b":2}"#),
        ("b=2", "{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"b\": 2\n}"),
        ("a[1]=2", r#"{"a":[1]}"#, r#"{"a":[1,2]}"#),
        ("a[0]=2", r#"{"a":[ ]}"#, r#"{"a":[2 ]}"#),
    ] {
        assert_eq!(set(text, body).as_deref(), Ok(expected), "{text} {body}");
    }
}

#[test]
fn what_can_not_be_set_is_said() {
    for (text, body, words) in [
        ("a=1", "a=b&c=d", "the body is not JSON"),
        ("a=1", "", "the body is not JSON"),
        (
            "a.b=1",
            r#"{"a":"x"}"#,
            "$.a is a string, and has no member \"b\"",
        ),
        (
            "a[2]=1",
            r#"{"a":[0]}"#,
            "$.a is an array, and has no element 2",
        ),
        (
            "a.b.c=1",
            r#"{"a":{}}"#,
            "$.a is an object, and has no member \"b\"",
        ),
        ("[0]=1", "{}", "$ is an object, and has no element 0"),
    ] {
        let error = set(text, body).unwrap_err().to_string();
        assert!(error.contains(words), "{text} {body}: {error}");
    }
    for text in [
        "", "a", "=1", ".=1", "a..b=1", "a[x]=1", "a[0=1", "a[\"b]=1",
    ] {
        assert!(text.parse::<Set>().is_err(), "{text}");
    }
    let deep = format!("{}=1", vec!["a"; SET_STEPS + 1].join("."));
    let limit = SET_STEPS;
    assert_eq!(deep.parse::<Set>(), Err(InvalidSet::TooDeep { limit }));
}

/// JSON of a few levels.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-c]|\\PC", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_member_set_is_as_if_the_tree_had_been_changed(value in values(), new in values(), pretty: bool) {
        let Value::Object(mut object) = json!({ "x": value, "b": { "a": 1 } }) else {
            unreachable!("it is an object");
        };
        let source = match pretty {
            true => serde_json::to_string_pretty(&object).unwrap(),
            false => serde_json::to_string(&object).unwrap(),
        };
        let changed = set(&format!("x={new}"), &source).unwrap();
        object["x"] = new.clone();
        prop_assert_eq!(serde_json::from_str::<Value>(&changed).unwrap(), Value::Object(object.clone()));
        let changed = set(&format!("b.new={new}"), &changed).unwrap();
        object["b"]["new"] = new;
        prop_assert_eq!(serde_json::from_str::<Value>(&changed).unwrap(), Value::Object(object));
    }

    #[test]
    fn no_text_makes_it_panic(text: String, body: String) {
        if let Ok(set) = text.parse::<Set>() {
            let _ = set.apply(body.as_bytes());
        }
    }
}
