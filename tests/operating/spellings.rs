//! The relay's own paths, spelled in every way that some reader somewhere takes for them: whoever
//! is behind a spelling, it is never the relay.

use crate::support::h2::{END_HEADERS, END_STREAM, Heard, Http2, frame, head, kind};
use crate::support::{Kreel, Listen, LocalApp, Post, Received, Sender, TestClient, TestRelay};

/// Ways to write `/`.
const SLASHES: [&str; 8] = ["/", "//", "/./", "%2f", "%2F", "%5c", "%c0%af", "%252f"];

/// Ways to write "one level up"; nothing for no level at all.
const UPS: [&str; 8] = [
    "",
    "/..",
    "/%2e%2e",
    "/.%2E",
    "/..;x",
    "/..%00",
    "/%252e%252e",
    "/....",
];

/// Ways to write the relay's own folder.
const FOLDERS: [&str; 8] = [
    "_kreel",
    "%5fkreel",
    "_%6breel",
    "_KREEL",
    "_kreel;x",
    "_kreel%00",
    "_kreel.",
    "%255fkreel",
];

/// What nobody but an admin reads, and nobody at all by another spelling.
const PAGE: &str = "metrics";

/// All spellings but the right one, below what is in front.
fn spellings(front: &str) -> Vec<String> {
    let mut all = Vec::new();
    for up in UPS {
        for slash in SLASHES {
            for folder in FOLDERS {
                // The second slash is each of them in turn.
                let between = SLASHES[(all.len() / 8 + all.len()) % SLASHES.len()];
                // The first of a path is a `/` in any case: else it is none, and is refused.
                let is_path = !front.is_empty() || up.starts_with('/') || slash.starts_with('/');
                let lead = if is_path { "" } else { "/" };
                all.push(format!("{front}{lead}{up}{slash}{folder}{between}{PAGE}"));
            }
        }
    }
    all.retain(|path| path != &format!("/_kreel/{PAGE}"));
    all
}

/// An admin's token, so that nothing but the path is in the way.
async fn admin(relay: &TestRelay) -> String {
    let words = ["token", "create", "boss", "--scope", "admin"];
    let made = Kreel::new(&words).path("--data", &relay.data()).run().await;
    format!("Bearer {}", made.success().trim())
}

/// What the app got, all of it as it was sent.
fn targets(app: &LocalApp) -> Vec<String> {
    let received = app.received();
    let target = |got: &Received| String::from_utf8(got.head.target()).unwrap();
    received.iter().map(target).collect()
}

#[tokio::test]
async fn over_http_1_no_spelling_leads_from_a_tunnel_to_the_relay() {
    let relay = TestRelay::with(&["--metrics", "127.0.0.1:0"]).await;
    let (bearer, app) = (admin(&relay).await, LocalApp::answering(204).await);
    let client = TestClient::listen(&relay, &app, &["--tunnel", "mine"]).await;
    let sender = Sender::to(relay.url(), None);
    let open = Post::new("GET", "/_kreel/metrics").header("Authorization", &bearer);
    assert_eq!(
        sender.send(open).await.status(),
        200,
        "the one right spelling"
    );

    let mut expected = Vec::new();
    let mut connection = sender.connect().await;
    for path in spellings("/mine") {
        let post = Post::new("GET", &path).header("Authorization", &bearer);
        let answer = connection.exchange(&sender.bytes(&post)).await.unwrap();
        // `/mine%2f…` is another name, which nobody has.
        match path["/mine".len()..].starts_with('/') {
            true => {
                assert_eq!(answer.status(), 204, "{path}");
                expected.push(path["/mine".len()..].to_owned());
            }
            false => assert_eq!(answer.status(), 404, "{path}"),
        }
    }
    assert_eq!(targets(&app), expected, "to the byte");
    for path in spellings("") {
        let post = Post::new("GET", &path).header("Authorization", &bearer);
        assert_eq!(
            connection
                .exchange(&sender.bytes(&post))
                .await
                .unwrap()
                .status(),
            404,
            "{path}"
        );
    }
    drop(client);
}

#[tokio::test]
async fn over_http_2_no_spelling_leads_from_a_tunnel_to_the_relay() {
    let relay = TestRelay::with(&["--tls", "self-signed", "--metrics", "127.0.0.1:0"]).await;
    let (bearer, app) = (admin(&relay).await, LocalApp::answering(204).await);
    let client = TestClient::listen(&relay, &app, &["--tunnel", "mine"]).await;
    let mut connection = Http2::to(&relay).await;
    let mut stream = 1;
    let authority = relay.address().to_string();
    let mut asks = async |path: &str| {
        let lines: [(&[u8], &[u8]); 5] = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", authority.as_bytes()),
            (b":path", path.as_bytes()),
            (b"authorization", bearer.as_bytes()),
        ];
        let flags = END_STREAM | END_HEADERS;
        let opening = frame(kind::HEADERS, flags, stream, &head(&lines));
        connection.write(&opening).await.unwrap();
        let heard = connection.hears(stream).await;
        stream += 2;
        heard
    };
    assert_eq!(asks("/_kreel/metrics").await, Heard::Answer(Some(200)));
    let mut expected = Vec::new();
    for path in spellings("/mine") {
        let is_mine = path["/mine".len()..].starts_with('/');
        let status = if is_mine { 204 } else { 404 };
        assert_eq!(asks(&path).await, Heard::Answer(Some(status)), "{path}");
        if is_mine {
            expected.push(path["/mine".len()..].to_owned());
        }
    }
    assert_eq!(targets(&app), expected, "to the byte");
    for path in spellings("") {
        assert_eq!(asks(&path).await, Heard::Answer(Some(404)), "{path}");
    }
    drop(client);
}

#[tokio::test]
async fn on_a_subdomain_there_is_nothing_of_the_relays() {
    let relay = TestRelay::with(&[
        "--domain",
        "relay.test",
        "--public-url",
        "http://127.0.0.1:9",
        "--metrics",
        "127.0.0.1:0",
    ])
    .await;
    let (bearer, app) = (admin(&relay).await, LocalApp::answering(204).await);
    let client = Listen::on(&relay)
        .relay(&format!("http://{}", relay.address()))
        .flags(&["--tunnel", "mine"])
        .to(&app)
        .start()
        .await;
    let sender = Sender::direct(relay.address());
    let mut connection = sender.connect().await;
    let mut expected = vec![format!("/_kreel/{PAGE}")];
    expected.extend(spellings(""));
    for path in &expected {
        let post = Post::new("GET", path)
            .host("mine.relay.test")
            .header("Authorization", &bearer);
        assert_eq!(
            connection
                .exchange(&sender.bytes(&post))
                .await
                .unwrap()
                .status(),
            204,
            "{path}"
        );
    }
    assert_eq!(targets(&app), expected, "to the byte");
    drop(client);
}
