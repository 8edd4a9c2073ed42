//! The app refuses the connection: held and retried, or told at once.

use super::*;

#[tokio::test]
async fn by_default_the_delivery_is_held_until_the_app_is_back() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = listen(&relay, &app, APP, LONG_WAIT).await;
    let sender = client.sender();
    let waiting = tokio::spawn(async move { sender.post("/hook", "{}").await });
    let down = client.next_event("app_down", DEADLINE).await;
    assert_eq!(down["failure"], "refused");
    assert!(!waiting.is_finished());
    app.restart().await;
    let answer = waiting.await.unwrap();
    assert_eq!(
        (answer.status(), &answer.json()["target"]),
        (200, &"/hook".into())
    );
    client.next_event("app_up", DEADLINE).await;
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn by_default_the_sender_has_202_after_wait_and_the_app_has_it_later() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = listen(&relay, &app, APP, SHORT_WAIT).await;
    let id = kept(&client.sender().post("/hook", "{}").await, 202, "pending");
    app.restart().await;
    assert_eq!(attempt(&mut client, &id).await["status"], 200);
    assert_eq!(received_ids(&app, 1).await, [id]);
}

#[tokio::test]
async fn with_answer_now_the_sender_has_200_and_the_app_has_it_later() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = listen(&relay, &app, NOW, LONG_WAIT).await;
    let id = kept(&client.sender().post("/hook", "{}").await, 200, "pending");
    client.next_event("app_down", DEADLINE).await;
    app.restart().await;
    assert_eq!(received_ids(&app, 1).await, [id]);
}

#[tokio::test]
async fn strictly_the_sender_has_502_at_once_and_the_app_never_has_it() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = listen(&relay, &app, STRICT, LONG_WAIT).await;
    let answer = client.sender().post("/lost", "{}").await;
    assert_eq!(problem(&answer, 502), "refused");
    let attempt = client.next_event("attempt", DEADLINE).await;
    assert_eq!(attempt["failure"], "refused");
    app.restart().await;
    assert_eq!(client.sender().post("/next", "{}").await.status(), 200);
    assert_eq!(app.received()[0].head.target(), b"/next");
}
