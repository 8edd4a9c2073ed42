//! The tunnel is unknown.

use super::*;

/// Whatever is asked for, the answer is the same to the byte, but for what the request itself is
/// called: nobody learns which names exist.
#[tokio::test]
async fn the_sender_has_the_same_404_for_every_name() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let sender = Sender::direct(relay.address());
    let before = sender.post("/k7mq2vxn4tw5ypb3", "{}").await;
    assert_eq!(problem(&before, 404), "no_tunnel");
    let client = TestClient::listen(&relay, &app, APP).await;
    let almost = format!("/{}x", client.tunnel());
    let long = format!("/{}", "a".repeat(5_000));
    let names = [
        "/k7mq2vxn4tw5ypb3/x?y",
        "/UPPER",
        "/%2e%2e",
        "/a..b",
        "/-",
        "//",
        "/",
        "/favicon.ico",
        &almost,
        &long,
    ];
    for name in names {
        let answer = sender.post(name, "{}").await;
        let lines = |answer: &Answer| {
            let lines = answer.head.lines();
            lines
                .into_iter()
                .filter(|(name, _)| name != "date" && name != "kreel-request-id")
                .collect::<Vec<_>>()
        };
        assert_eq!(answer.head.first_line(), before.head.first_line(), "{name}");
        assert_eq!(lines(&answer), lines(&before), "{name}");
        let text = |answer: &Answer| {
            let request = answer.header("kreel-request-id").unwrap();
            answer.text().replace(&request, "")
        };
        assert_eq!(text(&answer), text(&before), "{name}");
    }
    assert_eq!(app.count(), 0);
}

#[tokio::test]
async fn the_columns_make_no_difference() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    for column in [APP, NOW, STRICT] {
        let _client = TestClient::listen(&relay, &app, column).await;
        let answer = Sender::direct(relay.address()).post("/nobody", "{}").await;
        assert_eq!(problem(&answer, 404), "no_tunnel");
    }
}
