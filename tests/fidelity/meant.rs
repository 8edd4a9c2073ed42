//! What is changed on the way because it is meant to be, and what is left alone for safety.

use crate::support::{LocalApp, Post, Sender, TestClient, TestRelay};

#[tokio::test]
async fn the_app_learns_who_asked_for_what() {
    let (relay, app) = (TestRelay::secure().await, LocalApp::echo().await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let forged = Post::new("POST", "/")
        .header("X-Forwarded-For", "203.0.113.7")
        .header("X-Forwarded-Proto", "gopher")
        .header("X-Forwarded-Host", "elsewhere.example")
        .header("Kreel-Delivery-Id", "forged")
        .body("{}");
    client.sender().send(forged).await;
    let head = &app.received()[0].head;
    assert_eq!(head.values("host"), [format!("localhost:{}", app.port())]);
    assert_eq!(
        head.values("x-forwarded-for"),
        ["127.0.0.1"],
        "not what a sender claims"
    );
    assert_eq!(head.values("x-forwarded-proto"), ["https"]);
    assert_eq!(
        head.values("x-forwarded-host"),
        [relay.address().to_string()]
    );
    assert_eq!(head.values("kreel-attempt"), ["1"]);
    let id = head.values("kreel-delivery-id");
    assert!(id.len() == 1 && id[0].len() == 36, "{id:?}");
}

#[tokio::test]
async fn headers_of_the_users_own_replace_the_senders() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let flags = [
        "-H",
        "X-Mine: 1",
        "-H",
        "x-theirs: replaced",
        "--host-header",
        "app.test",
    ];
    let client = TestClient::listen(&relay, &app, &flags).await;
    let post = Post::new("POST", "/")
        .header("X-Theirs", "a")
        .header("X-Other", "b")
        .header("X-Theirs", "c");
    client.sender().send(post.body("{}")).await;
    let head = &app.received()[0].head;
    assert_eq!(head.values("x-mine"), ["1"]);
    assert_eq!(head.values("x-theirs"), ["replaced"]);
    assert_eq!(head.values("x-other"), ["b"]);
    assert_eq!(head.values("host"), ["app.test"]);
}

/// Nothing a webhook says chooses where it goes.
#[tokio::test]
async fn only_the_target_is_ever_asked() {
    let (relay, app, other) = (
        TestRelay::start().await,
        LocalApp::echo().await,
        LocalApp::echo().await,
    );
    let client = TestClient::listen(&relay, &app, &[]).await;
    let (tunnel, port) = (client.tunnel(), other.port());
    let sender = Sender::direct(relay.address());
    for request in [
        format!(
            "GET http://127.0.0.1:{port}/{tunnel}/x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        ),
        format!("GET /{tunnel}/x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"),
        format!("GET /{tunnel}/http://127.0.0.1:{port}/x HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET /{tunnel}//127.0.0.1:{port}/x HTTP/1.1\r\nHost: a\r\n\r\n"),
        format!("GET /{tunnel}/@127.0.0.1:{port}/x HTTP/1.1\r\nHost: a\r\n\r\n"),
    ] {
        let answer = sender.raw(request.as_bytes()).await;
        assert_eq!(answer.status(), 200, "{request}");
    }
    assert_eq!((app.count(), other.count()), (5, 0));
}

/// A redirect of the app's is for the sender to follow.
#[tokio::test]
async fn redirects_are_handed_back() {
    let other = LocalApp::echo().await;
    let location = format!("http://127.0.0.1:{}/there", other.port());
    let app = LocalApp::raw(format!(
        "HTTP/1.1 307 Over There\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    ))
    .await;
    let relay = TestRelay::start().await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let answer = client.sender().post("/", "{}").await;
    assert_eq!(
        (answer.status(), answer.header("location")),
        (307, Some(location))
    );
    assert_eq!(other.count(), 0);
}
