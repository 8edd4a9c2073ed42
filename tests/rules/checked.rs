//! Signatures: made by the senders' own libraries and by the book, checked by the relay.

use std::path::Path;

use serde_json::Value;

use super::{rules, secret_file, shown};
use crate::support::{
    Home, Key, Listen, LocalApp, Post, Screen, Sender, TestClient, TestRelay, packages, programs,
};

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(super) const BODY: &str = "{\"id\": \"evt_1\",\n \"object\": \"event\", \"caf\u{e9}\": 1.0}";

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// What a script signs, by scheme; `good` just now and `old` ten minutes ago.
async fn signed(program: &Path, script: &str, folder: &Path, body: &[u8]) -> Value {
    std::fs::write(folder.join("body"), body).unwrap();
    let time = now().to_string();
    let output = packages::run(program, &[script, &time, "body"], folder).await;
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The same by python's own HMAC, of all five.
pub(super) async fn by_the_book(folder: &Path, body: &[u8]) -> Option<Value> {
    let python = programs::find("python3")?;
    std::fs::write(folder.join("sign.py"), include_str!("sign.py")).unwrap();
    Some(signed(&python, "sign.py", folder, body).await)
}

/// With these lines of a head.
pub(super) fn post(lines: &Value, body: impl Into<Vec<u8>>) -> Post {
    let lines = lines.as_object().unwrap().iter();
    let post = lines.fold(Post::new("POST", "/hook"), |post, (name, value)| {
        post.header(name, value.as_str().unwrap())
    });
    post.body(body)
}

/// Each scheme that was signed is verified, and what is not good is refused before the app.
async fn verified(signed: &Value) {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let home = Home::new();
    let file = secret_file(&home, "secret", SECRET);
    let sender = client.sender();
    let mut good = 0;
    for (scheme, by) in signed.as_object().unwrap() {
        let words = ["--verify", scheme, "--verify-secret-file", &file];
        rules(&relay, &client, &words).await.success();
        let answer = sender.send(post(&by["good"], BODY)).await;
        assert_eq!(answer.status(), 200, "{scheme}: {}", answer.text());
        good += 1;
        let tampered = BODY.replace("evt_1", "evt_2");
        let unsigned = serde_json::json!({});
        for (lines, body, words) in [
            (
                &by["good"],
                tampered.as_str(),
                "another secret or of another body",
            ),
            (&unsigned, BODY, "is not signed"),
        ] {
            let refused = sender.send(post(lines, body)).await;
            assert_eq!(refused.status(), 403, "{scheme}");
            assert_eq!(refused.json()["code"], "signature", "{scheme}");
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(words), "{scheme}: {detail}");
        }
        let old = sender.send(post(&by["old"], BODY)).await;
        match by["old"] == by["good"] {
            // Nothing in it has a time.
            true => {
                assert_eq!(old.status(), 200, "{scheme}");
                good += 1;
            }
            false => {
                assert_eq!(old.status(), 403, "{scheme}");
                assert!(old.text().contains("too long ago"), "{}", old.text());
            }
        }
        // The secret of somebody else.
        let words = [
            "--verify",
            scheme,
            "--verify-secret",
            "YW5vdGhlciBzZWNyZXQ=",
        ];
        rules(&relay, &client, &words).await.success();
        let wrong = sender.send(post(&by["good"], BODY)).await;
        assert_eq!(wrong.status(), 403, "{scheme}");
    }
    assert_eq!(app.count(), good);
    assert!(app.texts().iter().all(|text| text == BODY));
    client.has_on_record("answered", good).await;
    for row in client.requests(&["list"]).await {
        assert_eq!(
            (&row["verified"], &row["signature"]),
            (&true.into(), &"good".into())
        );
    }
    let shown = shown(&relay, &client).await;
    assert!(
        shown["refused"]["signature"].as_u64().unwrap() >= 3,
        "{shown}"
    );
}

#[tokio::test]
async fn what_the_book_signs_is_verified_and_nothing_else() {
    let home = Home::new();
    let Some(signed) = by_the_book(&home.project(), BODY.as_bytes()).await else {
        return;
    };
    assert_eq!(signed.as_object().unwrap().len(), 5);
    verified(&signed).await;
}

#[tokio::test]
async fn what_the_senders_own_libraries_sign_is_verified() {
    let Some(node) = programs::find("node") else {
        return;
    };
    let home = Home::new();
    let folder = home.project();
    let libraries = ["stripe", "@octokit/webhooks-methods", "standardwebhooks"];
    if !packages::npm(&folder, &libraries).await {
        return;
    }
    std::fs::write(folder.join("sign.mjs"), include_str!("sign.mjs")).unwrap();
    let signed = signed(&node, "sign.mjs", &folder, BODY.as_bytes()).await;
    assert_eq!(signed.as_object().unwrap().len(), 3);
    verified(&signed).await;
}

#[tokio::test]
async fn where_they_are_only_marked_all_come_and_are_told_apart() {
    let home = Home::new();
    let Some(signed) = by_the_book(&home.project(), BODY.as_bytes()).await else {
        return;
    };
    let mut relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let file = secret_file(&home, "secret", SECRET);
    let flags = ["--mark", "slack", "--verify-secret-file", &file];
    let mut client = TestClient::listen(&relay, &app, &flags).await;
    let slack = &signed["slack"];
    let none = serde_json::json!({});
    let broken = serde_json::json!({
        "X-Slack-Request-Timestamp": "soon",
        "X-Slack-Signature": "v0=00",
    });
    let sent = [
        (&slack["good"], BODY, "good"),
        (&slack["good"], "{}", "wrong"),
        (&slack["old"], BODY, "stale"),
        (&none, BODY, "missing"),
        (&broken, BODY, "malformed"),
    ];
    for (lines, body, _) in &sent {
        let answer = client.sender().send(post(lines, *body)).await;
        assert_eq!(answer.status(), 200);
    }
    client.has_on_record("answered", 5).await;
    // What waits keeps its verdict, also through a restart.
    client.terminate().await;
    let url = client.url().to_owned();
    let sender = Sender::to(&url, None);
    for (lines, body, _) in &sent[..2] {
        assert_eq!(sender.send(post(lines, *body)).await.status(), 202);
    }
    relay.kill().await;
    relay.restart_same_port().await;
    let client = client.again().start().await;
    client.has_on_record("answered", 7).await;
    let mut found = Vec::new();
    for row in client.requests(&["list"]).await {
        let verdict = row["signature"].as_str().unwrap().to_owned();
        assert_eq!(row["verified"], verdict == "good");
        found.push(verdict);
    }
    let mut expected: Vec<_> = sent.iter().chain(&sent[..2]).map(|sent| sent.2).collect();
    expected.reverse();
    assert_eq!(found, expected);
    for (filter, count) in [
        ("is:verified", 2),
        ("verified:yes", 2),
        ("verified:no", 5),
        ("is:unverified", 5),
        ("not is:verified", 5),
        ("is:verified,unverified", 7),
    ] {
        let rows = client.requests(&["search", filter]).await;
        assert_eq!(rows.len(), count, "{filter}");
    }
    let get = client.beside(&["requests", "get", "last"]);
    let get = get.path("--history", &client.history()).run().await;
    assert!(get.success().contains("signature wrong"), "{get}");
}

#[tokio::test]
async fn the_inspector_shows_whose_signature_is_good() {
    let home = Home::new();
    let Some(signed) = by_the_book(&home.project(), BODY.as_bytes()).await else {
        return;
    };
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let listen = Listen::on(&relay).to(&app).flags(&["--mark", "shopify"]);
    let listen = listen.env("KREEL_VERIFY_SECRET", SECRET);
    let mut screen = Screen::open(listen, &relay, (160, 40)).await;
    let sender = screen.sender();
    let good = post(&signed["shopify"]["good"], BODY);
    assert_eq!(sender.send(good).await.status(), 200);
    screen.shows("signature good").await;
    let missing = Post::new("PUT", "/hook").body(BODY);
    assert_eq!(sender.send(missing).await.status(), 200);
    screen.shows("signature missing").await;
    let row = screen.row_with("PUT");
    let flags: Vec<&str> = row.split_whitespace().collect();
    assert!(flags.contains(&"X"), "{row}");
    screen.keys("/verified:yes");
    screen.press(Key::Enter);
    screen
        .until("only the good one", |text| {
            !text.contains("PUT") && text.contains("signature good")
        })
        .await;
}

/// What is larger than a message is read to its end before anybody has it, and arrives to the byte.
#[tokio::test]
async fn large_bodies_are_checked_whole() {
    let home = Home::new();
    let folder = home.project();
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let flags = ["--verify", "github"];
    let listen = Listen::on(&relay).to(&app).flags(&flags);
    let client = listen.env("KREEL_VERIFY_SECRET", SECRET).start().await;
    let sender = client.sender();
    let mut seen = 0;
    // Within memory the app answers; what was put on disk is kept first.
    for (bytes, status) in [(65_536, 200), (300_000, 200), (3_000_000, 202)] {
        let body: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
        let Some(signed) = by_the_book(&folder, &body).await else {
            return;
        };
        let lines = &signed["github"]["good"];
        let answer = sender.send(post(lines, body.clone())).await;
        assert_eq!(answer.status(), status, "{bytes}: {}", answer.text());
        seen += 1;
        let received = app.receives(seen).await;
        let digest = crate::support::Digest::of(&body);
        assert_eq!(received[seen - 1].digest, digest, "{bytes}");
        let mut tampered = body.clone();
        *tampered.last_mut().unwrap() ^= 1;
        assert_eq!(
            sender.send(post(lines, tampered)).await.status(),
            403,
            "{bytes}"
        );
        // In chunks nobody says how long it is.
        let halves = body.split_at(body.len() / 2);
        let header = lines["X-Hub-Signature-256"].as_str().unwrap();
        let chunked = Post::new("POST", "/hook").header("X-Hub-Signature-256", header);
        let chunked = chunked.chunks(&[halves.0, halves.1]);
        assert_eq!(sender.send(chunked).await.status(), status, "{bytes}");
        seen += 1;
        assert_eq!(app.receives(seen).await[seen - 1].digest, digest, "{bytes}");
    }
    assert_eq!(app.count(), seen);
    client.has_on_record("answered", seen).await;
    let rows = client.requests(&["search", "verified:no"]).await;
    assert!(rows.is_empty(), "{rows:?}");
    // Only marked, it is on disk as well, and comes with its verdict.
    let marking = Listen::on(&relay).to(&app).flags(&["--mark", "github"]);
    let marking = marking.env("KREEL_VERIFY_SECRET", SECRET).start().await;
    let body = vec![b'm'; 3_000_000];
    let mut signed = by_the_book(&folder, &body).await.unwrap();
    let lines = signed["github"]["good"].take();
    for (last, verdict, marked) in [(b'm', "good", 1), (b'n', "wrong", 2)] {
        let mut body = body.clone();
        *body.last_mut().unwrap() = last;
        let answer = marking.sender().send(post(&lines, body.clone())).await;
        assert_eq!(answer.status(), 202, "{verdict}");
        seen += 1;
        let digest = crate::support::Digest::of(&body);
        assert_eq!(app.receives(seen).await[seen - 1].digest, digest);
        marking.has_on_record("answered", marked).await;
        let row = marking.requests(&["list", "--limit", "1"]).await.remove(0);
        assert_eq!(row["signature"], verdict, "{row}");
    }
    let strict = Listen::on(&relay)
        .to(&app)
        .flags(&["--strict", "--verify", "github"]);
    let strict = strict.env("KREEL_VERIFY_SECRET", SECRET).start().await;
    let body = vec![b'x'; 3_000_000];
    let signed = by_the_book(&folder, &body).await.unwrap();
    let refused = strict
        .sender()
        .send(post(&signed["github"]["good"], body))
        .await;
    assert_eq!(
        refused.status(),
        413,
        "nobody else than the app may answer, and it can't wait"
    );
}
