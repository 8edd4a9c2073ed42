//! The app is away: what was promised waits on this machine, and needs nobody else to be handed
//! over when the app is back.

use crate::support::{DEADLINE, Listen, LocalApp, Sender, TestClient, TestRelay, eventually};

/// Posts numbered bodies while the app is away; each is promised.
async fn promised(sender: &Sender, from: usize, until: usize) {
    for number in from..until {
        let answer = sender.post("/hook", number.to_string()).await;
        assert_eq!(answer.status(), 202, "{}", answer.text());
    }
}

fn numbers(until: usize) -> Vec<String> {
    (0..until).map(|number| number.to_string()).collect()
}

/// With a client that has had three deliveries for an app that is away.
async fn three_wait(relay: &TestRelay, app: &LocalApp) -> TestClient {
    let client = TestClient::listen(relay, app, &["--wait", "100ms"]).await;
    promised(&client.sender(), 0, 3).await;
    client.has_on_record("waiting", 3).await;
    client
}

#[tokio::test]
async fn it_is_handed_over_though_the_relay_is_gone_for_good() {
    let (mut relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = three_wait(&relay, &app).await;
    client.kill().await;
    let mut client = client.again().start().await;
    // It has looked for the app before that comes.
    eventually("the app is seen to be down", DEADLINE, || {
        let events = client.events();
        events.iter().any(|event| event["type"] == "app_down")
    })
    .await;
    relay.kill().await;
    client.next_event("reconnecting", DEADLINE).await;
    app.restart().await;
    app.receives(3).await;
    assert_eq!(app.texts(), numbers(3));
    client.has_on_record("answered", 3).await;
    assert!(app.received().iter().all(|one| one.attempt() == 1));
    assert_eq!(client.next_event("app_up", DEADLINE).await["waiting"], 3);
    assert_eq!(client.terminate().await, Some(143));
    assert_eq!(client.next_event("stopped", DEADLINE).await["given_up"], 0);
}

/// A client that finds no relay gives up soon, so that mistyped options are seen; until then it
/// hands over what it has, and what runs is finished first.
#[tokio::test]
async fn a_client_that_finds_no_relay_hands_over_what_it_has() {
    let (mut relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = three_wait(&relay, &app).await;
    client.kill().await;
    relay.kill().await;
    app.restart().await;
    let mut client = client.again().spawn();
    app.receives(3).await;
    assert_eq!(app.texts(), numbers(3));
    assert_eq!(client.exit_code(DEADLINE).await, Some(5));
    client.has_on_record("answered", 3).await;

    relay.restart_same_port().await;
    let mut client = client.again().start().await;
    promised_or_answered(&client.sender()).await;
    client.has_on_record("answered", 4).await;
    assert_eq!(client.terminate().await, Some(143));
    assert_eq!(app.count(), 4);
}

async fn promised_or_answered(sender: &Sender) {
    assert_eq!(sender.post("/hook", "3").await.status(), 200);
}

/// An app that starts is not buried: those that wait come one by one, and behind each other.
#[tokio::test]
async fn those_that_wait_come_one_by_one_when_the_app_is_back() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::held().await);
    app.stop().await;
    let mut client = Listen::on(&relay)
        .to(&app)
        .flags(&["--answer", "now"])
        .start()
        .await;
    let sender = client.sender();
    for number in 0..20 {
        let answer = sender.post("/hook", number.to_string()).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
    client.has_on_record("waiting", 20).await;
    app.restart().await;
    client.next_event("app_up", DEADLINE).await;
    for had in 1..=20 {
        // The next one is not there before this one is answered, so there are never two.
        assert_eq!(app.receives(had).await.len(), had);
        app.release(1);
    }
    client.has_on_record("answered", 20).await;
    assert_eq!(app.texts(), numbers(20));
}

/// It goes away and comes back again and again, killed in the middle or not.
#[tokio::test]
async fn an_app_that_restarts_all_the_time_gets_all_in_order() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = TestClient::listen(&relay, &app, &["--wait", "50ms"]).await;
    let sender = client.sender();
    for round in 0..5 {
        promised(&sender, round * 4, round * 4 + 4).await;
        if round % 2 == 1 {
            client.kill().await;
            client = client.again().start().await;
        }
        app.restart().await;
        app.receives(round * 4 + 4).await;
        client.has_on_record("answered", round * 4 + 4).await;
        app.stop().await;
    }
    assert_eq!(app.texts(), numbers(20));
    let last = client.status().await;
    assert_eq!((&last["delivered"], &last["lost"]), (&20.into(), &0.into()));
}
