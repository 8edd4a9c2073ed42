//! How much the mock holds: figures, printed.

use std::time::{Duration, Instant};

use serde_json::json;

use super::stand_in::{FLUX, StandIn};
use crate::support::{LocalApp, machine};

/// A thousand jobs at once, and all their webhooks.
#[tokio::test]
async fn a_thousand_jobs_are_in_flight() {
    machine::alone();
    const JOBS: usize = 1_000;
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    // The fastest is ready in 5.6 s, after all have been started.
    let options = ["--speed", "1", "--concurrency", "1000", "--seed", "4"];
    let mock = StandIn::start(&options).await;
    let start = Instant::now();
    for _ in 0..JOBS {
        mock.image("x", &hook).await;
    }
    let started = start.elapsed();
    let listed = mock.json("/jobs?limit=1000").await;
    let items = listed["items"].as_array().unwrap();
    let running = items
        .iter()
        .filter(|job| job.get("completed_at").is_none())
        .count();
    let memory = mock.process.rss();
    let received = app.receives(JOBS).await.len();
    let ended = start.elapsed();
    eprintln!(
        "mock: {JOBS} jobs started in {started:.2?} ({:.0} per second), {running} in flight at once, \
         {received} webhooks by {ended:.2?}; {} MiB",
        JOBS as f64 / started.as_secs_f64(),
        memory / (1024 * 1024),
    );
    assert_eq!((running, received), (JOBS, JOBS));
}

/// Webhooks as fast as jobs end.
#[tokio::test]
async fn webhooks_go_out_by_the_hundred_each_second() {
    machine::alone();
    const JOBS: usize = 1_000;
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let mock = StandIn::start(&["--speed", "1000000", "--concurrency", "1000"]).await;
    let start = Instant::now();
    let body = json!({"prompt": "x"});
    let headers = [("X-Webhook-URL", hook.as_str())];
    for _ in 0..JOBS {
        assert_eq!(
            mock.call("POST", FLUX, &headers, Some(&body))
                .await
                .status(),
            200
        );
    }
    app.receives(JOBS).await;
    let took = start.elapsed();
    let rate = JOBS as f64 / took.as_secs_f64();
    eprintln!("mock: {rate:.0} jobs created, run and told per second");
    assert!(took < Duration::from_secs(5), "{rate:.0} a second");
}
