//! `kreel requests`: what came to this machine, listed, searched and shown.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Finished, Home, Kreel, schema};

/// A history with so many made-up deliveries.
fn filled(home: &Home, count: u64) -> PathBuf {
    let file = home.path().join("filled/history.db");
    let tunnel = "my-app".parse().unwrap();
    kreel_client::fill_history(&file, &tunnel, count).unwrap();
    file
}

fn objects(finished: &Finished) -> Vec<Value> {
    schema::lines(&finished.stdout)
}

#[tokio::test]
async fn before_anything_came_that_is_said() {
    for words in [&["list"][..], &["search", "krea"], &["list", "--json"]] {
        let told = Kreel::new(&["requests"]).args(words).run().await;
        assert_eq!(told.success(), "", "{told}");
        assert!(
            told.stderr.contains("nothing has come to this machine yet"),
            "{told}"
        );
    }
    let told = Kreel::new(&["requests", "get", "last"]).run().await;
    told.failed(4, "KR0311", &["no delivery \"last\""]);
}

#[tokio::test]
async fn lists_page_and_searches_find() {
    let home = Home::new();
    let file = filled(&home, 120);
    let requests = |words: &[&str]| {
        let kreel = Kreel::new(&["requests"]).args(words).args(&["--json"]);
        kreel.path("--history", &file).home(&home)
    };
    let first = objects(&requests(&["list"]).run().await);
    assert_eq!(first.len(), 50);
    assert_eq!(
        (&first[0]["seq"], &first[49]["seq"]),
        (&119.into(), &70.into())
    );
    assert_eq!(
        (&first[0]["standing"], &first[0]["status"]),
        (&"answered".into(), &200.into())
    );
    let last = first[49]["id"].as_str().unwrap();
    let next = objects(
        &requests(&["list", "--before", last, "--limit", "100"])
            .run()
            .await,
    );
    assert_eq!((next.len(), &next[0]["seq"]), (70, &69.into()));
    let other = requests(&["list", "--tunnel", "other"]).run().await;
    assert_eq!(other.success(), "");

    let found = objects(&requests(&["search", "job7", "krea"]).run().await);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["seq"], 7);
    let id = found[0]["id"].as_str().unwrap();
    let whole = &objects(&requests(&["get", id]).run().await)[0];
    assert_eq!(
        whole["headers"][0],
        serde_json::json!(["host", "my-app.relay.example"])
    );
    assert_eq!(
        whole["attempts_ended"][0]["url"],
        "http://localhost:3000/api/webhooks/krea"
    );

    let body = Kreel::new(&["requests", "get", id, "--body"])
        .path("--history", &file)
        .run()
        .await;
    assert!(
        body.success().starts_with("{\"job_id\":\"job7\","),
        "{body}"
    );
    let shown = Kreel::new(&["requests", "get", id])
        .path("--history", &file)
        .run()
        .await;
    assert!(
        shown.success().contains("attempt 1: 200 in 12 ms"),
        "{shown}"
    );
    requests(&["get", "0"])
        .run()
        .await
        .failed(2, "KR0312", &["several ids begin like that"]);
    requests(&["get", "what"])
        .run()
        .await
        .failed(2, "KR0312", &["it can't be an id"]);
}

#[tokio::test]
async fn a_damaged_history_is_said_and_left_as_it_is() {
    let home = Home::new();
    let file = filled(&home, 120);
    let content = std::fs::read(&file).unwrap();
    std::fs::write(&file, &content[..content.len() / 2]).unwrap();
    let told = Kreel::new(&["requests", "list"])
        .path("--history", &file)
        .run()
        .await;
    told.failed(1, "KR0310", &["is damaged: it is cut off", ".recover"]);
    assert_eq!(std::fs::read(&file).unwrap(), &content[..content.len() / 2]);
}

#[tokio::test]
async fn an_id_that_is_shown_names_one_delivery_in_the_whole_history() {
    let home = Home::new();
    // Many came in the same millisecond, and have the first 12 digits in common.
    let file = filled(&home, 300);
    let requests = |words: &[&str]| {
        let kreel = Kreel::new(&["requests"]).args(words);
        kreel.path("--history", &file).home(&home)
    };
    for words in [
        &["list", "--limit", "1"][..],
        &["search", "job150", "--limit", "1"],
        &["list", "--limit", "3"],
    ] {
        let shown = requests(words).run().await;
        let json = objects(&requests(words).args(&["--json"]).run().await);
        let ids = shown.success().lines();
        let ids: Vec<&str> = ids.map(|line| line.split("  ").nth(1).unwrap()).collect();
        assert_eq!(ids.len(), json.len());
        for (id, whole) in ids.iter().zip(&json) {
            assert!(whole["id"].as_str().unwrap().starts_with(id), "{id}");
            let found = objects(&requests(&["get", id, "--json"]).run().await);
            assert_eq!(found[0]["id"], whole["id"], "{id}: {shown}");
        }
    }
    for (which, seq) in [("last", 299), ("last~2", 297), ("last~299", 0)] {
        let found = objects(&requests(&["get", which, "--json"]).run().await);
        assert_eq!(found[0]["seq"], seq, "{which}");
    }
    requests(&["get", "last~300"])
        .run()
        .await
        .failed(4, "KR0311", &["last~300"]);
}
