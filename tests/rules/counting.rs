//! What counts, and for how long: for the rate, and as held in memory.

use std::time::Duration;

use kreel_wire::{Policy, ToClient, WelcomeOrReject};

use super::checked::{BODY, SECRET, by_the_book, post};
use super::{rules, shown};
use crate::support::{DEADLINE, Home, Listen, LocalApp, Post, RawLink, Sender, TestRelay, within};

/// Who can't sign, or sends too much, uses up nothing of what those may send who keep the rules.
#[tokio::test]
async fn what_breaks_another_rule_does_not_count_for_the_rate() {
    let home = Home::new();
    let Some(signed) = by_the_book(&home.project(), BODY.as_bytes()).await else {
        return;
    };
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let flags = [
        "--verify",
        "github",
        "--rate-limit",
        "2/h",
        "--body-limit",
        "100KiB",
    ];
    let listen = Listen::on(&relay).to(&app).flags(&flags);
    let client = listen.env("KREEL_VERIFY_SECRET", SECRET).start().await;
    let sender = client.sender();
    let lines = &signed["github"]["good"];
    let half: &[u8] = &[b'x'; 60_000];
    for _ in 0..3 {
        let unsigned = serde_json::json!({});
        assert_eq!(sender.send(post(&unsigned, BODY)).await.status(), 403);
        assert_eq!(sender.send(post(lines, "{}")).await.status(), 403);
        let large = vec![b'x'; 102_401];
        assert_eq!(sender.send(post(lines, large)).await.status(), 413);
        let chunked = post(lines, "").chunks(&[half, half]);
        assert_eq!(sender.send(chunked).await.status(), 413);
    }
    for status in [200, 200, 429] {
        assert_eq!(sender.send(post(lines, BODY)).await.status(), status);
    }
    let refused = &shown(&relay, &client).await["refused"];
    assert_eq!(
        (&refused["signature"], &refused["body"], &refused["rate"]),
        (&6.into(), &6.into(), &1.into()),
        "{refused}"
    );
    // Marked only, they count, and the rest as before.
    let words = ["--mark", "github", "--verify-secret", SECRET];
    rules(&relay, &client, &words).await.success();
    for status in [413, 413, 413, 200] {
        let body = if status == 200 { 10 } else { 102_401 };
        let sent = sender.send(post(lines, vec![b'x'; body])).await;
        assert_eq!(sent.status(), status);
    }
}

/// What was read to its end first counts as held in memory for as long as it is: here a client that
/// takes nothing has the first, and there is no room for a second.
#[tokio::test]
async fn bodies_that_were_checked_still_count_while_they_wait() {
    let large = || {
        let line = format!("sha256={}", "0".repeat(64));
        let post = Post::new("POST", "/hook").header("X-Hub-Signature-256", line);
        post.body(vec![b'x'; 900_000])
    };
    for strict in [true, false] {
        let relay = TestRelay::with(&["--limit", "body_memory_bytes=1MiB"]).await;
        let token = relay.token_file();
        let change = r#"{"signature":{"scheme":"github","mode":"mark","secret":"x"}}"#;
        let patch = Post::new("PATCH", "/_kreel/tunnels/mine/rules?claim").body(change);
        let set = super::ask(&relay, Some(token.clone()), patch).await;
        assert_eq!(set.status(), 200, "{}", set.text());
        let sender = Sender::to(&format!("{}/mine", relay.url()), None);
        let mut link = RawLink::upgraded(&relay, &token).await;
        let policy = Policy {
            strict,
            wait: if strict { SHORT } else { DEADLINE * 2 },
            ..Policy::default()
        };
        let welcome = link.hello_with("test", "mine", policy).await;
        assert!(matches!(welcome, WelcomeOrReject::Welcome(_)));
        let first = tokio::spawn({
            let sender = sender.clone();
            async move { sender.try_send(large()).await }
        });
        is_handed_one(&mut link).await;
        let second = within("there is no room", DEADLINE, sender.send(large())).await;
        match strict {
            true => assert_eq!(second.json()["code"], "full", "{}", second.text()),
            false => assert_eq!(second.json()["state"], "queued", "{}", second.text()),
        }
        if strict {
            // With its time goes what it took.
            let mut third = Box::pin(is_handed_one(&mut link));
            within("there is room again", DEADLINE, async {
                loop {
                    tokio::select! {
                        () = &mut third => return,
                        refused = sender.send(large()) => assert_eq!(refused.json()["code"], "full"),
                    }
                }
            })
            .await;
            let first = first.await.unwrap().unwrap();
            assert_eq!(first.status(), 504, "{}", first.text());
        }
    }
}

/// How long a sender waits whose time is to be over in this story.
const SHORT: Duration = Duration::from_secs(5);

/// Waits until the relay hands this client a request.
async fn is_handed_one(link: &mut RawLink) {
    while !matches!(link.hears().await, Ok(ToClient::Request(_))) {}
}
