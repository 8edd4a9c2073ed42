//! One request, to the app itself and through the tunnel, and what must be the same.

use std::net::SocketAddr;

use serde_json::Value;

use crate::support::{Answer, AppAddress, Head, Listen, Post, Sender, TestClient, TestRelay};

/// Lines that belong to a connection (RFC 9110, section 7.6.1), and so to one hop.
const HOP: [&str; 4] = ["connection", "keep-alive", "transfer-encoding", "te"];

/// What the client adds for the app, behind all else.
const ADDED: [&str; 5] = [
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "kreel-delivery-id",
    "kreel-attempt",
];

type Lines = Vec<(String, Vec<Vec<u8>>)>;

/// An app, and a tunnel to it with TLS.
pub(crate) struct Against {
    direct: Sender,
    tunnel: Sender,
    host: String,
    _relay: TestRelay,
    _client: TestClient,
}

impl Against {
    /// This app, which listens there.
    pub(crate) async fn real(app: &impl AppAddress, address: SocketAddr) -> Self {
        let relay = TestRelay::secure().await;
        let client = Listen::on(&relay).to(app).start().await;
        Self {
            direct: Sender::direct(address),
            tunnel: client.sender(),
            host: format!("localhost:{}", address.port()),
            _relay: relay,
            _client: client,
        }
    }

    /// Sends it both ways and compares what came back; where the app says what it received, that
    /// is compared as well.
    pub(crate) async fn same(&self, post: &Post) {
        // The app shall see the same host both ways.
        let there = self.direct.send(post.clone().host(&self.host)).await;
        let here = self.tunnel.send(post.clone()).await;
        assert_ne!(there.status(), 400, "the app itself refuses {post:?}");
        answers_are_equal(post.method(), &there, &here);
        assert_eq!(here.head.first_line(), there.head.first_line(), "{post:?}");
    }
}

/// Compares two answers to a request with this method, one of which came through the tunnel.
#[track_caller]
pub(crate) fn answers_are_equal(method: &str, direct: &Answer, tunnelled: &Answer) {
    assert_eq!(
        direct.status(),
        tunnelled.status(),
        "{:?}\n{:?}",
        direct.head,
        tunnelled.head
    );
    let is_echo = direct.header("content-type").as_deref() == Some("application/json");
    // A body that turned out to be empty is framed anew, by its length: there is none either way.
    let is_empty = method != "HEAD"
        && direct.body.is_empty()
        && !matches!(direct.status(), 204 | 304)
        && direct.header("content-length").is_none();
    let without = |head: &Head| {
        let mut lines = head.by_name();
        // An echo is as long as what it tells of, which the lines that are added make longer.
        let length_differs = is_echo || is_empty;
        lines.retain(|(name, _)| {
            let differs = length_differs && name == "content-length";
            // What the relay calls the request is its own to say.
            let is_ours = name == "kreel-request-id";
            !differs && !is_ours && !HOP.contains(&name.as_str())
        });
        lines
    };
    assert_eq!(
        shown(&without(&direct.head)),
        shown(&without(&tunnelled.head)),
        "direct: {:?}\ntunnelled: {:?}",
        direct.head,
        tunnelled.head
    );
    assert!(direct.complete && tunnelled.complete);
    if is_echo && !direct.body.is_empty() {
        echoes_are_equal(&direct.json(), &tunnelled.json());
    } else {
        assert_eq!(
            direct.digest,
            tunnelled.digest,
            "{:?}\n{:?}",
            direct.text(),
            tunnelled.text()
        );
    }
}

/// Compares the heads of two requests as the app got them, line by line.
#[track_caller]
pub(crate) fn requests_are_equal(direct: &Head, tunnelled: &Head) {
    lines_are_equal(in_order(direct), in_order(tunnelled));
}

/// Each line by itself, its name in lower case.
fn in_order(head: &Head) -> Lines {
    let line = |(name, value): (String, Vec<u8>)| (name.to_ascii_lowercase(), vec![value]);
    head.lines().into_iter().map(line).collect()
}

#[track_caller]
fn echoes_are_equal(direct: &Value, tunnelled: &Value) {
    for field in ["method", "target", "body_bytes", "body_sha256"] {
        assert_eq!(direct[field], tunnelled[field], "{field}");
    }
    lines_are_equal(lines_of(direct), lines_of(tunnelled));
}

/// The lines an app says it received, in order. It gives each byte as a character.
fn lines_of(echo: &Value) -> Lines {
    let mut head = b"-\r\n".to_vec();
    for pair in echo["headers"].as_array().expect("a list of lines") {
        let latin1 = |at: usize| {
            pair[at]
                .as_str()
                .expect("a text")
                .chars()
                .map(|c| c as u32 as u8)
                .collect::<Vec<u8>>()
        };
        head.extend([latin1(0), b": ".to_vec(), latin1(1), b"\r\n".to_vec()].concat());
    }
    in_order(&Head::new(head))
}

#[track_caller]
fn lines_are_equal(mut direct: Lines, mut tunnelled: Lines) {
    let added = tunnelled.split_off(tunnelled.len().saturating_sub(ADDED.len()));
    let names: Vec<_> = added.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ADDED, "what is added stands at the end");
    for lines in [&mut direct, &mut tunnelled] {
        // How a body is framed is the hop's; whether it is framed at all is compared below.
        lines.retain(|(name, _)| !HOP.contains(&name.as_str()) || name == "transfer-encoding");
    }
    assert_eq!(shown(&direct), shown(&tunnelled));
}

/// As text that a person can compare.
fn shown(lines: &Lines) -> Vec<String> {
    let values = |values: &[Vec<u8>]| {
        values
            .iter()
            .map(|value| value.escape_ascii().to_string())
            .collect::<Vec<_>>()
    };
    lines
        .iter()
        .map(|(name, all)| format!("{name}: {:?}", values(all)))
        .collect()
}
