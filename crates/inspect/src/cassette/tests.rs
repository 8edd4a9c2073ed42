//! What is written can be read; what can't be read is told by its line.

use kreel_wire::HeadersBuilder;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::export::{Answer, Request, Timings};

fn headers(lines: &[(String, Vec<u8>)]) -> Headers {
    let mut builder = HeadersBuilder::default();
    for (name, value) in lines {
        builder.push(name.as_bytes(), value);
    }
    builder.build()
}

fn written(recorded: &Recorded, masking: &Masking) -> String {
    let (id, url) = (recorded.id.to_string(), url(&recorded.target));
    let answer = recorded.answer.as_ref().map(|answer| Answer {
        status: answer.status,
        reason: None,
        headers: &answer.headers,
        body: &answer.body,
        is_whole: answer.is_whole,
    });
    let exchange = Exchange {
        id: &id,
        received_at_us: recorded.received_at_us,
        request: Request {
            method: &recorded.method,
            url: &url,
            headers: &recorded.headers,
            body: &recorded.body,
            is_whole: true,
        },
        answer,
        failure: None,
        started_at_us: None,
        timings: Timings::default(),
    };
    line(&exchange, masking)
}

fn sample() -> Recorded {
    Recorded {
        id: "019ab5f2-7c1e-7d3a-9f00-0123456789ab".parse().unwrap(),
        received_at_us: 1_767_225_600_000_001,
        method: "POST".to_owned(),
        target: "/hook?x=1".into(),
        headers: headers(&[
            ("content-type".to_owned(), b"application/json".to_vec()),
            ("authorization".to_owned(), b"Bearer s3cret".to_vec()),
        ]),
        body: "{\"a\":1}\n".into(),
        answer: None,
    }
}

/// The sample, with one change to its line.
fn changed(change: impl FnOnce(&mut Value)) -> Result<Vec<Recorded>, Fault> {
    let mut line: Value = serde_json::from_str(&written(&sample(), &Masking::standard())).unwrap();
    change(&mut line);
    read(format!("\n{line}\r\n").as_bytes())
}

#[test]
fn secrets_are_masked_and_that_is_known() {
    let text = written(&sample(), &Masking::standard());
    assert!(!text.contains("s3cret"), "{text}");
    let read = read(text.as_bytes()).unwrap();
    let masked: Vec<_> = read[0].masked_headers().collect();
    assert_eq!(masked, [b"authorization"]);
    assert_eq!(
        read[0].headers.first("authorization").unwrap(),
        "Bearer ••••••".as_bytes()
    );
}

#[test]
fn each_fault_is_told_with_its_line() {
    let faults: [(&str, Result<Vec<Recorded>, Fault>); 14] = [
        (
            "no \"kreel_cassette\"",
            changed(|line| drop(line.as_object_mut().unwrap().remove("kreel_cassette"))),
        ),
        (
            "is of version 2; this kreel reads up to 1",
            changed(|line| line["kreel_cassette"] = json!(2)),
        ),
        (
            "type is \"exchange\"",
            changed(|line| line["type"] = json!("exchange")),
        ),
        (
            "missing field `request`",
            changed(|line| drop(line.as_object_mut().unwrap().remove("request"))),
        ),
        ("id is no UUID", changed(|line| line["id"] = json!("7"))),
        (
            "received_at is before 1970",
            changed(|line| line["received_at"] = json!("1969-12-31T23:59:59Z")),
        ),
        (
            "request.method is no method",
            changed(|line| line["request"]["method"] = json!("PO ST")),
        ),
        (
            "request.url is no address",
            changed(|line| line["request"]["url"] = json!("/hook")),
        ),
        (
            "percent-encoded",
            changed(|line| line["request"]["url"] = json!("https://a/b c")),
        ),
        (
            "request.body is cut off",
            changed(|line| line["request"]["body"]["whole"] = json!(false)),
        ),
        (
            "request.body needs either",
            changed(|line| line["request"]["body"]["base64"] = json!("")),
        ),
        (
            "request.headers holds what is no base64",
            changed(|line| {
                line["request"]["headers"][0] = json!({"name": "a", "value_base64": "!"});
            }),
        ),
        (
            "request.headers has a line",
            changed(|line| line["request"]["headers"][0]["value"] = json!("a\nb")),
        ),
        (
            "answer.status is no status",
            changed(|line| {
                line["answer"] =
                    json!({"status": 7, "headers": [], "body": {"text": "", "whole": true}});
            }),
        ),
    ];
    for (words, result) in faults {
        let fault = result.unwrap_err();
        assert_eq!(fault.line, 2, "{fault}");
        assert!(fault.to_string().contains(words), "{words}: {fault}");
    }
    let fault = read(b"{\"kreel_cassette\":1,\"type\":\"fixture\",}").unwrap_err();
    assert_eq!(fault.to_string(), "line 1: trailing comma, at column 38");
}

#[test]
fn what_is_not_known_is_passed_over() {
    let read = changed(|line| {
        line["colour"] = json!("blue");
        line["request"]["headers"][0]["name"] = json!("Content-Type");
    });
    assert_eq!(
        read.unwrap()[0].headers.iter().next().unwrap().name,
        b"content-type"
    );
    assert_eq!(super::read(b"\n \r\n"), Ok(Vec::new()));
}

fn any_headers() -> impl Strategy<Value = Headers> {
    let value = prop::collection::vec(
        prop_oneof![Just(0x80_u8), 0x20..0x7f_u8, 0x80..=0xff_u8],
        0..20,
    );
    prop::collection::vec(("[a-z][a-z0-9-]{0,8}", value), 0..6).prop_map(|lines| headers(&lines))
}

prop_compose! {
    fn any_answer()(
        status in 100..=999_u16,
        headers in any_headers(),
        body in prop::collection::vec(any::<u8>(), 0..64),
        is_whole in any::<bool>(),
    ) -> RecordedAnswer {
        RecordedAnswer { status, headers, body: body.into(), is_whole }
    }
}

prop_compose! {
    fn any_recorded()(
        id in any::<[u8; 16]>(),
        received_at_us in 0..4_000_000_000_000_000_u64,
        method in "[A-Z]{1,8}",
        target in "([/?][!-\"$-~]{0,20})?",
        headers in any_headers(),
        body in prop::collection::vec(any::<u8>(), 0..200),
        answer in prop::option::of(any_answer()),
    ) -> Recorded {
        Recorded {
            id: DeliveryId::from_bytes(id),
            received_at_us,
            method,
            target: target.into(),
            headers,
            body: body.into(),
            answer,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(recorded in prop::collection::vec(any_recorded(), 0..4)) {
        let lines = recorded.iter().map(|recorded| written(recorded, &Masking::off()) + "\n");
        prop_assert_eq!(read(lines.collect::<String>().as_bytes()).unwrap(), recorded);
    }

    #[test]
    fn no_bytes_are_too_much_for_it(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn no_cut_line_is_taken_for_a_whole_one(recorded in any_recorded(), cut in any::<prop::sample::Index>()) {
        let line = written(&recorded, &Masking::off());
        let cut = line.floor_char_boundary(1 + cut.index(line.len() - 1));
        prop_assert!(read(&line.as_bytes()[..cut.min(line.len() - 1)]).is_err());
    }
}
