//! Which lines the app gets, and in which order.

use bytes::Bytes;
use kreel_wire::Kind;

use super::*;
use crate::engine::Run;
use crate::testing::{config, delivery, headers};
use crate::{ConfigError, HostHeader};

const OURS: &str = "x-forwarded-for: 192.0.2.7, x-forwarded-proto: https, ";
const OUR_END: &str = "kreel-delivery-id: 00000000-0000-0000-0000-000000000007, kreel-attempt: 2";

fn work(lines: &[(&str, &str)], body_bytes: Option<u64>) -> Work {
    let mut delivery = delivery(7, Kind::Live);
    delivery.headers = headers(lines);
    delivery.body_bytes = body_bytes;
    Work {
        delivery: Box::new(delivery),
        run: Run(1),
        attempt: 2,
        body: Body::Whole(Bytes::new()),
        reply: None,
        special: None,
        withheld: None,
    }
}

fn built(config: &ReplayConfig, work: &Work, body: &'static [u8]) -> Request<RequestBody> {
    let rules = HeadRules::new(config).unwrap();
    let target = config.target.as_ref().unwrap();
    let body = Body::Whole(Bytes::from_static(body));
    rules.request(work, work.attempt, target, body).unwrap()
}

fn lines(request: &Request<RequestBody>) -> String {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let lines: Vec<String> = request.headers().iter().map(line).collect();
    lines.join(", ")
}

/// The sender's lines as the app gets them, without those kreel adds.
fn seen(
    config: &ReplayConfig,
    sent: &[(&str, &str)],
    body_bytes: Option<u64>,
    body: &'static [u8],
) -> String {
    let all = lines(&built(config, &work(sent, body_bytes), body));
    let (before, ours) = all.split_once(OURS).expect("kreel's lines come last");
    assert!(ours.ends_with(OUR_END), "{ours}");
    before.trim_end_matches(", ").to_owned()
}

fn to_3000() -> ReplayConfig {
    config("http://relay.example", Some("3000")).of_app()
}

#[test]
fn lines_keep_their_order_values_and_repeats() {
    let sent = [
        ("x-b", "1"),
        ("host", "public.example"),
        ("x-a", "  spaced\tout "),
        ("x-b", "2"),
        ("x-c", ""),
        ("authorization", "Bearer s"),
        ("accept-encoding", "gzip"),
        ("expect", "100-continue"),
    ];
    assert_eq!(
        seen(&to_3000(), &sent, None, b""),
        "x-b: 1, x-b: 2, host: localhost:3000, x-a:   spaced\tout , x-c: , \
         authorization: Bearer s, accept-encoding: gzip, expect: 100-continue"
    );
}

#[test]
fn lines_of_the_hop_stay_behind() {
    let sent = [
        ("connection", "keep-alive, X-Hop"),
        ("connection", "host, content-length"),
        ("keep-alive", "timeout=5"),
        ("x-hop", "gone"),
        ("host", "public.example"),
        ("proxy-connection", "close"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("upgrade", "websocket"),
        ("content-length", "2"),
        ("x-kept", "yes"),
    ];
    assert_eq!(
        seen(&to_3000(), &sent, Some(2), b"ab"),
        "host: localhost:3000, content-length: 2, x-kept: yes"
    );
}

#[test]
fn nobody_else_speaks_for_kreel() {
    let sent = [
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-proto", "gopher"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-port", "1"),
        ("x-forwarded", "for=1.1.1.1"),
        ("forwarded", "for=1.1.1.1"),
        ("x-real-ip", "1.1.1.1"),
        ("x-client-ip", "1.1.1.1"),
        ("x-cluster-client-ip", "1.1.1.1"),
        ("x-original-forwarded-for", "1.1.1.1"),
        ("true-client-ip", "1.1.1.1"),
        ("cf-connecting-ip", "1.1.1.1"),
        ("cf-connecting-ipv6", "::1"),
        ("fastly-client-ip", "1.1.1.1"),
        ("fly-client-ip", "1.1.1.1"),
        ("kreel-delivery-id", "forged"),
        ("kreel-attempt", "99"),
        ("kreel-anything", "x"),
        ("host", "public.example"),
    ];
    let request = built(&to_3000(), &work(&sent, None), b"");
    assert_eq!(
        lines(&request),
        format!("host: localhost:3000, {OURS}x-forwarded-host: public.example, {OUR_END}")
    );
}

#[test]
fn the_host_is_what_the_options_say() {
    let sent = [("x-a", "1"), ("host", "public.example"), ("x-b", "2")];
    for (host_header, expected) in [
        (HostHeader::Rewrite, "localhost:3000"),
        (HostHeader::Preserve, "public.example"),
        (HostHeader::Custom("my.test".into()), "my.test"),
    ] {
        let mut config = to_3000();
        config.host_header = host_header;
        assert_eq!(
            seen(&config, &sent, None, b""),
            format!("x-a: 1, host: {expected}, x-b: 2")
        );
    }
    // A request without one (HTTP/1.0) gets one: no HTTP/1.1 request is without.
    assert_eq!(
        seen(&to_3000(), &[("x-a", "1")], None, b""),
        "host: localhost:3000, x-a: 1"
    );
}

#[test]
fn set_lines_replace_the_senders_in_their_place() {
    let mut config = to_3000();
    let line = |name: &'static str, value: &'static str| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    config.headers = vec![
        line("x-new", "n"),
        line("x-old", "replaced"),
        line("x-forwarded-proto", "http"),
        line("host", "other.test"),
    ];
    let sent = [
        ("x-old", "1"),
        ("host", "public.example"),
        ("x-kept", "k"),
        ("x-old", "2"),
    ];
    assert_eq!(
        lines(&built(&config, &work(&sent, None), b"")),
        format!(
            "x-old: replaced, host: other.test, x-kept: k, x-new: n, x-forwarded-proto: http, \
             x-forwarded-for: 192.0.2.7, x-forwarded-host: public.example, {OUR_END}"
        )
    );
}

#[test]
fn a_line_that_is_set_twice_arrives_twice() {
    let mut config = to_3000();
    let line = |name: &'static str, value: &'static str| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    config.headers = vec![
        line("x-a", "1"),
        line("x-b", "3"),
        line("x-a", "2"),
        line("x-b", "4"),
    ];
    let sent = [("host", "h"), ("x-a", "sender's"), ("x-a", "sender's too")];
    assert_eq!(
        seen(&config, &sent, None, b""),
        "host: localhost:3000, x-a: 1, x-a: 2, x-b: 3, x-b: 4"
    );
}

#[test]
fn cookies_of_http_2_become_one_line() {
    let sent = [
        ("cookie", "a=1"),
        ("host", "h"),
        ("cookie", "b=2"),
        ("cookie", "c=3"),
    ];
    assert_eq!(
        seen(&to_3000(), &sent, None, b""),
        "cookie: a=1; b=2; c=3, host: localhost:3000"
    );
}

#[test]
fn bodies_are_framed_as_the_sender_did() {
    let host = ("host", "h");
    let chunked = ("transfer-encoding", "chunked");
    let length = ("content-length", "2");
    let zero = ("content-length", "0");
    for (sent, body_bytes, body, expected) in [
        // A request without a body does not get one.
        (&[host][..], None, &b""[..], "host: localhost:3000"),
        (
            &[zero, host],
            Some(0),
            b"",
            "content-length: 0, host: localhost:3000",
        ),
        (
            &[length, host],
            Some(2),
            b"ab",
            "content-length: 2, host: localhost:3000",
        ),
        (
            &[chunked, host],
            None,
            b"ab",
            "transfer-encoding: chunked, host: localhost:3000",
        ),
        (
            &[chunked, host],
            None,
            b"",
            "transfer-encoding: chunked, host: localhost:3000",
        ),
        // From HTTP/2, where neither is needed.
        (
            &[host],
            None,
            b"ab",
            "host: localhost:3000, content-length: 2",
        ),
    ] {
        assert_eq!(
            seen(&to_3000(), sent, body_bytes, body),
            expected,
            "{sent:?}"
        );
    }
}

#[test]
fn what_can_not_be_sent_is_said() {
    let config = to_3000();
    let rules = HeadRules::new(&config).unwrap();
    let target = config.target.unwrap();
    let mut work = work(&[("x-a", "\u{1}")], None);
    let error = rules
        .request(&work, work.attempt, &target, Body::Whole(Bytes::new()))
        .unwrap_err();
    assert!(error.contains("header value"), "{error}");
    work.delivery.headers = Headers::default();
    work.delivery.target = Bytes::from_static(b"/\"<>");
    let error = rules
        .request(&work, work.attempt, &target, Body::Whole(Bytes::new()))
        .unwrap_err();
    assert!(error.contains("path"), "{error}");
    work.delivery.method = "CONNECT".into();
    work.delivery.target = Bytes::new();
    let error = rules
        .request(&work, work.attempt, &target, Body::Whole(Bytes::new()))
        .unwrap_err();
    assert!(error.contains("CONNECT"), "{error}");
}

#[test]
fn two_hosts_are_sent_only_where_the_user_wrote_them() {
    let two = [("host", "a.example"), ("x-a", "1"), ("host", "b.example")];
    let mut config = to_3000();
    assert_eq!(
        seen(&config, &two, None, b""),
        "host: localhost:3000, x-a: 1"
    );
    config.host_header = HostHeader::Preserve;
    let rules = HeadRules::new(&config).unwrap();
    let target = config.target.as_ref().unwrap();
    let error = rules
        .request(&work(&two, None), 2, target, Body::Whole(Bytes::new()))
        .unwrap_err();
    assert!(error.contains("two Host lines"), "{error}");
    let sent = lines(&built(&config, &edited(&two[..1], &two), b""));
    assert!(
        sent.starts_with("host: a.example, host: b.example"),
        "{sent}"
    );
}

#[test]
fn options_that_would_break_the_message_are_refused() {
    let mut config = to_3000();
    config.headers = vec![(header::CONTENT_LENGTH, HeaderValue::from_static("1"))];
    let error = HeadRules::new(&config).unwrap_err();
    assert!(
        matches!(error, ConfigError::ReservedHeader { .. }),
        "{error}"
    );
    for text in ["", "a b", "a\nb", "http://x"] {
        let mut config = to_3000();
        config.host_header = HostHeader::Custom(text.into());
        let error = HeadRules::new(&config).unwrap_err();
        assert!(
            matches!(error, ConfigError::HostHeader { .. }),
            "{text:?}: {error}"
        );
    }
}

#[test]
fn a_length_beside_an_encoding_does_not_travel() {
    let answer = |lines: &[(&'static str, &'static str)]| {
        let lines = lines.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let sent = answer_headers(&lines.collect());
        sent.first("content-length").map(<[u8]>::to_vec)
    };
    let (length, chunked) = (("content-length", "3"), ("transfer-encoding", "chunked"));
    assert_eq!(answer(&[length]).unwrap(), b"3");
    assert_eq!(answer(&[length, chunked]), None);
    assert_eq!(answer(&[chunked, length]), None);
}

/// A replay that was edited from these lines to those.
fn edited(from: &[(&str, &str)], to: &[(&str, &str)]) -> Work {
    let mut work = work(to, None);
    work.special = Some(Box::new(Special {
        senders: Some(headers(from)),
        is_elsewhere: false,
        is_synthesised: false,
    }));
    work
}

#[test]
fn lines_that_were_edited_are_the_users_and_others_are_as_ever() {
    let mut config = to_3000();
    config.headers = vec![
        (
            HeaderName::from_static("x-set"),
            HeaderValue::from_static("set"),
        ),
        (
            HeaderName::from_static("x-other"),
            HeaderValue::from_static("other"),
        ),
    ];
    let from = [
        ("host", "public.example"),
        ("x-set", "came"),
        ("x-other", "came"),
    ];
    let to = [
        ("host", "public.example"),
        ("x-set", "mine"),
        ("x-other", "came"),
    ];
    let sent = lines(&built(&config, &edited(&from, &to), b""));
    assert!(
        sent.starts_with("host: localhost:3000, x-set: mine, x-other: other, x-forwarded-for"),
        "{sent}"
    );
    assert!(
        sent.ends_with("kreel-attempt: 2, kreel-replay: 1"),
        "{sent}"
    );
    // A Host of the user's own is sent, and the sender's is told all the same.
    let sent = lines(&built(&to_3000(), &edited(&from, &[("host", "mine")]), b""));
    assert!(sent.starts_with("host: mine, "), "{sent}");
    assert!(sent.contains("x-forwarded-host: public.example"), "{sent}");
    let sent = lines(&built(&to_3000(), &edited(&from, &[]), b""));
    assert!(sent.starts_with("host: localhost:3000, "), "{sent}");
}

#[test]
fn a_replay_elsewhere_has_the_host_of_its_target() {
    let mut work = work(&[("host", "public.example")], None);
    work.special = Some(Box::new(Special {
        senders: None,
        is_elsewhere: true,
        is_synthesised: true,
    }));
    let elsewhere: Target = "other.example:81".parse().unwrap();
    let host = |config: &ReplayConfig| {
        let rules = HeadRules::new(config).unwrap();
        let body = Body::Whole(Bytes::new());
        let request = rules.request(&work, 2, &elsewhere, body).unwrap();
        request.headers()["host"].to_str().unwrap().to_owned()
    };
    let mut config = to_3000();
    assert_eq!(host(&config), "other.example:81");
    config.host_header = HostHeader::Preserve;
    assert_eq!(host(&config), "public.example");
    config.host_header = HostHeader::Custom("own.example".into());
    assert_eq!(host(&config), "own.example");
}

#[test]
fn only_kreel_says_that_it_made_a_delivery_itself() {
    let mut work = work(&[("kreel-synthesised", "1")], None);
    let sent = lines(&built(&to_3000(), &work, b""));
    assert!(!sent.contains("kreel-synthesised"), "{sent}");
    work.special = Some(Box::new(Special {
        is_synthesised: true,
        ..Special::default()
    }));
    let sent = lines(&built(&to_3000(), &work, b""));
    assert!(
        sent.ends_with("kreel-replay: 1, kreel-synthesised: 1"),
        "{sent}"
    );
}
