//! What strangers say stands in the log as text, whatever it is made of: one event, one line.

use kreel_inspect::inert::is_inert;
use kreel_wire::{GoodbyeReason, ToRelay};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::{DEADLINE, Listen, RawLink, Sender, TestRelay, eventually};

/// What would be an event of its own, moves a cursor, or turns the direction of writing.
const EVIL: &str = "x\r\n2026-01-01T00:00:00Z ERROR forged\u{1b}[2J\u{202e}\u{9b}31m";

/// Says it wherever something can be said, with a log of this form.
async fn told(form: &str) -> String {
    let env = [("KREEL_LOG", "debug")];
    let options = ["--log-format", form, "--proxy-protocol"];
    let relay = TestRelay::with_env(&options, &env).await;
    // Loopback is a proxy here: each connection begins with its word.
    let proxied = async |word: &str, bytes: &[u8]| {
        let mut tcp = TcpStream::connect(relay.address()).await.unwrap();
        let _ = tcp.write_all(&[word.as_bytes(), bytes].concat()).await;
        let mut connection = crate::support::Connection::new(tcp);
        let _ = crate::support::within("an end", DEADLINE, connection.answer("GET")).await;
    };
    proxied(&format!("PROXY TCP4 {EVIL} 1.2.3.4 1 2\r\n"), b"").await;
    let good = "PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n";
    let path = "/forged%1b%0a\u{202e}\u{9b}31m/behind";
    for host in ["x", EVIL, "\u{202e}"] {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        proxied(good, head.as_bytes()).await;
    }
    for told in ["proxy_protocol", "no_tunnel", "framing"] {
        relay.says(told).await;
    }
    relay.process.stderr()
}

/// The same over links, for a relay without a proxy.
async fn told_by_links(form: &str) -> String {
    let env = [("KREEL_LOG", "debug")];
    let relay = TestRelay::with_env(&["--log-format", form], &env).await;
    let mut link = RawLink::upgraded(&relay, &relay.token_file()).await;
    link.hello(EVIL, "mine").await;
    link.say(ToRelay::Goodbye {
        reason: GoodbyeReason::Protocol,
        message: EVIL.to_owned(),
    })
    .await;
    relay.says("a client left").await;
    let other = relay.another_token("other").await;
    let mut thief = RawLink::upgraded(&relay, &other).await;
    thief.hello(EVIL, "mine").await;
    relay.says("turned away").await;
    let client = Listen::on(&relay).flags(&["--new"]).start().await;
    let sender = Sender::to(relay.url(), None);
    sender
        .get(&format!("/{}/forged\u{202e}", client.tunnel()))
        .await;
    eventually("the request is told", DEADLINE, || {
        relay.process.stderr().matches("a request arrives").count() >= 2
    })
    .await;
    relay.process.stderr()
}

fn check(log: &str, form: &str) {
    assert!(log.contains("forged"), "nothing of it is told:\n{log}");
    for line in log.lines() {
        assert!(line.chars().all(is_inert), "{line:?}");
        assert!(
            !line
                .trim_start_matches(|c: char| !c.is_ascii_alphabetic())
                .starts_with("ERROR forged"),
            "{line:?}"
        );
    }
    if form == "json" {
        let events = log.lines().filter(|line| line.starts_with('{'));
        let events: Vec<Value> = events
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect();
        assert!(events.len() > 3, "{log}");
        assert!(events.iter().all(|event| event["message"].is_string()));
    }
}

#[tokio::test]
async fn nothing_a_stranger_says_is_an_event_of_its_own() {
    for form in ["text", "json"] {
        let (one, other) = tokio::join!(told(form), told_by_links(form));
        check(&one, form);
        check(&other, form);
    }
}

/// Each refusal is told once, with the name its sender was told.
#[tokio::test]
async fn a_refusal_is_told_under_the_name_its_sender_hears() {
    let relay = TestRelay::start().await;
    let sender = Sender::to(relay.url(), None);
    let answer = sender.post("/nobody/x", "x").await;
    let name = answer.header("kreel-request-id").unwrap();
    assert_eq!(answer.json()["request"], *name);
    relay.says(&name).await;
    let log = relay.process.stderr();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(&name)).collect();
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    for said in [
        "INFO",
        "a request was refused",
        "no_tunnel",
        "404",
        "127.0.0.1",
    ] {
        assert!(line.contains(said), "{said} in {line}");
    }
    assert!(!line.contains("nobody"), "names are secrets: {line}");
}
