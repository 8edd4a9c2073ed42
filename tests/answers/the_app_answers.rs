//! The link is up and the app answers within `--wait`.

use super::*;

#[tokio::test]
async fn by_default_the_sender_has_its_answer() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(500).await);
    let client = TestClient::listen(&relay, &app, APP).await;
    let answer = client.sender().post("/hook?a=1", "{}").await;
    assert_eq!(answer.head.first_line(), b"HTTP/1.1 500 Said");
    assert_eq!(answer.text(), "the app says 500\n");
    assert_eq!(app.received()[0].body, b"{}");
    assert_eq!(app.received()[0].head.target(), b"/hook?a=1");
}

#[tokio::test]
async fn with_answer_now_the_sender_has_200_before_the_app_says_anything() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = TestClient::listen(&relay, &app, NOW).await;
    let id = kept(&client.sender().post("/hook", "{}").await, 200, "pending");
    assert_eq!(received_ids(&app, 1).await, std::slice::from_ref(&id));
    app.release(1);
    assert_eq!(attempt(&mut client, &id).await["status"], 200);
}

#[tokio::test]
async fn with_answer_now_the_status_can_be_chosen() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(500).await);
    let mut client = TestClient::listen(&relay, &app, &["--answer", "now=418"]).await;
    let id = kept(&client.sender().post("/hook", "{}").await, 418, "pending");
    assert_eq!(attempt(&mut client, &id).await["status"], 500);
}

#[tokio::test]
async fn with_answer_now_a_body_of_many_messages_is_complete_first() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let client = TestClient::listen(&relay, &app, NOW).await;
    let body = vec![b'x'; 3_000_000];
    let answer = client.sender().post("/hook", body.clone()).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        app.receives(1).await[0].digest,
        crate::support::Digest::of(&body)
    );
}

#[tokio::test]
async fn strictly_the_sender_has_its_answer() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(404).await);
    let client = TestClient::listen(&relay, &app, STRICT).await;
    let answer = client.sender().post("/hook", "{}").await;
    assert_eq!(
        (answer.status(), answer.text().as_str()),
        (404, "the app says 404\n")
    );
}
