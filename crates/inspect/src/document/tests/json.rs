//! JSON, as it is seen.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const JOB: &str = r#"{"id": "b7", "status": "completed", "result": {"urls": ["https:\/\/x.example\/a.png", "b"],
    "odd key": 1.50e+3, "none": {}, "nothing": null}, "ok": true}"#;

#[test]
fn a_small_document_is_open() {
    assert_eq!(
        first_screen(&open_json(JOB), 80),
        [
            ">▾ {4 keys}",
            "     id: \"b7\"",
            "     status: \"completed\"",
            "   ▾ result: {4 keys}",
            "     ▾ urls: [2 items]",
            "         0: \"https:\\/\\/x.example\\/a.png\"",
            "         1: \"b\"",
            "       \"odd key\": 1.50e+3",
            "       none: {}",
            "       nothing: null",
            "     ok: true",
        ]
    );
}

#[test]
fn a_narrow_screen_cuts() {
    let document = open_json(JOB);
    let shown = first_screen(&document, 20);
    assert_eq!(shown[5], "         0: \"https:\\…");
    let mut cursor = Cursor::default();
    cursor.sideways(9);
    let shown = screen(&document, &mut cursor, 40, 24);
    assert_eq!(shown[5], " … \"https:\\/\\/x.example\\/a.png\"");
}

#[test]
fn a_folded_one_tells_what_is_inside() {
    let document = open_json(JOB);
    let mut cursor = Cursor::default();
    cursor.move_by(&document, 3);
    cursor.toggle(&document);
    let shown = screen(&document, &mut cursor, 40, 24);
    assert_eq!(shown[3], ">  ▸ result: {4 keys} \"urls\": [\"https:\\/…");
    assert_eq!(shown.len(), 5);
    cursor.toggle(&document);
    assert_eq!(screen(&document, &mut cursor, 40, 24).len(), 11);
}

#[test]
fn strings_can_be_read() {
    let document = open_json(r#"["a\/b \u00e9 \ud83e\udd80 \n \ud800"]"#);
    let mut cursor = Cursor::default();
    cursor.set_read(true);
    let shown = screen(&document, &mut cursor, 80, 24);
    assert_eq!(shown[1], "     0: “a/b é 🦀 \\n \\ud800”");
}

#[test]
fn a_selection_has_a_path_and_a_value() {
    let document = open_json(JOB);
    let mut cursor = Cursor::default();
    let mut seen = Vec::new();
    for _ in 0..11 {
        let value = cursor.value(&document).unwrap();
        let value = String::from_utf8_lossy(&value).into_owned();
        seen.push((cursor.path(&document).unwrap(), value));
        cursor.move_by(&document, 1);
    }
    assert_eq!(seen[0].0, ".");
    assert_eq!(seen[0].1, JOB);
    let is = |at: usize, path: &str, value: &str| assert_eq!(seen[at], (path.into(), value.into()));
    is(1, ".id", "\"b7\"");
    is(5, ".result.urls[0]", r#""https:\/\/x.example\/a.png""#);
    is(7, ".result[\"odd key\"]", "1.50e+3");
    is(8, ".result.none", "{}");
    is(10, ".ok", "true");
    cursor.to_start(&document);
    cursor.move_by(&document, 5);
    assert_eq!(cursor.text(&document).unwrap(), "https://x.example/a.png");
    assert!(cursor.to_parent(&document));
    assert_eq!(cursor.path(&document).unwrap(), ".result.urls");
}

#[test]
fn a_path_is_inert_and_still_one_for_jq() {
    let document = open_json("{\"a\u{202e}b\": [1]}");
    let mut cursor = Cursor::default();
    cursor.to_end(&document);
    assert_eq!(
        cursor.path(&document).unwrap(),
        "[\"a\\u202eb\"][0]".replacen('[', ".[", 1)
    );
}

#[test]
fn a_search_unfolds_the_way() {
    let mut body = String::from("{\"list\": [");
    body.push_str(&"{\"deep\": {\"er\": \"hay\"}},".repeat(300));
    body.push_str("{\"deep\": {\"er\": \"NEEDLE\"}}]}");
    let document = open_json(body);
    let mut cursor = Cursor::default();
    assert_eq!(screen(&document, &mut cursor, 80, 24).len(), 2);
    let needle = Needle::new("needle").unwrap();
    assert!(cursor.find(&document, &needle, Direction::Forward));
    assert_eq!(cursor.path(&document).unwrap(), ".list[300].deep.er");
    assert!(screen(&document, &mut cursor, 80, 24).contains(&">          er: \"NEEDLE\"".into()));
    let line = lines(&document, &mut cursor, 80, 24)
        .into_iter()
        .find(|it| it.is_selected);
    assert!(
        line.unwrap()
            .pieces
            .contains(&(Tone::Found, "NEEDLE".into()))
    );
    // Round and back to itself; the next of many in either direction.
    assert!(cursor.find(&document, &needle, Direction::Forward));
    assert_eq!(cursor.path(&document).unwrap(), ".list[300].deep.er");
    let hay = Needle::new("hay").unwrap();
    assert!(cursor.find(&document, &hay, Direction::Forward));
    assert_eq!(cursor.path(&document).unwrap(), ".list[0].deep.er");
    assert!(cursor.find(&document, &hay, Direction::Forward));
    assert_eq!(cursor.path(&document).unwrap(), ".list[1].deep.er");
    assert!(cursor.find(&document, &hay, Direction::Backward));
    assert!(cursor.find(&document, &hay, Direction::Backward));
    assert_eq!(cursor.path(&document).unwrap(), ".list[299].deep.er");
    assert!(!cursor.find(
        &document,
        &Needle::new("nowhere").unwrap(),
        Direction::Forward
    ));
}

#[test]
fn a_search_goes_sideways() {
    let document = open_json(format!("[\"{}needle\"]", "x".repeat(500)));
    let mut cursor = Cursor::default();
    assert!(cursor.find(
        &document,
        &Needle::new("needle").unwrap(),
        Direction::Forward
    ));
    assert!(screen(&document, &mut cursor, 80, 24)[1].contains("needle\""));
}

#[test]
fn what_is_malformed_shows_where_it_breaks() {
    let document = open_json("{\"a\": 1,\n \"b\": [1, 2,, 3],\n \"c\": 4}");
    let fault = document.fault().unwrap();
    assert_eq!((fault.offset, fault.line, fault.column), (21, 2, 13));
    assert_eq!(
        first_screen(&document, 80),
        [
            ">▾ {2 keys and no end",
            "     a: 1",
            "   ▾ b: [2 items and no end",
            "       0: 1",
            "       1: 2",
            " ⚠ line 2, column 13 (byte 21): found `,`, expected a value",
            " , 3],",
            "  \"c\": 4}",
        ]
    );
    assert_eq!(document.about(), "JSON object, 5 values, 35 bytes");
}

#[test]
fn the_first_byte_that_cannot_be_there_is_told() {
    for (body, offset, expected) in [
        ("{\"a\" 1}", 5, "`:`"),
        ("[1 2]", 3, "`,` or `]`"),
        ("[1}", 2, "`,` or `]`"),
        ("{\"a\": 1]", 7, "`,` or `}`"),
        ("[01]", 2, "`,` or `]`"),
        ("[1.]", 3, "a digit"),
        ("[-]", 2, "a digit"),
        ("[1e+]", 4, "a digit"),
        ("[trux]", 4, "`true`"),
        ("[tru", 4, "`true`"),
        ("[\"\\x\"]", 3, "one of `\" \\ / b f n r t u` after `\\`"),
        ("[\"\\u12g4\"]", 6, "four hexadecimal digits after `\\u`"),
        ("[\"a\nb\"]", 3, "no control character inside a string"),
        ("[\"abc", 5, "`\"` at the end of the string"),
        ("{\"a\": 1,}", 8, "a key in double quotes"),
        ("{a: 1}", 1, "a key in double quotes or `}`"),
        ("[1,]", 3, "a value"),
        ("[", 1, "a value or `]`"),
        ("[1] x", 4, "the end of the body"),
        ("{'a'}", 1, "a key in double quotes or `}`"),
    ] {
        let document = Document::open(
            Kind::Json,
            &Headers::default(),
            body.into(),
            &Cancel::default(),
        );
        let fault = document
            .fault()
            .unwrap_or_else(|| panic!("no fault in {body}"));
        assert_eq!(
            (fault.offset, &fault.expected[..]),
            (offset, expected),
            "{body}"
        );
    }
}

#[test]
fn what_is_absurd_is_shown_all_the_same() {
    let deep = 100_000;
    let document = open_json(format!("{}{}", "[".repeat(deep), "]".repeat(deep)));
    let mut cursor = Cursor::default();
    cursor.expand_all(&document);
    cursor.to_end(&document);
    let shown = screen(&document, &mut cursor, 80, 24);
    assert_eq!(shown[23].trim_start_matches(['>', ' ']), "99999›   0: []");
    assert_eq!(cursor.path(&document), None);
    assert_eq!(cursor.position(&document), Some((99_999, 100_000)));

    let keys: Vec<String> = (0..100_000)
        .map(|it| format!("\"k{}\":{it}", it % 7))
        .collect();
    let document = open_json(format!("{{{}}}", keys.join(",")));
    cursor = Cursor::default();
    cursor.to_end(&document);
    let shown = screen(&document, &mut cursor, 80, 24);
    assert_eq!(
        shown[22..],
        ["     k3: 99998".to_string(), ">    k4: 99999".into()]
    );
    assert!(document.about().starts_with("JSON object, 100,001 values"));

    let digits = "7".repeat(10_000);
    let document = open_json(format!("[-{digits}.5e9]"));
    cursor.to_end(&document);
    assert_eq!(cursor.value(&document).unwrap(), format!("-{digits}.5e9"));
    let document = open_json(&b"{\"a\xff\": \"\\ud800 \xfe\x7f\"}"[..]);
    assert_eq!(
        first_screen(&document, 80)[1],
        "     \"a\\xff\": \"\\ud800 \\xfe\\u{7f}\""
    );
}

#[test]
fn long_lists_start_folded_but_for_the_outermost() {
    let item = format!("{{\"list\": [{}0]}}", "0,".repeat(60));
    let document = open_json(format!("[{item},{item},{item},{item}]"));
    let shown = first_screen(&document, 40);
    assert_eq!(
        shown[..3],
        [
            ">▾ [4 items]",
            "   ▾ 0: {1 key}",
            "     ▸ list: [61 items] 0,0,0,0,0,0,0,0,…"
        ]
    );
    let mut cursor = Cursor::default();
    cursor.fold_all(&document);
    assert_eq!(screen(&document, &mut cursor, 40, 24).len(), 5);
    cursor.move_by(&document, 1);
    cursor.expand_deep(&document);
    assert_eq!(screen(&document, &mut cursor, 40, 200).len(), 5 + 62);
}

#[test]
fn a_beginning_is_no_fault() {
    let document = Document::beginning(
        Kind::Json,
        &Headers::default(),
        "{\"a\": 1, \"b\": \"unfin".into(),
    );
    assert_eq!(document.fault(), None);
    assert_eq!(
        first_screen(&document, 80),
        [
            ">▾ {1 key and more",
            "     a: 1",
            " \"b\": \"unfin",
            " … the rest is being read"
        ]
    );
}

#[test]
fn lines_of_json_are_one_after_the_other() {
    let document = open(&of_type("application/x-ndjson"), "{\"a\":1}\n[2]\n");
    assert_eq!(
        first_screen(&document, 80),
        [">▾ {1 key}", "     a: 1", " ▾ [1 item]", "     0: 2"]
    );
    assert_eq!(document.fault(), None);
}

/// JSON as people and programs write it, odd strings included.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|it| Value::from(f64::from(it) / 8.0)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let object = proptest::collection::vec((any::<String>(), inner.clone()), 0..6);
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Value::from),
            object.prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

/// Each value in the order of the text.
fn all(value: &Value) -> Vec<&Value> {
    let mut all = vec![value];
    match value {
        Value::Array(items) => all.extend(items.iter().flat_map(self::all)),
        Value::Object(members) => all.extend(members.values().flat_map(self::all)),
        _ => {}
    }
    all
}

proptest! {
    #[test]
    fn is_what_serde_json_reads(value in any_json(), is_pretty in any::<bool>(), is_ascii in any::<bool>()) {
        let mut text = match is_pretty {
            true => serde_json::to_string_pretty(&value).unwrap(),
            false => serde_json::to_string(&value).unwrap(),
        };
        if is_ascii {
            text = text.chars().map(ascii).collect();
        }
        let document = Document::open(Kind::Json, &Headers::default(), text.into(), &Cancel::default());
        prop_assert_eq!(document.fault(), None);
        let mut cursor = Cursor::default();
        cursor.expand_all(&document);
        let values = all(&value);
        prop_assert_eq!(lines(&document, &mut cursor, 80, 9999).len(), values.len());
        let mut paths = std::collections::HashSet::new();
        for expected in values {
            let source = cursor.value(&document).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<Value>(&source).unwrap(), expected);
            if let Value::String(expected) = expected {
                prop_assert_eq!(&cursor.text(&document).unwrap()[..], expected.as_bytes());
            }
            prop_assert!(paths.insert(cursor.path(&document).unwrap()));
            cursor.move_by(&document, 1);
        }
    }

    #[test]
    fn a_fault_is_where_no_json_can_go_on(text in "[\\[\\]{},:\"\\\\a-fu0-9.eE+ -]{0,12}|(\\[|\\{\"a\":)(true|1|\"\\\\u00|,|\\]|\\}|[a-z]){0,5}") {
        let parsed = crate::document::json::parse(text.as_bytes(), false, &Cancel::default());
        let read = serde_json::from_str::<serde::de::IgnoredAny>(&text);
        match parsed.stop {
            crate::document::json::Stop::Whole => prop_assert!(read.is_ok()),
            crate::document::json::Stop::Fault { offset, .. } => {
                prop_assert!(read.is_err());
                // What is before can be gone on with; with the byte itself it can't.
                prop_assert!(can_go_on(&text[..offset]), "{} at {}", text, offset);
                prop_assert!(offset == text.len() || !can_go_on(&text[..=offset]), "{} at {}", text, offset);
            }
            crate::document::json::Stop::Early { .. } => prop_assert!(false),
        }
    }
}

fn ascii(c: char) -> String {
    match c.is_ascii() {
        true => c.into(),
        false => c
            .encode_utf16(&mut [0; 2])
            .iter()
            .map(|it| format!("\\u{it:04X}"))
            .collect(),
    }
}

/// Whether serde_json wants no more than more bytes after these. Of a number that ends too early
/// it doesn't say so, but it takes another digit; of a `\u` it says so without a look at the digits.
fn can_go_on(text: &str) -> bool {
    let wants_more = |text: &str| match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => true,
        Err(error) => error.is_eof(),
    };
    if text.rfind("\\u").is_some_and(|it| text.len() < it + 6) {
        return wants_more(&format!("{text}1111"));
    }
    wants_more(text) || wants_more(&format!("{text}0"))
}

#[test]
fn what_comes_behind_a_fault_is_found_where_it_is_shown() {
    let long = "x".repeat(500);
    let document = open_json(format!(r#"{{"a": 1, "b": oops {long} the needle"#));
    let mut cursor = Cursor::default();
    lines(&document, &mut cursor, 80, 24);
    let needle = Needle::new("needle").unwrap();
    assert!(cursor.find(&document, &needle, Direction::Forward));
    assert!(selected(&document, &mut cursor).contains("needle"));
    assert_eq!(cursor.columns_left_out(), 0);
}
