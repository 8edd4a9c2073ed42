//! `--retry N`: an app that answers 5xx gets what waited again. Off unless asked for, and never
//! for a delivery whose sender waits: that answer is the sender's.

use crate::support::{DEADLINE, LocalApp, TestClient, TestRelay};

/// What the app has had: body and number of the attempt, in order.
fn had(app: &LocalApp) -> Vec<(String, u32)> {
    let received = app.received();
    let told = received.iter().map(|one| (one.text(), one.attempt()));
    told.collect()
}

/// Posts these while no client is there, then has one come with these options.
async fn kept(relay: &TestRelay, app: &LocalApp, bodies: &[&str], flags: &[&str]) -> TestClient {
    let mut client = TestClient::listen(relay, app, flags).await;
    assert_eq!(client.terminate().await, Some(143));
    for body in bodies {
        assert_eq!(client.sender().post("/hook", *body).await.status(), 202);
    }
    client.again().start().await
}

fn words(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
    let owned = |(body, attempt): &(&str, u32)| ((*body).to_owned(), *attempt);
    expected.iter().map(owned).collect()
}

#[tokio::test]
async fn what_waited_is_tried_again_until_the_app_can() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[503, 503, 200]).await;
    let mut client = kept(&relay, &app, &["first", "second"], &["--retry", "2"]).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let attempt = client.next_event("attempt", DEADLINE).await;
        statuses.push((attempt["attempt"].clone(), attempt["status"].clone()));
    }
    let told = [(1, 503), (2, 503), (3, 200), (1, 200)];
    assert_eq!(
        statuses,
        told.map(|(number, status)| (number.into(), status.into()))
    );
    assert_eq!(
        had(&app),
        words(&[("first", 1), ("first", 2), ("first", 3), ("second", 1)]),
        "the second waits for its turn"
    );
    let ids: Vec<_> = app.received().iter().map(|one| one.id()).collect();
    assert!(ids[..3].iter().all(|id| *id == ids[0]));
    client.has_on_record("answered", 2).await;
    let status = client.status().await;
    assert_eq!(
        (
            &status["delivered"],
            &status["failed"],
            &status["duplicates"]
        ),
        (&2.into(), &0.into(), &0.into())
    );
}

#[tokio::test]
async fn after_so_many_the_answer_counts_whatever_it_is() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[500, 503, 200]).await;
    let client = kept(&relay, &app, &["first", "second"], &["--retry", "1"]).await;
    client.has_on_record("answered", 2).await;
    assert_eq!(
        had(&app),
        words(&[("first", 1), ("first", 2), ("second", 1)])
    );
    let listed = client.requests(&["list"]).await;
    assert_eq!(
        (&listed[1]["status"], &listed[1]["attempts"]),
        (&503.into(), &2.into())
    );
}

#[tokio::test]
async fn unasked_it_is_never_tried_again() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[503, 200]).await;
    let client = kept(&relay, &app, &["first", "second"], &[]).await;
    client.has_on_record("answered", 2).await;
    assert_eq!(had(&app), words(&[("first", 1), ("second", 1)]));
}

#[tokio::test]
async fn a_sender_that_waits_gets_its_503_as_it_is() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[503, 200]).await;
    let client = TestClient::listen(&relay, &app, &["--retry", "2"]).await;
    let answer = client.sender().post("/hook", "live").await;
    assert_eq!(
        (answer.status(), answer.text()),
        (503, "the app says 503\n".to_owned())
    );
    assert_eq!(client.sender().post("/hook", "next").await.status(), 200);
    client.has_on_record("answered", 2).await;
    assert_eq!(had(&app), words(&[("live", 1), ("next", 1)]));
}

/// A restart in the middle does not begin the count anew.
#[tokio::test]
async fn attempts_are_counted_across_a_restart() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[503]).await;
    let mut client = kept(&relay, &app, &["first"], &["--retry", "1"]).await;
    client.next_event("attempt", DEADLINE).await;
    assert_eq!(client.terminate().await, Some(143));
    let client = client.again().start().await;
    client.has_on_record("answered", 1).await;
    assert_eq!(had(&app), words(&[("first", 1), ("first", 2)]));
}
