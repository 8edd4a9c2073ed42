//! Several kreels with one history: two that listen, others that look, all at once under load; and
//! one that takes another's place.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use crate::support::{
    DEADLINE, Home, Kreel, Listen, LocalApp, Post, Sender, TestClient, TestRelay, within,
};

const SENDERS: usize = 64;
const POSTS: usize = 3200;

/// Posts its share, one after another on one connection; each is answered by the app.
async fn send_all(sender: Sender, number: usize) {
    let mut connection = sender.connect().await;
    for one in 0..POSTS / SENDERS {
        let post = Post::new("POST", "/load").body(format!("sender{number} post{one}"));
        let bytes = sender.bytes(&post);
        let answer = connection.exchange(&bytes);
        let answer = within("an answer", DEADLINE, answer).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}

/// Runs these words over and over until it is over; how often.
async fn look(home: Home, words: &'static [&'static str], over: Arc<AtomicBool>) -> usize {
    let mut times = 0;
    while !over.load(Ordering::Relaxed) {
        let told = Kreel::new(words).home(&home).run().await;
        told.success();
        for trouble in ["error", "warning", "locked", "busy", "damaged"] {
            assert!(!told.stderr.contains(trouble), "{told}");
        }
        times += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_listen_with_one_history_while_others_look() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let home = Home::new();
    let listen = |tunnel: &str| {
        let listen = Listen::on(&relay).to(&app).home(&home);
        listen.flags(&["--tunnel", tunnel])
    };
    let mut clients = [listen("one").start().await, listen("other").start().await];
    let over = Arc::new(AtomicBool::new(false));
    let mut lookers = JoinSet::new();
    for words in [
        &["requests", "list", "--json", "--limit", "100"][..],
        &["requests", "search", "sender7", "--json"],
        &["requests", "list", "--tunnel", "other"],
    ] {
        lookers.spawn(look(home.clone(), words, over.clone()));
    }
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        senders.spawn(send_all(clients[number % 2].sender(), number));
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let times = lookers.join_all().await;
    assert!(times.iter().all(|times| *times > 0), "{times:?}");

    for client in &mut clients {
        assert_eq!(client.terminate().await, Some(143));
        assert_eq!(client.stderr(), "");
        let troubles = ["history_failing", "reconnecting", "error"];
        let trouble = client
            .events()
            .iter()
            .find(|event| troubles.iter().any(|kind| event["type"] == *kind));
        assert!(trouble.is_none(), "{trouble:?}");
        let last = client
            .events()
            .iter()
            .rfind(|event| event["type"] == "counters");
        assert_eq!(last.expect("counters")["delivered"], POSTS / 2);
    }
    let rows = clients[0].requests(&["list", "--limit", "100000"]).await;
    assert!(rows.iter().all(|row| row["standing"] == "answered"));
    let ids: BTreeSet<_> = rows.iter().map(|row| row["id"].to_string()).collect();
    assert_eq!((rows.len(), ids.len(), app.count()), (POSTS, POSTS, POSTS));
    let found = clients[1].requests(&["search", "sender63"]).await;
    assert_eq!(found.len(), POSTS / SENDERS);
}

/// The same tunnel, the same history: the second replaces the first, and what waits is the
/// second's, in order and once.
#[tokio::test]
async fn a_second_one_on_the_tunnel_takes_over_what_waits() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let home = Home::new();
    let listen = || Listen::on(&relay).to(&app).home(&home);
    let mut first = listen().flags(&["--answer", "now=202"]).start().await;
    let sender = first.sender();
    for number in 0..40 {
        let answer = sender.post("/hook", number.to_string()).await;
        assert_eq!(answer.status(), 202);
    }
    first.has_on_record("waiting", 40).await;
    let second = listen().flags(&["--answer", "now=202"]).start().await;
    assert_eq!(second.url(), first.url());
    let code = first.exit_code(DEADLINE).await;
    assert_ne!(code, Some(0), "{}", first.stderr());
    assert!(first.stderr().contains("KR0"), "{}", first.stderr());
    for number in 40..60 {
        let answer = sender.post("/hook", number.to_string()).await;
        assert_eq!(answer.status(), 202);
    }
    app.restart().await;
    second.has_on_record("answered", 60).await;
    let numbers: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    assert_eq!(app.texts(), numbers);
    assert_eq!(second.status().await["waiting"], 0);
}

/// The first is at work on one when it is replaced: that one is finished or comes once more.
#[tokio::test]
async fn one_that_is_replaced_at_work_leaves_nothing_undone() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let home = Home::new();
    let listen = || {
        Listen::on(&relay)
            .to(&app)
            .home(&home)
            .flags(&["--answer", "now=202"])
    };
    let mut first: TestClient = listen().start().await;
    let sender = first.sender();
    for body in ["0", "1", "2"] {
        assert_eq!(sender.post("/hook", body).await.status(), 202);
    }
    app.receives(1).await;
    let second = listen().start().await;
    first.exit_code(DEADLINE).await;
    app.release(100);
    second.has_on_record("answered", 3).await;
    let mut texts = app.texts();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts, ["0", "1", "2"]);
    for one in app.received() {
        assert!(one.attempt() <= 2, "{}", one.text());
    }
}
