//! Whole lines, compared with written-down ones.

use std::sync::Arc;
use std::time::Duration;

use kreel_wire::{Failure, Kind};
use serde_json::Value;

use super::*;
use crate::testing::delivery;
use crate::{AnsweredBy, Attempt, AttemptEnd, Counters, LinkError, Ready, Summary, Timings};

fn summary(target: &[u8]) -> Arc<Summary> {
    let mut delivery = delivery(7, Kind::Live);
    delivery.target = bytes::Bytes::copy_from_slice(target);
    Arc::new(Summary::new(&delivery, Some(1234)))
}

fn attempt(target: &[u8], end: AttemptEnd) -> Update {
    Update::Attempt(Attempt {
        delivery: summary(target),
        attempt: 1,
        end,
        timings: Timings {
            connect: Some(Duration::from_micros(310)),
            first_byte: Some(Duration::from_micros(11_000)),
            total: Duration::from_micros(12_345),
        },
        replay: false,
        is_edited: false,
    })
}

fn answered(target: &[u8]) -> Update {
    let (status, body_bytes) = (200, 2);
    attempt(target, AttemptEnd::Answered { status, body_bytes })
}

fn ready() -> Update {
    Update::Ready(Arc::new(Ready {
        url: "https://relay.example/my-tunnel".into(),
        subdomain_url: None,
        forward_to: Some("http://localhost:3000/api".into()),
        tunnel: "my-tunnel".parse().unwrap(),
        relay: "https://relay.example".into(),
        relay_version: "kreel/0.1.0".into(),
        waiting: 2,
    }))
}

fn reconnecting() -> Update {
    Update::Reconnecting {
        error: Arc::new(LinkError::Closed),
        cause: "the relay closed the link".into(),
        code: "closed",
        in_: Duration::from_millis(150),
        attempt: 1,
    }
}

fn counters() -> Update {
    Update::Counters(Counters {
        received: 214,
        delivered: 212,
        waiting: 2,
        ..Counters::default()
    })
}

fn app_down() -> Update {
    let address = "localhost:3000".to_owned();
    Update::AppDown {
        address: address.clone(),
        failure: Failure::Refused { address },
    }
}

/// Every kind of update there is.
fn all() -> Vec<Update> {
    vec![
        Update::Connecting { attempt: 1 },
        ready(),
        reconnecting(),
        Update::Delivery(summary(b"/hook?n=1")),
        answered(b"/hook?n=1"),
        Update::Answered {
            delivery: summary(b"/hook"),
            status: Some(200),
            by: AnsweredBy::App,
        },
        Update::Captured(summary(b"/hook")),
        app_down(),
        Update::AppUp { waiting: 3 },
        counters(),
        Update::Replaying {
            delivery: summary(b"/").id,
            done: 3,
            failed: 1,
            total: 3,
        },
        Update::NotReplayed {
            delivery: summary(b"/").id,
            why: "there is no app".into(),
        },
        Update::Held {
            on: true,
            waiting: 2,
            running: Vec::new(),
        },
        Update::Skipped { count: 9 },
        Update::Stopping {
            running: 1,
            grace: Duration::from_secs(10),
        },
    ]
}

/// What is written for these, on each stream.
fn shown(format: Format, color: bool, updates: &[Update]) -> (String, String) {
    let (out, err) = (color, color);
    shown_in(format, Colored { out, err }, None, updates)
}

/// The same, in a terminal of this width.
fn shown_in(
    format: Format,
    colored: Colored,
    width: Option<usize>,
    updates: &[Update],
) -> (String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut plain = Plain::new(format, colored, &mut out, &mut err);
    if let Style::Compact(compact) | Style::Quiet(compact) = &mut plain.style {
        *compact = Compact::new(colored).in_utc();
    }
    if let Some(width) = width {
        plain.set_width(width);
    }
    for update in updates {
        plain.show(update).unwrap();
    }
    plain.settle().unwrap();
    (
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

fn json(update: Update) -> String {
    let (out, err) = shown(Format::Json, true, &[update]);
    assert_eq!(err, "");
    out
}

#[test]
fn json_lines_are_as_written_down() {
    assert_eq!(
        json(ready()),
        "{\"type\":\"ready\",\"url\":\"https://relay.example/my-tunnel\",\"subdomain_url\":null,\
         \"forward_to\":\"http://localhost:3000/api\",\"tunnel\":\"my-tunnel\",\
         \"relay\":\"https://relay.example\",\"relay_version\":\"kreel/0.1.0\",\"waiting\":2}\n"
    );
    assert_eq!(
        json(Update::Delivery(summary(b"/hook?n=1"))),
        "{\"type\":\"delivery\",\"id\":\"00000000-0000-0000-0000-000000000007\",\"seq\":7,\
         \"tunnel\":null,\"method\":\"POST\",\"path\":\"/hook?n=1\",\"size_bytes\":1234,\
         \"received_at\":\"2023-11-14T22:13:20Z\",\"queued\":false}\n"
    );
    assert_eq!(
        json(answered(b"/")),
        "{\"type\":\"attempt\",\"delivery_id\":\"00000000-0000-0000-0000-000000000007\",\
         \"attempt\":1,\"status\":200,\"failure\":null,\"message\":null,\"duration_ms\":12.345,\
         \"connect_ms\":0.31,\"first_byte_ms\":11.0,\"answer_bytes\":2,\"replay\":false,\"edited\":false}\n"
    );
    let failed: Value =
        serde_json::from_str(&json(attempt(b"/", AttemptEnd::Failed(Failure::Died)))).unwrap();
    assert_eq!(failed["status"], Value::Null);
    assert_eq!(failed["failure"], "died");
    assert_eq!(
        failed["message"],
        "the app closed the connection before it answered"
    );
    assert_eq!(
        json(reconnecting()),
        "{\"type\":\"reconnecting\",\"code\":\"closed\",\"cause\":\"the relay closed the link\",\
         \"in_ms\":150,\"attempt\":1}\n"
    );
    let withheld = Update::Withheld {
        delivery: summary(b"/"),
        why: "the API knows no such job".into(),
    };
    assert_eq!(
        json(withheld.clone()),
        "{\"type\":\"withheld\",\"delivery_id\":\"00000000-0000-0000-0000-000000000007\",\
         \"message\":\"the API knows no such job\"}\n"
    );
    let (row, _) = shown(Format::Compact, true, &[withheld]);
    assert!(
        row.ends_with("withheld  the API knows no such job\n"),
        "{row}"
    );
    assert_eq!(json(Update::Gated(summary(b"/"))), "");
    assert_eq!(
        json(counters()),
        "{\"type\":\"counters\",\"received\":214,\"delivered\":212,\"failed\":0,\
         \"broken_off\":0,\"waiting\":2,\"duplicates\":0,\"lost\":0}\n"
    );
}

#[test]
fn every_json_line_is_one_object_of_a_known_type() {
    let (out, _) = shown(Format::Json, false, &all());
    for line in out.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        let kind = object["type"].as_str().unwrap();
        assert!(SCHEMA_TYPES.contains(&kind), "{kind}");
    }
    let (advice, code, message) = ("look", "KR0102", "refused");
    let error = ErrorLine {
        code,
        message,
        advice,
    };
    let mut last = Vec::new();
    Line::Error(error).write(&mut last).unwrap();
    Line::Stopped { given_up: 0 }.write(&mut last).unwrap();
    assert_eq!(
        String::from_utf8(last).unwrap(),
        "{\"type\":\"error\",\"code\":\"KR0102\",\"message\":\"refused\",\"advice\":\"look\"}\n\
         {\"type\":\"stopped\",\"given_up\":0}\n"
    );
}

#[test]
fn a_delivery_names_its_tunnel_once_it_is_known() {
    let (out, _) = shown(
        Format::Json,
        false,
        &[ready(), Update::Delivery(summary(b"/"))],
    );
    let delivery: Value = serde_json::from_str(out.lines().nth(1).unwrap()).unwrap();
    assert_eq!(delivery["tunnel"], "my-tunnel");
}

#[test]
fn compact_is_a_block_then_rows() {
    let updates = [
        ready(),
        answered(b"/hook?n=1"),
        attempt(b"", AttemptEnd::Failed(Failure::Died)),
        answered(format!("/{}", "long/".repeat(20)).as_bytes()),
    ];
    let (out, err) = shown(Format::Compact, false, &updates);
    assert_eq!(err, "");
    assert_eq!(
        out,
        "ready  https://relay.example/my-tunnel\n  \
           forwards to  http://localhost:3000/api\n  \
           relay        https://relay.example (kreel/0.1.0)\n  \
           waiting      2 kept for you, oldest first\n  \
           Ctrl-C stops\n\
         \n\
         22:13:20  POST    /hook?n=1                             200     12 ms  1.2 kB\n\
         22:13:20  POST    /                                     \
         died before it answered\n\
         22:13:20  POST    /long/long/long/long/long/long/long…  200     12 ms  1.2 kB\n"
    );
}

#[test]
fn no_row_is_wider_than_the_terminal() {
    let long = format!("/{}", "long/".repeat(20));
    let delivery = summary(long.as_bytes());
    let cause = "invalid HTTP version parsed, and more words than fit in a line of a terminal";
    let updates = [
        answered(long.as_bytes()),
        Update::Answered {
            delivery: delivery.clone(),
            status: Some(202),
            by: AnsweredBy::Relay,
        },
        Update::Answered {
            delivery,
            status: None,
            by: AnsweredBy::Relay,
        },
        attempt(
            long.as_bytes(),
            AttemptEnd::Failed(Failure::DiedMidAnswer { after_bytes: 10 }),
        ),
        attempt(
            b"/",
            AttemptEnd::Failed(Failure::Garbled {
                cause: cause.into(),
            }),
        ),
    ];
    let plain = Colored {
        out: false,
        err: false,
    };
    for width in [54, 60, 80, 100, 200] {
        let (out, _) = shown_in(Format::Compact, plain, Some(width), &updates);
        for line in out.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
    let (out, _) = shown_in(Format::Compact, plain, Some(60), &updates[3..]);
    assert_eq!(
        out,
        "22:13:20  POST    /long/long/long…  died mid-answer, 10 B\n\
         22:13:20  POST    /\n          \
           the app's answer could not be read: invalid HTTP\n          \
           version parsed, and more words than fit in a line\n          \
           of a terminal\n"
    );
    let (out, _) = shown_in(Format::Compact, plain, None, &updates[4..]);
    assert_eq!(out.lines().count(), 1, "a row of a file is one line: {out}");
}

#[test]
fn counters_follow_their_cause_and_come_once() {
    let updates = [
        ready(),
        counters(),
        reconnecting(),
        ready(),
        counters(),
        counters(),
    ];
    let (_, err) = shown(Format::Compact, false, &updates);
    assert_eq!(
        err,
        "the relay closed the link; trying again in 150 ms (try 1)\n\
         received 214 · delivered 212 · waiting 2 · lost 0\n\
         connected again\n"
    );
}

#[test]
fn each_stream_has_its_own_colour() {
    let updates = [ready(), app_down()];
    for (out, err) in [(true, false), (false, true)] {
        let colored = Colored { out, err };
        let (data, notices) = shown_in(Format::Compact, colored, None, &updates);
        assert_eq!(data.contains('\x1b'), out, "{data:?}");
        assert_eq!(notices.contains('\x1b'), err, "{notices:?}");
    }
}

#[test]
fn rows_are_data_and_notices_are_not() {
    let notices = [
        reconnecting(),
        app_down(),
        Update::AppUp { waiting: 3 },
        counters(),
    ];
    let (out, err) = shown(Format::Compact, false, &notices);
    assert_eq!(out, "");
    assert_eq!(
        err,
        "the relay closed the link; trying again in 150 ms (try 1)\n\
         the app refused the connection at localhost:3000; deliveries wait for it\n\
         the app is back, 3 waiting\n\
         received 214 · delivered 212 · waiting 2 · lost 0\n"
    );
}

#[test]
fn the_address_is_shown_once() {
    let (out, err) = shown(Format::Compact, false, &[ready(), reconnecting(), ready()]);
    assert_eq!(out.matches("https://relay.example/my-tunnel").count(), 1);
    assert!(err.ends_with("connected again\n"), "{err}");
}

#[test]
fn quiet_says_where_and_what_is_wrong() {
    let (out, err) = shown(Format::Quiet, false, &all());
    assert_eq!(out, "https://relay.example/my-tunnel\n");
    assert_eq!(err.lines().count(), 2, "{err}");
}

#[test]
fn colour_is_used_when_told_and_never_alone() {
    for update in all() {
        let updates = [update];
        let (out, err) = shown(Format::Compact, false, &updates);
        assert!(!out.contains('\x1b') && !err.contains('\x1b'));
        let (colored_out, colored_err) = shown(Format::Compact, true, &updates);
        let plain = |text: &str| {
            let mut plain = text.to_owned();
            for code in ["0", "1", "31", "32", "33"] {
                plain = plain.replace(&format!("\x1b[{code}m"), "");
            }
            plain
        };
        assert_eq!((plain(&colored_out), plain(&colored_err)), (out, err));
    }
    let (out, _) = shown(Format::Compact, true, &[answered(b"/")]);
    assert!(out.contains("\x1b[32m200\x1b[0m"), "{out:?}");
}

#[test]
fn nothing_a_stranger_wrote_acts_on_the_terminal() {
    let evil = "/\x1b]0;title\x07\u{202e}\u{9b}2J\n\r";
    let cause = format!("evil {evil}");
    let mut updates = vec![
        answered(evil.as_bytes()),
        answered(b"/\xff\x1b[2J"),
        attempt(
            evil.as_bytes(),
            AttemptEnd::Failed(Failure::Garbled {
                cause: cause.clone(),
            }),
        ),
        Update::Captured(summary(evil.as_bytes())),
        Update::Answered {
            delivery: summary(evil.as_bytes()),
            status: None,
            by: AnsweredBy::Relay,
        },
    ];
    if let Update::Ready(ready) = ready() {
        let mut ready = Ready::clone(&ready);
        ready.url = cause.clone();
        ready.relay_version = cause.clone();
        ready.subdomain_url = Some(cause.clone());
        updates.push(Update::Ready(Arc::new(ready)));
    }
    if let Update::Reconnecting {
        error,
        code,
        in_,
        attempt,
        ..
    } = reconnecting()
    {
        updates.push(Update::Reconnecting {
            error,
            cause,
            code,
            in_,
            attempt,
        });
    }
    for format in [Format::Compact, Format::Quiet, Format::Json] {
        for update in &updates {
            let (out, err) = shown(format, false, std::slice::from_ref(update));
            for line in out.lines().chain(err.lines()) {
                assert!(
                    line.chars().all(crate::inert::is_inert),
                    "{format:?}: {line:?}"
                );
            }
        }
    }
}
