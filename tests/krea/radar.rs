//! What never came: the webhooks the mock loses, found by asking the API.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use kreel_krea::{ApiAnswer, Delivery, Evidence, Flag, JobId, Reading, Verdict, row};
use serde_json::{Value, json};

use super::stand_in::{FLUX, StandIn};
use crate::support::LocalApp;

fn delivery(body: &[u8]) -> Delivery {
    Delivery {
        id: String::new(),
        received_at: jiff::Timestamp::now(),
        reading: Reading::of(body),
        digest: 0,
        is_synthesised: false,
        is_forgotten: false,
        attempts: Vec::new(),
    }
}

#[tokio::test]
async fn exactly_those_that_were_lost_are_missed() {
    const JOBS: usize = 20;
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let options = [
        "--chaos",
        "lose=3/20",
        "--seed",
        "2",
        "--concurrency",
        "20",
        "--speed",
        "10000",
    ];
    let mut mock = StandIn::start(&options).await;
    let mut jobs = Vec::new();
    for number in 0..JOBS {
        // Every fifth is a node app's, for whose webhook there is no promise at all.
        let (path, pointer) = match number % 5 {
            0 => ("/node-apps/demo-app/execute", "/0/job_id"),
            _ => (FLUX, "/job_id"),
        };
        let headers = [("X-Webhook-URL", hook.as_str())];
        let answer = mock
            .call("POST", path, &headers, Some(&json!({"prompt": "x"})))
            .await;
        jobs.push(
            answer
                .json()
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let mut lost = HashSet::new();
    for _ in 0..3 {
        let told = mock.tells("webhook_lost").await;
        lost.insert(told["job_id"].as_str().unwrap().to_owned());
    }
    let mut came: HashMap<String, Vec<u8>> = HashMap::new();
    for got in app.receives(JOBS - 3).await {
        let object: Value = serde_json::from_slice(&got.body).unwrap();
        came.insert(object["job_id"].as_str().unwrap().to_owned(), got.body);
    }
    let mut missed = HashSet::new();
    for job in &jobs {
        let asked = mock.json(&format!("/jobs/{job}")).await;
        let evidence = Evidence {
            deliveries: came
                .get(job)
                .map(|body| delivery(body))
                .into_iter()
                .collect(),
            api: Some(ApiAnswer::of(
                jiff::Timestamp::now(),
                asked.to_string().into(),
            )),
            ..Evidence::of(JobId::new(job.clone()))
        };
        let row = row(&evidence, jiff::Timestamp::now(), Duration::ZERO);
        match row.flags.contains(&Flag::Missed) {
            true => drop(missed.insert(job.clone())),
            false => assert_eq!(row.verdict, Some(Verdict::Matches), "{asked}"),
        }
    }
    assert_eq!(missed, lost);
}
