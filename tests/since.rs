//! `--since`: what waited is taken, left alone or taken in part, and a machine that was not there
//! gets what another has had.

use jiff::Timestamp;

use crate::support::{DEADLINE, Listen, LocalApp, Received, Sender, TestClient, TestRelay};

/// Posts these bodies, each of which the relay must take with this status.
async fn post(sender: &Sender, status: u16, bodies: &[&str]) {
    for body in bodies {
        let answer = sender.post("/hook", *body).await;
        assert_eq!(answer.status(), status, "{}", answer.text());
    }
}

/// A client that has been here and gone, so that what is posted waits at the relay.
async fn gone(relay: &TestRelay, app: &LocalApp) -> TestClient {
    let mut client = TestClient::listen(relay, app, &[]).await;
    assert_eq!(client.terminate().await, Some(143));
    client
}

#[tokio::test]
async fn none_leaves_what_waits_at_the_relay_for_the_next_time() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let client = gone(&relay, &app).await;
    post(&client.sender(), 202, &["one", "two"]).await;

    let mut none = client.again().flags(&["--since", "none"]).start().await;
    assert_eq!(none.waited(), 0);
    post(&none.sender(), 200, &["live"]).await;
    assert_eq!(none.terminate().await, Some(143));
    assert_eq!(app.texts(), ["live"]);

    let mut plain = client.again().start().await;
    assert_eq!(plain.waited(), 2);
    app.receives(3).await;
    assert_eq!(app.texts(), ["live", "one", "two"]);
    assert_eq!(plain.next_event("drained", DEADLINE).await["total"], 2);
}

/// The app was away, so that they wait on this machine: there they are the same.
#[tokio::test]
async fn none_leaves_what_waits_in_the_history_for_the_next_time() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = TestClient::listen(&relay, &app, &["--wait", "100ms"]).await;
    post(&client.sender(), 202, &["one", "two"]).await;
    client.has_on_record("waiting", 2).await;
    assert_eq!(client.terminate().await, Some(143));
    app.restart().await;

    let mut none = client.again().flags(&["--since", "none"]).start().await;
    post(&none.sender(), 200, &["live"]).await;
    assert_eq!(none.terminate().await, Some(143));
    assert_eq!(app.texts(), ["live"]);
    assert_eq!(none.status().await["waiting"], 2);

    let client = client.again().flags(&["--since", "last"]).start().await;
    app.receives(3).await;
    assert_eq!(app.texts(), ["live", "one", "two"]);
    client.has_on_record("answered", 3).await;
    assert_eq!(client.status().await["waiting"], 0);
}

#[tokio::test]
async fn a_time_takes_what_came_from_then_on_and_leaves_the_rest() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    post(&sender, 200, &["had"]).await;
    assert_eq!(client.terminate().await, Some(143));
    post(&sender, 202, &["old one", "old two"]).await;
    let noon = Timestamp::now().to_string();
    post(&sender, 202, &["new one", "new two"]).await;

    let mut part = client.again().flags(&["--since", &noon]).start().await;
    assert_eq!(part.waited(), 2);
    app.receives(3).await;
    post(&sender, 200, &["live"]).await;
    part.has_on_record("answered", 4).await;
    assert_eq!(part.terminate().await, Some(143));
    assert_eq!(app.texts(), ["had", "new one", "new two", "live"]);

    let mut plain = client.again().start().await;
    assert_eq!(plain.waited(), 2);
    app.receives(6).await;
    assert_eq!(app.texts()[4..], ["old one", "old two"]);
    plain.next_event("drained", DEADLINE).await;

    // All of them are within the hour, and known: none is handed over twice.
    assert_eq!(plain.terminate().await, Some(143));
    let mut all = client.again().flags(&["--since", "1h"]).start().await;
    post(&sender, 200, &["at the end"]).await;
    all.next_event("drained", DEADLINE).await;
    assert_eq!(all.terminate().await, Some(143));
    assert_eq!(app.count(), 7, "{:?}", app.texts());
    let last = all
        .events()
        .iter()
        .rfind(|event| event["type"] == "counters");
    assert_eq!(last.expect("counters")["lost"], 0);
}

#[tokio::test]
async fn another_machine_gets_what_the_first_has_had() {
    let relay = TestRelay::start().await;
    let (first_app, second_app) = (LocalApp::echo().await, LocalApp::echo().await);
    let on = |app: &LocalApp, flags: &[&str]| {
        let listen = Listen::on(&relay).to(app);
        listen.flags(&["--tunnel", "one-for-all"]).flags(flags)
    };
    let mut first = on(&first_app, &[]).start().await;
    let sender = first.sender();
    post(&sender, 200, &["live one", "live two"]).await;
    assert_eq!(first.terminate().await, Some(143));
    post(&sender, 202, &["kept one", "kept two"]).await;
    let mut first = first.again().start().await;
    first_app.receives(4).await;
    first.has_on_record("answered", 4).await;
    assert_eq!(first.terminate().await, Some(143));

    // Plainly, it gets what nobody has had: nothing.
    let mut second = on(&second_app, &[]).start().await;
    assert_eq!(second.waited(), 0);
    post(&sender, 200, &["second's own"]).await;
    assert_eq!(second.terminate().await, Some(143));
    assert_eq!(second_app.texts(), ["second's own"]);

    let mut third = on(&second_app, &["--since", "1h"]).start().await;
    assert_eq!(third.waited(), 5);
    let received = second_app.receives(6).await;
    assert_eq!(
        second_app.texts()[1..],
        [
            "live one",
            "live two",
            "kept one",
            "kept two",
            "second's own"
        ]
    );
    let ids =
        |received: &[Received]| -> Vec<String> { received.iter().map(Received::id).collect() };
    assert_eq!(ids(&received[1..5]), ids(&first_app.received()));
    third.next_event("drained", DEADLINE).await;
    assert_eq!(first_app.count(), 4);
}

#[tokio::test]
async fn a_relay_told_to_remember_nothing_has_no_past() {
    let relay = TestRelay::with(&["--retain-count", "0"]).await;
    let app = LocalApp::echo().await;
    let listen = || {
        Listen::on(&relay)
            .to(&app)
            .flags(&["--tunnel", "forgetful"])
    };
    let mut first = listen().start().await;
    post(&first.sender(), 200, &["gone"]).await;
    assert_eq!(first.terminate().await, Some(143));
    post(&first.sender(), 202, &["waits"]).await;
    let mut second = listen().flags(&["--since", "1h"]).start().await;
    assert_eq!(second.waited(), 1);
    second.next_event("drained", DEADLINE).await;
    assert_eq!(app.texts(), ["gone", "waits"]);
}
