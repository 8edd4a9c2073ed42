//! A proxy between client and relay: gone through, gone past, or in the way.

use super::{deserted, fails};
use crate::support::{Listen, LocalApp, Proxy, TestRelay};

#[tokio::test]
async fn a_proxy_in_between_is_gone_through() {
    let proxy = Proxy::willing().await;
    let app = LocalApp::answering(200).await;
    for (relay, variable) in [
        (TestRelay::secure().await, "HTTPS_PROXY"),
        (TestRelay::start().await, "ALL_PROXY"),
    ] {
        let before = proxy.asked().len();
        let listen = Listen::on(&relay).to(&app).env(variable, &proxy.url());
        let client = listen.start().await;
        assert_eq!(client.sender().post("/hook", "through").await.status(), 200);
        let asked = &proxy.asked()[before..];
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert_eq!(asked[0].target(), relay.address().to_string().as_bytes());
    }
}

#[tokio::test]
async fn a_proxy_is_gone_past_where_no_proxy_says_so() {
    let proxy = Proxy::answering(403).await;
    let relay = TestRelay::secure().await;
    let listen = Listen::on(&relay)
        .env("HTTPS_PROXY", &proxy.url())
        .env("NO_PROXY", "example.org,127.0.0.1");
    listen.start().await;
    assert!(proxy.asked().is_empty(), "{:?}", proxy.asked());
}

#[tokio::test]
async fn a_proxy_that_will_not() {
    let relay = TestRelay::secure().await;
    for status in [407, 403] {
        let proxy = Proxy::answering(status).await;
        let with_password = format!("http://me:hunter2@{}", proxy.address());
        let finished = fails(Listen::on(&relay).env("HTTPS_PROXY", &with_password)).await;
        let address = proxy.address().to_string();
        finished.failed(
            5,
            "KR0105",
            &[&address, &status.to_string(), "NO_PROXY=127.0.0.1"],
        );
        assert!(!finished.stderr.contains("hunter2"), "{finished}");
        let sent = proxy.asked()[0].value("proxy-authorization");
        assert_eq!(sent.as_deref(), Some("Basic bWU6aHVudGVyMg=="));
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there() {
    let relay = TestRelay::secure().await;
    let address = deserted().await;
    let finished = fails(Listen::on(&relay).env("HTTPS_PROXY", &format!("http://{address}"))).await;
    finished.failed(
        5,
        "KR0105",
        &[&address.to_string(), "refused", "HTTPS_PROXY"],
    );
}
