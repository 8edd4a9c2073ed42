//! Whose a tunnel is: names that are kept, given up, or nobody's; tokens that end by themselves.

use std::time::{Duration, Instant};

use crate::support::{
    DEADLINE, Finished, Kreel, Listen, LocalApp, Sender, TestClient, TestRelay, eventually, machine,
};

async fn command(relay: &TestRelay, words: &[&str]) -> Finished {
    let words = [&["token"], words].concat();
    Kreel::new(&words).path("--data", &relay.data()).run().await
}

/// Another token's attempt to open this tunnel.
async fn is_refused(relay: &TestRelay, token: &std::path::Path, tunnel: &str) {
    let mut thief = Listen::on(relay)
        .token_file(Some(token.to_owned()))
        .flags(&["--tunnel", tunnel])
        .spawn();
    assert_eq!(thief.next_event("error", DEADLINE).await["code"], "KR0113");
    assert_eq!(thief.exit_code(DEADLINE).await, Some(3));
}

#[tokio::test]
async fn a_token_that_expires_ends_its_link() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let made = command(&relay, &["create", "guest", "--expires", "4s"]).await;
    let begun = Instant::now();
    let file = relay.data().join("guest");
    std::fs::write(&file, made.success()).unwrap();
    let bystander = TestClient::listen(&relay, &app, &[]).await;
    let mut guest = Listen::on(&relay)
        .token_file(Some(file))
        .to(&app)
        .plain()
        .spawn();
    guest.line("its ready line").await;
    let finished = Finished::of(&mut guest.process, DEADLINE).await;
    let lived = begun.elapsed();
    finished.failed_after_ready(3, "KR0202", &["new token"]);
    assert!(lived > Duration::from_secs(3), "{lived:?}");
    let listed = command(&relay, &["list"]).await;
    assert!(listed.success().contains("expired 2"), "{listed}");
    assert_eq!(
        bystander
            .sender()
            .post("/hook", "undisturbed")
            .await
            .status(),
        200
    );
}

#[tokio::test]
async fn only_reserved_names_open_where_that_is_asked_for() {
    let relay = TestRelay::with(&["--reserved-only"]).await;
    let token = relay.another_token("laptop").await;
    is_refused(&relay, &token, "mine").await;
    command(&relay, &["reserve", "laptop", "mine"])
        .await
        .success();
    let listen = || {
        Listen::on(&relay)
            .token_file(Some(token.clone()))
            .flags(&["--tunnel", "mine"])
    };
    let client = listen().start().await;
    assert_eq!(client.tunnel(), "mine");
    is_refused(&relay, &relay.token_file(), "mine").await;
    let listed = command(&relay, &["tunnels"]).await;
    assert!(
        listed.success().contains("mine") && listed.stdout.contains("laptop"),
        "{listed}"
    );
}

#[tokio::test]
async fn a_name_that_is_given_up_is_gone_and_nobody_inherits_it() {
    let relay = TestRelay::start().await;
    let other = relay.another_token("other").await;
    let app = LocalApp::answering(200).await;
    let mut owner = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .to(&app)
        .plain()
        .spawn();
    owner.line("its ready line").await;
    is_refused(&relay, &other, "mine").await;
    command(&relay, &["release", "mine"]).await.success();
    Finished::of(&mut owner.process, DEADLINE)
        .await
        .failed_after_ready(3, "KR0202", &[]);

    let sender = Sender::to(relay.url(), None);
    let (gone, never) = (
        sender.post("/mine/x", "late").await,
        sender.post("/never/x", "late").await,
    );
    assert_eq!(
        (gone.status(), gone.text()),
        (404, never.text()),
        "told apart"
    );
    is_refused(&relay, &other, "mine").await;
    let again = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .start()
        .await;
    assert_eq!(again.tunnel(), "mine", "its last owner gets it back");
    // What waits is not thrown away unasked.
    drop(again);
    eventually("nobody listens", DEADLINE, || {
        relay.process.stderr().matches("a client left").count() >= 2
    })
    .await;
    assert_eq!(sender.post("/mine/x", "kept").await.status(), 202);
    command(&relay, &["release", "mine"])
        .await
        .failed(2, "KR0305", &["1 deliveries", "--discard"]);
    command(&relay, &["release", "mine", "--discard"])
        .await
        .success();
    command(&relay, &["release", "mine"])
        .await
        .failed(4, "KR0207", &["mine"]);
}

#[tokio::test]
async fn a_tunnel_that_is_given_to_another_token_changes_hands_at_once() {
    let relay = TestRelay::start().await;
    let other = relay.another_token("other").await;
    let mut owner = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .plain()
        .spawn();
    owner.line("its ready line").await;
    command(&relay, &["reserve", "other", "mine"])
        .await
        .failed(3, "KR0113", &["--take"]);
    command(&relay, &["reserve", "other", "mine", "--take"])
        .await
        .success();
    let taken = Instant::now();
    Finished::of(&mut owner.process, DEADLINE)
        .await
        .failed_after_ready(3, "KR0202", &[]);
    assert!(
        taken.elapsed() < Duration::from_secs(3),
        "{:?}",
        taken.elapsed()
    );
    Listen::on(&relay)
        .token_file(Some(other))
        .flags(&["--tunnel", "mine"])
        .start()
        .await;
}

#[tokio::test]
async fn an_open_relay_says_so_and_still_keeps_tunnels_apart() {
    let relay = TestRelay::with(&["--open"]).await;
    relay.says("--open: whoever reaches this relay").await;
    let tokens = ["a-token-of-my-own-making", "another-one-of-my-making"];
    let listen = |token: &str| {
        Listen::at(relay.url())
            .env("KREEL_TOKEN", token)
            .flags(&["--tunnel", "mine"])
    };
    let client = listen(tokens[0]).start().await;
    assert_eq!(client.tunnel(), "mine");
    let mut thief = listen(tokens[1]).spawn();
    assert_eq!(thief.next_event("error", DEADLINE).await["code"], "KR0113");
    command(&relay, &["revoke", "open-2"]).await.success();
    let mut revoked = listen(tokens[0]).spawn();
    assert_eq!(
        revoked.next_event("error", DEADLINE).await["code"],
        "KR0201",
        "not taken in again"
    );
}

/// Names that are nobody's, given up, and kept but never used are answered alike, in bytes and in
/// time.
#[tokio::test]
async fn no_name_is_told_from_another_by_its_404() {
    machine::alone();
    let relay = TestRelay::start().await;
    command(&relay, &["reserve", "first", "kept"])
        .await
        .success();
    command(&relay, &["reserve", "first", "given"])
        .await
        .success();
    command(&relay, &["release", "given"]).await.success();
    let sender = Sender::to(relay.url(), None);
    let names = ["kept", "given", "never"];
    let mut times = [const { Vec::new() }; 3];
    let mut bodies = Vec::new();
    for round in 0..300 {
        for (index, name) in names.iter().enumerate() {
            let asked = Instant::now();
            let answer = sender.post(&format!("/{name}/x"), "guess").await;
            times[index].push(asked.elapsed());
            assert_eq!(answer.status(), 404);
            if round == 0 {
                bodies.push(answer.text());
            }
        }
    }
    assert!(bodies.windows(2).all(|two| two[0] == two[1]), "{bodies:?}");
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(
        most.as_secs_f64() < least.as_secs_f64() * 1.5,
        "{names:?}: {medians:?}"
    );
}
