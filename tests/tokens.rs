//! Tokens: who may open tunnels, and that nobody else ever sees what they show for it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use kreel_wire::{GoodbyeReason, RejectReason, WelcomeOrReject};
use serde_json::Value;

use crate::support::{
    DEADLINE, Finished, Home, Kreel, Listen, LocalApp, Process, RawLink, Sender, TestClient,
    TestRelay, machine,
};

/// How soon a revoked token's link must be gone.
const REVOKED: Duration = Duration::from_secs(1);

/// `kreel relay` without a token file, until it is ready.
async fn relay_without_file(data: &Path) -> Process {
    let words = ["relay", "--listen", "127.0.0.1:0", "--tls", "off", "--json"];
    let mut relay = Kreel::new(&words)
        .path("--data", data)
        .env("KREEL_LOG", "trace")
        .start();
    assert!(
        relay
            .line("its ready line", DEADLINE)
            .await
            .expect("it starts")
            .contains("ready")
    );
    relay
}

/// The words of a text that are tokens.
fn tokens_in(text: &str) -> Vec<String> {
    let words = text
        .split_whitespace()
        .filter(|word| word.starts_with("kreel_") && word.len() > 40);
    words.map(str::to_owned).collect()
}

/// What each file below a folder holds.
fn files_below(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.iter().map(|file| std::fs::read(file).unwrap());
    here.chain(folders.iter().flat_map(|folder| files_below(folder)))
        .collect()
}

fn holds(bytes: &[u8], token: &str) -> bool {
    bytes
        .windows(token.len())
        .any(|part| part == token.as_bytes())
}

fn token_command(words: &[&str], relay: &TestRelay) -> Kreel {
    Kreel::new(&[&["token"], words].concat()).path("--data", &relay.data())
}

#[tokio::test]
async fn the_first_token_is_shown_once_and_kept_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut relay = relay_without_file(&data).await;
    let found = tokens_in(&relay.stderr());
    let [token] = &found[..] else {
        panic!("{}", relay.trouble("did not print one token"))
    };
    assert!(
        !holds(relay.stderr().replacen(token, "", 1).as_bytes(), token),
        "it is shown a second time"
    );
    for file in files_below(&data) {
        assert!(!holds(&file, token), "it is on disk");
    }
    relay.terminate().await;

    let mut relay = relay_without_file(&data).await;
    assert!(
        tokens_in(&relay.stderr()).is_empty(),
        "{}",
        relay.trouble("printed a token again")
    );
    assert!(!relay.stderr().contains(token));
    relay.kill().await;
    let listed = Kreel::new(&["token", "list"])
        .path("--data", &data)
        .run()
        .await;
    assert!(!listed.success().contains(token), "{listed}");
}

#[tokio::test]
async fn a_token_file_is_made_for_its_owner_alone_and_used_again() {
    let mut relay = TestRelay::start().await;
    let file = relay.token_file();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = std::fs::read_to_string(&file).unwrap();
    assert_eq!(tokens_in(&token), [token.trim()]);
    assert!(
        !relay.process.stderr().contains(token.trim()),
        "who has it in a file need not see it"
    );
    relay.terminate().await;
    relay.restart_same_port().await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), token);
    Listen::on(&relay).start().await;
    let list = token_command(&["list", "--json"], &relay).run().await;
    assert_eq!(
        list.success().lines().count(),
        1,
        "a second start makes no second token: {list}"
    );
}

#[tokio::test]
async fn tokens_are_made_listed_and_revoked_beside_a_running_relay() {
    let relay = TestRelay::start().await;
    let made = token_command(&["create", "laptop"], &relay).run().await;
    let token = made.success().trim().to_owned();
    assert_eq!(tokens_in(made.success()), [&*token], "{made}");
    token_command(&["create", "laptop"], &relay)
        .run()
        .await
        .failed(1, "KR0208", &["laptop"]);
    let client = Listen::at(relay.url())
        .env("KREEL_TOKEN", &token)
        .start()
        .await;

    let listed = token_command(&["list"], &relay).run().await;
    assert!(
        listed.success().contains("laptop") && !listed.stdout.contains(&token),
        "{listed}"
    );
    let rows = token_command(&["list", "--json"], &relay).run().await;
    let rows: Vec<Value> = rows
        .success()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(
        (&rows[1]["name"], &rows[1]["revoked_at"]),
        (&Value::from("laptop"), &Value::Null)
    );
    assert!(
        rows[1]["created_at"].is_string() && rows[1]["last_used_at"].is_string(),
        "{:?}",
        rows[1]
    );
    drop(client);

    let revoked = token_command(&["revoke", "laptop"], &relay).run().await;
    assert_eq!(revoked.success(), "", "{revoked}");
    token_command(&["revoke", "laptop"], &relay)
        .run()
        .await
        .failed(4, "KR0207", &["laptop"]);
    let rows = token_command(&["list", "--json"], &relay).run().await;
    assert!(
        rows.success()
            .lines()
            .nth(1)
            .unwrap()
            .contains(r#""revoked_at":"2"#),
        "{rows}"
    );
    let json = token_command(&["create", "laptop", "--json"], &relay)
        .run()
        .await;
    let json: Value = serde_json::from_str(json.success()).unwrap();
    assert_eq!(json["name"], "laptop", "the name is free again");
}

#[tokio::test]
async fn a_revoked_token_ends_its_link_and_its_client() {
    machine::alone();
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let token = relay.another_token("guest").await;
    let mut bystander = TestClient::listen(&relay, &app, &[]).await;
    let mut guest = Listen::on(&relay)
        .token_file(Some(token.clone()))
        .to(&app)
        .plain()
        .spawn();
    guest.line("its ready line").await;
    let mut link = RawLink::upgraded(&relay, &token).await;
    assert!(matches!(
        link.hello("raw", "guests").await,
        WelcomeOrReject::Welcome(_)
    ));

    token_command(&["revoke", "guest"], &relay)
        .run()
        .await
        .success();
    let revoked = Instant::now();
    let (reason, message) = link.goodbye().await;
    assert!(revoked.elapsed() < REVOKED, "{:?}", revoked.elapsed());
    assert_eq!(reason, GoodbyeReason::Revoked, "{message}");
    let finished = Finished::of(&mut guest.process, DEADLINE).await;
    finished.failed_after_ready(3, "KR0202", &["revoked", "new token"]);
    assert_eq!(
        bystander
            .sender()
            .post("/hook", "undisturbed")
            .await
            .status(),
        200
    );
    assert!(
        bystander
            .events()
            .iter()
            .all(|event| event["type"] != "reconnecting")
    );
}

/// A token is shown at the upgrade, and the tunnel asked for later: much may happen in between.
#[tokio::test]
async fn a_token_revoked_before_hello_opens_nothing() {
    let relay = TestRelay::start().await;
    let token = relay.another_token("guest").await;
    let mut late = RawLink::upgraded(&relay, &token).await;
    let mut soon = RawLink::upgraded(&relay, &token).await;
    assert!(matches!(
        soon.hello("raw", "first").await,
        WelcomeOrReject::Welcome(_)
    ));
    token_command(&["revoke", "guest"], &relay)
        .run()
        .await
        .success();
    // The relay has looked at its tokens since, and will not look again unasked.
    assert_eq!(soon.goodbye().await.0, GoodbyeReason::Revoked);
    let WelcomeOrReject::Reject(reject) = late.hello("raw", "first").await else {
        panic!("a revoked token is welcome");
    };
    assert_eq!(reject.reason, RejectReason::Revoked, "{}", reject.message);
    let sender = Sender::to(relay.url(), None);
    assert_eq!(sender.post("/first/hook", "x").await.status(), 202);
    assert_eq!(sender.post("/another/hook", "x").await.status(), 404);
}

#[tokio::test]
async fn a_tunnel_stays_its_owners_across_restarts() {
    let mut relay = TestRelay::start().await;
    let other = relay.another_token("other").await;
    let mut owner = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .start()
        .await;
    owner.terminate().await;
    relay.kill().await;
    relay.restart_same_port().await;
    let mut thief = Listen::on(&relay)
        .token_file(Some(other))
        .flags(&["--tunnel", "mine"])
        .spawn();
    assert_eq!(thief.next_event("error", DEADLINE).await["code"], "KR0113");
    assert_eq!(thief.exit_code(DEADLINE).await, Some(3));
    owner.again().start().await;
}

#[tokio::test]
async fn a_token_from_a_file_or_the_environment_is_seen_by_nobody() {
    let relay = TestRelay::with_env(&[], &[("KREEL_LOG", "trace")]).await;
    let app = LocalApp::answering(200).await;
    let token = std::fs::read_to_string(relay.token_file())
        .unwrap()
        .trim()
        .to_owned();
    let from_file = Listen::on(&relay).env("KREEL_LOG", "trace");
    let from_env = Listen::at(relay.url())
        .env("KREEL_TOKEN", &token)
        .env("KREEL_LOG", "debug");
    let home = Home::new();
    let logged_in = home.path().join("config/kreel");
    std::fs::create_dir_all(&logged_in).unwrap();
    let login = format!("relay = \"{}\"\ntoken = \"{token}\"\n", relay.url());
    std::fs::write(logged_in.join("config.toml"), login).unwrap();
    let from_login = Listen::on(&relay)
        .token_file(None)
        .home(&home)
        .env("KREEL_LOG", "trace");

    for listen in [from_file, from_env, from_login] {
        let mut client = listen.to(&app).start().await;
        assert_eq!(client.sender().post("/hook", "x").await.status(), 200);
        client.next_event("attempt", DEADLINE).await;
        for process in [&client.process, &relay.process] {
            let words = std::fs::read(format!("/proc/{}/cmdline", process.pid())).unwrap();
            assert!(
                holds(&words, "kreel") && !holds(&words, &token),
                "it is in the list of processes"
            );
        }
        client.terminate().await;
        let said: Vec<String> = client.events().iter().map(Value::to_string).collect();
        assert!(!said.concat().contains(&token), "it is on standard output");
        assert!(!client.stderr().contains(&token), "it is in the log");
    }
    relay.says("a client listens").await;
    assert!(
        !relay.process.stderr().contains(&token),
        "it is in the relay's log"
    );
    for file in files_below(&relay.data()) {
        assert!(!holds(&file, &token), "it is in the relay's files");
    }
}

#[tokio::test]
async fn a_folder_without_a_relay_is_not_taken_for_one() {
    let home = Home::new();
    let folder = home.path().join("mistyped");
    for words in [&["list"][..], &["list", "--json"], &["revoke", "laptop"]] {
        let command = Kreel::new(&[&["token"], words].concat()).path("--data", &folder);
        let finished = command.run().await;
        finished.failed(1, "KR0402", &["there is no relay in", "mistyped", "--data"]);
        assert!(!folder.exists(), "it came into being");
    }
    let made = Kreel::new(&["token", "create", "laptop"]).path("--data", &folder);
    made.run().await.success();
    let list = Kreel::new(&["token", "list"]).path("--data", &folder);
    assert!(list.run().await.success().contains("laptop"));
}
