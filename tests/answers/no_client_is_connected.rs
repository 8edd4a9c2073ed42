//! No client is connected.

use super::*;

async fn deliveries_wait(column: &[&str], status: u16) {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, column).await;
    assert_eq!(client.terminate().await, Some(143));
    let mut ids = Vec::new();
    for number in 0..5 {
        let answer = client
            .sender()
            .post(&format!("/{number}"), format!("body {number}"))
            .await;
        ids.push(kept(&answer, status, "queued"));
    }
    let client = client.again().start().await;
    assert_eq!(
        received_ids(&app, 5).await,
        ids,
        "in the order of their arrival"
    );
    for (number, received) in app.received().iter().enumerate() {
        assert_eq!(received.body, format!("body {number}").into_bytes());
    }
    drop(client);
}

#[tokio::test]
async fn by_default_the_sender_has_202_and_the_app_has_them_in_order_later() {
    deliveries_wait(APP, 202).await;
}

#[tokio::test]
async fn with_answer_now_the_sender_has_200_and_the_app_has_them_in_order_later() {
    deliveries_wait(NOW, 200).await;
}

#[tokio::test]
async fn strictly_the_sender_has_502_and_the_app_never_has_it() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, STRICT).await;
    client.terminate().await;
    assert_eq!(
        problem(&client.sender().post("/lost", "{}").await, 502),
        "no_client"
    );
    let client = client.again().start().await;
    client.sender().post("/next", "{}").await;
    assert_eq!(app.received()[0].head.target(), b"/next");
}
