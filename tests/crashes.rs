//! SIGKILL around the record of an attempt: what was recorded never comes again, what was not
//! comes once more, and can be told from a new delivery.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::support::{
    Answer, DEADLINE, Listen, LocalApp, Received, Sender, TestClient, TestRelay, within,
};

fn post(sender: &Sender, body: &str) -> JoinHandle<Answer> {
    let (sender, body) = (sender.clone(), body.to_owned());
    tokio::spawn(async move { sender.post("/hook", body).await })
}

/// What the app has had: body, id, number of the attempt.
fn had(app: &LocalApp) -> Vec<(String, String, u32)> {
    let told = |one: &Received| (one.text(), one.id(), one.attempt());
    app.received().iter().map(told).collect()
}

/// What is killed, in this order.
const ORDERS: [&[End]; 4] = [
    &[End::Client],
    &[End::Relay],
    &[End::Client, End::Relay],
    &[End::Relay, End::Client],
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Client,
    Relay,
}

/// Kills in this order, starts both again, and sees that nothing is left over from before: what
/// comes now is handed over, once, and nothing else.
async fn crash(order: &[End], relay: &mut TestRelay, client: &mut TestClient, app: &LocalApp) {
    for end in order {
        match end {
            End::Client => client.kill().await,
            End::Relay => relay.kill().await,
        }
    }
    if order.contains(&End::Relay) {
        relay.restart_same_port().await;
    }
    match order.contains(&End::Client) {
        true => *client = client.again().start().await,
        false => drop(client.next_event("ready", DEADLINE).await),
    }
    let before = app.count();
    let marker = format!("after {order:?}");
    assert_eq!(client.sender().post("/hook", &*marker).await.status(), 200);
    client.has_on_record("waiting", 0).await;
    let deliveries: BTreeSet<String> = app.received().iter().map(Received::id).collect();
    client.has_on_record("answered", deliveries.len()).await;
    let since: Vec<_> = app.texts().split_off(before);
    assert_eq!(since, [marker]);
}

#[tokio::test]
async fn what_was_recorded_never_comes_again() {
    for order in ORDERS {
        let (mut relay, app) = (TestRelay::start().await, LocalApp::echo().await);
        let mut client = TestClient::listen(&relay, &app, &[]).await;
        let sender = client.sender();
        assert_eq!(sender.post("/hook", "live").await.status(), 200);
        client.has_on_record("answered", 1).await;
        crash(order, &mut relay, &mut client, &app).await;

        client.kill().await;
        assert_eq!(sender.post("/hook", "kept").await.status(), 202);
        client = client.again().start().await;
        app.receives(3).await;
        client.has_on_record("answered", 3).await;
        crash(order, &mut relay, &mut client, &app).await;
        assert_eq!(app.count(), 4);
        assert!(had(&app).iter().all(|(_, _, attempt)| *attempt == 1));
    }
}

/// The app has it, and the client dies while the sender waits and the app holds the answer.
#[tokio::test]
async fn a_live_one_at_the_app_comes_once_more() {
    let (mut relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let answer = post(&client.sender(), "body");
    app.receives(1).await;
    client.kill().await;
    let answer = answer.await.unwrap();
    assert_eq!(answer.status(), 202, "{}", answer.text());
    comes_once_more(&mut relay, &mut client, &app, answer.json()["id"].as_str()).await;
}

/// The same of one that waited, and whose sender has long had its answer.
#[tokio::test]
async fn a_kept_one_at_the_app_comes_once_more() {
    let (mut relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    client.kill().await;
    let answer = client.sender().post("/hook", "body").await;
    assert_eq!(answer.status(), 202, "{}", answer.text());
    client = client.again().start().await;
    app.receives(1).await;
    client.kill().await;
    comes_once_more(&mut relay, &mut client, &app, answer.json()["id"].as_str()).await;
}

/// The client is down, and the app has had this one: it comes a second time, and then no more.
async fn comes_once_more(
    relay: &mut TestRelay,
    client: &mut TestClient,
    app: &LocalApp,
    id: Option<&str>,
) {
    let id = id.expect("the relay names it").to_owned();
    *client = client.again().start().await;
    app.receives(2).await;
    let twice = [1, 2].map(|attempt| ("body".to_owned(), id.clone(), attempt));
    assert_eq!(had(app), twice);
    app.release(100);
    client.has_on_record("answered", 1).await;
    for order in ORDERS {
        crash(order, relay, client, app).await;
    }
    assert_eq!(had(app)[..2], twice);
    assert_eq!(client.status().await["lost"], 0);
}

/// The client is killed the moment after the app has answered, over and over: the record may be
/// there or not, and each time one of the two is true.
#[tokio::test]
async fn killed_right_after_the_answer_it_is_handed_over_twice_at_the_most() {
    let (tell, mut answered) = mpsc::unbounded_channel();
    let app = LocalApp::with(move |mut visit| {
        let tell = tell.clone();
        async move {
            let body = visit.receive().await.text();
            let rest = visit
                .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await;
            let _ = tell.send(body);
            rest
        }
    })
    .await;
    let relay = TestRelay::start().await;
    let mut client = Listen::on(&relay).to(&app).start().await;
    let sender = client.sender();
    let mut bodies = Vec::new();
    for round in 0..16 {
        let body = format!("round {round}");
        // In turn one whose sender waits, and one that has waited.
        let mut answer = None;
        if round % 2 == 0 {
            answer = Some(post(&sender, &body));
        } else {
            client.kill().await;
            assert_eq!(sender.post("/hook", &*body).await.status(), 202);
            client = client.again().spawn();
        }
        bodies.push(body);
        while within("the app answers", DEADLINE, answered.recv())
            .await
            .as_ref()
            != bodies.last()
        {}
        client.kill().await;
        if let Some(answer) = answer {
            let status = answer.await.unwrap().status();
            assert!([200, 202].contains(&status), "{status}");
        }
        client = client.again().start().await;
        if client.waited() > 0 {
            client.next_event("drained", DEADLINE).await;
        }
        client.has_on_record("waiting", 0).await;
    }
    let mut visits: BTreeMap<String, Vec<(String, u32)>> = BTreeMap::new();
    for (body, id, attempt) in had(&app) {
        visits.entry(body).or_default().push((id, attempt));
    }
    for body in &bodies {
        let visits = &visits[body];
        let is_same = visits.iter().all(|(id, _)| *id == visits[0].0);
        let attempts: Vec<u32> = visits.iter().map(|(_, attempt)| *attempt).collect();
        assert!(is_same, "{body}: {visits:?}");
        assert!(
            [&[1][..], &[1, 2]].contains(&&*attempts),
            "{body}: {visits:?}"
        );
    }
}
