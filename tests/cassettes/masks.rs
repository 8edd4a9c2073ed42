//! What is masked in a cassette: what always is, and what each kind of rule names.

use super::{file, lines};
use crate::support::{AppAddress as _, Kreel, LocalApp, Post, TestClient, TestRelay};

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
