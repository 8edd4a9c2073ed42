//! What is masked in a cassette: what always is, and what each kind of rule names.

use super::{file, lines};
use crate::support::{
    AppAddress as _, Home, Kreel, LocalApp, Post, Received, TestClient, TestRelay,
};

/// An answer with secrets of its own.
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nset-cookie: sid=s3cret-a\r\n\
                      x-token: s3cret-b\r\ncontent-length: 36\r\n\r\n{\"ok\": true, \"password\": \"s3cret-c\"}";

const BODY: &str = "{ \"user\": {\"email\": \"s3cret-d\", \"name\" : \"Zo\u{eb}\"},\n \
                    \"items\": [{\"password\": \"s3cret-e\", \"n\": 1.50}], \"password\": {\"old\": \"s3cret-f\"} }";

async fn posted(relay: &TestRelay, app: &LocalApp) -> TestClient {
    let client = TestClient::listen(relay, app, &[]).await;
    let post = Post::new("POST", "/hook?token=s3cret-g&a=1&token")
        .header("Content-Type", "application/json")
        .header("Authorization", "Bearer s3cret-h")
        .header("Cookie", "sid=s3cret-i")
        .header("X-Api-Key", "s3cret-j")
        .header("X-Token", "s3cret-k")
        .header("X-Plain", "told");
    client.sender().send(post.body(BODY)).await;
    client.has_on_record("answered", 1).await;
    client
}

#[tokio::test]
async fn each_kind_of_rule_masks_what_it_names() {
    let (relay, app) = (TestRelay::start().await, LocalApp::raw(ANSWER).await);
    let client = posted(&relay, &app).await;
    let text_with = |name: &'static str, rules: &[&str]| {
        let to = file(&client, name);
        let kreel = client.beside(&["record", to.to_str().unwrap(), "last"]);
        let kreel = rules
            .iter()
            .fold(kreel, |kreel, rule| kreel.args(&["--mask", rule]));
        async move {
            kreel.run().await.success();
            std::fs::read_to_string(to).unwrap()
        }
    };
    let secrets = |text: &str| -> String {
        let found = ('a'..='k').filter(|which| text.contains(&format!("s3cret-{which}")));
        found.collect()
    };
    // Always: cookies, authorization and keys, of request and answer.
    for (name, rules, left) in [
        ("none", &[][..], "bcdefgk"),
        ("header", &["header:X-Token"], "cdefg"),
        ("query", &["query:token"], "bcdefk"),
        ("path", &["$.user.email"], "bcefgk"),
        ("anywhere", &["..password"], "bdgk"),
        ("items", &[".items[*].password"], "bcdfgk"),
        (
            "all",
            &["header:x-token", "query:token", "$.user", "..password"],
            "",
        ),
    ] {
        assert_eq!(secrets(&text_with(name, rules).await), left, "{rules:?}");
    }
    let line = &lines(&file(&client, "all"))[0];
    let body = line["request"]["body"]["text"].as_str().unwrap();
    let dots = "\"\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\"";
    let expected = format!(
        "{{ \"user\": {dots},\n \"items\": [{{\"password\": {dots}, \"n\": 1.50}}], \"password\": {dots} }}"
    );
    assert_eq!(body, expected, "the rest is as it was written, to the byte");
    assert_eq!(
        line["request"]["url"],
        "https://webhook.invalid/hook?token=masked&a=1&token=masked"
    );
    let headers = line["request"]["headers"].as_array().unwrap();
    let value = |name: &str| {
        let found = headers.iter().find(|header| header["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}"))["value"]
            .as_str()
            .unwrap()
    };
    assert_eq!(value("content-length"), body.len().to_string());
    assert_eq!(value("x-plain"), "told");
    assert!(
        value("authorization").starts_with("Bearer "),
        "the scheme is no secret"
    );
    assert_eq!(value("host"), "webhook.invalid");

    // A masked one goes out again as it stands there, whole and well-formed.
    let all = file(&client, "all");
    let words = [
        "replay",
        "--cassette",
        all.to_str().unwrap(),
        "--to",
        &app.target(),
    ];
    let told = Kreel::new(&words).run().await;
    told.success();
    assert!(
        told.stderr.contains("was masked when this was recorded"),
        "{told}"
    );
    assert_eq!(app.receives(2).await[1].text(), body);

    let open = file(&client, "open");
    let words = ["record", open.to_str().unwrap(), "last", "--show-secrets"];
    client.beside(&words).run().await.success();
    assert_eq!(
        secrets(&std::fs::read_to_string(&open).unwrap()),
        "abcdefghijk"
    );
}

/// A request's first line, its header lines, and its body.
type Seen = (Vec<u8>, Vec<(String, Vec<u8>)>, String);

/// What the app sees of a request that must not depend on the machine.
fn seen(received: &Received) -> Seen {
    let others = ["x-forwarded-for", "x-forwarded-proto", "kreel-attempt"];
    let mut lines = received.head.lines();
    lines.retain(|(name, _)| !others.contains(&name.to_ascii_lowercase().as_str()));
    let first = received.head.first_line().to_vec();
    (first, lines, received.text())
}

/// The file is what is replayed, also where the history has the secrets that it lacks.
#[tokio::test]
async fn the_machine_that_recorded_sends_what_any_other_would() {
    let (relay, app) = (TestRelay::start().await, LocalApp::raw(ANSWER).await);
    let client = posted(&relay, &app).await;
    let to = file(&client, "hooks.ndjson");
    let words = [
        "record",
        to.to_str().unwrap(),
        "last",
        "--mask",
        "..password",
    ];
    client.beside(&words).run().await.success();
    let stranger = Home::new();
    let other = stranger.path().join("other.db");
    let words = [
        "replay",
        "--cassette",
        to.to_str().unwrap(),
        "--to",
        &app.target(),
    ];
    let here = client.beside(&words);
    let there = Kreel::new(&words).home(&stranger).path("--history", &other);

    // What is only looked at changes no history.
    for kreel in [&here, &there] {
        let dry = kreel
            .clone()
            .args(&["--dry-run", "--set", "user=1"])
            .run()
            .await;
        assert!(dry.success().contains("POST /hook?token=s3cret-g"), "{dry}");
        assert!(dry.stdout.contains("    body "), "{dry}");
    }
    assert!(!other.exists());
    assert_eq!(app.count(), 1);

    for (more, authorization) in [
        (
            &[][..],
            "Bearer \u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}",
        ),
        (&["-H", "Authorization: Bearer mine"], "Bearer mine"),
        (
            &["--set", "n=1"],
            "Bearer \u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}",
        ),
    ] {
        let before = app.count();
        here.clone().args(more).run().await.success();
        there.clone().args(more).run().await.success();
        let received = app.receives(before + 2).await;
        let (here, there) = (&received[before], &received[before + 1]);
        assert_eq!(seen(here), seen(there), "{more:?}");
        assert_eq!(
            here.head.value("authorization").as_deref(),
            Some(authorization)
        );
        let host = here.head.value("host").unwrap();
        assert!(host.ends_with(&format!(":{}", app.port())), "{host}");
        assert!(!here.text().contains("s3cret-e"), "{}", here.text());
    }

    // None of it was sent by anybody: whoever watches has seen one delivery here, and none there.
    for (kreel, count) in [
        (client.beside(&["assert"]), "1"),
        (
            Kreel::new(&["assert"])
                .home(&stranger)
                .path("--history", &other),
            "0",
        ),
    ] {
        let words = [
            "path:/hook",
            "--since",
            "2000-01-01",
            "--within",
            "1ms",
            "--count",
            count,
        ];
        kreel.args(&words).run().await.success();
    }
}

/// A rule for values of JSON can't be followed in a form: that is said, once.
#[tokio::test]
async fn bodies_that_rules_can_not_reach_are_told_of() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    for _ in 0..2 {
        client.sender().post("/form", "password=s3cret").await;
    }
    client.has_on_record("answered", 2).await;
    let words = ["record", "-", "last", "last~1"];
    let told = client
        .beside(&words)
        .args(&["--mask", "..password"])
        .run()
        .await;
    told.success();
    assert_eq!(
        told.stderr.matches("is no JSON and stays as it is").count(),
        1,
        "{told}"
    );
    let told = client.beside(&words).run().await;
    told.success();
    assert!(!told.stderr.contains("is no JSON"), "{told}");
}

#[tokio::test]
async fn a_rule_that_makes_no_sense_is_refused_before_a_file_is_made() {
    let (relay, app) = (TestRelay::start().await, LocalApp::raw(ANSWER).await);
    let client = posted(&relay, &app).await;
    for rule in ["password", "header:", "query:", "$.a["] {
        let to = file(&client, "refused");
        let words = ["record", to.to_str().unwrap(), "last", "--mask", rule];
        client
            .beside(&words)
            .run()
            .await
            .failed(2, "KR0343", &["header:x-token"]);
        assert!(!to.exists(), "{rule}");
    }
    let both = ["record", "x", "last", "--mask", "..a", "--show-secrets"];
    assert_eq!(client.beside(&both).run().await.code, Some(2));
}
