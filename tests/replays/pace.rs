//! When attempts begin: with the pauses with which deliveries came, or so many a second.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{AppAddress as _, Home, Kreel, LocalApp};

/// When the app got each request, and how often that was.
type Times = Arc<Mutex<Vec<Instant>>>;

/// An app that takes this long over each request.
async fn app(time: Duration) -> (LocalApp, Times) {
    let times = Times::default();
    let seen = times.clone();
    let app = LocalApp::with(move |mut visit| {
        seen.lock().unwrap().push(Instant::now());
        async move {
            visit.receive().await;
            tokio::time::sleep(time).await;
            visit
                .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
        }
    })
    .await;
    (app, times)
}

/// A cassette with deliveries that came at these times, in milliseconds.
fn cassette(home: &Home, times: &[i64]) -> PathBuf {
    let line = |(number, ms): (usize, &i64)| {
        let received_at = jiff::Timestamp::from_millisecond(1_795_600_000_000 + ms).unwrap();
        let line = json!({
            "type": "fixture",
            "kreel_cassette": 1,
            "id": format!("019ab5f2-7c1e-7d3a-9f00-0123456789{number:02x}"),
            "received_at": received_at.to_string(),
            "request": {
                "method": "POST",
                "url": format!("https://webhook.invalid/{number}"),
                "headers": [],
                "body": { "text": "{}", "size_bytes": 2, "whole": true },
            },
            "answer": null,
            "failure": null,
            "started_at": null,
            "timings": { "connect_ms": null, "first_byte_ms": null, "total_ms": null },
        });
        format!("{line}\n")
    };
    let text: String = times.iter().enumerate().map(line).collect();
    let file = home.path().join("timed.ndjson");
    std::fs::write(&file, text).unwrap();
    file
}

fn replay(app: &LocalApp, file: &Path, words: &[&str]) -> Kreel {
    let kreel = Kreel::new(&["replay", "--to", &app.target()]).args(words);
    kreel.path("--cassette", file)
}

#[tokio::test]
async fn pauses_are_those_with_which_they_came() {
    let home = Home::new();
    let file = cassette(&home, &[0, 700, 1_500]);
    let (app, times) = app(Duration::ZERO).await;
    let began = Instant::now();
    let words = ["--keep-timing", "--concurrency", "4", "--times", "2"];
    replay(&app, &file, &words).run().await.success();
    let times = times.lock().unwrap().clone();
    assert_eq!(times.len(), 6);
    // The second round follows the first without a pause.
    for (time, due_ms) in times.iter().zip([0, 700, 1_500, 1_500, 2_200, 3_000]) {
        let after = *time - began;
        assert!(
            after >= Duration::from_millis(due_ms),
            "{after:?} where {due_ms} ms are due"
        );
    }
    // Half of what is due, since a busy machine may be late with the earlier one.
    for (pair, least_ms) in times.windows(2).zip([350, 400, 0, 350, 400]) {
        let pause = pair[1] - pair[0];
        assert!(
            pause >= Duration::from_millis(least_ms),
            "{pause:?}: {times:?}"
        );
    }
}

/// One at a time, a slow answer puts off the next; with room for more it does not.
#[tokio::test]
async fn what_is_slow_puts_off_the_next_only_without_room() {
    let home = Home::new();
    let file = cassette(&home, &[0, 10]);
    let slow = Duration::from_millis(600);
    let (alone, times) = app(slow).await;
    replay(&alone, &file, &["--keep-timing"])
        .run()
        .await
        .success();
    let times = times.lock().unwrap().clone();
    assert!(times[1] - times[0] >= slow, "{times:?}");

    let app = LocalApp::held().await;
    let kreel = replay(&app, &file, &["--keep-timing", "--concurrency", "2"]).home(&home);
    let mut running = kreel.start();
    app.receives(2).await;
    app.release(2);
    assert!(running.ended(crate::support::DEADLINE).await.success());
}

#[tokio::test]
async fn a_rate_is_never_exceeded() {
    let home = Home::new();
    let file = cassette(&home, &[0, 0, 0, 0]);
    for (rate, every_ms) in [("20", 50), ("900/m", 66)] {
        let (app, times) = app(Duration::ZERO).await;
        let began = Instant::now();
        let words = ["--rate", rate, "--times", "5", "--concurrency", "8"];
        replay(&app, &file, &words).run().await.success();
        let mut times = times.lock().unwrap().clone();
        times.sort_unstable();
        assert_eq!(times.len(), 20);
        for (place, time) in (0..).zip(times) {
            let (after, due) = (time - began, Duration::from_millis(every_ms * place));
            assert!(
                after >= due,
                "number {place} after {after:?} where {due:?} are due"
            );
        }
    }
    for rate in ["0", "-1", "many", "10/day", "1e12"] {
        let told = Kreel::new(&["replay", "last", "--rate", rate]).run().await;
        assert_eq!(told.code, Some(2), "{rate}: {told}");
    }
}
