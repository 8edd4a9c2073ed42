//! A cassette that is recorded, committed and replayed a month later gives the same answers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{lines, paths};
use crate::support::{
    AppAddress as _, Finished, Home, Kreel, LocalApp, Post, Received, TestClient, TestRelay,
    packages, programs, schema,
};

const SECRET: &str = "whsec_for-a-month";

/// Thirty days in seconds.
const MONTH: i64 = 30 * 24 * 60 * 60;

/// How old a signature may be: five minutes, as the senders' own libraries have it.
const WINDOW: i64 = 300;

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A signature as Stripe makes it.
fn signature(at: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    format!("t={at},v1={}", hex(mac.finalize().into_bytes()))
}

/// Whether a request is signed, and not too long ago.
fn verifies(received: &Received, now: i64) -> bool {
    let given = received.head.value("stripe-signature").unwrap_or_default();
    let at = given
        .strip_prefix("t=")
        .and_then(|rest| rest.split_once(','));
    let Some(at) = at.and_then(|(at, _)| at.parse::<i64>().ok()) else {
        return false;
    };
    (now - at).abs() <= WINDOW && given == signature(at, &received.body)
}

/// A handler with a clock of its own, so many seconds ahead. What it answers follows from what it
/// gets, but for the time.
async fn handler(ahead: Arc<AtomicI64>) -> LocalApp {
    LocalApp::with(move |mut visit| {
        let now = Timestamp::now().as_second() + ahead.load(Ordering::SeqCst);
        async move {
            let received = visit.receive().await;
            let first = received.head.first_line();
            let is_signed = first.starts_with(b"POST /signed");
            let (status, body) = match is_signed && !verifies(&received, now) {
                true => (400, json!({ "error": "the signature is not valid" })),
                false => (
                    200,
                    json!({ "order": hex(Sha256::digest(&received.body)), "handled_at": now }),
                ),
            };
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            visit.answer(answer.as_bytes()).await
        }
    })
    .await
}

async fn git(git: &Path, folder: &Path, words: &[&str]) -> String {
    let names = ["-c", "user.name=Test", "-c", "user.email=test@localhost"];
    let ran = packages::run(git, &[&names[..], words].concat(), folder).await;
    assert!(ran.status.success(), "git {words:?}: {ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

/// Three webhooks, one of them signed just now; each is taken.
async fn post_all(client: &TestClient) {
    let signed = "{\"id\": \"evt_1\", \"total\": 4.20}";
    let now = signature(Timestamp::now().as_second(), signed.as_bytes());
    let posts = [
        Post::new("POST", "/orders?from=web")
            .header("Authorization", "Bearer s3cret")
            .body("{\"id\": 1}"),
        Post::new("PUT", "/raw").body((0..=255).collect::<Vec<u8>>()),
        Post::new("POST", "/signed")
            .header("Stripe-Signature", now)
            .body(signed),
    ];
    for post in posts {
        assert_eq!(client.sender().send(post).await.status(), 200);
    }
    client.has_on_record("answered", 3).await;
}

#[tokio::test]
async fn a_committed_cassette_is_answered_alike_a_month_later() {
    let (Some(faketime), Some(git_at)) = (programs::find("faketime"), programs::find("git")) else {
        return;
    };
    let relay = TestRelay::start().await;
    let ahead = Arc::<AtomicI64>::default();
    let app = handler(ahead.clone()).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    post_all(&client).await;

    // Recorded, committed, and checked out by somebody else.
    let project = client.history().with_file_name("project");
    std::fs::create_dir(&project).unwrap();
    git(&git_at, &project, &["init", "--quiet"]).await;
    let kept = project.join("hooks.ndjson");
    let words = [
        "record",
        kept.to_str().unwrap(),
        "--since",
        "1h",
        "--no-follow",
    ];
    client.beside(&words).run().await.success();
    git(&git_at, &project, &["add", "hooks.ndjson"]).await;
    git(
        &git_at,
        &project,
        &["commit", "--quiet", "-m", "tests: webhooks as they came"],
    )
    .await;
    assert_eq!(git(&git_at, &project, &["status", "--porcelain"]).await, "");
    let other = Home::new();
    git(
        &git_at,
        other.path(),
        &["clone", "--quiet", project.to_str().unwrap(), "clone"],
    )
    .await;
    let cassette = other.path().join("clone/hooks.ndjson");
    assert_eq!(
        std::fs::read(&cassette).unwrap(),
        std::fs::read(&kept).unwrap()
    );
    let was = lines(&cassette);
    assert_eq!(paths(&was), ["/orders?from=web", "/raw", "/signed"]);

    // A month goes by, for kreel and for the handler. Only the wall clock has moved.
    ahead.store(MONTH, Ordering::SeqCst);
    let later = |words: &[&str]| {
        let kreel = Kreel::new(&["replay", "--to", &app.target(), "--expect", "recorded"]);
        let kreel = kreel.args(words).path("--cassette", &cassette).home(&other);
        let runner = [faketime.to_str().unwrap(), "-f", "+30d"];
        let kreel = kreel
            .through(&runner)
            .env("DONT_FAKE_MONOTONIC", "1")
            .env("KREEL_SECRET", SECRET);
        async move { kreel.run().await }
    };
    let told = later(&["--ignore", "$.handled_at"]).await;
    assert_eq!(told.code, Some(1), "the signature is too old: {told}");
    assert!(
        told.stdout.contains("as expected (recorded): 2 of 3"),
        "{told}"
    );
    let odd = format!(
        "{}:2 400 (status: 200 \u{2192} 400)",
        was[2]["id"].as_str().unwrap()
    );
    assert!(told.stdout.contains(&odd), "{told}");

    let told = later(&["--ignore", "$.handled_at", "--resign", "stripe", "--json"]).await;
    told.success();
    let summary = summary(&told);
    assert_eq!(
        (&summary["expected"], &summary["unexpected"]),
        (&3.into(), &0.into())
    );
    assert_eq!(summary["statuses"], json!({ "200": 3 }));
    let received = app.receives(9).await;
    for place in 0..3 {
        assert_eq!(received[place].body, received[6 + place].body, "{place}");
        assert_eq!(received[place].id(), received[6 + place].id(), "{place}");
    }
    // The time of the answers is the one thing that has changed.
    let told = later(&["--resign", "stripe"]).await;
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stdout.contains("handled_at"), "{told}");

    // It was a month later: so the history has it.
    let kept = Kreel::new(&["requests", "get", "last", "--json"])
        .home(&other)
        .run()
        .await;
    let attempts = &schema::lines(kept.success())[0]["attempts_ended"];
    let began: Timestamp = attempts[0]["began_at"].as_str().unwrap().parse().unwrap();
    let month = began.as_second() - Timestamp::now().as_second();
    assert!((month - MONTH).abs() < 3600, "{month} s");
}

fn summary(told: &Finished) -> serde_json::Value {
    let mut lines = schema::lines(&told.stdout);
    let last = lines.pop().expect("a summary");
    assert_eq!(last["type"], "replayed", "{told}");
    last
}

#[tokio::test]
async fn what_was_recorded_is_expected_of_cassettes_alone() {
    let run = |words: &'static [&'static str]| async move { Kreel::new(words).run().await };
    let told = run(&["replay", "last", "--expect", "recorded"]).await;
    told.failed(2, "KR0308", &["is for a cassette", "words:recorded"]);
    let told = run(&["replay", "last", "--expect", "2xx", "--ignore", "$.a"]).await;
    told.failed(2, "KR0308", &["--ignore is for --expect recorded"]);
    let told = run(&[
        "replay",
        "--cassette",
        "x",
        "--expect",
        "recorded",
        "--ignore",
        "what",
    ])
    .await;
    told.failed(2, "KR0326", &["what"]);
}
