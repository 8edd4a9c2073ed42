//! `kreel doctor`: all is well, and each thing that may be wrong told from the others.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::{Finished, Home, Kreel, LocalApp, Proxy, TestRelay};

/// The doctor at this relay.
fn doctor(relay: &TestRelay, words: &[&str]) -> Kreel {
    let mut doctor = Kreel::new(&["doctor", "--json", "--relay", relay.url()])
        .path("--token-file", &relay.token_file())
        .args(words);
    if let Some(ca) = relay.ca() {
        doctor = doctor.path("--relay-ca", &ca);
    }
    doctor
}

/// What it found, in order.
fn found(finished: &Finished) -> Vec<Value> {
    let lines = finished.stdout.lines();
    let found = lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}: {finished}")));
    found.collect()
}

/// The outcome of each step: `name ok`.
fn outcomes(found: &[Value]) -> Vec<String> {
    let steps = found.iter().filter(|line| line["type"] == "check");
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    steps
        .map(|line| format!("{} {}", word(&line["check"]), word(&line["outcome"])))
        .collect()
}

fn step<'a>(found: &'a [Value], check: &str) -> &'a Value {
    let step = found.iter().find(|line| line["check"] == check);
    step.unwrap_or_else(|| panic!("no {check} in {found:?}"))
}

#[tokio::test]
async fn where_all_is_well_each_step_says_so_and_how_long_it_took() {
    let relay = TestRelay::with(&["--tls", "self-signed", "--max-body", "3MiB"]).await;
    let app = LocalApp::answering(200).await;
    let home = Home::new();
    let port = app.port().to_string();
    for _ in 0..2 {
        let finished = doctor(&relay, &[&port]).home(&home).run().await;
        finished.success();
        let found = found(&finished);
        assert_eq!(
            outcomes(&found),
            [
                "name ok",
                "connection ok",
                "certificate ok",
                "versions ok",
                "clocks ok",
                "token ok",
                "websocket ok",
                "loop ok",
                "body ok",
                "app ok"
            ],
            "{finished}"
        );
        for timed in ["connection", "versions", "websocket", "loop"] {
            assert!(step(&found, timed)["duration_ms"].as_f64().unwrap() > 0.0);
        }
        let said = |check: &str| step(&found, check)["said"].as_str().unwrap().to_owned();
        assert!(said("certificate").contains("X25519MLKEM768"), "{finished}");
        assert!(said("body").contains("3 MiB"), "{finished}");
        assert!(said("loop").contains("and back"), "{finished}");
        assert!(said("token").contains("first"), "{finished}");
        assert_eq!(found.last().unwrap()["failed"], 0);
    }
    assert_eq!(app.count(), 0, "the app is asked nothing");
    // One tunnel for both examinations.
    let listed = Kreel::new(&["token", "tunnels", "--json"])
        .path("--data", &relay.data())
        .run()
        .await;
    assert_eq!(listed.success().lines().count(), 1, "{listed}");
}

#[tokio::test]
async fn without_a_relay_the_one_inside_is_looked_at() {
    let finished = Kreel::new(&["doctor"]).run().await;
    finished.success();
    for said in [
        "✓ relay",
        "✓ websocket",
        "✓ loop",
        "· app",
        "Nothing is wrong.",
    ] {
        assert!(finished.stdout.contains(said), "{said}: {finished}");
    }
    assert!(
        finished
            .stdout
            .lines()
            .all(|line| line.chars().count() <= 80),
        "{finished}"
    );
}

/// The steps that do not work end it with the code of the first, and leave out what needs them.
#[tokio::test]
async fn each_fault_is_told_from_the_others() {
    let relay = TestRelay::secure().await;
    let plain = TestRelay::start().await;
    let absent = LocalApp::absent().await;
    let stranger = format!("kreel_{}", "stranger".repeat(5));
    let at = |url: &str| {
        Kreel::new(&["doctor", "--json", "--relay", url]).env("KREEL_TOKEN", stranger.clone())
    };
    let cases = [
        (at("https://relay.invalid"), 5, "name", "KR0101", 1),
        (
            at(&format!("http://{}", absent.address())),
            5,
            "connection",
            "KR0102",
            2,
        ),
        (at(relay.url()), 5, "connection", "KR0106", 2),
        (at(plain.url()), 3, "token", "KR0201", 6),
        (
            doctor(&relay, &[]).env("HTTPS_PROXY", Proxy::answering(403).await.url()),
            5,
            "connection",
            "KR0105",
            2,
        ),
        (
            doctor(&plain, &[&absent.port().to_string()]),
            1,
            "app",
            "KR0505",
            10,
        ),
    ];
    for (doctor, exit, check, code, steps) in cases {
        let finished = doctor.run().await;
        assert_eq!(finished.code, Some(exit), "{finished}");
        let found = found(&finished);
        let failed: Vec<&Value> = found
            .iter()
            .filter(|line| line["outcome"] == "failed")
            .collect();
        assert_eq!(failed.len(), 1, "{finished}");
        assert_eq!(
            (&failed[0]["check"], &failed[0]["code"]),
            (&check.into(), &code.into()),
            "{finished}"
        );
        assert!(
            failed[0]["advice"]
                .as_str()
                .is_some_and(|advice| !advice.is_empty()),
            "{finished}"
        );
        let told = outcomes(&found).len();
        // What needs no relay is looked at all the same.
        assert!(
            told == steps + usize::from(check != "app"),
            "{told} steps, {check}: {finished}"
        );
    }
}

#[tokio::test]
async fn a_proxy_on_the_way_is_told_and_gone_through() {
    let relay = TestRelay::secure().await;
    let proxy = Proxy::willing().await;
    let finished = doctor(&relay, &[])
        .env("HTTPS_PROXY", proxy.url())
        .run()
        .await;
    finished.success();
    let found = found(&finished);
    let name = step(&found, "name")["said"].as_str().unwrap();
    assert!(name.contains(&proxy.address().to_string()), "{finished}");
    assert!(proxy.asked().len() >= 3, "the websocket and the sender too");
}

/// A server in front that changes nothing but the head of the answer to `health`.
#[tokio::test]
async fn a_clock_that_is_wrong_and_another_version_are_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut some = [0; 2048];
            let _ = stream.read(&mut some).await;
            let body = "{\"status\":\"ok\",\"version\":\"0.0.1\"}";
            let head = format!(
                "HTTP/1.1 200 OK\r\ndate: Tue, 01 Jan 2030 00:00:00 GMT\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = stream.read(&mut some).await;
            let _ = stream
                .write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n")
                .await;
        }
    });
    let finished = Kreel::new(&["doctor", "--json", "--relay", &format!("http://{address}")])
        .env("KREEL_TOKEN", format!("kreel_{}", "stranger".repeat(5)))
        .run()
        .await;
    assert_eq!(finished.code, Some(3), "{finished}");
    let found = found(&finished);
    assert_eq!(step(&found, "clocks")["outcome"], "warning", "{finished}");
    let said = step(&found, "clocks")["said"].as_str().unwrap();
    assert!(
        said.ends_with("behind") || said.ends_with("ahead"),
        "{said}"
    );
    assert!(
        step(&found, "versions")["said"]
            .as_str()
            .unwrap()
            .contains("0.0.1")
    );
}
