//! What never came: the webhooks the mock loses, noticed, shown and made up for.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::in_front::InFront;
use super::stand_in::{FLUX, StandIn};
use crate::support::{DEADLINE, Kreel, Listen, LocalApp, Post, Sender, TestClient, TestRelay};

const NODE_APP: &str = "/node-apps/demo-app/execute";

/// The proxy that runs beside a tunnel.
fn proxy_of(client: &mut TestClient) -> Sender {
    let events = client.events();
    let ready = events.iter().find(|event| event["type"] == "proxy_ready");
    let url = ready.expect("it says so")["url"].as_str().unwrap();
    Sender::direct(url.trim_start_matches("http://").parse().unwrap())
}

/// Starts a job through a proxy, and gives its id.
async fn start(proxy: &Sender, path: &str) -> String {
    let post = Post::new("POST", path).header("Authorization", "Bearer test");
    let answer = proxy
        .send(post.body(json!({"prompt": "a fox"}).to_string()))
        .await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let object = answer.json();
    let job = object.get(0).unwrap_or(&object);
    job["job_id"].as_str().unwrap().to_owned()
}

/// `kreel jobs` beside a client, with a key, in front of this mock.
fn jobs(client: &TestClient, mock: &StandIn, words: &[&str]) -> Kreel {
    let command = client.beside(&["jobs"]).args(words);
    let command = command.args(&["--upstream", &mock.url]);
    command.env("KREA_API_KEY", "test")
}

async fn objects(command: Kreel) -> Vec<Value> {
    let finished = command.args(&["--json"]).run().await;
    let lines = finished.success().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn ids(rows: &[Value]) -> HashSet<String> {
    let ids = rows
        .iter()
        .map(|row| row["job_id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn exactly_those_that_were_lost_are_missed_and_made_up_for() {
    const JOBS: usize = 20;
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut mock = StandIn::start(&[
        "--chaos",
        "lose=3/20",
        "--seed",
        "2",
        "--concurrency",
        "20",
        "--speed",
        "10000",
    ])
    .await;
    let flags = [
        "--krea-proxy=0",
        "--krea-upstream",
        &mock.url,
        "--missed-after",
        "1s",
    ];
    let mut client = Listen::on(&relay).to(&app).flags(&flags).start().await;
    let proxy = proxy_of(&mut client);
    for number in 0..JOBS {
        // All but two are node apps', for whose webhooks there is no promise at all; so at least
        // one of those is lost.
        let path = if number < 2 { FLUX } else { NODE_APP };
        start(&proxy, path).await;
    }
    let mut lost = HashSet::new();
    for _ in 0..3 {
        let told = mock.tells("webhook_lost").await;
        lost.insert(told["job_id"].as_str().unwrap().to_owned());
    }
    let came = app.receives(JOBS - 3).await;
    let mut missed = Vec::new();
    for _ in 0..3 {
        missed.push(client.next_event("job_missed", DEADLINE).await);
    }
    assert_eq!(ids(&missed), lost);
    assert!(
        missed.iter().any(|job| job["kind"] == "node-app"),
        "{missed:?}"
    );

    let listed = ["list", "--missed", "--missed-after", "1s"];
    let rows = objects(jobs(&client, &mock, &listed)).await;
    assert_eq!(ids(&rows), lost);
    for row in &rows {
        assert!(
            row["flags"].as_array().unwrap().contains(&json!("missed")),
            "{row}"
        );
        assert_eq!(
            (&row["deliveries"], &row["status"]),
            (&json!(0), &json!("completed"))
        );
    }

    let port = app.port().to_string();
    for (count, job) in (1..).zip(&lost) {
        let deliver = || jobs(&client, &mock, &["deliver", job, "--to", &port]);
        let told = objects(deliver()).await.remove(0);
        assert_eq!(
            (&told["status"], &told["was_done"]),
            (&json!(200), &json!(false))
        );
        let got = app.receives(JOBS - 3 + count).await.pop().unwrap();
        assert_eq!(got.head.value("kreel-synthesised").as_deref(), Some("1"));
        assert_eq!(got.id(), told["delivery_id"].as_str().unwrap());
        assert_eq!(got.head.target(), came[0].head.target());
        let body: Value = serde_json::from_slice(&got.body).unwrap();
        assert_eq!(body, mock.json(&format!("/jobs/{job}")).await);
        // Once for each job.
        let again = objects(deliver()).await.remove(0);
        assert_eq!(again["was_done"], true);
        assert_eq!(app.count(), JOBS - 3 + count);
    }
    assert!(
        came.iter()
            .all(|got| got.head.value("kreel-synthesised").is_none())
    );

    let rows = objects(jobs(&client, &mock, &["list"])).await;
    assert_eq!(rows.len(), JOBS);
    for row in rows {
        let is_lost = lost.contains(row["job_id"].as_str().unwrap());
        assert_eq!(row["synthesised"], u64::from(is_lost), "{row}");
        assert_eq!(row["deliveries"], u64::from(!is_lost), "{row}");
        assert_eq!(row["answers"], json!([200]), "{row}");
    }
    let requests = client.requests(&["list"]).await;
    let made = requests.iter().filter(|row| row["synthesised"] == true);
    assert_eq!((made.count(), requests.len()), (3, JOBS));
    let text = jobs(&client, &mock, &listed).run().await;
    let text = text.success();
    assert_eq!(text.matches("MISSED").count(), 3, "{text}");
    assert_eq!(text.matches("by kreel: 1").count(), 3, "{text}");
    assert_eq!(client.terminate().await, Some(143));
}

#[tokio::test]
async fn node_apps_are_made_up_for_by_themselves_if_asked_to() {
    let app = LocalApp::answering(200).await;
    let mock = StandIn::start(&["--chaos", "lose=1/1", "--speed", "10000"]).await;
    let port = app.port().to_string();
    let hook = format!("http://127.0.0.1:{port}/hook?token=x");
    let mut proxy = InFront::of(
        &mock.url,
        &[
            "--tunnel-url",
            &hook,
            "--missed-after",
            "100ms",
            "--deliver-missed=node-apps",
            "--to",
            &port,
        ],
    )
    .await;
    let image = start(&proxy.sender(), FLUX).await;
    let node_app = start(&proxy.sender(), NODE_APP).await;
    let mut missed = HashSet::new();
    let mut delivered = None;
    while missed.len() < 2 || delivered.is_none() {
        let line = proxy.process.line("what it found", DEADLINE).await.unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        match event["type"].as_str().unwrap() {
            "job_missed" => drop(missed.insert(event["job_id"].as_str().unwrap().to_owned())),
            "job_delivered" => delivered = Some(event),
            _ => {}
        }
    }
    assert_eq!(missed, HashSet::from([image, node_app.clone()]));
    let delivered = delivered.unwrap();
    assert_eq!(
        (&delivered["job_id"], &delivered["status"]),
        (&json!(node_app), &json!(200))
    );
    let got = app.receives(1).await.remove(0);
    assert_eq!(got.head.target(), b"/hook?token=x");
    assert_eq!(got.head.value("kreel-synthesised").as_deref(), Some("1"));
    // It is not done a second time, by whichever process.
    let again = Kreel::new(&[
        "jobs",
        "deliver",
        &node_app,
        "--to",
        &port,
        "--upstream",
        &mock.url,
    ])
    .home(&proxy.home)
    .env("KREA_API_TOKEN", "test");
    let told = objects(again).await.remove(0);
    assert_eq!((&told["was_done"], app.count()), (&json!(true), 1));
}

#[tokio::test]
async fn what_is_not_over_or_not_known_is_not_made_up() {
    let mock = StandIn::start(&[]).await;
    let proxy = InFront::of(&mock.url, &[]).await;
    let post = proxy
        .call("POST", FLUX)
        .body(json!({"prompt": "mock:stuck"}).to_string());
    let stuck = proxy.sender().send(post).await.json()["job_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let run = |words: &[&str]| {
        let command = Kreel::new(&["jobs"]).args(words).home(&proxy.home);
        command.args(&["--upstream", &mock.url])
    };
    let deliver = run(&["deliver", &stuck, "--to", "1"]);
    let refused = deliver.env("KREA_API_KEY", "test").run().await;
    refused.failed(1, "KR0615", &["the API says it is"]);
    run(&["get", "last", "--verify"])
        .run()
        .await
        .failed(3, "KR0612", &["KREA_API_KEY"]);
    run(&["get", "nothing"])
        .run()
        .await
        .failed(4, "KR0610", &["nothing"]);
    let shown = run(&["get", "last"]).run().await;
    let text = shown.success();
    for part in [
        stuck.as_str(),
        "bfl/flux-1-dev",
        "mock:stuck",
        "started here, no webhook asked for",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let elsewhere = LocalApp::absent().await;
    let unreachable = Kreel::new(&["jobs", "get", &stuck, "--verify"])
        .home(&proxy.home)
        .args(&[
            "--upstream",
            &format!("http://127.0.0.1:{}", elsewhere.port()),
        ])
        .env("KREA_API_KEY", "test");
    unreachable
        .run()
        .await
        .failed(5, "KR0614", &["could not be asked"]);
}

#[tokio::test]
async fn a_job_in_flight_outlives_a_restart() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    // Its 7 s in life are longer than a restart takes.
    let mock = StandIn::start(&["--chaos", "lose=1/1", "--speed", "1"]).await;
    let flags = [
        "--krea-proxy=0",
        "--krea-upstream",
        &mock.url,
        "--deliver-missed",
        "--missed-after",
        "100ms",
    ];
    let listen = Listen::on(&relay).to(&app).flags(&flags);
    let mut client = listen.clone().start().await;
    let job = start(&proxy_of(&mut client), FLUX).await;
    assert_eq!(client.terminate().await, Some(143));
    assert_ne!(
        mock.json(&format!("/jobs/{job}")).await["status"],
        "completed"
    );
    // No call with a key has come through this proxy.
    let listen = listen.env("KREA_API_KEY", "test");
    let mut client = listen.start().await;
    let missed = client.next_event("job_missed", DEADLINE).await;
    let delivered = client.next_event("job_delivered", DEADLINE).await;
    assert_eq!(
        (&missed["job_id"], &delivered["job_id"]),
        (&json!(job), &json!(job))
    );
    let got = app.receives(1).await.remove(0);
    assert_eq!(got.head.value("kreel-synthesised").as_deref(), Some("1"));
    assert_eq!(client.terminate().await, Some(143));
}

#[tokio::test]
async fn an_app_that_hangs_holds_up_no_other_job() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mock = StandIn::start(&["--chaos", "lose=1/1", "--speed", "10000"]).await;
    let flags = [
        "--krea-proxy=0",
        "--krea-upstream",
        &mock.url,
        "--deliver-missed",
        "--missed-after",
        "100ms",
    ];
    let mut client = Listen::on(&relay).to(&app).flags(&flags).start().await;
    let proxy = proxy_of(&mut client);
    let first = start(&proxy, FLUX).await;
    let missed = client.next_event("job_missed", DEADLINE).await;
    assert_eq!(missed["job_id"], json!(first));
    // Its webhook is with the app, which says nothing.
    let second = start(&proxy, FLUX).await;
    let missed = client.next_event("job_missed", DEADLINE).await;
    assert_eq!(missed["job_id"], json!(second));
    app.release(2);
    for job in [first, second] {
        let delivered = client.next_event("job_delivered", DEADLINE).await;
        assert_eq!(delivered["job_id"], json!(job));
    }
    assert_eq!(client.terminate().await, Some(143));
}

#[tokio::test]
async fn what_the_api_told_before_is_handed_over_while_it_is_down() {
    let app = LocalApp::answering(200).await;
    let mut mock = StandIn::start(&["--chaos", "lose=1/1", "--speed", "10000"]).await;
    let mut proxy = InFront::of(&mock.url, &["--missed-after", "100ms"]).await;
    let job = start(&proxy.sender(), FLUX).await;
    assert_eq!(proxy.tells("job_missed").await["job_id"], json!(job));
    mock.process.kill().await;
    let port = app.port().to_string();
    let deliver = Kreel::new(&["jobs", "deliver", &job, "--to", &port])
        .args(&["--upstream", &mock.url])
        .home(&proxy.home)
        .env("KREA_API_KEY", "test");
    let told = objects(deliver).await.remove(0);
    assert_eq!((&told["status"], app.count()), (&json!(200), 1));
}

#[tokio::test]
async fn a_key_that_is_refused_is_not_tried_without_end() {
    let strict = ["mock", "krea", "--port", "0", "--json", "--api-token"];
    let mock = StandIn::of(&Kreel::new(&strict).args(&["test"])).await;
    let mut proxy = InFront::of(&mock.url, &[]).await;
    let post = proxy
        .call("POST", FLUX)
        .body(json!({"prompt": "mock:stuck"}).to_string());
    assert_eq!(proxy.sender().send(post).await.status(), 200);
    assert_eq!(proxy.process.terminate().await, Some(143));
    // In the next run the key is another.
    let home = proxy.home.clone();
    let app = LocalApp::raw("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\n{}").await;
    let upstream = format!("http://127.0.0.1:{}", app.port());
    let words = ["proxy", "krea", "--port", "0", "--json", "--upstream"];
    let again = Kreel::new(&words).args(&[&upstream]).home(&home);
    let mut again = again.env("KREA_API_KEY", "other").start();
    again.line("its ready line", DEADLINE).await.unwrap();
    let told = again.line("a warning", DEADLINE).await.unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["type"], &told["code"]),
        (&json!("warning"), &json!("KR0613"))
    );
    assert!(told["advice"].as_str().unwrap().contains("KREA_API_KEY"));
    // Once about the job; and when the list was asked for, 10 s after the start, never again.
    app.receives(2).await;
    let asked: Vec<String> = app
        .received()
        .iter()
        .map(|got| String::from_utf8_lossy(&got.head.target()).into_owned())
        .collect();
    assert!(asked[0].starts_with("/jobs/"), "{asked:?}");
    assert!(asked[1].starts_with("/jobs?limit="), "{asked:?}");
    assert_eq!(app.count(), 2);
}
