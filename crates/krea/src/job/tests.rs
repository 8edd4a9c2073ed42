//! Shapes met in schema, guides and the wild; and bytes of any kind.

use std::time::Instant as Clock;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::annotate;

fn job(value: Value) -> Job {
    match Reading::of_value(&value) {
        Reading::Job(job) => *job,
        other => panic!("{other:?}"),
    }
}

fn urls(result: Value) -> (Shape, Vec<String>) {
    let job = job(json!({"job_id": "1", "result": result}));
    let files = job.results.files.into_iter();
    let named = |file: ResultFile| match file.role {
        Some(role) => format!("{role}={}", file.url),
        None => file.url,
    };
    (job.results.shape, files.map(named).collect())
}

#[test]
fn every_shape_of_results_is_read() {
    let list = |urls: &[&str]| urls.iter().map(|&url| url.to_owned()).collect::<Vec<_>>();
    for (result, shape, files) in [
        (json!(null), Shape::None, list(&[])),
        (json!({}), Shape::None, list(&[])),
        (json!({"urls": null}), Shape::None, list(&[])),
        (json!({"urls": []}), Shape::Empty, list(&[])),
        (json!({"urls": {}}), Shape::Empty, list(&[])),
        (json!({"urls": ["a", "b"]}), Shape::List, list(&["a", "b"])),
        (
            json!({"urls": [{"type": "model", "url": "a"}, {"url": "b"}]}),
            Shape::Typed,
            list(&["model=a", "b"]),
        ),
        (
            json!({"urls": {"out": "a", "more": ["b", "c"]}}),
            Shape::Map,
            list(&["out=a", "more=b", "more=c"]),
        ),
        (
            json!({"urls": {"model": {"url": "a"}}}),
            Shape::Map,
            list(&["model=a"]),
        ),
        (
            json!({"urls": "a"}),
            Shape::Legacy("urls as a text"),
            list(&["a"]),
        ),
        (json!({"url": "a"}), Shape::Legacy("url"), list(&["a"])),
        (
            json!({"video_url": "a", "fps": 24}),
            Shape::Legacy("video_url"),
            list(&["a"]),
        ),
        (
            json!({"images": [{"url": "a"}]}),
            Shape::Legacy("images"),
            list(&["a"]),
        ),
        (json!({"urls": 7}), Shape::Strange, list(&[])),
        (json!({"urls": [1, 2]}), Shape::Strange, list(&[])),
        (json!("text"), Shape::None, list(&[])),
    ] {
        assert_eq!(urls(result.clone()), (shape, files), "{result}");
    }
}

#[test]
fn errors_are_read_at_both_places() {
    let read = |value: Value| {
        job(value)
            .error
            .map(|error| (error.code, error.message, error.place))
    };
    let text = |text: &str| Some(text.to_owned());
    for (value, expected) in [
        (
            json!({"job_id": "1", "error": {"code": "nsfw", "message": "m"}}),
            Some((text("nsfw"), text("m"), ErrorPlace::Top)),
        ),
        (
            json!({"job_id": "1", "error": {"code": "nsfw"}}),
            Some((text("nsfw"), None, ErrorPlace::Top)),
        ),
        (
            json!({"job_id": "1", "error": "m"}),
            Some((None, text("m"), ErrorPlace::Top)),
        ),
        (
            json!({"job_id": "1", "error": null, "result": {"error": "m"}}),
            Some((None, text("m"), ErrorPlace::Result)),
        ),
        (
            json!({"job_id": "1", "result": {"error": {"message": "m"}}}),
            Some((None, text("m"), ErrorPlace::Result)),
        ),
        (
            json!({"job_id": "1", "error": {}, "result": {"error": ""}}),
            None,
        ),
        (json!({"job_id": "1"}), None),
    ] {
        assert_eq!(read(value.clone()), expected, "{value}");
    }
}

#[test]
fn times_are_absent_null_read_or_kept() {
    let at = |value: Value| job(json!({"job_id": "1", "completed_at": value})).completed_at;
    assert_eq!(job(json!({"job_id": "1"})).completed_at, Instant::Absent);
    assert_eq!(at(json!(null)), Instant::Null);
    let same = at(json!("2025-01-15T10:30:00.000Z"));
    assert_eq!(at(json!("2025-01-15T11:30:00+01:00")), same);
    assert!(same.at().is_some());
    assert_eq!(at(json!("soon")), Instant::Unreadable("soon".to_owned()));
    assert_eq!(at(json!(5)), Instant::Unreadable("5".to_owned()));
}

#[test]
fn what_is_no_job_says_what_it_is() {
    assert_eq!(Reading::of(b""), Reading::Empty);
    assert_eq!(Reading::of(b" \r\n"), Reading::Empty);
    assert_eq!(Reading::of(b"[]"), Reading::NotAnObject);
    assert_eq!(Reading::of(b"null"), Reading::NotAnObject);
    assert_eq!(Reading::of(b"\"x\""), Reading::NotAnObject);
    assert!(matches!(Reading::of(b"{} {}"), Reading::NotJson(_)));
    assert!(matches!(Reading::of(b"\xff\xfe"), Reading::NotJson(_)));
    assert!(matches!(Reading::of(b"{\"job_id\":"), Reading::NotJson(_)));
    assert_eq!(
        Reading::of(b"{\"data\":{\"id\":1}}"),
        Reading::Foreign("data")
    );
    assert!(
        Reading::of(b"\xef\xbb\xbf{\"job_id\":\"1\"}")
            .job()
            .is_some()
    );
}

#[test]
fn names_with_escapes_are_the_same_names() {
    let reading = Reading::of(br#"{"job\u005fid":"1","ex\u0074ra":2}"#);
    let job = reading.job().unwrap();
    assert_eq!(job.id, Some(JobId::new("1")));
    assert_eq!(job.extra, ["extra"]);
}

#[test]
fn the_id_may_stand_in_an_older_place() {
    assert_eq!(job(json!({"id": "1"})).id, Some(JobId::new("1")));
    assert!(JobId::new("0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11").is_uuid());
    assert!(!JobId::new("{0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11}").is_uuid());
}

#[test]
fn depth_costs_no_stack_and_hides_nothing() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    for field in ["result", "error", "extra", "urls"] {
        let body = format!(r#"{{"job_id":"1","{field}":{deep},"status":"failed"}}"#);
        let reading = Reading::of(body.as_bytes());
        let job = reading
            .job()
            .unwrap_or_else(|| panic!("{field}: {reading:?}"));
        assert_eq!(job.status, Some(Status::Failed));
    }
    assert_eq!(Reading::of(deep.as_bytes()), Reading::NotAnObject);
    assert!(matches!(
        Reading::of("{\"a\":".repeat(150_000).as_bytes()),
        Reading::NotJson(_)
    ));
}

#[test]
fn what_can_t_be_built_is_strange_and_hides_nothing_beside_it() {
    use crate::note::Note;
    let deep = "[".repeat(200) + &"]".repeat(200);
    let read = |status: &str, fields: &str| {
        let body = format!(
            r#"{{"job_id":"1","status":"{status}","completed_at":"2026-10-02T08:15:37Z",{fields}}}"#
        );
        let reading = Reading::of(body.as_bytes());
        let notes: Vec<&str> = annotate(&reading).iter().map(Note::code).collect();
        let job = reading
            .job()
            .unwrap_or_else(|| panic!("{body}: {reading:?}"));
        (job.clone(), notes)
    };
    for broken in [&*deep, "1e999", r#""\ud800""#] {
        let unreadable = |job: &Job| job.unreadable.join(" ");
        let (job, notes) = read("completed", &format!(r#""result":{broken}"#));
        assert_eq!(
            (job.results.shape, &*unreadable(&job)),
            (Shape::Strange, "result")
        );
        assert!(notes.contains(&"fields-unreadable"), "{notes:?}");
        assert!(!notes.contains(&"completed-without-result"), "{notes:?}");
        let (job, notes) = read("completed", &format!(r#""result":{{"urls":{broken}}}"#));
        assert_eq!(
            (job.results.shape, &*unreadable(&job)),
            (Shape::Strange, "result.urls")
        );
        assert!(!notes.contains(&"completed-without-result"), "{notes:?}");
        let (job, _) = read(
            "completed",
            &format!(r#""result":{{"x":{broken},"urls":["a"]}}"#),
        );
        assert_eq!((job.results.count, &*unreadable(&job)), (1, "result.x"));
        // What is beside it and is nothing is still nothing.
        let (_, notes) = read("completed", &format!(r#""result":{{"x":{broken}}}"#));
        assert!(notes.contains(&"completed-without-result"), "{notes:?}");
        for fields in [
            format!(r#""error":{broken}"#),
            format!(r#""result":{{"error":{broken}}}"#),
            format!(r#""result":{broken}"#),
        ] {
            let (_, notes) = read("failed", &fields);
            assert!(
                !notes.contains(&"failed-without-reason"),
                "{fields}: {notes:?}"
            );
        }
    }
}

#[test]
fn two_reasons_are_both_kept() {
    let both = json!({"job_id": "1", "status": "failed", "error": {"code": "nsfw"}, "result": {"error": "m"}});
    let job = job(both);
    assert_eq!(job.error.as_ref().unwrap().words(), "nsfw");
    let other = job.other_error.as_ref().unwrap();
    assert_eq!((other.words(), other.place), ("m", ErrorPlace::Result));
    let notes = annotate(&Reading::Job(Box::new(job)));
    let codes: Vec<&str> = notes.iter().map(crate::Note::code).collect();
    assert!(codes.contains(&"error-top-level") && codes.contains(&"error-in-result"));
}

/// Bodies of about this size, each with much of what could be read slowly.
fn heavy(bytes: usize) -> Vec<(&'static str, String)> {
    let many = |piece: &dyn Fn(usize) -> String| {
        let (mut text, mut at) = (String::new(), 0);
        while text.len() < bytes {
            if at > 0 {
                text.push(',');
            }
            text.push_str(&piece(at));
            at += 1;
        }
        text
    };
    let url = |at: usize| format!("\"https://a.b/{at}\"");
    let typed = |at: usize| format!("{{\"type\":\"t\",\"url\":\"https://a.b/{at}\"}}");
    let named = |at: usize| format!("\"n{at}\":\"https://a.b/{at}\"");
    let numbered = |at: usize| format!("\"f{at}\":{at}");
    let broken = |at: usize| format!("\"f{at}\":1e999");
    let repeated = |_| "\"result\":{\"urls\":[\"a\"]}".to_owned();
    let result = |fields: String| format!("{{\"job_id\":\"1\",\"result\":{{{fields}}}}}");
    let top = |fields: String| format!("{{\"job_id\":\"1\",{fields}}}");
    let deep = "[".repeat(bytes / 2) + &"]".repeat(bytes / 2);
    let nested = "{\"result\":".repeat(bytes / 11) + "1" + &"}".repeat(bytes / 11);
    let long = "x".repeat(bytes);
    vec![
        ("list", result(format!("\"urls\":[{}]", many(&url)))),
        ("typed", result(format!("\"urls\":[{}]", many(&typed)))),
        ("map", result(format!("\"urls\":{{{}}}", many(&named)))),
        ("images", result(format!("\"images\":[{}]", many(&typed)))),
        ("beside", top(format!("\"urls\":[{}]", many(&url)))),
        (
            "strange list",
            result(format!("\"urls\":[{}]", many(&|at| at.to_string()))),
        ),
        ("extra fields", top(many(&numbered))),
        ("extra in the result", result(many(&numbered))),
        ("broken in the result", result(many(&broken))),
        ("the same field", top(many(&repeated))),
        ("deep", top(format!("\"result\":{deep}"))),
        ("deep in the result", result(format!("\"urls\":{deep}"))),
        ("nested objects", nested),
        ("a long error", top(format!("\"error\":\"{long}\""))),
        (
            "escapes",
            top(format!("\"error\":\"{}\"", "\\u00e9".repeat(bytes / 6))),
        ),
        (
            "spaces",
            top(format!("{}\"status\":\"failed\"", " ".repeat(bytes))),
        ),
        ("no JSON", long),
        (
            "cut off",
            format!("{{\"result\":{{\"urls\":[{}", many(&url)),
        ),
        (
            "another service's",
            format!("{{\"task_id\":1,{}}}", many(&numbered)),
        ),
    ]
}

/// One body takes about as long as sixteen of a sixteenth; squared it would be sixteen times as
/// long. Both are the same work, so whatever else the machine does slows both.
#[test]
fn time_grows_with_the_bytes_whatever_the_shape() {
    const SMALL: usize = 48 * 1024;
    let time = |body: &str, times: usize| {
        let start = Clock::now();
        for _ in 0..times {
            let _ = annotate(&Reading::of(body.as_bytes()));
        }
        start.elapsed().as_secs_f64()
    };
    for ((shape, small), (_, large)) in heavy(SMALL).into_iter().zip(heavy(16 * SMALL)) {
        assert!(
            large.len() <= JOB_MAX_BYTES,
            "{shape} is read at all: {}",
            large.len()
        );
        let is_in_step = |_| time(&large, 1) < 6.0 * time(&small, 16);
        assert!((0..5).any(is_in_step), "{shape}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("completed")),
        Just(json!("2026-10-02T08:15:37.904Z")),
        Just(json!("https://gen.krea.ai/a.png")),
    ];
    let name = prop_oneof![
        Just("job_id"),
        Just("status"),
        Just("result"),
        Just("urls"),
        Just("error"),
        Just("code"),
        Just("message"),
        Just("created_at"),
        Just("completed_at"),
        Just("style_id"),
        Just("url"),
        Just("type"),
        Just("images"),
        Just("video_url"),
        Just("id"),
        Just("x"),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        let object = proptest::collection::vec((name.clone(), inner.clone()), 0..8);
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Value::from),
            object.prop_map(|fields| fields
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_and_left_alone(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let before = bytes.clone();
        for note in annotate(&Reading::of(&bytes)) {
            prop_assert!(!note.to_string().is_empty());
        }
        prop_assert_eq!(before, bytes);
    }

    #[test]
    fn any_json_is_read(value in any_json()) {
        let reading = Reading::of_value(&value);
        prop_assert_eq!(matches!(reading, Reading::NotJson(_) | Reading::Empty), false);
        prop_assert_eq!(value.is_object(), reading != Reading::NotAnObject);
        let _ = annotate(&reading);
    }

    #[test]
    fn a_job_cut_or_changed_anywhere_is_read(at in 0usize..220, byte in any::<u8>()) {
        let whole = crate::Fixture::Image.body().into_bytes();
        let at = at.min(whole.len() - 1);
        let _ = annotate(&Reading::of(&whole[..at]));
        let mut changed = whole;
        changed[at] = byte;
        let _ = annotate(&Reading::of(&changed));
    }
}

#[test]
fn what_is_left_of_a_job_is_its_id_and_its_state() {
    let id = JobId::new("1");
    let rest = Reading::of_rest(&id, Some(&Status::Failed));
    let job = rest.job().unwrap();
    assert_eq!(
        (job.id.as_ref(), job.status.as_ref()),
        (Some(&id), Some(&Status::Failed))
    );
    assert_eq!(Reading::of_rest(&id, None).job().unwrap().status, None);
}
