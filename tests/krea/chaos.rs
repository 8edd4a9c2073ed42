//! Webhooks that go wrong as they were told to.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::stand_in::StandIn;
use crate::support::{LocalApp, Received};

async fn run(options: &[&str], jobs: usize, webhooks: usize) -> (Vec<String>, Vec<Received>) {
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let mock =
        StandIn::start(&[&["--speed", "10000", "--concurrency", "100"], options].concat()).await;
    let mut ids = Vec::new();
    for _ in 0..jobs {
        ids.push(mock.image("x", &hook).await);
    }
    let received = app.receives(webhooks).await;
    (ids, received)
}

fn job(received: &Received) -> String {
    let object: Value = serde_json::from_slice(&received.body).unwrap();
    object["job_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn three_of_twenty_are_lost_the_same_ones_each_time() {
    let mut lost = Vec::new();
    for _ in 0..2 {
        let app = LocalApp::answering(200).await;
        let hook = format!("http://127.0.0.1:{}/", app.port());
        let options = [
            "--chaos",
            "lose=3/20",
            "--seed",
            "9",
            "--speed",
            "10000",
            "--concurrency",
            "20",
        ];
        let mut mock = StandIn::start(&options).await;
        for _ in 0..20 {
            mock.image("x", &hook).await;
        }
        let mut gone = HashSet::new();
        for _ in 0..3 {
            let told = mock.tells("webhook_lost").await;
            gone.insert(told["job_id"].as_str().unwrap().to_owned());
        }
        let came: HashSet<String> = app.receives(17).await.iter().map(job).collect();
        assert_eq!(came.len(), 17);
        assert!(came.is_disjoint(&gone));
        lost.push(gone);
    }
    assert_eq!(lost[0], lost[1]);
}

#[tokio::test]
async fn some_come_twice_or_contradict_themselves() {
    let (ids, got) = run(&["--chaos", "duplicate"], 5, 10).await;
    let mut times: HashMap<String, usize> = HashMap::new();
    for one in &got {
        *times.entry(job(one)).or_default() += 1;
    }
    assert!(ids.iter().all(|id| times[id] == 2));
    let (_, got) = run(&["--chaos", "conflict"], 1, 2).await;
    let texts: Vec<String> = got.iter().map(Received::text).collect();
    assert!(
        texts[0].contains("completed\"") && texts[1].contains("failed"),
        "{texts:?}"
    );
    let (_, got) = run(&["--chaos", "early"], 1, 2).await;
    assert!(got[0].text().contains("processing") && got[1].text().contains("completed\""));
}

#[tokio::test]
async fn some_are_broken() {
    let (_, got) = run(&["--chaos", "truncate"], 1, 1).await;
    assert!(got[0].complete && got[0].text().starts_with("{\"job_id\""));
    assert!(serde_json::from_slice::<Value>(&got[0].body).is_err());
    let (_, got) = run(&["--chaos", "garbage"], 1, 1).await;
    assert!(serde_json::from_slice::<Value>(&got[0].body).is_err());
    let (ids, got) = run(&["--chaos", "slow"], 1, 1).await;
    assert_eq!(
        got[0].head.value("transfer-encoding").as_deref(),
        Some("chunked")
    );
    assert_eq!(job(&got[0]), ids[0]);
}

/// One that is to wait comes no sooner, and says nothing else for it.
#[tokio::test]
async fn some_come_late() {
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let options = ["--speed", "1000000", "--chaos", "delay=1500ms..2s"];
    let mut mock = StandIn::start(&options).await;
    let start = std::time::Instant::now();
    let id = mock.image("x", &hook).await;
    mock.reaches(&id, "completed").await;
    let ended = start.elapsed();
    let told = mock.tells("webhook").await;
    let came = start.elapsed();
    let least = std::time::Duration::from_millis(1500);
    assert!(came >= least, "ended after {ended:?}, came after {came:?}");
    assert_eq!(told["job_id"], Value::from(id.clone()));
    assert_eq!(job(&app.receives(1).await[0]), id);
}

#[tokio::test]
async fn some_are_overtaken() {
    let (ids, got) = run(&["--chaos", "reorder=1/2", "--seed", "3"], 10, 10).await;
    let order: Vec<String> = got.iter().map(job).collect();
    assert_eq!(order.iter().collect::<HashSet<_>>().len(), 10);
    assert_ne!(order, ids);
}

/// A refused webhook is given up, as nothing else is documented; or tried again when told to.
#[tokio::test]
async fn refused_ones_are_tried_again_only_when_told() {
    let app = LocalApp::answering_in_turn(&[500, 503, 200]).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let mut mock = StandIn::start(&["--chaos", "retry=5"]).await;
    mock.image("x", &hook).await;
    let statuses = [
        mock.tells("webhook").await,
        mock.tells("webhook").await,
        mock.tells("webhook").await,
    ];
    assert_eq!(statuses.map(|told| told["status"].clone()), [500, 503, 200]);
    let app = LocalApp::answering(500).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let mut mock = StandIn::start(&[]).await;
    mock.image("x", &hook).await;
    assert_eq!(mock.tells("webhook").await["status"], 500);
    mock.image("y", &hook).await;
    mock.tells("webhook").await;
    assert_eq!(app.count(), 2);
    // Nobody there at all.
    let absent = format!("http://127.0.0.1:{}/", LocalApp::absent().await.port());
    mock.image("z", &absent).await;
    assert!(mock.tells("webhook").await["failure"].is_string());
}
