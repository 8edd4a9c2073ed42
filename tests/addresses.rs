//! The public address: the same after every restart, another when asked for, chosen by name.

use crate::support::{Home, Listen, LocalApp, TestClient, TestRelay};

#[tokio::test]
async fn stays_the_same_however_often_the_client_is_restarted() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let url = client.url().to_owned();
    for kill in [true, false, true] {
        match kill {
            true => client.kill().await,
            false => assert_eq!(client.terminate().await, Some(143)),
        }
        client = client.again().start().await;
        assert_eq!(client.url(), url);
        assert_eq!(client.sender().get("/").await.status(), 200);
    }
}

#[tokio::test]
async fn stays_the_same_when_the_relay_is_restarted() {
    let (mut relay, app) = (TestRelay::secure().await, LocalApp::answering(200).await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let url = client.url().to_owned();
    for kill in [true, false] {
        match kill {
            true => relay.kill().await,
            false => assert_eq!(relay.terminate().await, Some(143)),
        }
        relay.restart_same_port().await;
        let ready = client.next_event("ready", crate::support::DEADLINE).await;
        assert_eq!(ready["url"], url.as_str());
        assert_eq!(client.sender().get("/").await.status(), 200);
    }
    client.kill().await;
    let client = client.again().start().await;
    assert_eq!(client.url(), url, "and when both were");
}

#[tokio::test]
async fn can_be_called_though_the_relay_listens_everywhere() {
    let relay = TestRelay::at("0.0.0.0:0", &["--tls", "self-signed"], &[]).await;
    let app = LocalApp::answering(200).await;
    assert!(!relay.url().contains("//0.0.0.0"), "{}", relay.url());
    relay.says("--domain or --public-url").await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    assert!(client.url().starts_with(relay.url()), "{}", client.url());
    assert_eq!(client.sender().get("/").await.status(), 200);
}

#[tokio::test]
async fn is_another_with_new_and_stays_that_one() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let home = Home::new();
    let listen = || Listen::on(&relay).to(&app).home(&home);
    let first = listen().start().await.url().to_owned();
    let second = listen().flags(&["--new"]).start().await.url().to_owned();
    assert_ne!(first, second);
    assert_eq!(listen().start().await.url(), second);
}

#[tokio::test]
async fn has_the_name_that_was_asked_for() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let home = Home::new();
    let listen = || Listen::on(&relay).to(&app).home(&home);
    let own = listen().start().await.url().to_owned();
    let named = listen().flags(&["--tunnel", "my-hooks"]).start().await;
    assert_eq!(named.url(), format!("{}/my-hooks", relay.url()));
    assert_eq!(named.sender().get("/x").await.status(), 200);
    drop(named);
    assert_eq!(
        listen().start().await.url(),
        own,
        "the project's own is kept"
    );
}

#[tokio::test]
async fn belongs_to_the_project_and_to_the_relay() {
    let (relay, other_relay) = (TestRelay::start().await, TestRelay::start().await);
    let home = Home::new();
    let project = |name: &str| {
        let folder = home.path().join(name);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("kreel.toml"), "").unwrap();
        folder
    };
    let (one, two) = (project("one"), project("two"));
    let name = async |relay, folder| {
        let client = Listen::on(relay).home(&home).folder(folder).start().await;
        client.tunnel().to_owned()
    };
    let first = name(&relay, &one).await;
    assert_ne!(first, name(&relay, &two).await);
    assert_ne!(first, name(&other_relay, &one).await);
    assert_eq!(
        first,
        name(&relay, &one.join("src")).await,
        "anywhere within the project"
    );
}

/// The address is the secret of unsigned webhooks: at least 80 random bits.
#[tokio::test]
async fn cannot_be_guessed() {
    let relay = TestRelay::start().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3 {
        let client = Listen::on(&relay).start().await;
        let name = client.tunnel().to_owned();
        assert!(
            name.len() >= 16
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
            "{name}"
        );
        assert!(seen.insert(name));
    }
}

#[tokio::test]
async fn with_a_domain_is_also_a_subdomain() {
    let relay = TestRelay::with(&[
        "--domain",
        "relay.example",
        "--public-url",
        "http://127.0.0.1:9",
    ])
    .await;
    let app = LocalApp::echo().await;
    let mut client = Listen::on(&relay)
        .relay(&format!("http://{}", relay.address()))
        .to(&app)
        .start()
        .await;
    let subdomain = client
        .events()
        .iter()
        .find_map(|event| event["subdomain_url"].as_str().map(str::to_owned));
    let host = format!("{}.relay.example", client.tunnel());
    assert!(subdomain.expect("an address by subdomain").contains(&host));
    let request = format!("GET /rest?query HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let answer = crate::support::Sender::direct(relay.address())
        .raw(request.as_bytes())
        .await;
    assert_eq!(answer.json()["target"], "/rest?query");
}

/// The target's own path comes first, then what the sender has put behind the tunnel's name.
#[tokio::test]
async fn the_rest_of_the_path_is_appended_to_the_target() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let port = app.port();
    for (target, sent, asked) in [
        (format!("{port}"), "", "/"),
        (format!("{port}"), "/", "/"),
        (format!("{port}"), "?a=1", "/?a=1"),
        (format!("{port}/api/hook"), "", "/api/hook"),
        (format!("{port}/api/hook"), "/", "/api/hook/"),
        (format!("{port}/api/hook"), "/x?y=1", "/api/hook/x?y=1"),
        (format!("{port}/api/hook/"), "/x", "/api/hook/x"),
        (
            format!("127.0.0.1:{port}/api?key=1"),
            "/x?y=2",
            "/api/x?key=1&y=2",
        ),
        (
            format!("http://localhost:{port}/api"),
            "//x/..%2f",
            "/api//x/..%2f",
        ),
    ] {
        let client = TestClient::listen(&relay, &target, &[]).await;
        let answer = client.sender().get(sent).await;
        assert_eq!(answer.json()["target"], asked, "{target} and {sent}");
    }
}
