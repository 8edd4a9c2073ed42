//! Request line, status, headers and time.

use std::time::Duration;

use super::*;

#[test]
fn the_small_facts_have_sections() {
    let none = Headers::default();
    let left = Side {
        method: Some("POST"),
        target: Some(b"/hook?a=1\x1b"),
        status: Some(200),
        took: Some(Duration::from_millis(12)),
        at_us: Some(1_767_225_600_000_000),
        ..side(&none, b"")
    };
    let right = Side {
        method: Some("PUT"),
        status: None,
        failure: Some("died"),
        took: Some(Duration::from_secs(2)),
        ..left.clone()
    };
    let comparison = compare(&left, &right, &Ignore::default());
    assert_eq!(
        shown(&comparison),
        [
            "  Request line",
            "~ method: POST → PUT",
            "  … 1 the same",
            "  Status",
            "- status: 200",
            "+ failure: died",
            "  Time",
            "  … 1 the same",
            "~ took: 12.0ms → 2.0s",
        ]
    );
    let unfolded = comparison.lines(80, true);
    assert_eq!(unfolded[2].text(), "  path: /hook?a=1\\u{1b}");
    let later = Side {
        took: right.took,
        ..left.clone()
    };
    assert!(compare(&left, &later, &Ignore::default()).is_equal);
}

#[test]
fn headers_keep_order_and_repeats() {
    let left = headers(&[
        ("a", "1"),
        ("b", "1"),
        ("date", "x"),
        ("c", "1"),
        ("c", "2"),
        ("gone", "1"),
    ]);
    let right = headers(&[
        ("b", "1"),
        ("a", "1"),
        ("date", "y"),
        ("c", "1"),
        ("c", "3"),
        ("c", "4"),
    ]);
    let ignore = Ignore::parse(["header:Date"]).unwrap();
    let comparison = compare(&side(&left, b""), &side(&right, b""), &ignore);
    let lines = shown(&comparison);
    assert_eq!(lines[0], "  Headers");
    let moved = lines.iter().find(|line| line.starts_with('>')).unwrap();
    assert!(
        moved.contains("header:") && moved.contains("(line 1)") && moved.ends_with(": 1"),
        "{moved}"
    );
    for line in ["~ header:c: 2 → 3", "+ header:c: 4", "- header:gone: 1"] {
        assert!(lines.contains(&line.to_owned()), "{line}: {lines:?}");
    }
    assert!(!lines.iter().any(|line| line.contains("date")));
}

#[test]
fn secrets_are_masked_and_still_differ() {
    let left = headers(&[("authorization", "Bearer one"), ("cookie", "a"), ("x", "1")]);
    let right = headers(&[("x", "1"), ("authorization", "Bearer two"), ("cookie", "a")]);
    let comparison = compare(&side(&left, b""), &side(&right, b""), &Ignore::default());
    let masked = comparison.mask(&Masking::standard());
    assert!(!masked.is_equal);
    let all: String = masked
        .lines(80, true)
        .iter()
        .map(|line| line.text() + "\n")
        .collect();
    assert!(!all.contains("one") && !all.contains("two"), "{all}");
    assert!(all.contains("both masked, and different"), "{all}");
    assert!(
        all.contains("header:cookie: ••••••") || all.contains("): ••••••"),
        "{all}"
    );
}

#[test]
fn what_was_not_kept_is_said() {
    let none = Headers::default();
    let left = Side {
        is_whole: false,
        ..side(&none, b"abc")
    };
    let comparison = compare(&left, &side(&none, b"abcd"), &Ignore::default());
    assert_eq!(
        comparison.sections[0].notes,
        ["on the left only the first 3 bytes were kept"]
    );
}
