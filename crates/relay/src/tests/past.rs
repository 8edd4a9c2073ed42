//! What a client is sent of the past: all that waits, or what it asks for, and what of it may
//! have been attempted before.

use std::time::Duration;

use kreel_wire::{AnswerMode, Kind, Policy, Request, ToClient, ToRelay, WelcomeOrReject};

use super::support::{TestClient, TestRelay};

fn short_wait() -> Policy {
    Policy {
        wait: Duration::from_millis(200),
        ..Policy::default()
    }
}

impl TestRelay {
    /// A client that wants the past from then on, and how much it was told that is.
    async fn client_since(&self, since_us: u64) -> (TestClient, u64) {
        let mut client = TestClient::connect(self).await;
        let said = client.hello_since("mine", Policy::default(), Some(since_us));
        match said.await {
            WelcomeOrReject::Welcome(welcome) => (client, welcome.waiting),
            WelcomeOrReject::Reject(reject) => panic!("rejected: {reject:?}"),
        }
    }
}

impl TestClient {
    /// The next delivery from the store; acknowledged if wanted.
    async fn queued(&mut self, acknowledge: bool) -> Request {
        let request = self.request().await;
        assert_eq!(request.delivery.kind, Kind::Queued);
        if acknowledge {
            let seqs = vec![request.delivery.seq];
            self.say(ToRelay::Ack { seqs }).await;
        }
        request
    }

    /// Makes sure that nothing more of the store comes: a live one is next.
    async fn has_no_more(&mut self, relay: &TestRelay) {
        let (answer, exchange) = tokio::join!(relay.post("/mine", b"live"), async {
            let request = self.request().await;
            assert_eq!(request.body, "live");
            self.answer(request.exchange, "ok").await;
            request.exchange
        });
        assert!(answer.ends_with("ok"), "{answer} {exchange:?}");
    }
}

#[tokio::test]
async fn what_may_have_been_attempted_says_so() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    relay.post("/mine", b"nobody there").await;
    let mut client = relay.client("mine", short_wait()).await;
    assert!(!client.queued(true).await.delivery.attempted);
    // Its sender waits in vain.
    let (_, request) = tokio::join!(relay.post("/mine", b"too slow"), client.request());
    assert!(!request.delivery.attempted, "this is the first time");
    // The link is lost under it.
    let (_, ()) = tokio::join!(relay.post("/mine", b"lost"), async {
        while !matches!(client.hear().await.unwrap(), ToClient::Request(request) if request.body == "lost")
        {
        }
        drop(client);
    });
    relay.post("/mine", b"nobody again").await;
    let mut client = relay.client("mine", short_wait()).await;
    for (body, attempted) in [("too slow", true), ("lost", true), ("nobody again", false)] {
        let request = client.queued(false).await;
        assert_eq!(
            (&request.body[..], request.delivery.attempted),
            (body.as_bytes(), attempted)
        );
    }
    drop(client);
    // A client attempts what is sent from the store once it has acknowledged it, not before.
    let mut client = relay.client("mine", short_wait()).await;
    for attempted in [true, true, false] {
        let request = client.queued(false).await;
        assert_eq!(request.delivery.attempted, attempted, "{:?}", request.body);
    }
}

#[tokio::test]
async fn with_answer_now_an_unacknowledged_one_counts_as_attempted() {
    let relay = TestRelay::start().await;
    let policy = Policy {
        answer: AnswerMode::Now(200),
        ..Policy::default()
    };
    let mut client = relay.client("mine", policy).await;
    let (answer, _) = tokio::join!(relay.post("/mine", b"now"), client.request());
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    drop(client);
    let mut client = relay.client("mine", policy).await;
    assert!(client.queued(true).await.delivery.attempted);
}

#[tokio::test]
async fn since_brings_the_past_once_and_leaves_the_rest_waiting() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    relay.post("/mine", b"old").await;
    let mut client = relay.client("mine", Policy::default()).await;
    let old = client.queued(false).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(5)).await;

    // Answered by the app, settled by its client, and waiting.
    relay.post("/mine", b"settled").await;
    let mut client = relay.client("mine", Policy::default()).await;
    client.queued(false).await;
    let settled = client.queued(true).await;
    client.has_no_more(&relay).await;
    drop(client);
    tokio::time::sleep(Duration::from_millis(50)).await;
    relay.post("/mine", b"waits").await;

    let (mut client, waiting) = relay.client_since(settled.delivery.received_at_us).await;
    assert_eq!(waiting, 3);
    for (body, attempted) in [("settled", true), ("live", true), ("waits", false)] {
        let request = client.queued(true).await;
        assert_eq!(
            (&request.body[..], request.delivery.attempted),
            (body.as_bytes(), attempted)
        );
    }
    client.has_no_more(&relay).await;
    drop(client);

    // The old one has gone on waiting; what was settled does not come unasked.
    let mut client = relay.client("mine", Policy::default()).await;
    let again = client.queued(false).await;
    assert_eq!(again.delivery.id, old.delivery.id);
    client.has_no_more(&relay).await;
    drop(client);

    // Of the whole past, each once: settled again or not makes no difference.
    let (mut client, waiting) = relay.client_since(0).await;
    assert_eq!(waiting, 6);
    let mut seqs = Vec::new();
    for _ in 0..6 {
        seqs.push(client.queued(true).await.delivery.seq);
    }
    assert!(seqs.is_sorted(), "{seqs:?}");
    client.has_no_more(&relay).await;
}

#[tokio::test]
async fn since_now_brings_only_what_comes() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    for body in [b"a", b"b"] {
        relay.post("/mine", body).await;
    }
    let (mut client, waiting) = relay.client_since(u64::MAX).await;
    assert_eq!(waiting, 0);
    client.has_no_more(&relay).await;
    drop(client);

    // A sender that waits when the link is lost and another opened: it was kept since then.
    let mut client = relay.client("mine", Policy::default()).await;
    client.queued(false).await;
    client.queued(false).await;
    let (answer, mut next) = tokio::join!(relay.post("/mine", b"in between"), async {
        let request = client.request().await;
        assert_eq!(request.body, "in between");
        let (next, waiting) = relay.client_since(u64::MAX).await;
        assert_eq!(waiting, 0);
        next
    });
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    let late = next.queued(true).await;
    assert_eq!(
        (&late.body[..], late.delivery.attempted),
        (&b"in between"[..], true)
    );
    next.has_no_more(&relay).await;
    drop(next);
    let mut client = relay.client("mine", Policy::default()).await;
    assert_eq!(client.queued(true).await.body, "a");
    assert_eq!(client.queued(true).await.body, "b");
}

#[tokio::test]
async fn a_live_delivery_overtakes_thousands_that_wait() {
    let relay = TestRelay::start().await;
    drop(relay.client("mine", Policy::default()).await);
    let post = "POST /mine HTTP/1.1\r\nhost: relay.test\r\ncontent-length: 1\r\n\r\nq";
    let posts = [
        post.repeat(2_499),
        post.replace("content-length", "connection: close\r\ncontent-length"),
    ];
    let posts = posts.concat();
    let sent = (0..4).map(|_| relay.raw(posts.as_bytes()));
    futures_util::future::join_all(sent).await;

    let mut client = TestClient::connect(&relay).await;
    let WelcomeOrReject::Welcome(welcome) = client.hello("mine", Policy::default()).await else {
        panic!("rejected");
    };
    assert_eq!(welcome.waiting, 10_000);
    let (mut seqs, mut live_after) = (Vec::new(), None);
    let live = async {
        // A moment, so that the drain is well under way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        relay.post("/mine", b"live").await
    };
    let drain = async {
        while seqs.len() < 10_000 || live_after.is_none() {
            let request = client.request().await;
            match request.delivery.kind {
                Kind::Live => {
                    live_after = Some(seqs.len());
                    client.answer(request.exchange, "at once").await;
                }
                Kind::Queued => {
                    seqs.push(request.delivery.seq);
                    let acked = vec![request.delivery.seq];
                    client.say(ToRelay::Ack { seqs: acked }).await;
                }
            }
        }
    };
    let (answer, ()) = tokio::join!(live, drain);
    assert!(answer.ends_with("at once"), "{answer}");
    assert!(seqs.is_sorted(), "in order");
    assert!(live_after.unwrap() < 9_000, "it came behind {live_after:?}");
}
