//! Something is over a limit.

use super::*;

#[tokio::test]
async fn a_body_that_is_told_to_be_too_large_has_413_before_it_is_sent() {
    let (relay, app) = (
        TestRelay::with(&["--max-body", "1KiB"]).await,
        LocalApp::echo().await,
    );
    for column in [APP, NOW, STRICT] {
        let client = TestClient::listen(&relay, &app, column).await;
        let sender = client.sender();
        let mut head = sender.bytes(&Post::new("POST", "/hook").header("Content-Length", "1025"));
        let answer = sender.raw(&head).await;
        assert_eq!(problem(&answer, 413), "too_large");
        assert_eq!(answer.header("connection").as_deref(), Some("close"));
        head = sender.bytes(&Post::new("POST", "/hook").body(vec![b'x'; 1024]));
        let before = app.count();
        assert_eq!(
            sender.raw(&head).await.status(),
            200,
            "just within the limit"
        );
        app.receives(before + 1).await;
    }
    assert_eq!(app.count(), 3);
}

#[tokio::test]
async fn a_body_that_turns_out_to_be_too_large_has_413_and_the_app_never_has_all_of_it() {
    let (relay, app) = (
        TestRelay::with(&["--max-body", "200KiB"]).await,
        LocalApp::echo().await,
    );
    for column in [APP, NOW, STRICT] {
        let client = TestClient::listen(&relay, &app, column).await;
        let chunk = vec![b'x'; 100 * 1024];
        let post = Post::new("POST", "/hook").chunks(&[&chunk, &chunk, b"y"]);
        assert_eq!(problem(&client.sender().send(post).await, 413), "too_large");
    }
    assert!(app.received().iter().all(|received| !received.complete));
}

#[tokio::test]
async fn too_many_waiting_deliveries_have_429_until_some_are_taken() {
    for (column, status) in [(APP, 202), (NOW, 200)] {
        let (relay, app) = (
            TestRelay::with(&["--max-waiting", "2"]).await,
            LocalApp::echo().await,
        );
        let mut client = TestClient::listen(&relay, &app, column).await;
        client.terminate().await;
        let sender = client.sender();
        for _ in 0..2 {
            kept(&sender.post("/hook", "{}").await, status, "queued");
        }
        let full = sender.post("/hook", "{}").await;
        assert_eq!(problem(&full, 429), "tunnel_full");
        let seconds: Option<u32> = full
            .header("retry-after")
            .and_then(|text| text.parse().ok());
        assert!(
            seconds.is_some_and(|seconds| seconds > 0),
            "{:?}",
            full.head
        );
        let mut client = client.again().start().await;
        assert_eq!(app.receives(2).await.len(), 2);
        for _ in 0..2 {
            client.next_event("attempt", DEADLINE).await;
        }
        client.terminate().await;
        kept(&sender.post("/hook", "{}").await, status, "queued");
    }
}

/// Strictly nothing waits, so nothing can be full: the sender is told of the missing client.
#[tokio::test]
async fn strictly_nothing_is_kept_and_nothing_fills_up() {
    let (relay, app) = (
        TestRelay::with(&["--max-waiting", "1"]).await,
        LocalApp::echo().await,
    );
    let mut client = TestClient::listen(&relay, &app, STRICT).await;
    client.terminate().await;
    for _ in 0..3 {
        assert_eq!(
            problem(&client.sender().post("/hook", "{}").await, 502),
            "no_client"
        );
    }
}
