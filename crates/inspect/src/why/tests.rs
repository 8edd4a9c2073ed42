//! Each cause once, with bodies as the frameworks write them.

mod answers;
mod crashes;
mod failures;

use std::time::Duration;

use kreel_wire::{Headers, HeadersBuilder};
use proptest::prelude::*;

use super::*;
use crate::inert::is_inert;

fn headers(lines: &[(&str, &str)]) -> Headers {
    let mut builder = HeadersBuilder::default();
    for (name, value) in lines {
        builder.push(name.as_bytes(), value.as_bytes());
    }
    builder.build()
}

/// A webhook in JSON.
fn facts() -> Facts<'static> {
    Facts {
        method: "POST",
        path: "/api/hook?a=b",
        request_bytes: 250_000,
        target: Some("http://localhost:3000"),
        took: Some(Duration::from_millis(12)),
        wait: Some(Duration::from_secs(10)),
        ..Facts::default()
    }
}

/// What is said of an answer to a JSON webhook.
fn said(status: u16, lines: &[(&str, &str)], body: &str) -> Option<Why> {
    let request = headers(&[("content-type", "application/json")]);
    let answer = headers(lines);
    explain(&Facts {
        status: Some(status),
        answer_headers: Some(&answer),
        answer_body: body.as_bytes(),
        request_headers: Some(&request),
        ..facts()
    })
}

/// Checks that the cause and the next step have all these words.
#[track_caller]
fn says(why: Option<Why>, cause: &[&str], next: &[&str]) {
    let why = why.expect("there is something to say");
    for words in cause {
        assert!(
            why.cause.contains(words),
            "{words:?} is not in {:?}",
            why.cause
        );
    }
    for words in next {
        assert!(
            why.next.contains(words),
            "{words:?} is not in {:?}",
            why.next
        );
    }
    assert!(
        why.cause.ends_with('.') && why.cause.chars().all(is_inert),
        "{}",
        why.cause
    );
}

#[test]
fn what_is_fine_needs_no_words() {
    assert_eq!(said(200, &[], ""), None);
    assert_eq!(said(204, &[], ""), None);
    assert_eq!(
        said(
            200,
            &[("content-type", "application/json")],
            "{\"ok\":true}"
        ),
        None
    );
    assert_eq!(said(304, &[], ""), None);
    assert_eq!(explain(&Facts::default()), None);
}

#[test]
fn slow_answers_are_told_of() {
    let slow = |seconds, wait| {
        explain(&Facts {
            status: Some(200),
            took: Some(Duration::from_secs(seconds)),
            wait,
            ..facts()
        })
    };
    assert_eq!(slow(4, None), None);
    says(
        slow(6, Some(Duration::from_secs(10))),
        &["took 6.0s", "give up"],
        &["queue"],
    );
    says(
        slow(12, Some(Duration::from_secs(10))),
        &["took 12.0s", "longer than the 10s", "202"],
        &["--wait"],
    );
    // Whoever got its answer otherwise, or does not exist, got no 202.
    let Why { cause, next } = slow(12, None).unwrap();
    assert!(cause.contains("took 12.0s"), "{cause}");
    assert!(!cause.contains("202") && !next.contains("--wait"), "{next}");
}

#[test]
fn a_page_for_people_is_no_answer_to_a_webhook() {
    let page = "<!doctype html><html><head><title>Vite App</title></head><body><div id=app></div>";
    says(
        said(200, &[("content-type", "text/html")], page),
        &["web page “Vite App”"],
        &["POST /api/hook"],
    );
}

#[test]
fn an_edited_request_may_be_its_own_cause() {
    let answer = headers(&[]);
    let edited = Facts {
        status: Some(500),
        answer_headers: Some(&answer),
        is_edited: true,
        ..facts()
    };
    says(
        explain(&edited),
        &["500"],
        &["was edited: replay the original"],
    );
    let signed = Facts {
        status: Some(400),
        answer_body:
            b"Webhook Error: No signatures found matching the expected signature for payload.",
        ..edited
    };
    says(
        explain(&signed),
        &["could not verify the signature"],
        &["no longer fits the signature"],
    );
}

proptest! {
    #[test]
    fn whatever_the_app_says_is_inert(
        status in 100u16..600,
        body in proptest::collection::vec(any::<u8>(), 0..200),
        markup in "(<(title|h1|pre|script|/title)>|at x \\(|:1:2\\)|\n|[\u{0}-\u{2fff}]){0,20}",
        name in "\\PC{0,8}",
        value in "[^\0\r\n]{0,20}",
        path in any::<String>(),
    ) {
        let lines = ["location", "allow", "server", "upgrade", "retry-after", "content-type"];
        let lines = lines.map(|name| (name, value.as_str()));
        let answer = headers(&lines);
        for body in [body.as_slice(), markup.as_bytes()] {
            let why = explain(&Facts {
                status: Some(status),
                answer_headers: Some(&answer),
                answer_body: body,
                method: &name,
                path: &path,
                target: Some(&path),
                paths_that_worked: &[("POST", &path), (&name, "/api/hook")],
                ..Facts::default()
            });
            for text in why.iter().flat_map(|why| [&why.cause, &why.next]) {
                prop_assert!(text.chars().all(is_inert), "{}", text);
                prop_assert!(text.chars().count() < 2_000);
            }
        }
    }
}
