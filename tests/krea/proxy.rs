//! `kreel proxy krea` between callers and the API.

use serde_json::json;

use super::in_front::InFront;
use super::stand_in::{FLUX, StandIn};
use crate::support::http::{Digester, Framing};
use crate::support::{DEADLINE, Digest, Kreel, LocalApp, Post, machine, within};

fn url(app: &LocalApp) -> String {
    format!("http://127.0.0.1:{}", app.port())
}

#[tokio::test]
async fn webhooks_are_asked_for_where_nobody_has() {
    let app = LocalApp::answering(200).await;
    let mock = StandIn::start(&[]).await;
    let hook = format!("{}/hook", url(&app));
    let mut proxy = InFront::of(&mock.url, &["--tunnel-url", &hook]).await;
    let body = json!({"prompt": "a fox"}).to_string();
    let started = proxy
        .sender()
        .send(proxy.call("POST", FLUX).body(body.clone()))
        .await;
    assert_eq!(started.status(), 200);
    let told = proxy.tells("job_started").await;
    assert_eq!(told["job_id"], started.json()["job_id"]);
    assert_eq!(
        (&told["kind"], &told["model"]),
        (&json!("image"), &json!("bfl/flux-1-dev"))
    );
    assert_eq!(
        (&told["parameters"]["prompt"], &told["path"]),
        (&json!("a fox"), &json!(FLUX))
    );
    assert_eq!(
        (&told["webhook_url"], &told["is_own_webhook"]),
        (&json!(hook), &json!(false))
    );
    let got = app.receives(1).await.remove(0);
    assert!(got.text().contains(told["job_id"].as_str().unwrap()));

    // The caller's own address stays, and is said.
    let own = format!("{}/own", url(&app));
    let call = proxy
        .call("POST", FLUX)
        .header("X-Webhook-URL", &own)
        .body(body.clone());
    proxy.sender().send(call).await;
    let told = proxy.tells("job_started").await;
    assert_eq!(
        (&told["webhook_url"], &told["is_own_webhook"]),
        (&json!(own), &json!(true))
    );
    assert_eq!(app.receives(2).await[1].head.target(), b"/own");

    // Node apps answer with a list.
    let call = proxy.call("POST", "/node-apps/demo-app/execute").body("{}");
    proxy.sender().send(call).await;
    let told = proxy.tells("job_started").await;
    assert_eq!(told["kind"], "node-app");
    app.receives(3).await;
    let mut replacing = InFront::of(&mock.url, &["--tunnel-url", &hook, "--replace"]).await;
    let call = replacing
        .call("POST", FLUX)
        .header("X-Webhook-URL", &own)
        .body(body);
    replacing.sender().send(call).await;
    assert_eq!(replacing.notices().await, ["webhook-replaced"]);
    assert_eq!(app.receives(4).await[3].head.target(), b"/hook");
}

#[tokio::test]
async fn refusals_are_told_and_start_nothing() {
    let mock = StandIn::start(&["--deprecated", "image/bfl/flux-1-dev"]).await;
    let mut proxy = InFront::of(&mock.url, &[]).await;
    for status in [400, 401, 402, 404, 410, 422, 429] {
        let body = json!({"prompt": format!("mock:{status}")}).to_string();
        let direct = mock
            .call(
                "POST",
                FLUX,
                &[],
                Some(&json!({"prompt": format!("mock:{status}")})),
            )
            .await;
        let answer = proxy
            .sender()
            .send(proxy.call("POST", FLUX).body(body))
            .await;
        assert_eq!((answer.status(), &answer.body), (status, &direct.body));
        let told = proxy.tells("refused").await;
        assert_eq!(told["status"], status);
        assert!(
            told["meaning"].is_string() && !told["words"].as_str().unwrap().is_empty(),
            "{told}"
        );
    }
    while proxy.process.line_at_hand().is_some() {}
    let page = proxy
        .sender()
        .send(proxy.call("GET", "/jobs").header("X-Mock-Outcome", "html"))
        .await;
    assert!(page.text().starts_with("<!DOCTYPE html>"));
    assert_eq!(
        proxy.tells("refused").await["words"]
            .as_str()
            .unwrap()
            .split(' ')
            .next(),
        Some("<!DOCTYPE")
    );
    // A model that will go, a wrong prefix and an old scheme are said.
    let call =
        Post::new("POST", "/v1/generate/image/bfl/flux-1-dev").header("Authorization", "Key x");
    let answer = proxy.sender().send(call.body("{\"prompt\":\"x\"}")).await;
    assert_eq!(answer.header("deprecation").as_deref(), Some("true"));
    assert_eq!(
        proxy.notices().await,
        ["version-stripped", "key-scheme", "no-tunnel", "deprecated"]
    );
    assert!(proxy.lines.iter().all(|line| !line.contains("job_started")));
}

#[tokio::test]
async fn everything_else_goes_through_as_it_is() {
    let answer = b"HTTP/1.1 418 Short And Stout\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Odd: \xfc\r\nContent-Length: 4\r\n\r\n\xff\x00\r\n";
    let api = LocalApp::raw(answer.as_slice()).await;
    let proxy = InFront::of(&url(&api), &["--tunnel-url", "http://127.0.0.1:1/t"]).await;
    let odd = b"\x00\xff{\r\n".to_vec();
    let call = proxy
        .call("PUT", "/any/%2e%2E//path?a=%2F&b=+")
        .header("X-Many", "1")
        .header("X-Many", "2");
    let got = proxy.sender().send(call.body(odd.clone())).await;
    assert_eq!(
        (got.status(), got.body.as_slice()),
        (418, &b"\xff\x00\r\n"[..])
    );
    let values = |name: &str| -> Vec<Vec<u8>> {
        let lines = got.head.lines().into_iter();
        lines
            .filter(|(line, _)| line.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    };
    assert_eq!(values("set-cookie"), [b"a=1".to_vec(), b"b=2".to_vec()]);
    assert_eq!(values("x-odd"), [b"\xfc".to_vec()]);
    let seen = api.received().remove(0);
    assert_eq!((seen.head.method().as_str(), seen.body), ("PUT", odd));
    assert_eq!(seen.head.target(), b"/any/%2e%2E//path?a=%2F&b=+");
    assert_eq!(
        seen.head.value("authorization").as_deref(),
        Some("Bearer test")
    );
    assert_eq!(seen.head.value("x-webhook-url"), None);
    let many = seen
        .head
        .lines()
        .into_iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-many"));
    assert_eq!(many.count(), 2);
}

#[tokio::test]
async fn a_streamed_answer_stays_streamed() {
    let (api, events) = LocalApp::sse().await;
    let proxy = InFront::of(&url(&api), &[]).await;
    let sender = proxy.sender();
    let mut connection = sender.connect().await;
    connection
        .write(&sender.bytes(&proxy.call("GET", "/mcp")))
        .await
        .unwrap();
    let head = within("the head", DEADLINE, connection.head())
        .await
        .unwrap()
        .unwrap();
    let mut framing = Framing::of_answer(&head, "GET");
    for number in 0..10 {
        let event = format!("data: {number}\n\n");
        events.send(event.clone()).unwrap();
        let piece = within("a piece", DEADLINE, connection.piece(&mut framing))
            .await
            .unwrap();
        assert_eq!(piece.unwrap(), event.as_bytes());
    }
}

/// The largest upload Krea takes, with the memory it costs.
#[tokio::test]
async fn a_large_upload_costs_no_memory() {
    machine::share();
    const PIECE: usize = 1_000_000;
    let api = LocalApp::answering(200).await;
    let proxy = InFront::of(&url(&api), &[]).await;
    let sender = proxy.sender();
    let before = proxy.process.rss();
    let mut connection = sender.connect().await;
    let head = format!(
        "POST /assets HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        75 * PIECE
    );
    connection.write(head.as_bytes()).await.unwrap();
    let mut digester = Digester::default();
    for number in 0..75_u8 {
        let piece = vec![number; PIECE];
        digester.add(&piece);
        connection.write(&piece).await.unwrap();
    }
    let answer = within("an answer", DEADLINE, connection.head())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(answer.status(), 200);
    let seen = api.receives(1).await.remove(0);
    assert!(seen.complete && seen.digest == digester.finish() && seen.digest != Digest::of(b""));
    let more = proxy.process.peak_rss().saturating_sub(before);
    eprintln!("proxy: 75 MB through it cost {} KiB", more / 1024);
    assert!(more < 8 * 1024 * 1024, "{more} bytes");
}

#[tokio::test]
async fn pages_elsewhere_and_dead_apis_get_an_answer() {
    let api = LocalApp::answering(200).await;
    let mut proxy = InFront::of(&url(&api), &[]).await;
    for call in [
        proxy.call("GET", "/jobs").host("evil.example:4041"),
        proxy
            .call("GET", "/jobs")
            .header("Origin", "https://evil.example"),
    ] {
        assert_eq!(proxy.sender().send(call).await.status(), 403);
        assert_eq!(proxy.notices().await, ["not-meant"]);
    }
    assert_eq!(api.count(), 0);
    let absent = url(&LocalApp::absent().await);
    let mut proxy = InFront::of(&absent, &[]).await;
    let answer = proxy.sender().send(proxy.call("GET", "/jobs")).await;
    assert_eq!(
        (answer.status(), &answer.json()["source"]),
        (502, &json!("kreel proxy"))
    );
    assert_eq!(proxy.notices().await, ["unreachable"]);
}

#[tokio::test]
async fn addresses_krea_can_t_reach_are_refused() {
    for tunnel in ["http://localhost:3000", "https://192.168.1.5:4433/abc"] {
        let words = ["proxy", "krea", "--port", "0", "--tunnel-url", tunnel];
        let refused = Kreel::new(&words).run().await;
        refused.failed(
            2,
            "KR0609",
            &["can't be reached from outside", "api.krea.ai"],
        );
    }
}

/// No file, no line and no word of an error has the token, whatever happened to it.
#[tokio::test]
async fn the_token_is_nowhere() {
    const TOKEN: &str = "kr3a-t0ken-9d1f5c";
    let mock = StandIn::start(&[]).await;
    let app = LocalApp::answering(200).await;
    let mut proxy = InFront::of(&mock.url, &["--tunnel-url", &url(&app)]).await;
    let scheme = |scheme: &str| format!("{scheme} {TOKEN}");
    for value in [scheme("Bearer"), scheme("Key"), TOKEN.to_owned()] {
        let post = Post::new("POST", FLUX).header("Authorization", &value);
        proxy.sender().send(post.body("{\"prompt\":\"x\"}")).await;
        let get = Post::new("GET", "/jobs").header("Authorization", &value);
        proxy.sender().send(get).await;
        proxy.tells("answered").await;
        proxy.tells("answered").await;
    }
    app.receives(2).await;
    assert_eq!(proxy.process.terminate().await, Some(143));
    while let Some(line) = proxy.process.line_at_hand() {
        proxy.lines.push(line);
    }
    let printed = proxy.lines.join("\n") + &proxy.process.stderr();
    assert!(!printed.contains(TOKEN), "{printed}");
    assert!(printed.contains("job_started"));
    let mut folders = vec![proxy.home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes
                    .windows(TOKEN.len())
                    .any(|part| part == TOKEN.as_bytes());
                assert!(!found, "{}", path.display());
            }
        }
    }
    assert!(
        app.received()
            .iter()
            .all(|got| !format!("{:?}", got.head).contains(TOKEN))
    );
}
