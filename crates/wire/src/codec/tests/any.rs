//! Random messages of each direction, all of them valid; sizes up to the limits now and then.

use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::limits::{ACKS, CHUNK_BYTES, HEADER_COUNT, TEXT_BYTES};
use crate::{
    Answer, AnswerMode, Chunk, Delivery, DeliveryId, ExchangeId, Failure, GoodbyeReason, Headers,
    Hello, Kind, Policy, Reject, RejectReason, Request, Response, Scheme, Seq, ToClient, ToRelay,
    Verdict, Welcome, WelcomeOrReject,
};

pub(super) fn to_client() -> impl Strategy<Value = ToClient> {
    prop_oneof![
        4 => request().prop_map(ToClient::Request),
        1 => chunk().prop_map(ToClient::RequestBody),
        1 => credit().prop_map(|(exchange, bytes)| ToClient::Credit { exchange, bytes }),
        1 => exchange().prop_map(|exchange| ToClient::Cancel { exchange }),
        1 => (exchange(), option::of(status()))
            .prop_map(|(exchange, status)| ToClient::Answered { exchange, status }),
        1 => goodbye().prop_map(|(reason, message)| ToClient::Goodbye { reason, message }),
    ]
}

pub(super) fn to_relay() -> impl Strategy<Value = ToRelay> {
    prop_oneof![
        3 => answer().prop_map(ToRelay::Answer),
        1 => chunk().prop_map(ToRelay::AnswerBody),
        3 => (exchange(), failure())
            .prop_map(|(exchange, failure)| ToRelay::Failed { exchange, failure }),
        1 => credit().prop_map(|(exchange, bytes)| ToRelay::Credit { exchange, bytes }),
        1 => prop_oneof![9 => vec(any::<u64>(), 0..20), 1 => vec(any::<u64>(), ACKS)].prop_map(|seqs| {
            ToRelay::Ack {
                seqs: seqs.into_iter().map(Seq).collect(),
            }
        }),
        1 => goodbye().prop_map(|(reason, message)| ToRelay::Goodbye { reason, message }),
    ]
}

pub(super) fn hello() -> impl Strategy<Value = Hello> {
    let policy = (
        option::of(status()),
        (0..=86_400_000u64).prop_map(Duration::from_millis),
        any::<bool>(),
    )
        .prop_map(|(now, wait, strict)| Policy {
            answer: now.map_or(AnswerMode::App, AnswerMode::Now),
            wait,
            strict,
        });
    let tunnel = "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]".prop_map(|name| name.parse().unwrap());
    (
        text(),
        any::<u64>(),
        tunnel,
        policy,
        any::<(u32, Option<u64>)>(),
    )
        .prop_map(
            |(client, instance, tunnel, policy, (window_bytes, since_us))| Hello {
                client,
                instance,
                tunnel,
                policy,
                window_bytes,
                since_us,
            },
        )
}

pub(super) fn welcome_or_reject() -> impl Strategy<Value = WelcomeOrReject> {
    let url = || "https://[a-z0-9.]{1,40}/[!-~]{0,40}";
    let welcome = (
        (text(), url(), option::of(url())),
        any::<(u32, u64, u64, u64, u64)>(),
    )
        .prop_map(|((relay, url, subdomain_url), numbers)| Welcome {
            relay,
            url,
            subdomain_url,
            window_bytes: numbers.0,
            max_body_bytes: numbers.1,
            waiting: numbers.2,
            last_seq: Seq(numbers.3),
            now_us: numbers.4,
        });
    let reason = prop_oneof![
        Just(RejectReason::NameTaken),
        Just(RejectReason::BadHello),
        Just(RejectReason::Full),
        Just(RejectReason::Revoked),
        Just(RejectReason::Unknown),
    ];
    prop_oneof![
        welcome.prop_map(WelcomeOrReject::Welcome),
        (reason, text())
            .prop_map(|(reason, message)| WelcomeOrReject::Reject(Reject { reason, message })),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    (exchange(), delivery(), body(), any::<bool>()).prop_map(|(exchange, delivery, body, end)| {
        Request {
            exchange,
            delivery: Box::new(delivery),
            body,
            end,
        }
    })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    let method = prop_oneof![4 => "GET|POST|PUT", 1 => "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}"];
    let target = vec(prop_oneof![Just(b'/'), 0x21..=0x7eu8, 0x80..=0xffu8], 0..60);
    let target = (target, "[/?]").prop_map(|(rest, first)| match rest.is_empty() {
        true => Bytes::new(),
        false => [first.as_bytes(), &rest].concat().into(),
    });
    let kind = prop_oneof![Just(Kind::Live), Just(Kind::Queued)];
    let scheme = prop_oneof![Just(Scheme::Https), Just(Scheme::Http)];
    let forwarded_for = "[ -~]{0,60}";
    (
        (any::<[u8; 16]>(), any::<u64>(), any::<u64>(), kind),
        (method, target, headers(), scheme),
        (forwarded_for, any::<(Option<u64>, bool)>(), 0..6u32),
    )
        .prop_map(
            |(row, head, (forwarded_for, (body_bytes, attempted), signature))| Delivery {
                id: DeliveryId::from_bytes(row.0),
                seq: Seq(row.1),
                received_at_us: row.2,
                kind: row.3,
                method: head.0.into(),
                target: head.1,
                headers: head.2,
                scheme: head.3,
                forwarded_for: forwarded_for.into(),
                body_bytes,
                attempted,
                signature: Verdict::from_number(signature),
            },
        )
}

fn answer() -> impl Strategy<Value = Answer> {
    let reason = option::of("[\t -~]{0,40}".prop_map(Bytes::from));
    (
        exchange(),
        status(),
        reason,
        headers(),
        body(),
        any::<bool>(),
    )
        .prop_map(|(exchange, status, reason, headers, body, end)| Answer {
            exchange,
            response: Response {
                status,
                reason,
                headers,
            },
            body,
            end,
        })
}

fn headers() -> impl Strategy<Value = Headers> {
    let name = "[a-z0-9!#$%&'*+.^_`|~-]{1,30}";
    let byte = any::<u8>().prop_filter("a line's", |byte| !matches!(byte, 0 | b'\r' | b'\n'));
    let line = (name, vec(byte, 0..40));
    let full = line.clone().prop_map(|line| vec![line; HEADER_COUNT]);
    prop_oneof![9 => vec(line, 0..20), 1 => full].prop_map(|lines| Headers::checked(lines).unwrap())
}

fn chunk() -> impl Strategy<Value = Chunk> {
    (exchange(), body(), any::<bool>()).prop_map(|(exchange, data, end)| Chunk {
        exchange,
        data,
        end,
    })
}

fn body() -> impl Strategy<Value = Bytes> {
    let full = any::<u8>().prop_map(|byte| vec![byte; CHUNK_BYTES]);
    prop_oneof![9 => vec(any::<u8>(), 0..300), 1 => full].prop_map(Bytes::from)
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        text().prop_map(|address| Failure::Refused { address }),
        (text(), text()).prop_map(|(address, cause)| Failure::Unreachable { address, cause }),
        any::<u64>().prop_map(|ms| Failure::TimedOut {
            after: Duration::from_millis(ms)
        }),
        Just(Failure::Died),
        any::<u64>().prop_map(|after_bytes| Failure::DiedMidAnswer { after_bytes }),
        text().prop_map(|cause| Failure::Garbled { cause }),
        Just(Failure::SenderLeft),
        text().prop_map(|cause| Failure::GivenUp { cause }),
    ]
}

fn goodbye() -> impl Strategy<Value = (GoodbyeReason, String)> {
    let reason = prop_oneof![
        Just(GoodbyeReason::Draining),
        Just(GoodbyeReason::Replaced),
        Just(GoodbyeReason::Revoked),
        Just(GoodbyeReason::Protocol),
        Just(GoodbyeReason::Unknown),
    ];
    (reason, text())
}

fn text() -> impl Strategy<Value = String> {
    let full = Just("\u{1f980}".repeat(TEXT_BYTES / 4));
    prop_oneof![9 => any::<String>().prop_map(short), 1 => full]
}

fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_BYTES));
    text
}

fn exchange() -> impl Strategy<Value = ExchangeId> {
    any::<u32>().prop_map(ExchangeId)
}

fn credit() -> impl Strategy<Value = (ExchangeId, u32)> {
    (exchange(), any::<u32>())
}

fn status() -> impl Strategy<Value = u16> {
    200..=999u16
}
