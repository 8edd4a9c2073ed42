//! Running a relay: settings in a file, what is measured, the log, a copy of the data.

mod server;
mod spellings;

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    DEADLINE, Kreel, Listen, LocalApp, Post, Process, Sender, TestClient, TestRelay, eventually,
    free_port,
};

/// A file of settings.
fn settings(folder: &TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("relay.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn with_token(path: &str, token: &Path) -> Post {
    let token = std::fs::read_to_string(token).unwrap();
    Post::new("GET", path).header("Authorization", format!("Bearer {}", token.trim()))
}

#[tokio::test]
async fn limits_in_a_file_count_and_are_read_again_on_a_hangup() {
    let folder = tempfile::tempdir().unwrap();
    let path = settings(&folder, "[limits]\nrequests_per_second_per_tunnel = 1\n");
    let relay = TestRelay::with(&["--config", path.to_str().unwrap()]).await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let mut refused = None;
    for _ in 0..20 {
        let answer = client.sender().post("/hook", "one of many").await;
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status(), 200);
    }
    let refused = refused.expect("five at once, and then one a second");
    assert_eq!(refused.json()["code"], "too_often");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");

    settings(
        &folder,
        "[limits]\nrequests_per_second_per_tunnel = nonsense\n",
    );
    relay.process.signal(Signal::HUP);
    relay.says("KR0303").await;
    settings(&folder, "");
    relay.process.signal(Signal::HUP);
    relay.says("the limits were read again").await;
    for _ in 0..20 {
        assert_eq!(
            client
                .sender()
                .post("/hook", "as many as one likes")
                .await
                .status(),
            200
        );
    }
}

#[tokio::test]
async fn settings_are_looked_at_without_starting_anything() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let text =
        format!("data = {data:?}\nlisten = \"127.0.0.1:0\"\n[limits]\nidle_time = \"30s\"\n");
    let path = settings(&folder, &text);
    let check = || Kreel::new(&["relay", "check"]).path("--config", &path);
    let good = check().run().await;
    good.success();
    assert!(good.stderr.contains("idle_time = 30000"), "{good}");
    assert!(!data.exists(), "nothing is made");
    settings(&folder, "listne = \"127.0.0.1:0\"\n");
    check().run().await.failed(2, "KR0303", &["listne"]);
    settings(
        &folder,
        "tls_cert = \"absent.pem\"\ntls_key = \"absent.pem\"\n",
    );
    check().run().await.failed(1, "KR0404", &["absent.pem"]);
}

/// What the manual tells people to begin with.
#[tokio::test]
async fn the_settings_that_come_along_make_sense() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/relay.toml");
    let folder = tempfile::tempdir().unwrap();
    let check = Kreel::new(&["relay", "check"]).path("--config", &shipped);
    let checked = check
        .path("--data", &folder.path().join("data"))
        .run()
        .await;
    checked.success();
    for said in [
        "a certificate for relay.example",
        "requests_per_second_per_tunnel = 200",
    ] {
        assert!(checked.stderr.contains(said), "{said} in {checked}");
    }
    // The unit gives the relay what it needs to stop in good order and to have its port.
    let unit = include_str!("../deploy/kreel-relay.service");
    for line in [
        "ExecReload=/bin/kill -HUP $MAINPID",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
    ] {
        assert!(unit.lines().any(|there| there == line), "{line}");
    }
}

#[tokio::test]
async fn what_is_measured_has_an_address_of_its_own() {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let relay = TestRelay::with(&["--metrics", &address]).await;
    let app = LocalApp::answering(201).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    client.sender().post("/hook", "measured").await;
    Sender::to(relay.url(), None)
        .post("/nobody", "refused")
        .await;
    let metrics = Sender::direct(address.parse().unwrap());
    let page = metrics.get("/metrics").await;
    let text = page.text();
    for line in [
        r#"kreel_requests_total{status="2xx"} 1"#,
        r#"kreel_refused_total{reason="no_tunnel"} 1"#,
        "kreel_links 1",
        "kreel_tunnels 1",
        "kreel_waiting_deliveries 0",
    ] {
        assert!(text.lines().any(|there| there == line), "{line} in\n{text}");
    }
    assert!(!text.contains(client.tunnel()), "names are secrets");
    assert_eq!(metrics.get("/").await.status(), 404);

    let sender = Sender::to(relay.url(), None);
    for path in [
        "/_kreel/metrics",
        "/x/../_kreel/metrics",
        "/%5fkreel/metrics",
        "/_kreel%2fmetrics",
        "//_kreel/metrics",
    ] {
        assert_eq!(sender.get(path).await.status(), 404, "{path}");
    }
    let listens = sender
        .send(with_token("/_kreel/metrics", &relay.token_file()))
        .await;
    assert_eq!(listens.status(), 404, "a token for listening reads nothing");
    let words = ["token", "create", "boss", "--scope", "admin"];
    let made = Kreel::new(&words).path("--data", &relay.data()).run().await;
    let boss = relay.data().join("boss");
    std::fs::write(&boss, made.success()).unwrap();
    let reads = sender.send(with_token("/_kreel/metrics", &boss)).await;
    assert_eq!(reads.status(), 200);
    assert!(reads.text().contains("kreel_links 1"));
    assert_eq!(sender.get("/_kreel/ready").await.json()["status"], "ready");
    assert_eq!(sender.get("/_kreel/health").await.json()["status"], "ok");
}

#[tokio::test]
async fn a_log_in_json_is_json_whatever_is_sent() {
    let env = [("KREEL_LOG", "debug")];
    let relay = TestRelay::with_env(&["--log-format", "json"], &env).await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let evil = "\u{1b}[2Jx\u{202e}\r\n{\"level\":\"forged\"}";
    let head = format!(
        "POST /{}/hook HTTP/1.1\r\nHost: x\r\nX-Evil: {evil}\r\n\r\n",
        client.tunnel()
    );
    let _ = client.sender().raw(head.as_bytes()).await;
    let secret = std::fs::read_to_string(relay.token_file()).unwrap();
    assert_eq!(client.sender().post("/hook", "fine").await.status(), 200);
    relay.says("a request arrives").await;
    let log = relay.process.stderr();
    let lines: Vec<&str> = log.lines().filter(|line| line.starts_with('{')).collect();
    assert!(lines.len() > 2, "{log}");
    for line in lines {
        let event: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_ne!(event["level"], "forged");
        assert!(
            event["timestamp"].is_string() && event["message"].is_string(),
            "{line}"
        );
    }
    assert!(!log.contains('\u{1b}') && !log.contains('\u{202e}'));
    assert!(!log.contains(secret.trim()));
    assert!(log.contains("a request arrives"), "{log}");
}

#[tokio::test]
async fn a_copy_made_while_it_runs_is_a_relay_again() {
    let mut relay = TestRelay::start().await;
    let mut client = Listen::on(&relay)
        .flags(&["--tunnel", "mine"])
        .start()
        .await;
    client.terminate().await;
    let sender = Sender::to(relay.url(), None);
    assert_eq!(sender.post("/mine/hook", "kept").await.status(), 202);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("relay.db");
    let data = relay.data();
    let backup = async || {
        let words = ["relay", "backup", copy.to_str().unwrap()];
        Kreel::new(&words).path("--data", &data).run().await
    };
    backup().await.success();
    backup().await.failed(1, "KR0402", &["relay.db"]);
    let token = relay.token_file();
    relay.kill().await;

    let options = ["relay", "--listen", "127.0.0.1:0", "--tls", "off", "--json"];
    let mut again = Kreel::new(&options).path("--data", folder.path()).start();
    let line = again.line("its ready line", DEADLINE).await.unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let app = LocalApp::answering(200).await;
    let client = Listen::at(ready["url"].as_str().unwrap())
        .token_file(Some(token))
        .flags(&["--tunnel", "mine"])
        .to(&app)
        .start()
        .await;
    eventually("what was kept arrives", DEADLINE, || app.count() == 1).await;
    assert_eq!(app.texts(), ["kept"]);
    drop(client);
    stop(&mut again).await;
}

async fn stop(process: &mut Process) {
    process.terminate().await;
}
