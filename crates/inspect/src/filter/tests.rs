//! The language as a whole.

use std::time::Duration;

use kreel_wire::{DeliveryId, Headers, HeadersBuilder};
use proptest::prelude::*;

use super::*;

fn headers() -> Headers {
    let mut headers = HeadersBuilder::with_capacity(2);
    headers.push(b"x-id", b"A value=42");
    headers.push(b"content-type", b"application/json");
    headers.build()
}

fn subject<'a>(headers: &'a Headers, body: &'a [u8]) -> Subject<'a> {
    Subject {
        id: DeliveryId::from_bytes([
            0x01, 0x9a, 0xb5, 0xf2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
        ]),
        seq: 12,
        tunnel: "my-app",
        method: "POST",
        target: b"/api/hook?x=1",
        headers: Some(headers),
        body: Some(body),
        size_bytes: Some(12_345),
        received_at_us: 1_000_000_000,
        now_us: 1_000_000_000 + 300_000_000,
        status: Some(503),
        took: Some(Duration::from_millis(6_500)),
        note: Some("look at this later"),
        flags: Flags::default()
            .with(Flag::Answered, true)
            .with(Flag::Replay, true)
            .with(Flag::Marked, false),
    }
}

const BODY: &[u8] = br#"{"status":"failed","job":"job_7","text":"The Lighthouse keeper"}"#;

#[test]
fn each_term_finds_what_it_says() {
    let headers = headers();
    let subject = subject(&headers, BODY);
    for (text, is_found) in [
        ("", true),
        ("lighthouse", true),
        ("light", false),
        ("light*", true),
        ("\"lighthouse keeper\"", true),
        ("\"keeper lighthouse\"", false),
        ("keeper lighthouse", true),
        ("\"lighthouse kee\"*", true),
        ("post hook json", true),
        ("post nowhere", false),
        ("words:post", true),
        ("status:5xx", true),
        ("status:4xx,503", true),
        ("status:>=400", true),
        ("status>=400 status<503", false),
        ("status:none", false),
        ("method:put,post", true),
        ("method:put", false),
        ("path:/HOOK", true),
        ("path:/api*x=", true),
        ("path=/hook", false),
        ("path=/api/hook", true),
        ("path=/api/hook?x=1", true),
        ("path=/api/*", true),
        ("header:x-id", true),
        ("header:X-Id=42", true),
        ("header:x-id=\"a value\"", true),
        ("header:x-id=43", false),
        ("header:x-other", false),
        ("body:\"e keep\"", true),
        ("body:lighthousekeeper", false),
        ("jq:'.status == \"failed\"'", true),
        ("jq:.status == \"completed\"", false),
        ("age<10m", true),
        ("age>1h", false),
        ("age:<10m", true),
        ("size>10k", true),
        ("size:12345", true),
        ("size<12.3k", false),
        ("took>5s", true),
        ("took<=6500ms", true),
        ("is:replay", true),
        ("is:marked", false),
        ("is:marked,answered", true),
        ("tunnel:my-app", true),
        ("tunnel:my*", true),
        ("tunnel:my", false),
        ("id:019ab5f2", true),
        ("id:019AB5F2-0506", true),
        ("id:029", false),
        ("seq:12", true),
        ("seq>=13", false),
        ("note:LATER", true),
        ("-status:5xx", false),
        ("not status:2xx", true),
        ("NOT (status:2xx OR is:marked)", true),
        ("status:2xx or is:replay", true),
        ("status:2xx or is:replay nowhere", false),
        ("(status:2xx or is:replay) lighthouse", true),
        ("lighthouse AND -body:nowhere", true),
        ("http://nowhere", false),
        ("12:30", false),
    ] {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&subject), is_found, "{text} as {filter}");
    }
}

#[test]
fn what_is_not_at_hand_leaves_it_open() {
    let headers = headers();
    let mut subject = subject(&headers, BODY);
    (subject.body, subject.headers) = (None, None);
    for (text, decision) in [
        ("status:5xx", Some(true)),
        ("body:x", None),
        ("-body:x", None),
        ("body:x status:2xx", Some(false)),
        ("body:x or status:5xx", Some(true)),
        ("body:x or status:2xx", None),
        ("header:x-id", None),
        ("post", Some(true)),
        ("lighthouse", None),
        ("jq:true", None),
    ] {
        let filter = Filter::parse(text).unwrap();
        assert_eq!(filter.decide(&subject), decision, "{text}");
        assert_eq!(filter.matches(&subject), decision == Some(true), "{text}");
    }
    let filter = Filter::parse("lighthouse status:5xx (x or body:y)").unwrap();
    assert!(filter.needs_body() && filter.needs_headers() && !filter.is_empty());
    assert_eq!(filter.required().len(), 2);
    assert!(!Filter::parse("status:5xx path:/x").unwrap().needs_body());
    let stripped = Filter::parse("lighthouse status:5xx")
        .unwrap()
        .without_required_words();
    assert_eq!(stripped.decide(&subject), Some(true));
}

#[test]
fn faults_are_pointed_at_and_say_what_would_be_right() {
    for (text, part, says) in [
        ("statsu:5xx", "statsu:", "did you mean status:?"),
        ("foo:bar", "foo:", "quotes look for the text"),
        ("is:fialed", "fialed", "did you mean is:failed?"),
        ("is:failed,what", "what", "replay, failed"),
        ("status:200,20", "20", "status:5xx"),
        ("status:", "", "has no value"),
        ("age:10m", "10m", "age<10m"),
        ("age<10", "10", "age<10m"),
        ("size>big", "big", "size>10k"),
        ("body<x", "body<", "body:"),
        ("a or", "or", "behind `or`"),
        ("or a", "or", "nothing before `or`"),
        ("a not", "not", "behind `not`"),
        ("a (b or c", "(", "never closed"),
        ("()", "()", "nothing in these"),
        ("\"abc", "\"abc", "never closed"),
        ("body:\"abc", "\"abc", "never closed"),
        ("***", "***", "no letter or digit"),
        ("header:", "", "header:x-id=42"),
        ("id:xyz", "xyz", "id:019ab5f2"),
        ("method:po(st", "po(st", "method:post"),
        ("jq:'.a | foo'", "foo", "there is no filter foo"),
        ("x jq:.a ==", "", "term is expected"),
        ("jq:''", "''", "jq:"),
        ("@none", "@none", "[filters]"),
        ("a and", "", "a term is missing"),
    ] {
        let error = Filter::parse(text).expect_err(text);
        assert_eq!(&text[error.range.clone()], part, "{text}: {error}");
        assert!(error.to_string().contains(says), "{text}: {error}");
    }
    let deep = "-".repeat(200) + "a";
    assert!(
        Filter::parse(&deep)
            .unwrap_err()
            .what
            .contains("too deeply")
    );
    let deep = "(".repeat(200);
    assert!(
        Filter::parse(&deep)
            .unwrap_err()
            .what
            .contains("too deeply")
    );
    let long = "é".repeat(4_000);
    assert!(Filter::parse(&long).unwrap_err().what.contains("too long"));
}

#[test]
fn saved_filters_stand_for_what_they_say() {
    let saved: Saved = [
        ("bad", "status:5xx or is:failed"),
        ("mine", "@bad path:/api"),
        ("loop", "a @loop"),
        ("wrong", "status:x"),
        ("empty", " "),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into();
    let parse = |text| Filter::parse_with(text, &saved);
    let filter = parse("-@mine post").unwrap();
    assert_eq!(
        filter.to_string(),
        "-((status:5xx or is:failed) path:/api) post"
    );
    let error = parse("a @bed").unwrap_err();
    assert_eq!(
        (error.range, error.what.as_str()),
        (2..6, "no saved filter is called @bed")
    );
    assert!(
        error
            .right
            .contains("did you mean @bad? There are @bad, @empty"),
        "{}",
        error.right
    );
    assert!(
        parse("@wrong")
            .unwrap_err()
            .what
            .contains("@wrong is wrong: this is nothing")
    );
    assert!(parse("@loop").unwrap_err().what.contains("too deeply"));
    assert!(parse("@empty").unwrap_err().what.contains("is empty"));
}

#[test]
fn every_key_has_an_example_that_is_right() {
    for key in keys() {
        let filter = Filter::parse(key.example).unwrap_or_else(|error| panic!("{error}"));
        assert!(key.example.starts_with(key.name), "{}", key.name);
        assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    }
    for (word, _) in Flag::ALL {
        Filter::parse(&format!("is:{word}")).unwrap();
        let is = keys().iter().find(|key| key.name == "is").unwrap();
        assert!(is.meaning.contains(word), "{word}");
    }
}

/// Text made of what the language gives a meaning to.
fn tricky() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        proptest::sample::select(vec![
            " ",
            " ",
            "(",
            ")",
            "-",
            "\"",
            "'",
            "*",
            ":",
            ",",
            "=",
            "<",
            ">",
            ">=",
            "@",
            "\\",
            "or",
            " or ",
            "not",
            "and",
            "status:5xx",
            "status",
            "method:a,b",
            "path:/a*",
            "path=",
            "body:",
            "header:x-a=",
            "header:x",
            "jq:'.a'",
            "jq:",
            "age<10m",
            "size>10k",
            "took>=1.5s",
            "is:failed,lost",
            "tunnel:",
            "id:0a",
            "seq<",
            "note:",
            "words:",
            "12",
            "é",
            "日",
            "\u{130}",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,4}",
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_faulty_somewhere_in_it(text in prop_oneof![tricky(), any::<String>()]) {
        match Filter::parse(&text) {
            Ok(filter) => {
                let written = filter.to_string();
                let again = Filter::parse(&written);
                prop_assert_eq!(again, Ok(filter), "{} as {}", text, written);
            }
            Err(error) => {
                prop_assert!(error.range.start <= error.range.end);
                prop_assert!(text.get(error.range.clone()).is_some(), "{error:?}");
                prop_assert!(!error.what.is_empty() && !error.right.is_empty());
                error.pointed_at(&text);
            }
        }
    }
}
