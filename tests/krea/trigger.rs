//! Ready-made webhooks: to an app, to the tunnel of the project, changed, signed, refused.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::Value;

use crate::support::{
    DEADLINE, Finished, Home, Kreel, Listen, LocalApp, Post, TestRelay, programs,
};

async fn to(app: &LocalApp, words: &[&str]) -> Finished {
    let port = app.port().to_string();
    Kreel::new(&["trigger"])
        .args(words)
        .args(&["--to", &port])
        .run()
        .await
}

fn bodies(app: &LocalApp) -> Vec<Value> {
    let texts = app.texts();
    texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect()
}

#[tokio::test]
async fn every_webhook_that_is_listed_arrives() {
    let app = LocalApp::answering(200).await;
    let list = Kreel::new(&["trigger", "--list", "--json"]).run().await;
    let names: Vec<String> = list
        .success()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|event| event["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.len() > 40, "{names:?}");
    for name in &names {
        let before = app.count();
        to(&app, &[name]).await.success();
        let twice = ["krea.duplicate", "krea.conflict", "krea.reordered"].contains(&&**name);
        assert_eq!(app.count() - before, 1 + usize::from(twice), "{name}");
    }
}

#[tokio::test]
async fn each_is_a_job_of_its_own() {
    let app = LocalApp::answering(204).await;
    let words = [
        "krea.completed",
        "--count",
        "5",
        "--interval",
        "1ms",
        "--path",
        "/hook?a=1",
    ];
    let told = to(&app, &words).await;
    assert_eq!(told.success().lines().count(), 5);
    assert!(told.stdout.contains("204 No Content"), "{told}");
    let ids: HashSet<String> = bodies(&app)
        .iter()
        .map(|job| job["job_id"].to_string())
        .collect();
    assert_eq!(ids.len(), 5);
    for one in app.received() {
        assert_eq!(one.head.target(), b"/hook?a=1");
        assert_eq!(
            one.head.value("content-type").as_deref(),
            Some("application/json")
        );
    }
}

#[tokio::test]
async fn bodies_are_changed_as_asked() {
    let app = LocalApp::answering(200).await;
    let changes = [
        "krea.completed",
        "--override",
        "result.urls[0]=http://localhost/a.png",
        "--override",
        "status=failed",
        "--add",
        "error.code=nsfw",
        "--remove",
        "completed_at",
    ];
    to(&app, &changes).await.success();
    let job = bodies(&app).remove(0);
    assert_eq!(job["result"]["urls"][0], "http://localhost/a.png");
    assert_eq!(
        (&job["status"], &job["error"]["code"]),
        (&"failed".into(), &"nsfw".into())
    );
    assert_eq!(job.get("completed_at"), None);
    let port = app.port().to_string();
    let edited = Kreel::new(&["trigger", "krea.completed", "--edit", "--to", &port])
        .env("EDITOR", "sed -i s/completed\\\",/cancelled\\\",/");
    edited.run().await.success();
    assert_eq!(bodies(&app)[1]["status"], "cancelled");
}

#[tokio::test]
async fn a_file_is_sent_byte_for_byte() {
    let app = LocalApp::answering(200).await;
    let home = Home::new();
    let odd = "{ \"job_id\": \"x\" ,\r\n \"n\": 1.0e2 }";
    let port = app.port().to_string();
    let raw = |file: &str| Kreel::new(&["trigger", "--raw", file, "--to", &port]).home(&home);
    std::fs::write(home.project().join("body"), odd).unwrap();
    raw("@body").run().await.success();
    raw("@-")
        .input(odd)
        .args(&["-H", "X-Mark: 7"])
        .run()
        .await
        .success();
    assert_eq!(app.texts(), [odd, odd]);
    assert_eq!(app.received()[1].head.value("x-mark").as_deref(), Some("7"));
}

/// Python's own hmac has the last word.
#[tokio::test]
async fn what_is_signed_verifies_elsewhere() {
    const VERIFY: &str = r"
import base64, hashlib, hmac, sys
scheme, key, sent, prefix = sys.argv[1:5]
body = sys.stdin.buffer.read()
key = base64.b64decode(key) if scheme == 'standard' else key.encode()
mac = hmac.new(key, prefix.encode() + body, hashlib.sha256)
made = base64.b64encode(mac.digest()).decode() if scheme == 'standard' else mac.hexdigest()
sys.exit(0 if made == sent else made + ' is not ' + sent)";
    let Some(python) = programs::find("python3") else {
        return;
    };
    let app = LocalApp::answering(200).await;
    let secret = "c2VjcmV0IG9mIDI0IGJ5dGVzIGhlcmU=";
    for (event, scheme) in [
        ("github.push", "github"),
        ("stripe.payment_intent.succeeded", "stripe"),
        ("standard.user.created", "standard"),
    ] {
        let changed = ["--add", "extra=1", "--secret", secret];
        to(&app, &[&[event][..], &changed].concat()).await.success();
        let got = app.received().pop().unwrap();
        let value = |name: &str| got.head.value(name).unwrap();
        let (signature, prefix) = match scheme {
            "github" => (
                value("x-hub-signature-256").replace("sha256=", ""),
                String::new(),
            ),
            "stripe" => {
                let header = value("stripe-signature");
                let (time, signature) = header.split_once(",v1=").unwrap();
                (signature.to_owned(), format!("{}.", &time[2..]))
            }
            _ => {
                let prefix = format!("{}.{}.", value("webhook-id"), value("webhook-timestamp"));
                (value("webhook-signature").replace("v1,", ""), prefix)
            }
        };
        let mut child = std::process::Command::new(python.clone())
            .args(["-c", VERIFY, scheme, secret, &signature, &prefix])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), &got.body).unwrap();
        assert!(child.wait().unwrap().success(), "{event}");
    }
}

#[tokio::test]
async fn the_project_s_tunnel_is_found() {
    let app = LocalApp::answering(201).await;
    for relay in [TestRelay::start().await, TestRelay::secure().await] {
        let home = Home::new();
        let client = Listen::on(&relay).to(&app).home(&home).start().await;
        let mut words = vec![
            "trigger",
            "krea.failed",
            "--path",
            "hook",
            "--relay",
            relay.url(),
        ];
        let ca = relay.ca().map(|ca| ca.display().to_string());
        if let Some(ca) = &ca {
            words.extend(["--relay-ca", ca]);
        }
        let told = Kreel::new(&words).home(&home).run().await;
        assert!(told.success().contains("201"), "{told}");
        // From another project the tunnel's name does it.
        let named = Kreel::new(&words)
            .args(&["--tunnel", client.tunnel()])
            .run()
            .await;
        assert!(named.success().contains("201"), "{named}");
    }
    assert_eq!(app.count(), 4);
    assert!(
        app.received()
            .iter()
            .all(|one| one.head.target() == b"/hook")
    );
}

#[tokio::test]
async fn the_relay_inside_is_found_and_trusted() {
    let app = LocalApp::answering(200).await;
    let (home, port) = (Home::new(), app.port().to_string());
    let mut listen = Kreel::new(&["listen", &port]).home(&home).start();
    listen.line("its ready line", DEADLINE).await.unwrap();
    Kreel::new(&["trigger", "krea.video"])
        .home(&home)
        .run()
        .await
        .success();
    assert_eq!(app.count(), 1);
    listen.kill().await;
    let nobody = Kreel::new(&["trigger", "krea.video"])
        .home(&home)
        .run()
        .await;
    nobody.failed(5, "KR0604", &["kreel listen"]);
}

#[tokio::test]
async fn what_came_once_can_be_triggered_again() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let home = Home::new();
    let client = Listen::on(&relay).to(&app).home(&home).start().await;
    let odd = b"\x00\xff{\r\n".to_vec();
    let post = Post::new("POST", "/x")
        .header("X-Odd", b"\xfc")
        .body(odd.clone());
    client.sender().send(post).await;
    let kreel = |words: &[&str]| Kreel::new(words).home(&home);
    // The history has it a moment after the app's answer has gone back.
    let start = Instant::now();
    let saved = loop {
        let saved = kreel(&["trigger", "--save", "my-order"]).run().await;
        if saved.code == Some(0) || start.elapsed() > DEADLINE {
            break saved;
        }
    };
    assert!(saved.stderr.contains("kreel trigger my-order"), "{saved}");
    let list = kreel(&["trigger", "--list"]).run().await;
    assert!(list.success().contains("my-order"));
    let port = app.port().to_string();
    kreel(&["trigger", "my-order", "--to", &port])
        .run()
        .await
        .success();
    let again = app.receives(2).await.remove(1);
    assert_eq!(again.body, odd);
    let value = again
        .head
        .lines()
        .into_iter()
        .find(|(name, _)| name == "x-odd");
    assert_eq!(value.unwrap().1, b"\xfc");
    for bad in ["krea.video", "../x", ""] {
        kreel(&["trigger", "--save", bad])
            .run()
            .await
            .failed(2, "KR0308", &["name"]);
    }
    let none = kreel(&["trigger", "--save", "x", "--from", "0199"])
        .run()
        .await;
    none.failed(4, "KR0311", &["0199"]);
}

#[tokio::test]
async fn what_goes_wrong_has_a_code() {
    let app = LocalApp::answering(500).await;
    to(&app, &["krea.completed"])
        .await
        .failed_after_ready(1, "KR0605", &["1 of 1", "500"]);
    to(&app, &["krea.compleat"])
        .await
        .failed(4, "KR0601", &["--list"]);
    to(&app, &["krea.completed", "--override", "nothing=1"])
        .await
        .failed(2, "KR0602", &["nothing"]);
    to(&app, &["krea.not-json", "--add", "a=1"])
        .await
        .failed(2, "KR0602", &["no fields"]);
    to(&app, &["krea.completed", "--override", "a..b=1"])
        .await
        .failed(2, "KR0602", &["path"]);
    to(&LocalApp::absent().await, &["krea.completed"])
        .await
        .failed(5, "KR0604", &["the app runs"]);
    Kreel::new(&["trigger", "krea.completed"])
        .run()
        .await
        .failed(4, "KR0603", &["kreel listen"]);
    let failing =
        Kreel::new(&["trigger", "krea.video", "--edit", "--to", "1"]).env("EDITOR", "false");
    failing.run().await.failed(1, "KR0606", &["EDITOR"]);
    assert_eq!(Kreel::new(&["trigger"]).run().await.code, Some(2));
    assert_eq!(app.count(), 1);
}
