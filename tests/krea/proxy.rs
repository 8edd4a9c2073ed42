//! `kreel proxy krea` between callers and the API.

use serde_json::json;

use super::in_front::InFront;
use super::stand_in::{FLUX, StandIn};
use crate::support::http::{Digester, Framing};
use crate::support::{DEADLINE, Digest, Kreel, LocalApp, Post, Proxy, machine, within};

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

/// What is taken out for the next connection leaves the others where they were.
#[tokio::test]
async fn headers_keep_their_order() {
    let answer = b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nX-1: a\r\nConnection: keep-alive, x-2\r\nX-2: b\r\nX-3: c\r\nX-1: d\r\nX-4: e\r\nContent-Length: 0\r\n\r\n";
    let api = LocalApp::raw(answer.as_slice()).await;
    let proxy = InFront::of(&url(&api), &["--tunnel-url", "http://127.0.0.1:1/t"]).await;
    let call = Post::new("POST", FLUX)
        .header("TE", "trailers")
        .header("X-First", "1")
        .header("Connection", "keep-alive, X-Hop")
        .header("Authorization", "Bearer test")
        .header("X-Hop", "1")
        .header("Accept-Encoding", "gzip")
        .header("X-Second", "2")
        .header("Proxy-Authorization", "Basic x")
        .header("X-First", "3")
        .header("User-Agent", "me")
        .header("Keep-Alive", "timeout=5")
        .header("X-Third", "4");
    let got = proxy.sender().send(call.body("{}")).await;
    let names = |head: &crate::support::Head| -> Vec<String> {
        let lines = head.lines().into_iter();
        lines.map(|(name, _)| name.to_lowercase()).collect()
    };
    assert_eq!(names(&got.head)[..4], ["x-1", "x-1", "x-3", "x-4"]);
    let seen = api.received().remove(0);
    assert_eq!(
        names(&seen.head),
        [
            "host",
            "x-first",
            "x-first",
            "authorization",
            "accept-encoding",
            "x-second",
            "user-agent",
            "x-third",
            "content-length",
            "x-webhook-url"
        ]
    );
    let host = url(&api).trim_start_matches("http://").to_owned();
    assert_eq!(seen.head.value("host"), Some(host));
    assert_eq!(
        seen.head.value("accept-encoding").as_deref(),
        Some("identity")
    );
}

/// What Krea has to say is read however it is packed, and handed over as it came.
#[tokio::test]
async fn compressed_refusals_are_read_and_left_alone() {
    // {"error":"Job not found"}, as gzip and as what no one can read here.
    let gzip: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x2d\x2a\xca\x2f\x52\xb2\x52\xf2\xca\x4f\x52\xc8\xcb\x2f\x51\x48\xcb\x2f\xcd\x4b\x51\xaa\x05\x00\xd8\xba\x1e\xc7\x19\x00\x00\x00";
    for (coding, body, words) in [
        ("gzip", gzip, "Job not found"),
        ("br", &b"\x0b\x0c\x80"[..], "(a body compressed with br)"),
    ] {
        let mut answer = format!(
            "HTTP/1.1 404 Not Found\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(body);
        let api = LocalApp::raw(answer).await;
        let mut proxy = InFront::of(&url(&api), &[]).await;
        let call = proxy
            .call("GET", "/jobs/x")
            .header("Accept-Encoding", "gzip, br");
        let got = proxy.sender().send(call).await;
        assert_eq!((got.status(), got.body.as_slice()), (404, body));
        assert_eq!(proxy.tells("refused").await["words"], words);
        let seen = api.received().remove(0);
        assert_eq!(
            seen.head.value("accept-encoding").as_deref(),
            Some("gzip, br")
        );
    }
}

/// A model that is gone, or will be, is told with everything there is to do about it.
#[tokio::test]
async fn what_comes_instead_of_a_model_is_told() {
    let mock = StandIn::start(&["--deprecated", "image/bfl/flux-1-dev"]).await;
    let mut proxy = InFront::of(&mock.url, &[]).await;
    let call = proxy.call("POST", "/generate/video/openai/sora-2");
    proxy.sender().send(call.body("{\"prompt\":\"x\"}")).await;
    let told = proxy.tells("refused").await;
    assert_eq!(told["status"], 410);
    assert_eq!(told["sunset_date"], "2026-04-27");
    assert_eq!(told["replacement"], "video/google/veo-3.1");
    let page = "https://docs.krea.ai/developers/deprecations";
    assert_eq!(told["migration_url"], page);
    let call = proxy.call("POST", FLUX).body("{\"prompt\":\"x\"}");
    proxy.sender().send(call).await;
    let answered = loop {
        let told = proxy.tells("answered").await;
        if told["path"] == FLUX {
            break told;
        }
    };
    let notices = answered["notices"].as_array().unwrap();
    let going = notices.iter().find(|notice| notice["code"] == "deprecated");
    let words = going.unwrap()["text"].as_str().unwrap();
    assert!(words.contains(page) && words.contains("GMT"), "{words}");
}

/// The environment's proxy is on the way to the API, and what is here is spoken to straight. The
/// proxy refuses: nothing leaves this machine.
#[tokio::test]
async fn the_environment_s_proxy_is_on_the_way() {
    let refusing = Proxy::answering(502).await;
    let env = [("HTTPS_PROXY", refusing.url())];
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut proxy = InFront::with("https://api.krea.ai", &[], &env).await;
    let own = proxy
        .call("POST", FLUX)
        .header("X-Webhook-URL", "http://localhost:3000/hook");
    assert_eq!(proxy.sender().send(own.body("{}")).await.status(), 502);
    // Krea could never post to the caller's own address, which is said and left to the caller.
    assert_eq!(
        proxy.notices().await,
        ["webhook-kept", "webhook-out-of-reach", "unreachable"]
    );
    let asked = refusing.asked();
    assert_eq!(
        (asked[0].method(), asked[0].target()),
        ("CONNECT".to_owned(), b"api.krea.ai:443".to_vec())
    );

    let willing = Proxy::willing().await;
    let app = LocalApp::answering(200).await;
    // An address that is this machine and is not called so.
    let there = format!("http://0.0.0.0:{}", app.port());
    let address = willing.url();
    let env = [("HTTP_PROXY", address.as_str())];
    let proxy = InFront::with(&there, &[], &env).await;
    proxy.sender().send(proxy.call("GET", "/jobs")).await;
    assert_eq!((app.count(), willing.asked().len()), (1, 1));
    let env = [("HTTP_PROXY", address.as_str()), ("NO_PROXY", "0.0.0.0")];
    let proxy = InFront::with(&there, &[], &env).await;
    proxy.sender().send(proxy.call("GET", "/jobs")).await;
    assert_eq!((app.count(), willing.asked().len()), (2, 1));
    let env = [("HTTP_PROXY", address.as_str())];
    let proxy = InFront::with(&url(&app), &[], &env).await;
    proxy.sender().send(proxy.call("GET", "/jobs")).await;
    assert_eq!((app.count(), willing.asked().len()), (3, 1));
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
    for tunnel in [
        "http://localhost:3000",
        "https://192.168.1.5:4433/abc",
        // It looks like a name, and is looked up: it is 127.0.0.1.
        "https://127.1/abc",
    ] {
        let words = ["proxy", "krea", "--port", "0", "--tunnel-url", tunnel];
        let refused = Kreel::new(&words).run().await;
        refused.failed(
            2,
            "KR0609",
            &["can't be reached from outside", "api.krea.ai"],
        );
    }
}
