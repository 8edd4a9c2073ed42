//! `--json`: every line as `docs/json.md` says, and every documented type in a run or explained.
//!
//! (Every other story checks the lines it causes, too: see `support::schema`.)

use std::collections::BTreeSet;

use crate::support::{DEADLINE, Listen, LocalApp, Post, TestClient, TestRelay, schema};

fn types(client: &mut TestClient) -> BTreeSet<String> {
    client
        .events()
        .iter()
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_page_describes_what_the_program_can_print() {
    let mut known: Vec<_> = kreel_client::plain::SCHEMA_TYPES.into();
    known.sort_unstable();
    assert_eq!(schema::types(), known);
}

#[test]
fn the_examples_on_the_page_are_as_it_says() {
    assert_eq!(schema::examples(), schema::all_types());
}

#[test]
#[should_panic(expected = "not as in docs/json.md")]
fn a_field_that_is_not_on_the_page_is_noticed_wherever_it_is() {
    let section = serde_json::json!({"title": "Body", "equal": true, "changes": [], "notes": [], "surprise": 1});
    let diff = serde_json::json!({"type": "diff", "left": "a", "right": "b", "equal": true, "sections": [section]});
    schema::check(&diff);
}

#[test]
#[should_panic(expected = "not as in docs/json.md")]
fn a_field_that_is_not_on_the_page_is_noticed() {
    schema::check(&serde_json::json!({"type": "app_up", "waiting": 1, "surprise": true}));
}

/// One life with nearly everything in it. `skipped` needs a reader that is too slow, which
/// crates/client tests; what is replayed or held is asked for by a screen; `draining` takes a second, and the disk is filled in `backlog`.
#[tokio::test]
async fn every_type_is_seen_and_as_documented() {
    let (mut relay, mut app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut client = TestClient::listen(&relay, &app, &["--wait", "200ms"]).await;
    let sender = client.sender();
    sender
        .send(Post::new("PURGE", "/caf\u{e9}?a=%ff").chunks(&[b"in chunks"]))
        .await;
    app.stop().await;
    sender.post("/", "{}").await;
    client.next_event("app_down", DEADLINE).await;
    app.restart().await;
    client.next_event("app_up", DEADLINE).await;
    relay.kill().await;
    client.next_event("reconnecting", DEADLINE).await;
    relay.restart_same_port().await;
    client.next_event("ready", DEADLINE).await;
    assert_eq!(client.terminate().await, Some(143));
    let mut seen = types(&mut client);
    assert_eq!(client.events().last().unwrap()["type"], "stopped");
    sender.post("/", "{}").await;
    let mut client = client.again().start().await;
    client.next_event("drained", DEADLINE).await;
    seen.extend(types(&mut client));
    client.terminate().await;

    let capture = Listen::on(&relay).start().await;
    capture.sender().post("/", "{}").await;
    let mut capture = capture;
    capture.next_event("captured", DEADLINE).await;
    seen.extend(types(&mut capture));

    let wrong = relay.data().join("wrong-token");
    std::fs::write(&wrong, "kreel_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let mut refused = Listen::on(&relay).token_file(Some(wrong)).spawn();
    let error = refused.next_event("error", DEADLINE).await;
    assert!(
        refused.stderr().contains(error["code"].as_str().unwrap()),
        "the same for people: {}",
        refused.stderr()
    );
    seen.extend(types(&mut refused));

    let missing: Vec<_> = schema::types()
        .into_iter()
        .filter(|kind| !seen.contains(*kind))
        .collect();
    let elsewhere = [
        "draining",
        "held",
        "history_failing",
        "history_mended",
        "not_replayed",
        "replaying",
        "skipped",
        "withheld",
    ];
    assert_eq!(missing, elsewhere);
}

/// What belongs together says so: a delivery, its attempt and its sender's answer.
#[tokio::test]
async fn one_webhook_makes_one_delivery_one_attempt_and_one_answer() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(201).await);
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let ready = client.events()[..]
        .iter()
        .find(|event| event["type"] == "ready")
        .unwrap()
        .clone();
    assert_eq!(
        ready["forward_to"],
        format!("http://localhost:{}", app.port())
    );
    assert_eq!(ready["relay"], relay.url());
    client.sender().post("/hook?a=1", "12345").await;
    let delivery = client.next_event("delivery", DEADLINE).await;
    let expected = [
        ("method", "POST"),
        ("path", "/hook?a=1"),
        ("tunnel", ready["tunnel"].as_str().unwrap()),
    ];
    for (field, value) in expected {
        assert_eq!(delivery[field], value);
    }
    assert_eq!(
        (&delivery["size_bytes"], &delivery["queued"]),
        (&5.into(), &false.into())
    );
    assert_eq!(
        app.received()[0].head.value("kreel-delivery-id").as_deref(),
        delivery["id"].as_str()
    );
    client.terminate().await;
    let of_it: Vec<_> = client
        .events()
        .iter()
        .filter(|event| event["delivery_id"] == delivery["id"])
        .cloned()
        .collect();
    let find = |kind: &str| {
        of_it
            .iter()
            .find(|event| event["type"] == kind)
            .unwrap_or_else(|| panic!("no {kind}"))
    };
    assert_eq!(of_it.len(), 2);
    assert_eq!(
        (&find("attempt")["status"], &find("answered")["status"]),
        (&201.into(), &201.into())
    );
    assert_eq!(
        (&find("attempt")["answer_bytes"], &find("answered")["by"]),
        (&17.into(), &"app".into())
    );
}
