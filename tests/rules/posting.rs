//! What senders get who break a rule, and that others don't notice.

use super::{but_its_id, rules, secret_file, shown};
use crate::support::{Curl, DEADLINE, Kreel, LocalApp, Post, Sender, TestClient, TestRelay};

#[tokio::test]
async fn without_rules_everybody_may_post_anything() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    for method in ["POST", "PUT", "GET", "DELETE", "PURGE"] {
        let post = Post::new(method, "/hook").header("Authorization", "Basic YTpi");
        assert_eq!(client.sender().send(post.body("{}")).await.status(), 200);
    }
    let received = app.receives(5).await;
    let line = received[0].head.value("authorization");
    assert_eq!(line.as_deref(), Some("Basic YTpi"), "it is the app's");
    client.has_on_record("answered", 5).await;
    for row in client.requests(&["list"]).await {
        assert!(
            row["verified"].is_null() && row["signature"].is_null(),
            "{row}"
        );
    }
    let told = rules(&relay, &client, &[]).await;
    let name = client.tunnel();
    assert_eq!(told.success(), format!("Everybody may post to {name}.\n"));
}

#[tokio::test]
async fn methods_that_are_not_named_get_405() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let flags = ["--allow-method", "POST,PUT"];
    let client = TestClient::listen(&relay, &app, &flags).await;
    assert!(
        client.stderr().contains("Who may post: methods POST, PUT"),
        "{}",
        client.stderr()
    );
    let Some(curl) = Curl::to(client.url(), None) else {
        return;
    };
    let refused = curl.run("/hook", &[]).await;
    assert_eq!(refused.status(), 405);
    assert_eq!(refused.header("allow").as_deref(), Some("POST, PUT"));
    assert_eq!(refused.json()["code"], "method");
    assert_eq!(curl.run("/hook", &["-d", "{}"]).await.status(), 200);
    assert_eq!(
        curl.run("/hook", &["-X", "PUT", "-d", "{}"]).await.status(),
        200
    );
    assert_eq!(app.count(), 2, "what is refused reaches nobody");
    assert_eq!(shown(&relay, &client).await["refused"]["method"], 1);
}

#[tokio::test]
async fn other_networks_get_403() {
    let relay = TestRelay::with(&["--behind-proxy"]).await;
    let app = LocalApp::answering(200).await;
    let flags = ["--allow-ip", "192.0.2.0/24,2001:db8::7"];
    let client = TestClient::listen(&relay, &app, &flags).await;
    for (from, status) in [
        (None, 403),
        (Some("192.0.2.200"), 200),
        (Some("192.0.3.1"), 403),
        (Some("2001:db8::7"), 200),
        (Some("2001:db8::8"), 403),
    ] {
        let mut post = Post::new("POST", "/hook").body("{}");
        if let Some(from) = from {
            post = post.header("X-Forwarded-For", from);
        }
        let answer = client.sender().send(post).await;
        assert_eq!(answer.status(), status, "{from:?}");
        if status == 403 {
            assert_eq!(answer.json()["code"], "address");
        }
    }
    assert_eq!(app.count(), 2);
    // In force at once, while the client listens.
    let changed = rules(&relay, &client, &["--allow-ip", "127.0.0.0/8"]).await;
    assert!(changed.success().contains("127.0.0.0/8"), "{changed}");
    assert_eq!(client.sender().post("/hook", "{}").await.status(), 200);
}

#[tokio::test]
async fn a_user_and_a_password_are_for_the_relay_alone() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let set = Kreel::new(&[
        "tunnels",
        "rules",
        client.tunnel(),
        "--basic-auth-file",
        "-",
    ])
    .args(&["--relay", relay.url()])
    .path("--token-file", &relay.token_file())
    .input("hook:correct horse\n");
    let set = set.run().await;
    assert!(set.success().contains("user hook"), "{set}");
    assert!(!set.stdout.contains("horse"), "{set}");
    let Some(curl) = Curl::to(client.url(), None) else {
        return;
    };
    let none = curl.run("/hook", &["-d", "{}"]).await;
    assert_eq!(none.status(), 401);
    let asks = none.header("www-authenticate").unwrap();
    assert!(asks.starts_with("Basic realm="), "{asks}");
    let wrong = curl
        .run("/hook", &["-d", "{}", "-u", "hook:wrong horse"])
        .await;
    assert_eq!(
        (wrong.status(), wrong.json()["code"].as_str()),
        (401, Some("basic_auth"))
    );
    let post = ["-d", "{}", "-H", "X-Last: 1", "-u", "hook:correct horse"];
    assert_eq!(curl.run("/hook", &post).await.status(), 200);
    let received = app.receives(1).await;
    assert_eq!(received.len(), 1);
    assert!(
        received[0].head.values("authorization").is_empty(),
        "{:?}",
        received[0].head
    );
    assert_eq!(received[0].head.value("x-last").as_deref(), Some("1"));
}

#[tokio::test]
async fn who_does_not_know_the_secret_path_finds_nothing() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &["--allow-method", "POST"]).await;
    let home = crate::support::Home::new();
    let file = secret_file(&home, "segment", "k3y-nobody-knows");
    let set = rules(&relay, &client, &["--secret-path-file", &file]).await;
    assert!(!set.success().contains("k3y"), "{set}");
    let sender = client.sender();
    for (path, seen) in [
        ("/k3y-nobody-knows", "/"),
        ("/k3y-nobody-knows/hook?a=1", "/hook?a=1"),
    ] {
        assert_eq!(sender.post(path, "{}").await.status(), 200, "{path}");
        let received = app.received();
        assert_eq!(received.last().unwrap().head.target(), seen.as_bytes());
    }
    let nowhere = Sender::to(&format!("{}/there-is-no-such", relay.url()), None);
    let unknown = nowhere.post("/hook", "{}").await;
    assert_eq!(unknown.status(), 404);
    for path in [
        "",
        "/hook",
        "/k3y-nobody-know",
        "/k3y-nobody-knowss",
        "/x/k3y-nobody-knows",
    ] {
        let wrong = sender.post(path, "{}").await;
        assert_eq!(wrong.status(), 404, "{path}");
        assert_eq!(but_its_id(&wrong), but_its_id(&unknown), "{path}");
        // Nor what else is wrong with it.
        let method = sender.get(path).await;
        assert_eq!(but_its_id(&method), but_its_id(&unknown), "{path}");
    }
    let names = |answer: &crate::support::Answer| {
        let lines = answer.head.lines().into_iter();
        lines.map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(&sender.post("/hook", "{}").await), names(&unknown));
    assert_eq!(sender.get("/k3y-nobody-knows").await.status(), 405);
    assert_eq!(app.count(), 2);
}

#[tokio::test]
async fn more_than_the_rate_get_429_and_other_tunnels_do_not_notice() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &["--rate-limit", "3/h"]).await;
    let other = TestClient::listen(&relay, &app, &[]).await;
    for _ in 0..3 {
        assert_eq!(client.sender().post("/hook", "{}").await.status(), 200);
    }
    let refused = client.sender().post("/hook", "{}").await;
    assert_eq!(
        (refused.status(), refused.json()["code"].as_str()),
        (429, Some("rate"))
    );
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((600..=1200).contains(&wait), "one every 20 minutes: {wait}");
    for _ in 0..20 {
        assert_eq!(other.sender().post("/hook", "{}").await.status(), 200);
    }
    rules(&relay, &client, &["--remove", "rate"])
        .await
        .success();
    for _ in 0..10 {
        assert_eq!(client.sender().post("/hook", "{}").await.status(), 200);
    }
}

#[tokio::test]
async fn larger_bodies_get_413_whether_or_not_they_say_so() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &["--body-limit", "1KiB"]).await;
    let sender = client.sender();
    assert_eq!(sender.post("/hook", vec![b'x'; 1024]).await.status(), 200);
    let half: &[u8] = &[b'x'; 600];
    let large = [
        Post::new("POST", "/hook").body(vec![b'x'; 1025]),
        Post::new("POST", "/hook").chunks(&[half, half]),
    ];
    for post in large {
        let refused = sender.send(post).await;
        assert_eq!(refused.status(), 413);
        assert_eq!(refused.json()["limit_bytes"], 1024);
    }
    assert_eq!(app.count(), 1);
    assert_eq!(shown(&relay, &client).await["refused"]["body"], 2);
}

/// What does not say how large it is is read to its end first, or to the limit: nobody has half of it.
#[tokio::test]
async fn larger_bodies_in_chunks_are_nobodys_delivery() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &["--body-limit", "2MiB"]).await;
    let sender = client.sender();
    let body: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let chunked = |bytes: usize| {
        let chunks: Vec<&[u8]> = body[..bytes].chunks(30_000).collect();
        Post::new("POST", "/hook").chunks(&chunks)
    };
    let refused = sender.send(chunked(3_000_000)).await;
    assert_eq!(
        (refused.status(), &refused.json()["code"]),
        (413, &"too_large".into())
    );
    // Within memory the app answers; what was put on disk is kept first.
    for (seen, (bytes, status)) in [(60_000, 200), (300_000, 200), (2_000_000, 202)]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            sender.send(chunked(bytes)).await.status(),
            status,
            "{bytes}"
        );
        let received = app.receives(seen + 1).await;
        assert_eq!(
            received[seen].digest,
            crate::support::Digest::of(&body[..bytes])
        );
    }
    assert_eq!(app.count(), 3);
    client.has_on_record("answered", 3).await;
    assert_eq!(client.requests(&["list"]).await.len(), 3);
    assert_eq!(shown(&relay, &client).await["refused"]["body"], 1);
}

/// Without a relay of one's own the rules are those of the relay inside.
#[tokio::test]
async fn the_relay_inside_kreel_has_rules_too() {
    let app = LocalApp::answering(200).await;
    let port = app.port().to_string();
    let listen = Kreel::new(&["listen", &port, "--json"]).env("KREEL_ALLOW_METHOD", "PUT");
    let mut process = listen.start();
    let url = loop {
        let line = process.line("its ready line", DEADLINE).await.unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        if event["type"] == "ready" {
            break event["url"].as_str().unwrap().to_owned();
        }
    };
    let Some(curl) = Curl::to(&url, None) else {
        return;
    };
    // Over HTTP/2 some versions of curl take an answer amid their request for a fault.
    let post = ["-k", "--http1.1", "-d", "{}"];
    let refused = curl.run("/hook", &post).await;
    assert_eq!(refused.header("allow").as_deref(), Some("PUT"));
    let put = ["-k", "-X", "PUT", "-d", "{}"];
    assert_eq!(curl.run("/hook", &put).await.status(), 200);
}

#[tokio::test]
async fn what_is_refused_is_counted_by_its_reason() {
    let relay = TestRelay::with(&["--metrics", "127.0.0.1:0"]).await;
    let app = LocalApp::answering(200).await;
    let flags = ["--allow-method", "POST", "--rate-limit", "1/h"];
    let client = TestClient::listen(&relay, &app, &flags).await;
    for _ in 0..3 {
        client.sender().get("/hook").await;
        client.sender().post("/hook", "{}").await;
    }
    let made = Kreel::new(&["token", "create", "boss", "--scope", "admin"]);
    let made = made.path("--data", &relay.data()).run().await;
    let token = relay.data().join("boss");
    std::fs::write(&token, made.success()).unwrap();
    let page = super::ask(&relay, Some(token), Post::new("GET", "/_kreel/metrics")).await;
    let page = page.text();
    for line in [
        r#"kreel_refused_total{reason="method"} 3"#,
        r#"kreel_refused_total{reason="rate"} 2"#,
    ] {
        assert!(
            page.lines().any(|there| there == line),
            "{line} in:\n{page}"
        );
    }
    assert!(!page.contains(client.tunnel()), "{page}");
}
