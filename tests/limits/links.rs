//! Links, tunnels and names.

use std::time::Duration;

use kreel_wire::{RejectReason, WelcomeOrReject};

use super::{Limited, refuses};
use crate::support::{
    Answer, DEADLINE, Kreel, Listen, LocalApp, Post, RawLink, TestClient, within,
};

/// A websocket's key.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

/// What a client is answered that asks for a link.
async fn ask(limited: &Limited, key: &str, from: &str) -> Answer {
    let token = std::fs::read_to_string(limited.relay.token_file()).unwrap();
    let request = [
        ("Connection", "upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
        ("Sec-WebSocket-Protocol", "kreel.v1"),
        ("X-Forwarded-For", from),
    ]
    .into_iter()
    .fold(Post::new("GET", "/_kreel/link"), |post, (name, value)| {
        post.header(name, value)
    });
    let bearer = format!("Bearer {}", token.trim());
    limited
        .sender()
        .send(request.header("Authorization", bearer))
        .await
}

#[tokio::test]
async fn too_many_links() {
    let limited = Limited::by(&["max_links=1"], &[]).await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&limited.relay, &app, &[]).await;
    refuses(&ask(&limited, KEY, "").await, 503, "too_many_links", true);
    limited.refused("too_many_links").await;
    let mut late = Listen::on(&limited.relay).flags(&["--new"]).spawn();
    assert_eq!(late.next_event("error", DEADLINE).await["code"], "KR0111");
    assert_eq!(client.sender().post("/hook", "x").await.status(), 200);
}

#[tokio::test]
async fn too_many_links_of_a_token() {
    let limited = Limited::by(&["max_links_per_token=1"], &[]).await;
    let _client = Listen::on(&limited.relay).start().await;
    refuses(
        &ask(&limited, KEY, "").await,
        429,
        "too_many_links_of_token",
        true,
    );
    limited.refused("too_many_links_of_token").await;
    let mut late = Listen::on(&limited.relay).flags(&["--new"]).spawn();
    assert_eq!(late.next_event("error", DEADLINE).await["code"], "KR0111");
    let other = limited.relay.another_token("other").await;
    Listen::on(&limited.relay)
        .token_file(Some(other))
        .start()
        .await;
}

#[tokio::test]
async fn links_too_often() {
    let limited = Limited::by(&["links_per_second_per_address=1"], &["--behind-proxy"]).await;
    for _ in 0..5 {
        assert_ne!(ask(&limited, "no key", "192.0.2.1").await.status(), 429);
    }
    refuses(
        &ask(&limited, "no key", "192.0.2.1").await,
        429,
        "too_often",
        true,
    );
    assert_ne!(ask(&limited, "no key", "192.0.2.2").await.status(), 429);
    limited.refused("too_often").await;
    // A token can be tried elsewhere, too.
    for (number, (method, path)) in [
        ("GET", "/_kreel/whoami"),
        ("GET", "/_kreel/metrics"),
        ("GET", "/_kreel/tunnels"),
        ("GET", "/_kreel/tunnels/mine/rules"),
        ("PATCH", "/_kreel/tunnels/mine/rules?claim"),
    ]
    .into_iter()
    .enumerate()
    {
        let guess = Post::new(method, path)
            .header("X-Forwarded-For", format!("198.51.100.{number}"))
            .header("Authorization", "Bearer a-guess");
        for _ in 0..5 {
            let answer = limited.sender().send(guess.clone()).await;
            assert!(matches!(answer.status(), 401 | 404), "{path}: {answer:?}");
        }
        let answer = limited.sender().send(guess).await;
        refuses(&answer, 429, "too_often", true);
    }
}

#[tokio::test]
async fn too_many_tunnels_of_a_token() {
    let limited = Limited::by(&["max_tunnels_per_token=1"], &[]).await;
    let token = limited.relay.token_file();
    let mut one = RawLink::upgraded(&limited.relay, &token).await;
    assert!(matches!(
        one.hello("test", "one").await,
        WelcomeOrReject::Welcome(_)
    ));
    let mut two = RawLink::upgraded(&limited.relay, &token).await;
    let WelcomeOrReject::Reject(reject) = two.hello("test", "two").await else {
        panic!("a second one is opened");
    };
    assert_eq!(reject.reason, RejectReason::Full, "{}", reject.message);
    limited.counted("tunnels_of_token").await;
    // Nor is it told which names are others'.
    let other = limited.relay.another_token("other").await;
    let mut others = RawLink::upgraded(&limited.relay, &other).await;
    assert!(matches!(
        others.hello("test", "theirs").await,
        WelcomeOrReject::Welcome(_)
    ));
    let mut probe = RawLink::upgraded(&limited.relay, &token).await;
    let WelcomeOrReject::Reject(taken) = probe.hello("test", "theirs").await else {
        panic!("another's is opened");
    };
    assert_eq!(
        (taken.reason, taken.message.as_str()),
        (reject.reason, reject.message.as_str())
    );
    let mut again = RawLink::upgraded(&limited.relay, &token).await;
    assert!(matches!(
        again.hello("test", "one").await,
        WelcomeOrReject::Welcome(_)
    ));
}

#[tokio::test]
async fn a_name_is_free_after_its_quarantine() {
    let limited = Limited::by(&["quarantine=2s"], &[]).await;
    let command = async |words: &[&str]| {
        let words = [&["token"], words].concat();
        let command = Kreel::new(&words).path("--data", &limited.relay.data());
        command.run().await.success();
    };
    let other = limited.relay.another_token("other").await;
    command(&["reserve", "first", "mine"]).await;
    command(&["release", "mine"]).await;
    let mut refused = 0;
    within("it is free again", DEADLINE, async {
        loop {
            let mut link = RawLink::upgraded(&limited.relay, &other).await;
            match link.hello("test", "mine").await {
                WelcomeOrReject::Welcome(_) => return,
                WelcomeOrReject::Reject(reject) => {
                    assert_eq!(reject.reason, RejectReason::NameTaken);
                    refused += 1;
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    assert!(refused > 0, "nobody else got it at first");
}

#[tokio::test]
async fn too_many_exchanges_wait_on_disk() {
    let limited = Limited::by(&["max_exchanges_per_link=1"], &[]).await;
    let app = LocalApp::held().await;
    let client = Listen::on(&limited.relay)
        .flags(&["--wait", "5m"])
        .to(&app)
        .start()
        .await;
    let sender = client.sender();
    let first = tokio::spawn(async move { sender.post("/hook", "first").await });
    app.receives(1).await;
    let second = client.sender().post("/hook", "second").await;
    assert_eq!(
        (second.status(), &second.json()["state"]),
        (202, &"queued".into())
    );
    app.release(2);
    assert_eq!(
        within("the first", DEADLINE, first).await.unwrap().status(),
        200
    );
    app.receives(2).await;
}
