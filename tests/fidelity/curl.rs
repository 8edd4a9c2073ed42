//! The real curl against real apps, by HTTP/1.1 and by HTTP/2.

use std::net::SocketAddr;

use super::against;
use super::posts::{ANSWERS, METHODS};
use crate::support::{
    AppAddress, Curl, Listen, LocalApp, NodeApp, PythonApp, TestClient, TestRelay,
};

#[tokio::test]
async fn curl_sees_node_the_same_through_the_tunnel() {
    if let Some(app) = NodeApp::start().await {
        curl_sees_the_same(&app, app.address()).await;
    }
}

#[tokio::test]
async fn curl_sees_python_the_same_through_the_tunnel() {
    if let Some(app) = PythonApp::start().await {
        curl_sees_the_same(&app, app.address()).await;
    }
}

/// curl as senders run it: over HTTPS, by HTTP/1.1 and by HTTP/2.
async fn curl_sees_the_same(app: &impl AppAddress, address: SocketAddr) {
    let relay = TestRelay::secure().await;
    let client = Listen::on(&relay).to(app).start().await;
    let Some(tunnel) = Curl::to(client.url(), relay.ca().as_deref()) else {
        return;
    };
    let direct = Curl::to(&format!("http://{address}"), None).unwrap();
    let host = format!("Host: localhost:{}", address.port());
    let json = "Content-Type: application/json";
    for method in METHODS {
        let args: &[&str] = match method {
            "HEAD" => &["--head"],
            "GET" => &[],
            method => &["-X", method, "--data-binary", "{\"a\":1}", "-H", json],
        };
        let path = "/hook?a=%2F&a=2";
        let there = direct.run(path, &[args, &["-H", &host]].concat()).await;
        for version in ["--http1.1", "--http2"] {
            let here = tunnel.run(path, &[args, &[version]].concat()).await;
            against::answers_are_equal(method, &there, &here);
            let is_http2 = here.head.first_line().starts_with(b"HTTP/2");
            assert_eq!(is_http2, version == "--http2");
        }
    }
    for answer in ANSWERS {
        let header = format!("X-Answer: {answer}");
        let there = direct.run("/", &["-H", &header, "-H", &host]).await;
        for version in ["--http1.1", "--http2"] {
            let here = tunnel.run("/", &[version, "-H", &header]).await;
            against::answers_are_equal("GET", &there, &here);
        }
    }
}

/// HTTP/2 senders may send each cookie in a line of its own (RFC 9113, section 8.2.3), and name
/// the host elsewhere. An app that speaks HTTP/1.1 gets one `Cookie` and one `Host`.
#[tokio::test]
async fn split_cookies_and_the_authority_of_http2_become_what_apps_expect() {
    let (relay, app) = (TestRelay::secure().await, LocalApp::echo().await);
    let client = TestClient::listen(&relay, &app, &["--host-header", "preserve"]).await;
    let Some(curl) = Curl::to(client.url(), relay.ca().as_deref()) else {
        return;
    };
    let args = [
        "--http2",
        "-H",
        "Cookie: a=1",
        "-H",
        "X-Between: x",
        "-H",
        "Cookie: b=2; c=3",
    ];
    assert_eq!(curl.run("/", &args).await.head.first_line(), b"HTTP/2 200 ");
    let head = &app.received()[0].head;
    assert_eq!(head.values("cookie"), ["a=1; b=2; c=3"]);
    assert_eq!(head.values("host"), [relay.address().to_string()]);
    assert!(head.first_line().ends_with(b" HTTP/1.1"), "{head:?}");
}
