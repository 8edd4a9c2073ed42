//! The account: received, delivered, waiting, failed, broken off, lost and duplicates are true,
//! and the same wherever they are told.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{DEADLINE, Listen, LocalApp, Post, Sender, TestClient, TestRelay, eventually};

/// What is told after the whole script.
fn in_the_end() -> Value {
    json!({
        "received": 6, "delivered": 4, "failed": 1, "broken_off": 1,
        "waiting": 0, "duplicates": 1, "lost": 0,
    })
}

const IN_WORDS: &str =
    "received 6 · delivered 4 · waiting 0 · failed 1 · broken off 1 · duplicates 1 · lost 0";

/// A relay, an app and how to listen, all on one tunnel.
struct Scene {
    relay: TestRelay,
    app: LocalApp,
    listen: Listen,
    sender: Sender,
}

impl Scene {
    async fn new() -> Self {
        let relay = TestRelay::start().await;
        // What is posted to `/die` the app dies of.
        let app = LocalApp::with(|mut visit| async move {
            visit.receive().await;
            match visit.head.target().as_slice() {
                b"/die" => None,
                _ => {
                    visit
                        .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                        .await
                }
            }
        })
        .await;
        let listen = Listen::on(&relay).to(&app).flags(&["--wait", "300ms"]);
        // Once, for the address, which stays.
        let mut client = listen.clone().start().await;
        let sender = client.sender();
        client.terminate().await;
        Self {
            relay,
            app,
            listen,
            sender,
        }
    }

    /// Answered, failed, put off, broken off: while this client is ready.
    async fn script(&mut self, client: &TestClient) {
        let sender = self.sender.clone();
        assert_eq!(sender.post("/ok", "1").await.status(), 200);
        // The app dies of it while its sender waits, who is told.
        assert_eq!(sender.post("/die", "2").await.status(), 502);

        self.app.stop().await;
        assert_eq!(sender.post("/refused", "3").await.status(), 202);
        client.has_on_record("waiting", 1).await;
        let meanwhile = client.status().await;
        assert_eq!(meanwhile["waiting"], 1, "{meanwhile}");
        self.app.restart().await;
        client.has_on_record("answered", 2).await;

        broken_off(&sender).await;
        client.has_on_record("broken_off", 1).await;
    }

    /// The client has had a delivery, and the relay has forgotten that it knows.
    async fn forgetful(&mut self, client: &mut TestClient) {
        let sender = self.sender.clone();
        client.terminate().await;
        assert_eq!(sender.post("/kept", "5").await.status(), 202);
        self.relay.terminate().await;
        let before = tempfile::tempdir().unwrap();
        copy(&self.relay.data(), before.path());
        self.relay.restart_same_port().await;
        *client = client.again().spawn();
        client.has_on_record("answered", 3).await;
        client.terminate().await;
        self.relay.terminate().await;
        copy(before.path(), &self.relay.data());
        self.relay.restart_same_port().await;
    }
}

/// An upload whose sender leaves half-way.
async fn broken_off(sender: &Sender) {
    let whole = sender.bytes(&Post::new("POST", "/upload").body(vec![b'x'; 1 << 20]));
    let mut connection = sender.connect().await;
    connection.write(&whole[..whole.len() / 2]).await.unwrap();
    drop(connection);
}

/// Copies the files of a folder over those of another.
fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(to).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::remove_file(path).unwrap();
        }
    }
    for file in std::fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// The last counters a client has told, without their type.
fn counters(client: &mut TestClient) -> Value {
    let told = client
        .events()
        .iter()
        .rfind(|event| event["type"] == "counters");
    let mut told = told.expect("counters").clone();
    told.as_object_mut().unwrap().remove("type");
    told
}

fn sums_up(counters: &Value) {
    let count = |name: &str| counters[name].as_u64().unwrap();
    let parts = ["delivered", "failed", "broken_off", "lost", "waiting"];
    let sum: u64 = parts.into_iter().map(count).sum();
    assert_eq!(count("received"), sum, "{counters}");
}

#[tokio::test]
async fn the_account_is_the_same_in_the_events_and_in_status() {
    let mut scene = Scene::new().await;
    let mut client = scene.listen.clone().start().await;
    scene.script(&client).await;
    client.terminate().await;
    let first = counters(&mut client);
    let told = json!({
        "received": 4, "delivered": 2, "failed": 1, "broken_off": 1,
        "waiting": 0, "duplicates": 0, "lost": 0,
    });
    assert_eq!(first, told);
    assert_eq!(client.status().await, told);

    client = client.again().start().await;
    scene.forgetful(&mut client).await;
    let mut client = client.again().start().await;
    assert_eq!(
        client.waited(),
        1,
        "the relay has forgotten that it is done"
    );
    assert_eq!(scene.sender.post("/ok", "6").await.status(), 200);
    client.next_event("drained", DEADLINE).await;
    client.has_on_record("answered", 4).await;
    client.terminate().await;
    assert_eq!(client.status().await, in_the_end());
    let text = client.status_text().await;
    assert!(text.contains(IN_WORDS), "{text}");

    // A process tells of what it has seen itself.
    let last = counters(&mut client);
    assert_eq!(
        (&last["received"], &last["delivered"], &last["duplicates"]),
        (&1.into(), &1.into(), &1.into()),
        "{last}"
    );
    for event in client
        .events()
        .iter()
        .filter(|event| event["type"] == "counters")
    {
        sums_up(event);
    }
    let kept = scene.app.texts().iter().filter(|text| *text == "5").count();
    assert_eq!(kept, 1, "what came again was not handed over again");
}

#[tokio::test]
async fn the_account_in_words_is_the_same() {
    let mut scene = Scene::new().await;
    let mut client = scene.listen.clone().plain().spawn();
    client.line("its ready line").await;
    scene.script(&client).await;
    let until_then = client.stderr();
    assert!(!until_then.contains("duplicates"), "{until_then}");
    assert_eq!(client.terminate().await, Some(143));
    let said = client.stderr();
    assert!(
        said.contains("received 4 · delivered 2 · waiting 0 · failed 1 · broken off 1 · lost 0\n"),
        "{said}"
    );

    client = client.again().spawn();
    client.line("its ready line").await;
    scene.forgetful(&mut client).await;
    let mut client = client.again().spawn();
    client.line("its ready line").await;
    eventually("what came again is done", DEADLINE, || {
        client
            .stderr()
            .contains("all 1 that had waited are handed over")
    })
    .await;
    assert_eq!(scene.sender.post("/ok", "6").await.status(), 200);
    client.has_on_record("answered", 4).await;
    assert_eq!(client.terminate().await, Some(143));
    let said = client.stderr();
    assert!(
        said.contains("received 1 · delivered 1 · waiting 0 · duplicates 1 · lost 0\n"),
        "{said}"
    );
    assert!(client.status_text().await.contains(IN_WORDS));
}

/// What waits is counted by each process that has it before it, and never twice.
#[tokio::test]
async fn what_waits_goes_from_process_to_process() {
    let (relay, mut app) = (TestRelay::start().await, LocalApp::absent().await);
    let mut client = TestClient::listen(&relay, &app, &["--wait", "50ms"]).await;
    for body in ["1", "2", "3"] {
        assert_eq!(client.sender().post("/", body).await.status(), 202);
    }
    client.has_on_record("waiting", 3).await;
    client.terminate().await;
    assert_eq!(counters(&mut client)["waiting"], 3);
    client = client.again().start().await;
    client.kill().await;
    client = client.again().start().await;
    let ready = counters(&mut client);
    assert!(
        [0, 3].map(Value::from).contains(&ready["waiting"]),
        "{ready}"
    );
    app.restart().await;
    client.has_on_record("answered", 3).await;
    client.terminate().await;
    let told = json!({
        "received": 3, "delivered": 3, "failed": 0, "broken_off": 0,
        "waiting": 0, "duplicates": 0, "lost": 0,
    });
    assert_eq!(counters(&mut client), told);
    assert_eq!(client.status().await, told);
}
