//! The client against a scripted relay and a scripted app.

mod flow;
mod gate;
mod life;
mod replays;

use kreel_wire::{Kind, ToClient, ToRelay};

use crate::testing::{FakeApp, FakeLink, FakeRelay, TestClient, config, delivery, whole};
use crate::{AnsweredBy, AttemptEnd, Update};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A client with a link and an app.
async fn linked() -> (FakeRelay, FakeLink, FakeApp, TestClient) {
    let relay = FakeRelay::start().await;
    let app = FakeApp::start().await;
    let mut client = TestClient::start(config(&relay.url(), Some(&app.target())));
    let link = relay.accept().await;
    client.ready().await;
    (relay, link, app, client)
}

#[tokio::test]
async fn a_delivery_goes_to_the_app_and_its_answer_comes_back_in_one_message() {
    let (_relay, mut link, app, mut client) = linked().await;
    link.request(whole(1, delivery(7, Kind::Live), "{\"a\":1}"))
        .await;
    let mut caller = app.accept().await;
    let request = caller.request().await;
    assert!(
        request.starts_with("POST /hook?n=1 HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\n{\"a\":1}"), "{request}");
    caller.write(OK).await;
    let answer = link.answer().await;
    assert_eq!(
        (answer.response.status, &answer.body[..]),
        (200, &b"ok"[..])
    );
    assert!(answer.end);
    let by = client
        .update(|update| match update {
            Update::Answered { by, status, .. } => Some((*by, *status)),
            _ => None,
        })
        .await;
    assert_eq!(by, (AnsweredBy::App, Some(200)));
}

#[tokio::test]
async fn a_kept_delivery_is_only_acknowledged() {
    let (_relay, mut link, app, _client) = linked().await;
    link.request(whole(1, delivery(7, Kind::Queued), "x")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    link.acks(&[7]).await;
    // And once more: it is finished, so the app does not see it again.
    link.request(whole(2, delivery(7, Kind::Queued), "x")).await;
    link.acks(&[7]).await;
    link.request(whole(3, delivery(8, Kind::Queued), "y")).await;
    assert!(caller.request().await.ends_with('y'));
}

#[tokio::test]
async fn kept_deliveries_come_one_after_another_and_live_ones_beside_them() {
    let (_relay, mut link, app, _client) = linked().await;
    link.request(whole(1, delivery(1, Kind::Queued), "one"))
        .await;
    link.request(whole(2, delivery(2, Kind::Queued), "two"))
        .await;
    let mut first = app.accept().await;
    assert!(first.request().await.ends_with("one"));
    link.request(whole(3, delivery(3, Kind::Live), "three"))
        .await;
    let mut beside = app.accept().await;
    assert!(beside.request().await.ends_with("three"));
    assert!(app.is_alone().await, "the second waits for the first");
    first.write(OK).await;
    assert!(first.request().await.ends_with("two"));
}

#[tokio::test]
async fn without_an_app_deliveries_are_captured() {
    let relay = FakeRelay::start().await;
    let mut client = TestClient::start(config(&relay.url(), None));
    let mut link = relay.accept().await;
    link.request(whole(1, delivery(7, Kind::Live), "x")).await;
    let answer = link.answer().await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(
        text,
        "{\"id\":\"00000000-0000-0000-0000-000000000007\",\"state\":\"captured\"}\n"
    );
    assert_eq!(
        answer.response.headers.first("content-type").unwrap(),
        b"application/json"
    );
    client
        .update(|update| matches!(update, Update::Captured(_)).then_some(()))
        .await;
}

#[tokio::test]
async fn a_sender_that_breaks_off_breaks_the_apps_connection() {
    let (_relay, mut link, app, mut client) = linked().await;
    let mut request = whole(1, delivery(7, Kind::Live), "begun");
    request.end = false;
    request.delivery.body_bytes = Some(100);
    link.request(request).await;
    let mut caller = app.accept().await;
    caller.read_until("begun").await;
    let exchange = kreel_wire::ExchangeId(1);
    link.say(ToClient::Cancel { exchange }).await;
    assert_eq!(caller.read_to_end().await, 0);
    let end = client
        .update(|update| match update {
            Update::Attempt(attempt) => Some(attempt.end.clone()),
            _ => None,
        })
        .await;
    assert_eq!(end, AttemptEnd::Failed(crate::Failure::SenderLeft));
    // It was not acknowledged: the next message is about the next delivery.
    link.request(whole(2, delivery(8, Kind::Queued), "y")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    link.acks(&[8]).await;
}

#[tokio::test]
async fn an_attempt_goes_on_when_the_relay_has_answered() {
    let (_relay, mut link, app, _client) = linked().await;
    link.request(whole(1, delivery(7, Kind::Live), "x")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    let exchange = kreel_wire::ExchangeId(1);
    let status = Some(202);
    link.say(ToClient::Answered { exchange, status }).await;
    link.acks(&[7]).await;
    link.request(whole(2, delivery(8, Kind::Live), "y")).await;
    let mut beside = app.accept().await;
    beside.request().await;
    caller.write(OK).await;
    beside.write(OK).await;
    assert!(matches!(link.next().await, ToRelay::Answer(answer) if answer.exchange.0 == 2));
}
