//! The app takes the request and then breaks off.

use super::*;

#[tokio::test]
async fn before_its_answer_the_sender_has_502() {
    let (relay, app) = (TestRelay::start().await, LocalApp::dying().await);
    for column in [APP, STRICT] {
        let mut client = TestClient::listen(&relay, &app, column).await;
        let answer = client.sender().post("/hook", "{}").await;
        assert_eq!(problem(&answer, 502), "died");
        let attempt = client.next_event("attempt", DEADLINE).await;
        assert_eq!(
            (&attempt["failure"], &attempt["status"]),
            (&"died".into(), &Value::Null)
        );
    }
    assert_eq!(
        app.count(),
        2,
        "what the app may have acted on is not sent again"
    );
}

#[tokio::test]
async fn in_the_middle_of_its_answer_the_sender_can_tell() {
    let (relay, app) = (TestRelay::start().await, LocalApp::dying_mid_answer().await);
    for column in [APP, STRICT] {
        let mut client = TestClient::listen(&relay, &app, column).await;
        let sender = client.sender();
        let mut connection = sender.connect().await;
        connection
            .write(&sender.bytes(&Post::new("GET", "/")))
            .await
            .unwrap();
        let head = within("the head", DEADLINE, connection.head())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (head.status(), head.value("content-length").as_deref()),
            (200, Some("100000"))
        );
        app.release(1);
        let (body, _, complete) = within(
            "the end",
            DEADLINE,
            connection.body(Framing::of_answer(&head, "GET")),
        )
        .await;
        assert_eq!(
            (body.as_slice(), complete),
            (&b"0123456789"[..], false),
            "it must not look whole"
        );
        let attempt = client.next_event("attempt", DEADLINE).await;
        assert_eq!(attempt["failure"], "died_mid_answer");
    }
}

/// As long as nothing of the answer has been passed on, the relay can still say it in words; if
/// only its head was on the way, it may be lost with the connection.
#[tokio::test]
async fn right_after_its_head_the_sender_never_takes_it_for_an_answer() {
    let (relay, app) = (TestRelay::start().await, LocalApp::dying_mid_answer().await);
    app.release(20);
    let client = TestClient::listen(&relay, &app, APP).await;
    let sender = client.sender();
    for _ in 0..20 {
        let post = Post::new("POST", "/hook").body("{}");
        match within("the end", DEADLINE, sender.try_send(post)).await {
            Ok(answer) if answer.status() == 200 => assert!(!answer.complete),
            Ok(answer) => assert_eq!(problem(&answer, 502), "died_mid_answer"),
            Err(closed) => assert_eq!(closed.kind(), std::io::ErrorKind::UnexpectedEof),
        }
    }
}
