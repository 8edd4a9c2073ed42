//! SIGKILL of either end, under load.

use std::time::{Duration, Instant};

use super::load::{Load, all_arrive};
use super::{AT_ONCE, back, lost};
use crate::support::{LocalApp, TestClient, TestRelay};

#[tokio::test]
async fn a_killed_relay_is_told_of_at_once_and_found_again_when_it_returns() {
    let mut relay = TestRelay::secure().await;
    let app = LocalApp::answering(200).await;
    let mut live = TestClient::listen(&relay, &app, &[]).await;
    let mut kept = TestClient::listen(&relay, &app, &["--answer", "now=202"]).await;
    let loads = [
        Load::on(&live.sender(), "live", 3),
        Load::on(&kept.sender(), "kept", 3),
    ];
    for _ in 0..2 {
        for load in &loads {
            load.goes_on(100).await;
        }
        relay.kill().await;
        let killed = Instant::now();
        for client in [&mut live, &mut kept] {
            let code = lost(client).await;
            assert!(["closed", "broken"].contains(&&*code), "{code}");
        }
        assert!(killed.elapsed() < AT_ONCE, "{:?}", killed.elapsed());
        relay.restart_same_port().await;
        let returned = Instant::now();
        back(&mut live).await;
        back(&mut kept).await;
        assert!(
            returned.elapsed() < Duration::from_secs(10),
            "{:?}",
            returned.elapsed()
        );
    }
    for load in loads {
        load.goes_on(100).await;
        all_arrive(&app, &load.end().await).await;
    }
}

#[tokio::test]
async fn a_killed_client_returns_to_its_address_and_gets_what_it_missed_in_order() {
    let relay = TestRelay::start().await;
    let app = LocalApp::slow(Duration::from_millis(5)).await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let (sender, url) = (client.sender(), client.url().to_owned());
    let load = Load::on(&sender, "load", 4);
    load.goes_on(100).await;
    client.kill().await;
    let missed: Vec<String> = (0..100).map(|number| format!("missed-{number}")).collect();
    for body in &missed {
        assert_eq!(sender.post("/load", &**body).await.status(), 202);
    }
    let client = client.again().start().await;
    assert_eq!(client.url(), url);
    load.goes_on(100).await;
    let mut promised = load.end().await;
    promised.extend(missed.clone());
    all_arrive(&app, &promised).await;

    let bodies = app
        .received()
        .into_iter()
        .map(|received| String::from_utf8(received.body).unwrap());
    let in_order: Vec<String> = bodies.filter(|body| body.starts_with("missed-")).collect();
    assert_eq!(in_order, missed);
}

#[tokio::test]
async fn whatever_is_killed_however_often_nothing_acknowledged_is_lost() {
    let mut relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let mut client = TestClient::listen(&relay, &app, &["--wait", "500ms"]).await;
    let load = Load::on(&client.sender(), "load", 4);
    for round in 0..6 {
        load.goes_on(50).await;
        let (relay_dies, client_dies) = (round % 3 != 0, round % 3 != 1);
        if client_dies {
            client.kill().await;
        }
        if relay_dies {
            relay.kill().await;
            relay.restart_same_port().await;
        }
        if client_dies {
            client = client.again().start().await;
        } else {
            back(&mut client).await;
        }
    }
    load.goes_on(50).await;
    all_arrive(&app, &load.end().await).await;
}
