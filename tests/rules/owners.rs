//! Whose rules they are: set and seen by their tunnel's owner alone, kept through every restart.

use super::{as_token, ask, but_its_id, rules, shown};
use crate::support::{
    DEADLINE, Kreel, Listen, LocalApp, Post, Sender, TestClient, TestRelay, within,
};

#[tokio::test]
async fn another_token_neither_sees_nor_sets_them() {
    let relay = TestRelay::start().await;
    let other = relay.another_token("other").await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &["--allow-method", "POST"]).await;
    let name = client.tunnel();
    let path = format!("/_kreel/tunnels/{name}/rules");
    let unknown = "/_kreel/tunnels/there-is-no-such/rules";
    let body = r#"{"methods":null}"#;
    let asked = |path: &str| {
        [
            Post::new("GET", path),
            Post::new("PATCH", path).body(body),
            Post::new("PATCH", format!("{path}?claim")).body(body),
            Post::new("DELETE", path),
        ]
    };
    // For whoever claims a name that is free it is theirs: there is no fourth to compare.
    let nothing = ask(&relay, Some(other.clone()), Post::new("GET", unknown)).await;
    assert_eq!(nothing.status(), 404);
    for post in asked(&path) {
        let answer = ask(&relay, Some(other.clone()), post.clone()).await;
        assert_eq!(answer.status(), 404, "{post:?}");
        assert_eq!(but_its_id(&answer), but_its_id(&nothing), "{post:?}");
        let nobody = ask(&relay, None, post.clone()).await;
        assert_eq!(nobody.status(), 401, "{post:?}");
    }
    for words in [&[][..], &["--clear"], &["--allow-method", "GET"]] {
        let told = as_token(&relay, other.clone(), name, words).await;
        told.failed(4, "KR0210", &["of this token"]);
    }
    let list = Kreel::new(&["tunnels", "list", "--json", "--relay", relay.url()]);
    let theirs = list.clone().path("--token-file", &other).run().await;
    assert_eq!(theirs.success(), "");
    let own = list.path("--token-file", &relay.token_file()).run().await;
    let own: serde_json::Value = serde_json::from_str(own.success()).unwrap();
    assert_eq!(
        (own["tunnel"].as_str(), own["listening"].as_bool()),
        (Some(name), Some(true))
    );
    assert_eq!(own["rules"]["methods"], serde_json::json!(["POST"]));
    assert_eq!(
        client.sender().get("/hook").await.status(),
        405,
        "they are as they were"
    );
}

/// Its request was let in before, and waits for nothing but its body.
#[tokio::test]
async fn a_token_that_is_revoked_meanwhile_changes_nothing() {
    let relay = TestRelay::start().await;
    let token = relay.another_token("leaver").await;
    let app = LocalApp::answering(200).await;
    let listen = Listen::on(&relay).to(&app).token_file(Some(token.clone()));
    let mut client = listen.flags(&["--allow-method", "POST"]).start().await;
    let bearer = std::fs::read_to_string(&token).unwrap();
    let body = r#"{"methods":null}"#;
    let mut all_held = Vec::new();
    for query in ["", "?claim"] {
        let mut held = Sender::direct(relay.address()).connect().await;
        let head = format!(
            "PATCH /_kreel/tunnels/{}/rules{query} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\
             expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            client.tunnel(),
            bearer.trim(),
            body.len()
        );
        held.write(head.as_bytes()).await.unwrap();
        // It has shown its token, and may go on.
        let goes_on = within("100", DEADLINE, held.head()).await.unwrap().unwrap();
        assert_eq!(goes_on.status(), 100);
        all_held.push(held);
    }
    let revoke = Kreel::new(&["token", "revoke", "leaver"]).path("--data", &relay.data());
    revoke.run().await.success();
    for mut held in all_held {
        held.write(body.as_bytes()).await.unwrap();
        let answer = within("an answer", DEADLINE, held.answer("PATCH"));
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 401, "{}", answer.text());
        assert_eq!(answer.json()["code"], "bad_token");
    }
    client.process.ended(DEADLINE).await;
    assert_eq!(client.sender().get("/hook").await.status(), 405);
}

#[tokio::test]
async fn they_outlive_relay_and_client_and_count_before_anybody_listens() {
    let mut relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let flags = ["--allow-method", "POST", "--basic-auth", "hook:pass-word-1"];
    let mut client = TestClient::listen(&relay, &app, &flags).await;
    let sender = client.sender();
    let good = || {
        let post =
            Post::new("POST", "/hook").header("Authorization", "Basic aG9vazpwYXNzLXdvcmQtMQ==");
        post.body("{}")
    };
    assert_eq!(sender.send(good()).await.status(), 200);
    client.terminate().await;
    for hard in [true, false] {
        match hard {
            true => relay.kill().await,
            false => drop(relay.terminate().await),
        }
        relay.restart_same_port().await;
        assert_eq!(sender.get("/hook").await.status(), 405, "with nobody there");
        assert_eq!(sender.post("/hook", "{}").await.status(), 401);
        assert_eq!(sender.send(good()).await.status(), 202);
    }
    // Not named, they stay.
    let again = client.again().start().await;
    assert_eq!(again.url(), client.url());
    assert_eq!(sender.post("/hook", "{}").await.status(), 401);
    assert_eq!(sender.send(good()).await.status(), 200);
    app.receives(4).await;
    rules(&relay, &again, &["--clear"]).await.success();
    assert_eq!(sender.get("/hook").await.status(), 200);
    relay.kill().await;
    relay.restart_same_port().await;
    let answer = sender.get("/hook").await;
    assert!(matches!(answer.status(), 200 | 202), "{answer:?}");
}

#[tokio::test]
async fn a_name_is_claimed_with_its_rules_and_given_up_with_them() {
    let relay = TestRelay::start().await;
    let (mine, other) = (relay.token_file(), relay.another_token("other").await);
    let path = "/_kreel/tunnels/build-hooks/rules";
    let change = r#"{"methods":["POST"]}"#;
    let patch = |path: &str| Post::new("PATCH", path).body(change);
    let unclaimed = ask(&relay, Some(mine.clone()), patch(path)).await;
    assert_eq!(unclaimed.status(), 404, "a typing error claims nothing");
    let claimed = ask(&relay, Some(mine.clone()), patch(&format!("{path}?claim"))).await;
    assert_eq!(claimed.status(), 200, "{}", claimed.text());
    let sender = Sender::to(&format!("{}/build-hooks", relay.url()), None);
    assert_eq!(
        sender.post("", "{}").await.status(),
        404,
        "nobody ever listened there"
    );
    let listen = |token| {
        let listen = Listen::on(&relay).token_file(Some(token));
        listen.flags(&["--tunnel", "build-hooks"])
    };
    let client = listen(mine).start().await;
    assert_eq!(sender.get("").await.status(), 405);
    drop(client);
    let data = relay.data();
    let release = Kreel::new(&["token", "release", "build-hooks"]).path("--data", &data);
    release.run().await.success();
    let give = ["token", "reserve", "other", "build-hooks"];
    Kreel::new(&give)
        .path("--data", &data)
        .run()
        .await
        .success();
    let client = listen(other).start().await;
    assert_eq!(
        client.sender().get("").await.status(),
        200,
        "they were another's"
    );
}

#[tokio::test]
async fn what_is_no_rule_is_refused_and_changes_nothing() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &["--allow-method", "POST"]).await;
    let path = format!("/_kreel/tunnels/{}/rules", client.tunnel());
    let long = format!(r#"{{"methods":["{}"]}}"#, "X".repeat(70_000));
    for (body, status) in [
        (r#"{"methods":[]}"#, 400),
        (r#"{"methods":["post"]}"#, 400),
        (r#"{"methods":null,"country":"SE"}"#, 400),
        (r#"{"secret_path":"too-short"}"#, 400),
        (
            r#"{"signature":{"scheme":"standard-webhooks","mode":"verify","secret":"hunter2!"}}"#,
            400,
        ),
        ("{", 400),
        ("", 400),
        (&long, 413),
    ] {
        let patch = Post::new("PATCH", &path).body(body);
        let answer = ask(&relay, Some(relay.token_file()), patch).await;
        assert_eq!(answer.status(), status, "{body:.60}");
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
    let put = ask(&relay, Some(relay.token_file()), Post::new("PUT", &path)).await;
    assert_eq!(
        put.header("allow").as_deref(),
        Some("GET, HEAD, PATCH, DELETE")
    );
    let shown = shown(&relay, &client).await;
    assert_eq!(shown["rules"], serde_json::json!({"methods": ["POST"]}));
    for (words, code) in [
        (&["--secret-path", "short"][..], "KR0212"),
        (&["--basic-auth", "nocolon"], "KR0212"),
        (&["--allow-method", "post"], "KR0212"),
        (&["--verify", "github"], "KR0212"),
        (&["--clear", "--body-limit", "1KiB"], "KR0305"),
    ] {
        rules(&relay, &client, words).await.failed(2, code, &[]);
    }
    let nowhere = Kreel::new(&["tunnels", "list"]).run().await;
    nowhere.failed(2, "KR0213", &["no relay is configured"]);
}

#[tokio::test]
async fn rules_are_shown_in_words_with_what_they_refused() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let flags = [
        "--allow-method",
        "POST",
        "--allow-ip",
        "127.0.0.1,192.0.2.0/24",
        "--body-limit",
        "1MiB",
        "--rate-limit",
        "30/m",
        "--mark",
        "github",
        "--verify-secret",
        "hunter2",
    ];
    let client = TestClient::listen(&relay, &app, &flags).await;
    client.sender().get("/hook").await;
    let told = rules(&relay, &client, &[]).await;
    for part in [
        "methods      POST\n",
        "addresses    127.0.0.1, 192.0.2.0/24\n",
        "signature    github; others are marked\n",
        "body         1.0 MB at most\n",
        "rate         30/m at most\n",
        "Refused since the relay began: 1 by method.\n",
    ] {
        assert!(told.success().contains(part), "{part} in {told}");
    }
    let list = Kreel::new(&["tunnels", "list", "--relay", relay.url()]);
    let list = list.path("--token-file", &relay.token_file()).run().await;
    assert!(list.success().contains("listening"), "{list}");
    assert!(list.stdout.contains("methods POST · addresses"), "{list}");
    let words = ["--remove", "ip,body,rate,signature"];
    let less = rules(&relay, &client, &words).await;
    assert!(!less.success().contains("github"), "{less}");
    assert!(less.stdout.contains("methods      POST"), "{less}");
}
