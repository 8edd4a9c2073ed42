//! The messages that the page's examples stand for, every field written out.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    Answer, AnswerMode, Chunk, Delivery, DeliveryId, ExchangeId, Failure, GoodbyeReason, Headers,
    Hello, Kind, Policy, Reject, RejectReason, Request, Response, Scheme, Seq, ToClient, ToRelay,
    Verdict, Welcome, WelcomeOrReject,
};

pub(super) fn hellos() -> Vec<Hello> {
    vec![
        Hello {
            client: "kreel/0.1.0".into(),
            instance: 0x1122_3344_5566_7788,
            tunnel: "my-app".parse().unwrap(),
            policy: Policy {
                answer: AnswerMode::App,
                wait: Duration::from_secs(10),
                strict: false,
            },
            window_bytes: 262_144,
            since_us: None,
        },
        Hello {
            client: "kreel/0.1.0".into(),
            instance: 0x1122_3344_5566_7788,
            tunnel: "my-app".parse().unwrap(),
            policy: Policy {
                answer: AnswerMode::Now(204),
                wait: Duration::from_millis(1500),
                strict: true,
            },
            window_bytes: 262_144,
            since_us: Some(1_790_928_937_904_120),
        },
    ]
}

pub(super) fn first_answers() -> Vec<WelcomeOrReject> {
    let reject = |reason, message: &str| {
        WelcomeOrReject::Reject(Reject {
            reason,
            message: message.into(),
        })
    };
    vec![
        WelcomeOrReject::Welcome(Welcome {
            relay: "kreel/0.1.0".into(),
            url: "https://relay.example/my-app".into(),
            subdomain_url: Some("https://my-app.relay.example".into()),
            window_bytes: 262_144,
            max_body_bytes: 104_857_600,
            waiting: 2,
            last_seq: Seq(214),
            now_us: 1_790_928_937_904_120,
        }),
        reject(RejectReason::NameTaken, "another token's"),
        reject(RejectReason::BadHello, "no tunnel"),
        reject(RejectReason::Full, "no room"),
        reject(RejectReason::Revoked, "revoked"),
        reject(RejectReason::Unknown, ""),
    ]
}

pub(super) fn to_client() -> Vec<ToClient> {
    let goodbye = |reason, message: &str| ToClient::Goodbye {
        reason,
        message: message.into(),
    };
    vec![
        ToClient::Request(Request {
            exchange: ExchangeId(7),
            delivery: Box::new(Delivery {
                id: id("0199a361-2b58-7c3d-9a0d-0c1f3a5b7d11"),
                seq: Seq(214),
                received_at_us: 1_790_928_937_904_120,
                kind: Kind::Live,
                method: "POST".into(),
                target: Bytes::from_static(b"/hook?a=1"),
                headers: lines(&[
                    ("host", b"relay.example"),
                    ("x-tag", b"a"),
                    ("x-tag", b"caf\xe9"),
                    ("x-empty", b""),
                ]),
                scheme: Scheme::Https,
                forwarded_for: "203.0.113.7".into(),
                body_bytes: Some(12),
                attempted: false,
                signature: None,
            }),
            body: Bytes::from_static(b"{\"job"),
            end: false,
        }),
        ToClient::Request(Request {
            exchange: ExchangeId(8),
            delivery: Box::new(Delivery {
                id: id("0199a361-2b58-7c3d-9a0d-0c1f3a5b7d12"),
                seq: Seq(215),
                received_at_us: 1_790_928_937_904_121,
                kind: Kind::Queued,
                method: "GET".into(),
                target: Bytes::new(),
                headers: lines(&[]),
                scheme: Scheme::Http,
                forwarded_for: "::1".into(),
                body_bytes: None,
                attempted: true,
                signature: Some(Verdict::Wrong),
            }),
            body: Bytes::new(),
            end: true,
        }),
        ToClient::RequestBody(Chunk {
            exchange: ExchangeId(7),
            data: Bytes::from_static(b"_id\":1}"),
            end: true,
        }),
        ToClient::Credit {
            exchange: ExchangeId(7),
            bytes: 65_600,
        },
        ToClient::Cancel {
            exchange: ExchangeId(7),
        },
        ToClient::Answered {
            exchange: ExchangeId(7),
            status: Some(202),
        },
        ToClient::Answered {
            exchange: ExchangeId(7),
            status: None,
        },
        goodbye(GoodbyeReason::Draining, "back soon"),
        goodbye(GoodbyeReason::Replaced, "another client"),
        goodbye(GoodbyeReason::Revoked, "token revoked"),
        goodbye(GoodbyeReason::Protocol, "exchange 9 was never opened"),
        goodbye(GoodbyeReason::Unknown, ""),
    ]
}

pub(super) fn to_relay() -> Vec<ToRelay> {
    let failed = |failure| ToRelay::Failed {
        exchange: ExchangeId(7),
        failure,
    };
    vec![
        ToRelay::Answer(Answer {
            exchange: ExchangeId(7),
            response: Response {
                status: 200,
                reason: Some(Bytes::from_static(b"Fine")),
                headers: lines(&[("content-type", b"text/plain"), ("content-length", b"2")]),
            },
            body: Bytes::from_static(b"ok"),
            end: true,
        }),
        ToRelay::AnswerBody(Chunk {
            exchange: ExchangeId(7),
            data: Bytes::from_static(b"data: 1\n\n"),
            end: false,
        }),
        failed(Failure::Refused {
            address: "127.0.0.1:3000".into(),
        }),
        failed(Failure::Unreachable {
            address: "app.test:443".into(),
            cause: "no such host".into(),
        }),
        failed(Failure::TimedOut {
            after: Duration::from_secs(30),
        }),
        failed(Failure::Died),
        failed(Failure::DiedMidAnswer {
            after_bytes: 70_000,
        }),
        failed(Failure::Garbled {
            cause: "not HTTP".into(),
        }),
        failed(Failure::SenderLeft),
        failed(Failure::GivenUp {
            cause: "shutting down".into(),
        }),
        ToRelay::Credit {
            exchange: ExchangeId(7),
            bytes: 65_600,
        },
        ToRelay::Ack {
            seqs: vec![Seq(214), Seq(215), Seq(300)],
        },
        ToRelay::Goodbye {
            reason: GoodbyeReason::Draining,
            message: "done".into(),
        },
    ]
}

fn id(text: &str) -> DeliveryId {
    text.parse().unwrap()
}

fn lines(lines: &[(&'static str, &'static [u8])]) -> Headers {
    Headers::checked(lines.iter().copied()).unwrap()
}
