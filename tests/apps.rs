//! Apps as they come: on either loopback address, with TLS of their own, closing connections as
//! they like.

use std::net::TcpListener;

use crate::support::{Certificate, DEADLINE, Listen, LocalApp, TestClient, TestRelay, programs};

/// One connection carries what comes one after another.
#[tokio::test]
async fn connections_to_the_app_are_used_again() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    for number in 0..20 {
        let answer = client.sender().post(&format!("/{number}"), "{}").await;
        assert_eq!(answer.status(), 200);
    }
    let received = app.received();
    assert!(received.iter().all(|one| one.connection == 0));
}

/// An app that closes its connections without a word, right after each answer: the next request
/// may meet a closed one. None is lost by it, and none is handed over twice.
#[tokio::test]
async fn a_connection_that_turns_out_to_be_closed_loses_nothing() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let relay = TestRelay::start().await;
    let app = LocalApp::raw_then_close(answer).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    for number in 0..200 {
        let answer = client.sender().post(&format!("/{number}"), "{}").await;
        assert_eq!(answer.status(), 200, "{number}: {}", answer.text());
    }
    let received = app.received();
    let targets = received.iter().map(|one| one.head.target());
    assert!(targets.eq((0..200).map(|number| format!("/{number}").into_bytes())));
}

/// Development servers listen on `localhost`, which is ::1 alone as often as 127.0.0.1 alone.
#[tokio::test]
async fn a_port_is_found_on_either_loopback_address() {
    if TcpListener::bind("[::1]:0").is_err() {
        return programs::skipped("::1, which this machine has not");
    }
    let relay = TestRelay::start().await;
    let app = LocalApp::echo().await.moved_to("[::1]:0").await;
    let port = app.port();
    for target in [
        format!("{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
    ] {
        let client = TestClient::listen(&relay, &target, &[]).await;
        assert_eq!(client.sender().get("/").await.status(), 200, "{target}");
    }
}

#[tokio::test]
async fn an_app_with_tls_is_trusted_by_the_systems_authorities_or_not_at_all() {
    let relay = TestRelay::start().await;
    let certificate = Certificate::of_loopback();
    let app = LocalApp::echo().await.over_tls(&certificate).await;
    let listen = || Listen::on(&relay).to(&format!("https://localhost:{}/api", app.port()));

    let mut mistrusting = listen().flags(&["--strict"]).start().await;
    let answer = mistrusting.sender().post("/x", "{}").await;
    let code = &answer.json()["code"];
    assert_eq!((answer.status(), code), (502, &"unreachable".into()));
    let attempt = mistrusting.next_event("attempt", DEADLINE).await;
    let message = attempt["message"].as_str().unwrap();
    assert!(message.contains("certificate"), "{message}");
    let told = answer.text();
    assert!(!told.contains("localhost"), "not for strangers: {told}");

    let trusted = certificate.cert().display().to_string();
    for listen in [
        listen().flags(&["--insecure"]),
        listen().flags(&["--skip-verify"]),
        listen().env("SSL_CERT_FILE", &trusted),
    ] {
        let client = listen.start().await;
        let answer = client.sender().post("/x", "{}").await;
        assert_eq!(answer.json()["target"], "/api/x", "{}", answer.text());
    }
    let host = app.received()[0].head.value("host");
    assert_eq!(host, Some(format!("localhost:{}", app.port())));
}
