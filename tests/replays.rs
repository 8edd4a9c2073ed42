//! `kreel replay`: stored deliveries again, as often, as fast and as changed as asked.

mod options;
mod pace;
mod sources;
mod terminal;

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{
    AppAddress as _, DEADLINE, Finished, Kreel, LocalApp, Post, TestClient, TestRelay, schema,
};

/// A history with these bodies, posted to /hook/1 and so on, and the client that keeps it.
async fn past(relay: &TestRelay, app: &LocalApp, bodies: &[&str]) -> TestClient {
    let client = TestClient::listen(relay, app, &[]).await;
    for (number, body) in (1..).zip(bodies) {
        let post = Post::new("POST", format!("/hook/{number}"));
        client.sender().send(post.body(*body)).await;
    }
    client.has_on_record("answered", bodies.len()).await;
    client
}

fn replay(client: &TestClient, words: &[&str]) -> Kreel {
    let kreel = client.beside(&["replay"]).args(words);
    kreel.path("--history", &client.history())
}

/// What `--json` printed of this type.
fn of_type(finished: &Finished, kind: &str) -> Vec<Value> {
    let lines = schema::lines(&finished.stdout).into_iter();
    lines.filter(|line| line["type"] == kind).collect()
}

#[tokio::test]
async fn a_delivery_goes_where_it_went_and_as_it_came() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(201).await;
    let client = past(&relay, &app, &["{\"a\": 1.50}", "{}"]).await;
    let told = replay(&client, &["last~1"]).run().await;
    let summary = told.success();
    assert!(summary.contains("1 of 1 sent"), "{told}");
    assert!(summary.contains("1 × 201"), "{told}");
    let received = app.receives(3).await;
    assert_eq!(received[2].body, received[0].body);
    assert_eq!(received[2].id(), received[0].id());
    assert_eq!(received[2].attempt(), 2);
    assert_eq!(received[2].head.value("kreel-replay").as_deref(), Some("1"));

    let other = LocalApp::answering(200).await;
    let to = format!("{}/base", other.target());
    let words = [
        "last~1", "--to", &to, "--set", "a=failed", "--set", "b.c=1", "-H", "X-New: 7",
    ];
    let refused = replay(&client, &words).run().await;
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("has no member \"b\""), "{refused}");
    let words = [
        "last~1", "--to", &to, "--set", "a=failed", "--set", "b=[2]", "-H", "X-New: 7", "--json",
    ];
    let told = replay(&client, &words).run().await;
    assert_eq!(of_type(&told, "attempt")[0]["edited"], true);
    assert_eq!(of_type(&told, "replayed")[0]["statuses"]["200"], 1);
    let changed = &other.receives(1).await[0];
    assert_eq!(changed.text(), "{\"a\": \"failed\",\"b\":[2]}");
    assert_eq!(changed.head.value("x-new").as_deref(), Some("7"));
    assert!(changed.head.first_line().starts_with(b"POST /base/hook/1 "));
    let whole = client.requests(&["get", "last~1"]).await;
    let attempts = whole[0]["attempts_ended"].as_array().unwrap();
    assert_eq!(attempts.len(), 3, "each attempt is kept: {attempts:#?}");
    assert_eq!(
        attempts[2]["other_target"],
        format!("http://{to}").replace(&other.target(), &format!("localhost:{}", other.port()))
    );
}

#[tokio::test]
async fn a_thousand_by_fifty_are_counted_exactly_on_few_connections() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{\"n\":1}"]).await;
    let words = [
        "last",
        "--times",
        "1000",
        "--concurrency",
        "50",
        "--expect",
        "2xx",
        "--json",
    ];
    let told = replay(&client, &words).run().await;
    told.success();
    let summary = &of_type(&told, "replayed")[0];
    assert_eq!(of_type(&told, "attempt").len(), 1000);
    for (field, value) in [
        ("planned", 1000),
        ("attempts", 1000),
        ("answered", 1000),
        ("failed", 0),
        ("expected", 1000),
        ("unexpected", 0),
    ] {
        assert_eq!(summary[field], value, "{field}: {summary}");
    }
    let latency = &summary["latency_ms"];
    let quantile = |name: &str| latency[name].as_f64().unwrap();
    let names = ["min", "p50", "p90", "p95", "p99", "max"];
    assert!(
        names
            .windows(2)
            .all(|pair| quantile(pair[0]) <= quantile(pair[1])),
        "{latency}"
    );
    assert!(quantile("min") > 0.0);
    let received = app.receives(1001).await;
    let connections: BTreeSet<usize> = received[1..].iter().map(|it| it.connection).collect();
    // Fifty at once; where a slow machine leaves one unused for a second and a half, another
    // follows.
    assert!(
        (2..=100).contains(&connections.len()),
        "{} connections",
        connections.len()
    );
    let attempts: BTreeSet<u32> = received[1..]
        .iter()
        .map(crate::support::Received::attempt)
        .collect();
    assert_eq!(
        attempts,
        (2..=1001).collect(),
        "each has a number of its own"
    );
    let kept = client.requests(&["search", "is:replay"]).await;
    assert_eq!(kept[0]["replays"], 1000);
    let text = replay(&client, &["last", "--times", "100", "--concurrency", "10"])
        .run()
        .await;
    let text = text.success();
    assert!(
        text.contains("100 of 100 sent") && text.contains("p99 "),
        "{text}"
    );
    assert!(text.lines().count() < 10, "no line for each: {text}");
}

#[tokio::test]
async fn ctrl_c_in_the_middle_reports_what_was_done() {
    let relay = TestRelay::start().await;
    let app = LocalApp::slow(Duration::from_millis(20)).await;
    let client = past(&relay, &app, &["{}"]).await;
    let words = ["last", "--times", "100000", "--concurrency", "4", "--json"];
    let mut running = replay(&client, &words).start();
    for _ in 0..10 {
        running.line("an attempt", DEADLINE).await.unwrap();
    }
    running.signal(Signal::INT);
    let told = Finished::of(&mut running, DEADLINE).await;
    assert_eq!(told.code, Some(130), "{told}");
    let summary = &of_type(&told, "replayed")[0];
    let attempts = 10 + of_type(&told, "attempt").len();
    assert_eq!(summary["attempts"], attempts, "{summary}");
    assert_eq!(
        (&summary["interrupted"], &summary["failed"]),
        (&true.into(), &0.into())
    );
    assert_eq!(
        app.count(),
        attempts + 1,
        "none was sent that is not told of"
    );
    let row = &client.requests(&["list"]).await[0];
    assert_eq!(row["replays"], attempts, "each is kept");
}

#[tokio::test]
async fn expectations_decide_the_exit_code() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(500).await;
    let client = past(&relay, &app, &["{\"n\":1}", "{\"n\":2}"]).await;
    for (words, code) in [
        (&["last"][..], 0),
        (&["last", "--expect", "2xx"], 1),
        (&["last", "--expect", "4xx,500"], 0),
        (&["last", "--expect", "5XX"], 0),
        (&["last", "--expect", "2x0"], 2),
        (&["last", "--expect", "5xx took<1h"], 2),
        (&["last", "--expect", "status:5xx took<1h"], 0),
        (
            &[
                "--filter",
                "path:/hook",
                "--expect",
                "header:content-length size<1k",
            ],
            0,
        ),
        (&["last", "--expect", "body:\"never this\""], 1),
        (&["last", "--expect", "statsu:1"], 2),
    ] {
        let told = replay(&client, words).run().await;
        assert_eq!(told.code, Some(code), "{words:?}: {told}");
    }
    let absent = LocalApp::absent().await;
    let told = replay(&client, &["last", "--to", &absent.target()])
        .run()
        .await;
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stdout.contains("1 refused"), "{told}");
    let told = replay(
        &client,
        &["last", "--to", &absent.target(), "--expect", "is:failed"],
    );
    told.run().await.success();
}

#[tokio::test]
async fn filters_go_oldest_first_at_a_rate_and_dry_runs_send_nothing() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{}", "{}", "{}"]).await;
    let dry = replay(
        &client,
        &[
            "--filter",
            "path:/hook",
            "--times",
            "2",
            "--set",
            "a=1",
            "--dry-run",
        ],
    );
    let dry = dry.run().await;
    assert!(dry.success().contains("body 2 → 7 bytes"), "{dry}");
    assert!(
        dry.stderr
            .contains("6 attempts at 3 deliveries; nothing was sent"),
        "{dry}"
    );
    let words = ["last", "-H", "X-Debug: s3cret", "--dry-run"];
    let set = replay(&client, &words).run().await;
    assert!(set.success().contains("header x-debug added"), "{set}");
    assert!(!set.stdout.contains("s3cret"), "{set}");
    let dry = replay(&client, &["last", "--dry-run", "--json"])
        .run()
        .await;
    assert_eq!(of_type(&dry, "would_replay").len(), 1);
    assert_eq!(app.count(), 3);
    let told = replay(
        &client,
        &["--filter", "path:/hook", "--times", "2", "--rate", "20"],
    )
    .run()
    .await;
    told.success();
    assert!(told.took >= Duration::from_millis(250), "{told}");
    let received = app.receives(9).await;
    let paths = received[3..]
        .iter()
        .map(|it| it.head.first_line()[..12].to_vec());
    let once = [b"POST /hook/1", b"POST /hook/2", b"POST /hook/3"];
    let twice: Vec<Vec<u8>> = once.iter().chain(&once).map(|it| it.to_vec()).collect();
    assert_eq!(paths.collect::<Vec<_>>(), twice);
    replay(&client, &["--filter", "path:/hook", "--keep-timing"])
        .run()
        .await
        .success();
    let none = replay(&client, &["--filter", "path:/never"]).run().await;
    none.success();
    assert!(none.stderr.contains("nothing to replay"), "{none}");
}

/// A command that must not be in the way of others, nor they in its: nothing is complained of.
async fn undisturbed(kreel: Kreel) -> Finished {
    let told = kreel.run().await;
    told.success();
    for trouble in ["error", "warning", "locked", "busy", "damaged"] {
        assert!(!told.stderr.contains(trouble), "{told}");
    }
    told
}

#[tokio::test]
async fn listen_two_requests_a_replay_a_wait_and_an_assert_share_one_history() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let mut client = past(&relay, &app, &["{\"first\":true}"]).await;
    let replaying = replay(
        &client,
        &["last", "--times", "300", "--concurrency", "8", "--json"],
    );
    let looking = || async {
        for _ in 0..20 {
            undisturbed(client.beside(&["requests", "list", "--limit", "1000"])).await;
            undisturbed(client.beside(&["requests", "search", "path:/hook or is:replay"])).await;
        }
    };
    // Each delivery is seen once by either, whatever is written meanwhile.
    let live = ["path:/hook/live", "status:200", "--since", "1h", "--json"];
    let waiting = client
        .beside(&["wait", "--count", "200", "--timeout", "2m"])
        .args(&live);
    let asserting = client
        .beside(&["assert", "--count", "200..", "--within", "2m"])
        .args(&live);
    let sender = client.sender();
    let sending = async {
        for number in 0..200 {
            let body = format!("{{\"n\":{number}}}");
            assert_eq!(sender.post("/hook/live", body).await.status(), 200);
        }
    };
    let (replayed, waited, asserted, (), (), ()) = tokio::join!(
        undisturbed(replaying),
        undisturbed(waiting),
        undisturbed(asserting),
        looking(),
        looking(),
        sending
    );
    let waited: BTreeSet<_> = schema::lines(&waited.stdout)
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(waited.len(), 200, "each is told of once");
    assert_eq!(of_type(&asserted, "assertion")[0]["count"], 200);
    assert_eq!(of_type(&replayed, "replayed")[0]["answered"], 300);
    client.has_on_record("answered", 201).await;
    let rows = client.requests(&["list", "--limit", "1000"]).await;
    let attempts: u64 = rows
        .iter()
        .map(|row| row["attempts"].as_u64().unwrap())
        .sum();
    assert_eq!(attempts, 201 + 300, "no attempt is lost");
    assert_eq!(app.count(), 501);
    assert_eq!(client.terminate().await, Some(143));
    assert_eq!(client.stderr(), "");
    let troubles = ["history_failing", "reconnecting", "error"];
    let mut events = client.events().iter();
    let trouble = events.find(|event| troubles.iter().any(|kind| event["type"] == *kind));
    assert!(trouble.is_none(), "{trouble:?}");
}

/// What was planned is what was tried and what could not be, whatever the times.
#[tokio::test]
async fn what_can_not_be_replayed_is_counted_as_often_as_it_was_to_be() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{\"a\":{}}", "{}"]).await;
    let all = [
        "--filter",
        "path:/hook",
        "--set",
        "a.b=1",
        "--times",
        "3",
        "--json",
    ];
    for more in [&[][..], &["--rate", "100"]] {
        let told = replay(&client, &all).args(more).run().await;
        assert_eq!(told.code, Some(1), "{told}");
        let summary = &of_type(&told, "replayed")[0];
        for (field, value) in [("planned", 6), ("attempts", 3), ("not_replayed", 3)] {
            assert_eq!(summary[field], value, "{more:?} {field}: {summary}");
        }
    }
}
