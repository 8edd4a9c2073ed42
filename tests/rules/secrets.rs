//! What nobody is told: secrets of rules, in no log, no answer, no history, on no screen.

use std::path::Path;

use super::{as_token, ask, rules, secret_file};
use crate::support::{Home, Kreel, Listen, LocalApp, Post, Screen, Sender, TestClient, TestRelay};

const SEGMENT: &str = "s3gment-0f-0urs";
const PASSWORD: &str = "pa55word-0f-0urs";
/// `hook:pa55word-0f-0urs`.
const BASIC: &str = "aG9vazpwYTU1d29yZC0wZi0wdXJz";
const SIGNING: &str = "51gning-0f-0urs";

/// All files below a folder, as bytes.
fn bytes_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(bytes_below(&path)),
            false => {
                let bytes = std::fs::read(&path).unwrap_or_default();
                all.push((path.display().to_string(), bytes));
            }
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn secrets_are_in_no_log_no_answer_and_no_history() {
    let relay = TestRelay::with_env(&[], &[("KREEL_LOG", "debug")]).await;
    let app = LocalApp::answering(200).await;
    let home = Home::new();
    let signing = secret_file(&home, "signing", SIGNING);
    let flags = ["--mark", "github", "--verify-secret-file", &signing];
    let client = Listen::on(&relay)
        .to(&app)
        .flags(&flags)
        .env("KREEL_SECRET_PATH", SEGMENT)
        .env("KREEL_BASIC_AUTH", &format!("hook:{PASSWORD}"))
        .env("KREEL_LOG", "debug")
        .start()
        .await;
    let sender = client.sender();
    let good = || {
        let post = Post::new("POST", format!("/{SEGMENT}/hook"));
        post.header("Authorization", format!("Basic {BASIC}"))
            .body("{}")
    };
    assert_eq!(sender.send(good()).await.status(), 200);
    let almost = sender.post(&format!("/{SEGMENT}x/hook"), "{}").await;
    assert_eq!(almost.status(), 404);
    // To a name that is mistyped, or that nobody has any more.
    let mistyped = Sender::to(&format!("{}/my-tunel", relay.url()), None);
    let nowhere = mistyped.post(&format!("/{SEGMENT}/hook"), "{}").await;
    assert_eq!(nowhere.status(), 404);
    let half = sender.post(&format!("/{SEGMENT}/hook"), "{}").await;
    assert_eq!(half.status(), 401);
    client.has_on_record("answered", 1).await;
    // One that waits is in the relay's file.
    let mut client = client;
    client.terminate().await;
    assert_eq!(sender.send(good()).await.status(), 202);

    let path = format!("/_kreel/tunnels/{}/rules", client.tunnel());
    let answer = ask(&relay, Some(relay.token_file()), Post::new("GET", &path)).await;
    assert_eq!(answer.json()["rules"]["has_secret_path"], true);
    let told = rules(&relay, &client, &[]).await;
    let listed = client.requests(&["list"]).await;
    let shown = client.beside(&["requests", "get", "last", "--show-secrets"]);
    let shown = shown.path("--history", &client.history()).run().await;
    let log = relay.process.stderr();
    assert!(log.contains("/my-tunel/…"), "{log}");
    let mut places = vec![
        ("the relay's log".to_owned(), log.into_bytes()),
        (
            "the client's words".to_owned(),
            client.stderr().into_bytes(),
        ),
        ("an answer".to_owned(), answer.text().into_bytes()),
        (
            "kreel tunnels rules".to_owned(),
            told.to_string().into_bytes(),
        ),
        (
            "kreel requests".to_owned(),
            format!("{listed:?}{shown}").into_bytes(),
        ),
    ];
    places.extend(bytes_below(client.again().at_home().path()));
    for (place, bytes) in &places {
        for secret in [SEGMENT, PASSWORD, BASIC, SIGNING] {
            assert!(!holds(bytes, secret), "{secret} is in {place}");
        }
    }
    // What checks signatures must have its secret; the other two are only recognised.
    let data = bytes_below(&relay.data());
    assert!(
        data.iter().any(|(_, bytes)| holds(bytes, SIGNING)),
        "it is looked for rightly"
    );
    for (place, bytes) in &data {
        for secret in [SEGMENT, PASSWORD, BASIC] {
            assert!(!holds(bytes, secret), "{secret} is in {place}");
        }
    }
}

#[tokio::test]
async fn secrets_are_on_no_screen() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let listen = Listen::on(&relay)
        .to(&app)
        .env("KREEL_SECRET_PATH", SEGMENT)
        .env("KREEL_BASIC_AUTH", &format!("hook:{PASSWORD}"));
    let mut screen = Screen::open(listen, &relay, (160, 40)).await;
    let post = Post::new("POST", format!("/{SEGMENT}/seen"));
    let post = post.header("Authorization", format!("Basic {BASIC}"));
    assert_eq!(screen.sender().send(post.body("{}")).await.status(), 200);
    screen.shows("/seen").await;
    for (tab, text) in [("2", "host"), ("5", "0000  7b 7d")] {
        screen.keys(tab);
        screen.shows(text).await;
    }
    let drawn = screen.bytes();
    for secret in [SEGMENT, PASSWORD, BASIC] {
        assert!(!holds(&drawn, secret), "{secret}");
    }
}

/// A secret that was typed shows in no fault of what was typed beside it.
#[tokio::test]
async fn secrets_are_in_no_fault() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let words = ["--basic-auth", PASSWORD];
    let told = rules(&relay, &client, &words).await;
    told.failed(2, "KR0212", &["colon"]);
    assert!(!told.to_string().contains(PASSWORD), "{told}");
    let words = ["--secret-path", SEGMENT, "--rate-limit", "often"];
    let told = as_token(&relay, relay.token_file(), client.tunnel(), &words).await;
    assert!(
        !told
            .to_string()
            .replace(&words.join(" "), "")
            .contains(SEGMENT),
        "{told}"
    );
    let help = Kreel::new(&["listen", "--help"]).env("KREEL_SECRET_PATH", SEGMENT);
    assert!(!help.run().await.success().contains(SEGMENT));
}
