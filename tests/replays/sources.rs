//! What is replayed: edited by hand, from a cassette, or nothing that could be.

use super::{of_type, past, replay};
use crate::support::{AppAddress as _, Home, Kreel, LocalApp, TestRelay};

#[tokio::test]
async fn an_editor_changes_one_request() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{\"status\":\"ok\"}"]).await;
    let edit = |editor: &str| {
        let kreel = replay(&client, &["last", "--edit"]).env("EDITOR", editor);
        async move { kreel.run().await }
    };
    let told = edit(r#"sed -i 's/"ok"/"failed"/'"#).await;
    told.success();
    assert!(
        told.stderr.contains("changed: body 15 → 19 bytes"),
        "{told}"
    );
    assert_eq!(app.receives(2).await[1].text(), "{\"status\":\"failed\"}");
    edit("false")
        .await
        .failed(1, "KR0323", &["false ended with"]);
    edit("sed -i 's/^POST/GE(T/'")
        .await
        .failed(1, "KR0323", &["can't be a method"]);
    assert_eq!(app.count(), 2);
}

#[tokio::test]
async fn a_cassette_is_replayed_where_nothing_of_it_is_known() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{\"n\":1}", "\u{0}\u{1}"]).await;
    let home = Home::new();
    let file = home.path().join("cassette.ndjson");
    let export = client.beside(&[
        "requests",
        "export",
        "--filter",
        "path:/hook",
        "-F",
        "fixture",
    ]);
    let export = export
        .path("--history", &client.history())
        .path("-o", &file);
    export.run().await.success();
    let history = home.path().join("history.db");
    for round in 1..=2 {
        let told = Kreel::new(&["replay", "--to", &app.target(), "--json"])
            .path("--cassette", &file)
            .path("--history", &history)
            .run()
            .await;
        told.success();
        assert_eq!(of_type(&told, "replayed")[0]["answered"], 2);
        let received = app.receives(2 + 2 * round).await;
        assert_eq!(received[2 * round].body, received[0].body);
        assert_eq!(received[2 * round + 1].body, received[1].body);
    }
    let listed = Kreel::new(&["requests", "list", "--json"])
        .path("--history", &history)
        .run()
        .await;
    assert_eq!(
        listed.success().lines().count(),
        2,
        "each once, whatever the rounds"
    );
    let broken = home.path().join("broken");
    std::fs::write(&broken, "\n{}\n").unwrap();
    let told = Kreel::new(&["replay"])
        .path("--cassette", &broken)
        .run()
        .await;
    told.failed(2, "KR0324", &["line 2"]);
}

#[tokio::test]
async fn what_can_not_be_replayed_is_said() {
    let home = Home::new();
    let file = home.path().join("history.db");
    kreel_client::fill_history(&file, &"my-app".parse().unwrap(), 1).unwrap();
    let run = |words: &[&str]| {
        let kreel = Kreel::new(&["replay"]).args(words).path("--history", &file);
        async move { kreel.run().await }
    };
    run(&["what"])
        .await
        .failed(2, "KR0312", &["it can't be an id"]);
    run(&["ffff"]).await.failed(4, "KR0311", &["no delivery"]);
    run(&[
        "last",
        "--resign",
        "standard-webhooks",
        "--secret",
        "not base64!",
    ])
    .await
    .failed(2, "KR0322", &["can't be used for this scheme"]);
    run(&["last", "--to", "3000", "-H", "Content-Length: 3"])
        .await
        .failed(2, "KR0308", &["content-length"]);
    let usage = run(&["last", "--rate", "5", "--keep-timing"]).await;
    assert_eq!(usage.code, Some(2), "{usage}");
}
