//! The filter language: what `requests search` finds by each of its keys, what `listen --filter`
//! shows, saved filters, and faults pointed at.

use std::collections::BTreeSet;
use std::fs;

use kreel_client::filter::keys;
use serde_json::Value;

use crate::support::{
    DEADLINE, Home, Kreel, Listen, LocalApp, Post, Sender, TestClient, TestRelay,
};

/// The bodies' numbers of what a filter finds, in order.
async fn found(client: &TestClient, words: &[&str]) -> Vec<u64> {
    let mut all = vec!["search"];
    all.extend(words);
    let mut seqs: Vec<u64> = client
        .requests(&all)
        .await
        .iter()
        .map(|row| row["path"].as_str().unwrap())
        .map(|path| path.rsplit('/').next().unwrap().parse().unwrap())
        .collect();
    seqs.sort_unstable();
    seqs
}

/// Three deliveries: 1 is answered 200, 2 is a PUT answered 503, 3 is answered 404.
async fn three(relay: &TestRelay) -> (TestClient, LocalApp) {
    let app = LocalApp::answering_in_turn(&[200, 503, 404]).await;
    let mut client = TestClient::listen(relay, &app, &[]).await;
    let sender = client.sender();
    sender
        .send(Post::new("POST", "/a/1").body(r#"{"status":"completed","note":"quiet harbour"}"#))
        .await;
    let second = Post::new("PUT", "/a/2").header("x-id", "number 42");
    sender
        .send(second.body(r#"{"status":"failed","at":"dawn harbour"}"#))
        .await;
    sender.post("/b/3", vec![b'x'; 20_000]).await;
    client.next_event("attempt", DEADLINE).await;
    client.has_on_record("answered", 3).await;
    (client, app)
}

#[tokio::test]
async fn every_key_picks_what_it_says() {
    let relay = TestRelay::start().await;
    let (client, _app) = three(&relay).await;
    let rows = client.requests(&["list"]).await;
    let row = |path: &str| rows.iter().find(|row| row["path"] == path).unwrap();
    let second = row("/a/2");
    let (id, seq) = (second["id"].as_str().unwrap(), &second["seq"]);
    let (id, seq) = (format!("id:{id}"), format!("seq:{seq}"));
    let tunnel = format!("tunnel:{}", client.tunnel());
    let mut pen = kreel_client::Pen::open(&client.history()).unwrap().unwrap();
    assert!(pen.mark(1, true).unwrap());
    assert!(pen.note(2, "look at\x1b this").unwrap());
    let cases: Vec<(Vec<&str>, &[u64])> = vec![
        (vec!["harbour"], &[1, 2]),
        (vec!["harbour", "dawn"], &[2]),
        (vec!["harb*"], &[1, 2]),
        (vec!["words:dawn"], &[2]),
        (vec!["status:5xx"], &[2]),
        (vec!["status:4xx,503"], &[2, 3]),
        (vec!["status>=400"], &[2, 3]),
        (vec!["status:none"], &[]),
        (vec!["method:put"], &[2]),
        (vec!["path:/A/"], &[1, 2]),
        (vec!["path=/a/*"], &[1, 2]),
        (vec!["header:x-id"], &[2]),
        (vec!["header:x-id=42"], &[2]),
        (vec!["body:quiet h"], &[]),
        (vec!["body:\"quiet h\""], &[1]),
        (vec!["jq:.status == \"failed\""], &[2]),
        (vec!["harbour", "jq:.status == \"failed\""], &[2]),
        (vec!["jq:'.status'", "method:post"], &[1]),
        (vec!["age<1h"], &[1, 2, 3]),
        (vec!["age>1h"], &[]),
        (vec!["size>10k"], &[3]),
        (vec!["took<1m"], &[1, 2, 3]),
        (vec!["is:marked"], &[1]),
        (vec!["is:noted"], &[2]),
        (vec!["is:answered"], &[1, 2, 3]),
        (vec!["is:failed,replay,lost"], &[]),
        (vec![&tunnel], &[1, 2, 3]),
        (vec!["tunnel:another"], &[]),
        (vec![&id], &[2]),
        (vec![&seq], &[2]),
        (vec!["note:LOOK"], &[2]),
        (vec!["verified:no"], &[]),
        (vec!["not", "status:2xx"], &[2, 3]),
        (vec!["status:2xx -path:/b or method:put"], &[1, 2]),
        (vec!["(status:200", "or", "status:404)", "harbour"], &[1]),
    ];
    let mut keyed = BTreeSet::new();
    for (words, expected) in &cases {
        assert_eq!(found(&client, words).await, *expected, "{words:?}");
        let key = keys().iter().find(|key| words[0].starts_with(key.name));
        keyed.extend(key.map(|key| key.name));
    }
    assert_eq!(keyed.len(), keys().len(), "each key has a case: {keyed:?}");
    let told = client
        .beside(&["requests", "get", &id[3..], "--json"])
        .run()
        .await;
    let told: Value = serde_json::from_str(told.success()).unwrap();
    assert_eq!(told["note"], "look at\u{1b} this");
    assert_eq!(
        (&told["marked"], &told["replays"]),
        (&false.into(), &0.into())
    );
}

#[tokio::test]
async fn faults_are_pointed_at() {
    for (filter, words) in [
        (
            "post statsu:5xx",
            &[
                "        post statsu:5xx\n             ^^^^^^^\n",
                "did you mean status:?",
            ][..],
        ),
        ("(a or b", &["        ^\n", "never closed"]),
        ("\u{202e}x: a", &["\\u{202e}"]),
        (
            "jq:'.a | nope'",
            &["              ^^^^", "there is no filter nope"],
        ),
        ("@nobody", &["no saved filter is called @nobody"]),
    ] {
        let told = Kreel::new(&["requests", "search", filter]).run().await;
        match filter.contains("x: a") {
            // A word with a colon; what is shown of it is inert.
            true => assert!(!told.stderr.contains('\u{202e}'), "{told}"),
            false => told.failed(2, "KR0313", words),
        }
    }
    let told = Kreel::new(&["listen", "--filter", "is:fialed"]).run().await;
    told.failed(2, "KR0313", &["did you mean is:failed?"]);
}

#[tokio::test]
async fn saved_filters_are_used_by_name() {
    let home = Home::new();
    let file = home.path().join("filled/history.db");
    let tunnel = "my-app".parse().unwrap();
    kreel_client::fill_history(&file, &tunnel, 120).unwrap();
    let config = home.path().join("config/kreel");
    fs::create_dir_all(&config).unwrap();
    fs::write(
        config.join("config.toml"),
        "[filters]\nbad = \"status:5xx or is:failed\"\nodd = \"status:2xx\"\n",
    )
    .unwrap();
    fs::write(
        home.project().join("kreel.toml"),
        "[filters]\nodd = \"@bad method:put\"\n",
    )
    .unwrap();
    let search = |filter: &str| {
        Kreel::new(&["requests", "search", filter, "--json"])
            .path("--history", &file)
            .home(&home)
    };
    let told = search("@odd header:x-odd").run().await;
    let row: Value = serde_json::from_str(told.success()).unwrap();
    assert_eq!((&row["seq"], &row["status"]), (&33.into(), &503.into()));
    let told = search("not @bad jq:'.job_id == \"job7\"'").run().await;
    assert_eq!(told.success().lines().count(), 1, "{told}");
    let told = search("@ood").run().await;
    told.failed(2, "KR0313", &["did you mean @odd?", "@bad, @odd"]);
}

/// The paths of the deliveries that are shown, and the statuses of the attempts.
fn shown(client: &mut TestClient) -> (Vec<String>, Vec<u64>) {
    let events = client.events();
    let of = |kind: &'static str| events.iter().filter(move |event| event["type"] == kind);
    let paths = of("delivery").map(|event| event["path"].as_str().unwrap().to_owned());
    let statuses = of("attempt").map(|event| event["status"].as_u64().unwrap());
    (paths.collect(), statuses.collect())
}

#[tokio::test]
async fn listen_shows_what_a_filter_picks_and_hands_over_all() {
    let relay = TestRelay::start().await;
    for (filter, paths, statuses) in [
        ("path:/keep", &["/keep/1", "/keep/4"][..], &[200, 404][..]),
        ("status:5xx", &["/drop/2"], &[503]),
        (
            "body:needle or header:x-odd=yes",
            &["/drop/3", "/keep/4"],
            &[200, 404],
        ),
        ("jq:.n==2 or .n==3", &["/drop/2", "/drop/3"], &[503, 200]),
        ("-words:needle status:200", &["/keep/1"], &[200]),
    ] {
        let app = LocalApp::answering_in_turn(&[200, 503, 200, 404, 200]).await;
        let flags = ["--filter", filter];
        let mut client = TestClient::listen(&relay, &app, &flags).await;
        let sender = client.sender();
        sender.post("/keep/1", r#"{"n":1}"#).await;
        sender.post("/drop/2", r#"{"n":2}"#).await;
        sender.post("/drop/3", r#"{"n":3,"text":"a needle"}"#).await;
        let last = Post::new("POST", "/keep/4").header("x-odd", "yes");
        sender.send(last.body(r#"{"n":4}"#)).await;
        app.receives(4).await;
        assert_eq!(client.terminate().await, Some(143));
        let (there, told) = shown(&mut client);
        assert_eq!(
            (&*there, &*told),
            (&paths.map_strings()[..], statuses),
            "{filter}"
        );
        assert_eq!(app.count(), 4, "all are handed over");
        let all = client.requests(&["list"]).await;
        assert_eq!(all.len(), 4, "all are kept");
    }
}

#[tokio::test]
async fn compact_rows_are_filtered_too() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[200, 503]).await;
    let listen = Listen::on(&relay).to(&app);
    let mut client = listen.flags(&["--filter", "status:5xx"]).plain().spawn();
    let ready = client.line("its ready line").await;
    let url = ready.split_whitespace().last().unwrap();
    let sender = Sender::to(url, relay.ca().as_deref());
    sender.post("/fine", "{}").await;
    sender.post("/broken", "{}").await;
    loop {
        let line = client.line("a row").await;
        assert!(!line.contains("/fine"), "{line}");
        if line.contains("/broken") {
            assert!(line.contains("503"), "{line}");
            break;
        }
    }
    assert_eq!(client.terminate().await, Some(143));
}

trait Strings {
    fn map_strings(&self) -> Vec<String>;
}

impl Strings for [&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

/// The guide's table is the language's own description.
#[test]
fn the_guide_has_every_key() {
    let guide = include_str!("../docs/guide.md");
    for key in keys() {
        let meaning = key.meaning.replace('|', "\\|");
        let row = format!("| `{}` | {meaning} |", key.example);
        assert!(guide.contains(&row), "docs/guide.md lacks: {row}");
    }
}
