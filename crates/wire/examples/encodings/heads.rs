//! Messages with heads as real senders and apps write them; names, secrets and ids are made up.

use bytes::Bytes;
use kreel_wire::{
    Answer, Chunk, Delivery, DeliveryId, ExchangeId, Headers, HeadersBuilder, Kind, Request,
    Response, Scheme, Seq, ToClient, ToRelay, limits,
};

const GITHUB: &[(&str, &str)] = &[
    ("host", "relay.example"),
    ("user-agent", "GitHub-Hookshot/5a1c3f2"),
    ("content-length", "7342"),
    ("accept", "*/*"),
    ("content-type", "application/json"),
    ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
    ("x-github-event", "push"),
    ("x-github-hook-id", "292430182"),
    ("x-github-hook-installation-target-id", "79929171"),
    ("x-github-hook-installation-target-type", "repository"),
    (
        "x-hub-signature",
        "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6",
    ),
    (
        "x-hub-signature-256",
        "sha256=d57c68ca6f92289e6987922ff26938930f6e66a2d161ef06abdf1859230aa23c",
    ),
];

const STRIPE: &[(&str, &str)] = &[
    ("host", "relay.example"),
    ("content-type", "application/json; charset=utf-8"),
    ("cache-control", "no-cache"),
    (
        "user-agent",
        "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
    ),
    ("accept", "*/*; q=0.5, application/xml"),
    ("content-length", "3308"),
    (
        "stripe-signature",
        "t=1759392937,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd,\
         v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39",
    ),
    ("accept-encoding", "gzip"),
];

/// What Krea itself adds is not documented; the rest is what Cloudflare's network puts there.
const KREA: &[(&str, &str)] = &[
    ("host", "relay.example"),
    ("content-type", "application/json"),
    ("content-length", "600"),
    ("accept", "*/*"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "*"),
    ("cdn-loop", "cloudflare; loops=1; subreqs=1"),
    ("cf-connecting-ip", "2a06:98c0:3600::103"),
    ("cf-ew-via", "15"),
    ("cf-ray", "98a1f0c2d3e4b5a6-FRA"),
    ("cf-visitor", "{\"scheme\":\"https\"}"),
    ("cf-worker", "krea.ai"),
    ("sec-fetch-mode", "cors"),
    ("user-agent", "node"),
    ("x-forwarded-proto", "https"),
];

const NODE: &[(&str, &str)] = &[
    ("x-powered-by", "Express"),
    ("content-type", "application/json; charset=utf-8"),
    ("content-length", "17"),
    ("etag", "W/\"11-gcGn1hzSzhnZVBoDoKbNfRtRvdE\""),
    ("date", "Thu, 02 Oct 2026 08:15:37 GMT"),
];

const KREA_JOB: &str = r#"{"job_id":"0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11","status":"completed","created_at":"2026-10-02T08:15:30.120Z","completed_at":"2026-10-02T08:15:37.904Z","result":{"urls":["https://gen.krea.ai/images/6a1f1c0e-2b7c-4a43-8f55-1d0f0a9c2e10.png","https://gen.krea.ai/images/0b9d8c7e-6f5a-4b3c-9d2e-1f0a9b8c7d6e.png","https://gen.krea.ai/images/5e4d3c2b-1a09-4f8e-8d7c-6b5a49382716.png","https://gen.krea.ai/images/c3b2a190-8f7e-4d6c-b5a4-938271605f4e.png","https://gen.krea.ai/images/9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d.png","https://gen.krea.ai/images/1f2e3d4c-5b6a-4798-8c7d-6e5f40312a1b-small.png?2"]}}"#;

/// Each message to the client, with what to call it.
pub(crate) fn to_client() -> Vec<(&'static str, ToClient)> {
    let chunk = Chunk {
        exchange: ExchangeId(214),
        data: Bytes::from_iter((0..limits::CHUNK_BYTES).map(|n| (n * 131 % 251) as u8)),
        end: false,
    };
    let request = |target, headers, body| ToClient::Request(request(target, headers, body));
    vec![
        ("GitHub push, head", request("/api/github", GITHUB, "")),
        ("Stripe event, head", request("/stripe/webhook", STRIPE, "")),
        (
            "Krea job, head and 600 B",
            request("/api/krea?token=q7m2xk4pz", KREA, KREA_JOB),
        ),
        ("64 KiB of a body", ToClient::RequestBody(chunk)),
    ]
}

/// Each message to the relay, with what to call it.
pub(crate) fn to_relay() -> Vec<(&'static str, ToRelay)> {
    let answer = Answer {
        exchange: ExchangeId(214),
        response: Response {
            status: 200,
            reason: None,
            headers: lines(NODE),
        },
        body: Bytes::from_static(br#"{"received":true}"#),
        end: true,
    };
    vec![("Node's answer, head and 17 B", ToRelay::Answer(answer))]
}

fn request(target: &'static str, headers: &[(&str, &str)], body: &'static str) -> Request {
    Request {
        exchange: ExchangeId(214),
        delivery: Box::new(Delivery {
            id: DeliveryId::from_bytes(
                *b"\x01\x99\xa3\x61\x2b\x58\x7c\x3d\x9a\x0d\x0c\x1f\x3a\x5b\x7d\x11",
            ),
            seq: Seq(40_214),
            received_at_us: 1_790_928_937_904_120,
            kind: Kind::Live,
            method: "POST".into(),
            target: Bytes::from_static(target.as_bytes()),
            headers: lines(headers),
            scheme: Scheme::Https,
            forwarded_for: "140.82.115.21".into(),
            body_bytes: Some(body.len() as u64),
            attempted: false,
            signature: None,
        }),
        body: Bytes::from_static(body.as_bytes()),
        end: true,
    }
}

fn lines(lines: &[(&str, &str)]) -> Headers {
    let mut headers = HeadersBuilder::with_capacity(lines.len());
    for (name, value) in lines {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    headers.build()
}
