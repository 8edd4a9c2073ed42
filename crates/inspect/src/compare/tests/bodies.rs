//! JSON by structure, text by lines, the rest by bytes.

use proptest::prelude::*;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::inert::is_inert;
use crate::limits;

#[test]
fn objects_are_compared_by_key() {
    let left = r#"{"id": "a", "status": "queued", "old": 1, "same": [1, 2]}"#;
    let right = r#"{"status": "completed", "id": "a", "same": [1,2], "new": {"x": null}}"#;
    let comparison = bodies(left, right, &[]);
    assert!(!comparison.is_equal);
    assert_eq!(
        shown(&comparison),
        [
            "  Body",
            "  … 1 the same",
            "~ $.status: \"queued\" → \"completed\"",
            "- $.old: 1",
            "  … 1 the same",
            "+ $.new: {\"x\":null}",
        ]
    );
}

#[test]
fn arrays_are_compared_by_content() {
    for (left, right, expected) in [
        ("[1,2,3]", "[3,1,2]", &["> $[2] → $[0]: 3"][..]),
        ("[1,2,3]", "[1,5,3]", &["~ $[1]: 2 → 5"]),
        ("[1,2,3]", "[0,1,2,3]", &["+ $[0]: 0"]),
        ("[1,2,3]", "[1,3]", &["- $[1]: 2"]),
        ("[]", "[[]]", &["+ $[0]: []"]),
        (
            r#"[{"id":1,"v":"a"},{"id":2,"v":"b"}]"#,
            r#"[{"id":2,"v":"c"},{"id":1,"v":"a"}]"#,
            &["~ $[1→0].v: \"b\" → \"c\""],
        ),
        (
            r#"[{"id":1,"v":"a"},{"id":2,"v":"b"}]"#,
            r#"[{"id":9,"v":"z"},{"id":1,"v":"a"},{"id":2,"v":"c"}]"#,
            &[
                "+ $[0]: {\"id\":9,\"v\":\"z\"}",
                "~ $[1→2].v: \"b\" → \"c\"",
            ],
        ),
        (
            r#"[{"n":"a","v":1},{"n":"b","v":1}]"#,
            r#"[{"n":"b","v":2}]"#,
            &["- $[0]: {\"n\":\"a\",\"v\":1}", "~ $[1→0].v: 1 → 2"],
        ),
    ] {
        let shown = shown(&bodies(left, right, &[]));
        let found: Vec<&str> = shown[1..].iter().map(String::as_str).collect();
        let found: Vec<&str> = found
            .into_iter()
            .filter(|line| !line.contains('…'))
            .collect();
        assert_eq!(found, expected, "{left} {right}");
    }
}

#[test]
fn what_went_elsewhere_has_moved() {
    let left = r#"{"data":{"url":"https://krea.ai/1.png"},"x":1}"#;
    let right = r#"{"data":{},"x":1,"result":{"urls":"https://krea.ai/1.png"}}"#;
    let moved = r#"{"data":{},"x":1,"url":"https://krea.ai/1.png"}"#;
    let lines = shown(&bodies(left, moved, &[]));
    assert!(
        lines.contains(&"> $.data.url → $.url: \"https://krea.ai/1.png\"".to_owned()),
        "{lines:?}"
    );
    // What came with it is not the same value.
    let lines = shown(&bodies(left, right, &[]));
    assert!(
        lines.iter().any(|line| line.starts_with("- $.data.url")),
        "{lines:?}"
    );
}

#[test]
fn numbers_are_told_apart_as_written() {
    let lines = shown(&bodies("[1]", "[1.0]", &[]));
    assert_eq!(
        lines[1],
        "~ $[0]: 1 → 1.0  (the same number, written differently)"
    );
    let lines = shown(&bodies("{\"a\":1}", "{\"a\":\"1\"}", &[]));
    assert_eq!(lines[1], "~ $.a: 1 → \"1\"  (of another type)");
}

#[test]
fn the_same_json_written_differently_is_equal() {
    let comparison = bodies(
        "{\"a\":1,\"b\":\"A\"}",
        "{ \"b\": \"\\u0041\", \"a\": 1 }\n",
        &[],
    );
    assert!(comparison.is_equal);
    assert!(shown(&comparison)[2].contains("written differently"));
    let same = bodies("x", "x", &[]);
    assert!(same.is_equal);
    assert_eq!(shown(&same), ["  Body", "  … 1 the same"]);
    assert_eq!(shown(&bodies("", "", &[])), [""; 0]);
}

#[test]
fn duplicate_keys_are_compared_with_their_like() {
    let comparison = bodies(r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3,"a":4}"#, &[]);
    assert_eq!(
        shown(&comparison)[1..],
        [
            "  … 1 the same",
            "~ $.a#2: 2 → 3",
            "+ $.a#3: 4",
            "  (\"a\" occurs several times in one object; #2 is its second occurrence)",
        ]
    );
}

#[test]
fn what_is_ignored_makes_no_difference() {
    let left = r#"{"at":1,"items":[{"id":"x","v":1}],"a b":1}"#;
    let right = r#"{"at":2,"items":[{"id":"y","v":1}],"a b":2,"new":1}"#;
    let rules = ["$.at", ".items[*].id", "$[\"a b\"]", ".new"];
    assert!(bodies(left, right, &rules).is_equal);
    let lines = shown(&bodies(left, right, &rules[..2]));
    assert!(
        lines.contains(&"~ $[\"a b\"]: 1 → 2".to_owned()),
        "{lines:?}"
    );
    assert!(lines.contains(&"+ $.new: 1".to_owned()), "{lines:?}");
    assert_eq!(lines.len(), 4, "{lines:?}");
}

#[test]
fn text_is_compared_by_lines_and_words() {
    let left: String = (1..=20).map(|n| format!("line {n}\n")).collect();
    let right = left
        .replace("line 9\n", "line nine\n")
        .replace("line 20\n", "line 20");
    let comparison = bodies(&left, &right, &[]);
    let lines = shown(&comparison);
    assert_eq!(lines[1], "  … 5 the same");
    assert_eq!(
        lines[2..9],
        [
            "  line 6",
            "  line 7",
            "  line 8",
            "- line 9",
            "+ line nine",
            "  line 10",
            "  line 11"
        ]
    );
    let Change::Lines(all) = &comparison.sections[0].changes[0] else {
        panic!("lines are expected");
    };
    let added = all.iter().find(|line| line.sign == Sign::Added).unwrap();
    let marked: Vec<&str> = added
        .spans
        .iter()
        .filter(|span| span.is_marked)
        .map(|span| span.text.as_str())
        .collect();
    assert_eq!(marked, ["nine"]);
    assert_eq!(comparison.lines(80, true).len(), 1 + 18 + 2 + 2);
}

#[test]
fn other_bodies_by_size_and_first_difference() {
    let lines = shown(&bodies(b"\x89PNG\0\xff1", b"\x89PNG\0\xfe12", &[]));
    assert_eq!(lines[1], "~ size: 7 bytes → 8 bytes");
    assert_eq!(
        lines[2],
        "~ byte 5 (0x5): 0xff → 0xfe  (the first difference)"
    );
    let lines = shown(&bodies(b"\xff", b"\xff\xff", &[]));
    assert_eq!(
        lines[2],
        "~ byte 1 (0x1): the end → 0xff  (the first difference)"
    );
    assert_eq!(
        shown(&bodies("", "abc", &[]))[1],
        "~ size: 0 bytes → 3 bytes"
    );
}

#[test]
fn deep_documents_with_long_keys_stay_small() {
    let key = "k".repeat(50_000);
    let deep = |leaf: &str| {
        let leaves = vec![leaf; 50_000].join(",");
        format!(
            "{}[{leaves}]{}",
            format!("{{\"{key}\":").repeat(120),
            "}".repeat(120)
        )
    };
    let comparison = bodies(deep("1"), deep("2"), &[]);
    let Some(Change::Changed { path, from, .. }) = comparison.sections[0].changes.first() else {
        panic!("{:?}", comparison.sections[0].changes.first());
    };
    assert!(path.len() < 600 && path.ends_with("[0]"), "{path}");
    assert_eq!(
        (comparison.sections[0].changes.len(), from.as_str()),
        (50_000, "1")
    );
}

#[test]
fn what_is_too_much_is_compared_as_text_and_says_so() {
    let deep = |inside: &str| format!("{}{inside}{}", "[".repeat(200), "]".repeat(200));
    let comparison = bodies(deep("1"), deep("2"), &[]);
    assert!(comparison.sections[0].notes[0].contains("nested deeper than 128"));
    assert!(!comparison.is_equal);
    let deep = |end: &str| format!("{}{end}", "[".repeat(100_000));
    assert!(!bodies(deep("1"), deep("2"), &[]).is_equal);
    let comparison = bodies("{\"a\":1}", "{\"a\":1", &[]);
    assert!(comparison.sections[0].notes[0].contains("the right one is not JSON"));
    let large = "a".repeat(limits::TEXT_BYTES + 1);
    let comparison = bodies(&large, format!("{large}b"), &[]);
    assert!(comparison.sections[0].notes[0].contains("too large"));
}

#[test]
fn hostile_bodies_take_bounded_time() {
    let keys = |from: u32| {
        let members: Vec<String> = (from..from + 100_000)
            .map(|n| format!("\"k{n}\":{n}"))
            .collect();
        format!("{{{}}}", members.join(","))
    };
    let list = |shift: u64| {
        let numbers: Vec<String> = (0..100_000u64)
            .map(|n| (n * 7919 % 100_003 + shift).to_string())
            .collect();
        format!("[{}]", numbers.join(","))
    };
    let begun = std::time::Instant::now();
    assert!(!bodies(keys(0), keys(50_000), &[]).is_equal);
    assert!(!bodies(list(0), list(3), &[]).is_equal);
    let text = |word: &str| {
        (0..90_000)
            .map(|n| format!("{word}{n}\n"))
            .collect::<String>()
    };
    assert!(!bodies(text("a"), text("b"), &[]).is_equal);
    let line = |c: &str| c.repeat(4 * 1024 * 1024);
    assert!(!bodies(line("ab "), line("ac "), &[]).is_equal);
    assert!(
        !bodies(
            format!("[{}]", "7".repeat(10_000)),
            format!("[{}.0]", "7".repeat(10_000)),
            &[]
        )
        .is_equal
    );
    // Far above what it takes, so that a slow machine passes and a quadratic search does not.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4i64).prop_map(Value::from),
        "[a-c]{0,2}|\u{1b}\\[2J|日本語|\u{202e}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec(("[a-d]|id", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// How many scalars and empty containers there are, each with its content.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

proptest! {
    #[test]
    fn equal_exactly_if_the_documents_are(left in document(), right in document()) {
        let comparison = bodies(left.to_string(), right.to_string(), &[]);
        prop_assert_eq!(comparison.is_equal, left == right);
        prop_assert!(bodies(left.to_string(), left.to_string() + " ", &[]).is_equal);
    }

    /// What is in the right side and not in the left is added; the other way round, removed.
    #[test]
    fn nothing_is_found_twice_or_lost(left in document(), right in document()) {
        let (wrapped, other) = (json!({"x": left}), json!({"x": right, "y": 1}));
        let (there, back) = (
            bodies(wrapped.to_string(), other.to_string(), &[]),
            bodies(other.to_string(), wrapped.to_string(), &[]),
        );
        prop_assert!(!there.is_equal && !back.is_equal);
        let found = there.sections[0].changes.len();
        prop_assert!(found <= count(&wrapped) + count(&other));
    }

    #[test]
    fn lines_are_inert_and_fit(
        left in document(),
        right in document(),
        text in proptest::collection::vec("[a-c 日\u{1b}\u{202e}\u{301}👩\u{200d}🔬]{0,40}", 0..8),
        other in proptest::collection::vec("[a-c 日\u{1b}\u{202e}\u{301}👩\u{200d}🔬]{0,40}", 0..8),
        width in 0u16..120,
        unfolded: bool,
    ) {
        let comparisons = [
            bodies(left.to_string(), right.to_string(), &[]),
            bodies(text.join("\n"), other.join("\n"), &[]),
        ];
        for comparison in comparisons {
            for line in comparison.lines(width, unfolded) {
                let text = line.text();
                prop_assert!(text.chars().all(is_inert), "{:?}", text);
                let columns: usize = line.spans.iter().map(|span| span.text.width()).sum();
                prop_assert!(2 + columns <= usize::from(width.max(12)), "{} in {}: {:?}", columns, width, text);
            }
        }
    }
}
