//! Options of `kreel replay` that are about one thing each.

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::{of_type, past, replay};
use crate::support::{Certificate, LocalApp, Post, TestClient, TestRelay};

#[tokio::test]
async fn an_app_that_takes_too_long_is_not_waited_for() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{}"]).await;
    let silent = LocalApp::held().await;
    let to = silent.port().to_string();
    let words = ["last", "--to", &to, "--timeout", "200ms", "--json"];
    let told = replay(&client, &words).run().await;
    assert_eq!(told.code, Some(1), "{told}");
    let attempt = &of_type(&told, "attempt")[0];
    assert_eq!(attempt["failure"], "timed_out", "{told}");
    assert!(attempt["duration_ms"].as_f64().unwrap() >= 200.0, "{told}");
    assert_eq!(of_type(&told, "replayed")[0]["failures"]["timed_out"], 1);
    // Long enough is long enough.
    silent.release(2);
    let words = ["last", "--to", &to, "--timeout", "30s"];
    replay(&client, &words).run().await.success();
}

#[tokio::test]
async fn an_app_with_a_certificate_of_its_own_is_trusted_when_asked_to() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{\"a\":1}"]).await;
    let certificate = Certificate::of_loopback();
    let secure = LocalApp::answering(201).await.over_tls(&certificate).await;
    let to = format!("https://localhost:{}/in", secure.port());
    let told = replay(&client, &["last", "--to", &to]).run().await;
    assert_eq!(told.code, Some(1), "{told}");
    assert!(told.stdout.contains("1 unreachable"), "{told}");
    assert!(told.stdout.contains("invalid peer certificate"), "{told}");
    assert_eq!(secure.count(), 0);
    for insecure in ["--insecure", "--skip-verify"] {
        let told = replay(&client, &["last", "--to", &to, insecure])
            .run()
            .await;
        assert!(told.success().contains("1 × 201"), "{told}");
    }
    let received = secure.receives(2).await;
    assert_eq!(received[1].text(), "{\"a\":1}");
    assert!(
        received[1]
            .head
            .first_line()
            .starts_with(b"POST /in/hook/1 ")
    );
}

#[tokio::test]
async fn a_filter_is_narrowed_by_time_and_number() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = past(&relay, &app, &["{}", "{}", "{}"]).await;
    let rows = client.requests(&["list"]).await;
    let second = rows[1]["received_at"].as_str().unwrap();
    let mut sent = 3;
    for (words, numbers) in [
        (&["--limit", "2"][..], &["2", "3"][..]),
        (&["--limit", "1"], &["3"]),
        (&["--since", "1h"], &["1", "2", "3"]),
        (&["--since", "1h", "--limit", "2"], &["2", "3"]),
        (&["--since", "2090-01-01T00:00"], &[]),
    ] {
        let told = replay(&client, &["--filter", "path:/hook"])
            .args(words)
            .run()
            .await;
        told.success();
        let received = app.receives(sent + numbers.len()).await;
        let paths: Vec<_> = received[sent..].iter().map(|it| it.head.target()).collect();
        let expected: Vec<_> = numbers
            .iter()
            .map(|it| format!("/hook/{it}").into_bytes())
            .collect();
        assert_eq!(paths, expected, "{words:?}, the oldest first");
        sent += numbers.len();
    }
    assert_eq!(app.count(), sent);
    // A moment counts to the second: at the least what came since then is among them.
    let told = replay(
        &client,
        &[
            "--filter",
            "path:/hook",
            "--since",
            second,
            "--dry-run",
            "--json",
        ],
    );
    let told = told.run().await;
    let paths = of_type(&told, "would_replay");
    let paths: Vec<_> = paths
        .iter()
        .map(|it| it["path"].as_str().unwrap())
        .collect();
    assert!(paths.ends_with(&["/hook/2", "/hook/3"]), "{told}");
    for words in [&["last", "--since", "1h"][..], &["last", "--limit", "1"]] {
        let told = replay(&client, words).run().await;
        assert_eq!(told.code, Some(2), "{told}");
    }
}

/// Svix had its names before there was a standard, and its senders keep to them.
#[tokio::test]
async fn a_request_that_svix_signed_is_signed_anew_under_its_names() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let post = Post::new("POST", "/hook")
        .header("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
        .header("svix-timestamp", "1614265330")
        .header("svix-signature", "v1,b2xk v1,b2xkZXI=")
        .body("{\"test\": 1}");
    client.sender().send(post).await;
    client.has_on_record("answered", 1).await;
    let words = ["last", "--resign", "standard-webhooks", "--set", "test=2"];
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let told = replay(&client, &words)
        .env("KREEL_SECRET", secret)
        .run()
        .await;
    told.success();
    let head = &app.receives(2).await[1].head;
    let value = |name: &str| head.value(name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(value("svix-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek");
    let at: i64 = value("svix-timestamp").parse().unwrap();
    assert!((Timestamp::now().as_second() - at).abs() < 300, "{at}");
    let key = base64(secret.strip_prefix("whsec_").unwrap());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{at}.{{\"test\": 2}}", value("svix-id")).as_bytes());
    let given = value("svix-signature");
    let given = base64(
        given
            .strip_prefix("v1,")
            .expect("one signature, of version 1"),
    );
    assert_eq!(given, mac.finalize().into_bytes().as_slice());
    assert!(
        head.value("webhook-signature").is_none(),
        "no others beside them"
    );
}

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}
