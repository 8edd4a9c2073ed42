//! Whose a tunnel is: names that are kept, given up, or nobody's; tokens that end by themselves.

use std::time::{Duration, Instant};

use kreel_wire::{GoodbyeReason, WelcomeOrReject};
use serde_json::Value;

use crate::support::{
    DEADLINE, Finished, Kreel, Listen, LocalApp, Post, RawLink, Sender, TestClient, TestRelay,
    eventually, machine,
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
    machine::alone();
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let made = command(&relay, &["create", "guest", "--expires", "4s"]).await;
    let file = relay.data().join("guest");
    std::fs::write(&file, made.success()).unwrap();
    let listed = command(&relay, &["list", "--json"]).await;
    let row: Value = serde_json::from_str(listed.success().lines().last().unwrap()).unwrap();
    let expires: jiff::Timestamp = row["expires_at"].as_str().unwrap().parse().unwrap();
    let bystander = TestClient::listen(&relay, &app, &[]).await;
    let mut guest = Listen::on(&relay)
        .token_file(Some(file.clone()))
        .to(&app)
        .plain()
        .spawn();
    guest.line("its ready line").await;
    let mut link = RawLink::upgraded(&relay, &file).await;
    assert!(matches!(
        link.hello("raw", "guests").await,
        WelcomeOrReject::Welcome(_)
    ));
    assert_eq!(link.goodbye().await.0, GoodbyeReason::Revoked);
    let late = jiff::Timestamp::now().as_millisecond() - expires.as_millisecond();
    assert!((0..1000).contains(&late), "{late} ms after its time");
    let finished = Finished::of(&mut guest.process, DEADLINE).await;
    finished.failed_after_ready(3, "KR0202", &["new token"]);
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
    assert_eq!(gone.status(), 404);
    assert_eq!(gone.json()["detail"], never.json()["detail"], "told apart");
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

/// Whoever only asks leaves nothing behind: a token is taken in where it claims a name.
#[tokio::test]
async fn an_open_relay_takes_in_who_claims_a_name_and_nobody_else() {
    let relay = TestRelay::with(&["--open"]).await;
    let sender = Sender::direct(relay.address());
    let ask = async |token: &str, method: &str, path: &str| {
        let post = Post::new(method, path).header("Authorization", format!("Bearer {token}"));
        let body = if method == "PATCH" { "{}" } else { "" };
        sender.send(post.body(body)).await
    };
    let tokens = async || {
        let listed = command(&relay, &["list", "--json"]).await;
        listed.success().lines().count()
    };
    let before = tokens().await;
    for number in 0..20 {
        let token = format!("a-guess-{number}");
        let who = ask(&token, "GET", "/_kreel/whoami").await;
        assert_eq!((who.status(), &who.json()["token"]), (200, &"new".into()));
        for (method, path, status) in [
            ("GET", "/_kreel/tunnels", 401),
            ("GET", "/_kreel/metrics", 404),
            ("GET", "/_kreel/tunnels/mine/rules", 401),
            ("DELETE", "/_kreel/tunnels/mine/rules?claim", 401),
            ("PATCH", "/_kreel/tunnels/mine/rules", 401),
        ] {
            let answer = ask(&token, method, path).await;
            assert_eq!(answer.status(), status, "{method} {path}");
        }
    }
    assert_eq!(tokens().await, before);
    let claim = "/_kreel/tunnels/mine/rules?claim";
    assert_eq!(ask("a-guess-0", "PATCH", claim).await.status(), 200);
    assert_eq!(tokens().await, before + 1);
    let who = ask("a-guess-0", "GET", "/_kreel/whoami").await;
    let name = who.json()["token"].as_str().unwrap().to_owned();
    assert!(name.starts_with("open-"), "{name}");
    command(&relay, &["revoke", &name]).await.success();
    let who = ask("a-guess-0", "GET", "/_kreel/whoami").await;
    assert_eq!(who.status(), 401, "not welcome again");
}

/// Names that are nobody's, given up, kept but never used, by whomever, and used with a secret path
/// that is not known, are answered alike, in bytes and in time; also by a relay that has read them from its file at its start.
#[tokio::test]
async fn no_name_is_told_from_another_by_its_404() {
    machine::alone();
    let mut relay = TestRelay::start().await;
    relay.another_token("other").await;
    for (token, name) in [("first", "kept"), ("other", "theirs"), ("first", "given")] {
        command(&relay, &["reserve", token, name]).await.success();
    }
    command(&relay, &["release", "given"]).await.success();
    let hidden = Listen::on(&relay).flags(&["--tunnel", "hidden"]);
    let hidden = hidden.env("KREEL_SECRET_PATH", "nobody-knows-it");
    drop(hidden.start().await);
    relay.terminate().await;
    relay.restart_same_port().await;
    let sender = Sender::to(relay.url(), None);
    let names = ["kept", "theirs", "given", "never", "no_name", "hidden"];
    let mut times = [const { Vec::new() }; 6];
    let mut told = Vec::new();
    for round in 0..400 {
        // Interleaved, and each as often in each place.
        for place in 0..names.len() {
            let index = (round + place) % names.len();
            let path = format!("/{}/x", names[index]);
            let asked = Instant::now();
            let answer = sender.post(&path, "guess").await;
            times[index].push(asked.elapsed());
            assert_eq!(answer.status(), 404, "{path}");
            if round == 0 {
                let mut body = answer.json();
                body["request"].take();
                let names: Vec<_> = answer
                    .head
                    .lines()
                    .into_iter()
                    .map(|(name, _)| name)
                    .collect();
                told.push((body, names));
            }
        }
    }
    assert!(told.windows(2).all(|two| two[0] == two[1]), "{told:?}");
    are_alike(&names, &times);
    command(&relay, &["list"]).await.success();
    assert_eq!(sender.post("/kept/x", "guess").await.status(), 404);
}

/// What a token is told of rules that are another's, of a name kept, in use or given up, is what it
/// is told of a name that nobody ever had.
#[tokio::test]
async fn no_name_is_told_from_another_by_its_rules() {
    machine::alone();
    let relay = TestRelay::start().await;
    let token = relay.another_token("other").await;
    let token = std::fs::read_to_string(token).unwrap();
    for name in ["kept", "given"] {
        command(&relay, &["reserve", "first", name]).await.success();
    }
    command(&relay, &["release", "given"]).await.success();
    let used = Listen::on(&relay).flags(&["--tunnel", "used", "--allow-method", "POST"]);
    let _used = used.start().await;
    let sender = Sender::to(relay.url(), None);
    let names = ["kept", "given", "used", "never"];
    for method in ["GET", "DELETE"] {
        let mut times = [const { Vec::new() }; 4];
        let mut told = Vec::new();
        for round in 0..400 {
            for place in 0..names.len() {
                let index = (round + place) % names.len();
                let path = format!("/_kreel/tunnels/{}/rules", names[index]);
                let post = Post::new(method, &path)
                    .header("Authorization", format!("Bearer {}", token.trim()));
                let asked = Instant::now();
                let answer = sender.send(post).await;
                times[index].push(asked.elapsed());
                assert_eq!(answer.status(), 404, "{method} {path}");
                if round == 0 {
                    let mut body = answer.json();
                    body["request"].take();
                    told.push(body);
                }
            }
        }
        assert!(told.windows(2).all(|two| two[0] == two[1]), "{told:?}");
        are_alike(&names, &times);
    }
}

/// None of these takes longer or shorter than the others, as far as so many samples tell.
fn are_alike(names: &[&str], times: &[Vec<Duration>]) {
    for (index, name) in names.iter().enumerate() {
        let others = times
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index);
        let others: Vec<_> = others.flat_map(|(_, times)| times.clone()).collect();
        let likely = is_slower(&times[index], &others);
        // By chance alone 0.5, with a spread of some 0.016 in so many samples.
        assert!((0.42..0.58).contains(&likely), "{name}: {likely}");
    }
}

/// How likely one of these takes longer than one of those (the statistic of Mann and Whitney): 0.5
/// if nothing tells them apart.
#[expect(clippy::cast_precision_loss, reason = "some thousand samples")]
fn is_slower(these: &[Duration], those: &[Duration]) -> f64 {
    let mut sorted = those.to_vec();
    sorted.sort_unstable();
    let below: usize = these
        .iter()
        .map(|time| sorted.partition_point(|other| other < time))
        .sum();
    below as f64 / (these.len() * those.len()) as f64
}
