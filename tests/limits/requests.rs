//! Requests: heads, bodies, how often, how slowly, how much may wait.

use std::time::{Duration, Instant};

use super::{Limited, refuses};
use crate::support::{
    Answer, Connection, DEADLINE, Listen, LocalApp, Post, TestClient, eventually, within,
};

/// A tunnel called `mine` that nobody listens on any more.
async fn deserted(limited: &Limited) {
    let mut client = Listen::on(&limited.relay)
        .flags(&["--tunnel", "mine"])
        .start()
        .await;
    client.terminate().await;
    limited.relay.says("a client left").await;
}

fn from(address: &str) -> Post {
    Post::new("POST", "/mine/x")
        .header("X-Forwarded-For", address)
        .body("x")
}

#[tokio::test]
async fn too_large_a_body() {
    let limited = Limited::by(&["max_body_bytes=10"], &[]).await;
    deserted(&limited).await;
    let answer = limited.sender().post("/mine/x", "x".repeat(11)).await;
    refuses(&answer, 413, "too_large", false);
    assert_eq!(
        limited
            .sender()
            .post("/mine/x", "x".repeat(10))
            .await
            .status(),
        202
    );
    limited.refused("too_large").await;
}

#[tokio::test]
async fn too_many_waiting() {
    let limited = Limited::by(&["max_waiting=1"], &[]).await;
    deserted(&limited).await;
    assert_eq!(limited.sender().post("/mine/x", "x").await.status(), 202);
    let answer = limited.sender().post("/mine/x", "x").await;
    refuses(&answer, 429, "tunnel_full", true);
    limited.refused("tunnel_full").await;
}

#[tokio::test]
async fn too_many_bytes_waiting_for_one() {
    let limited = Limited::by(&["max_waiting_bytes_of_one=1KiB"], &[]).await;
    deserted(&limited).await;
    let answer = limited.sender().post("/mine/x", "x".repeat(1024)).await;
    refuses(&answer, 429, "tunnel_full", true);
    limited.refused("tunnel_full").await;
}

#[tokio::test]
async fn too_many_bytes_waiting() {
    let limited = Limited::by(&["max_waiting_bytes=1KiB"], &[]).await;
    deserted(&limited).await;
    let answer = limited.sender().post("/mine/x", "x".repeat(1024)).await;
    refuses(&answer, 503, "full", true);
    limited.refused("full").await;
}

#[tokio::test]
async fn requests_too_often_from_an_address() {
    let limited = Limited::by(&["requests_per_second_per_address=1"], &["--behind-proxy"]).await;
    for _ in 0..5 {
        limited.sender().send(from("192.0.2.1")).await;
    }
    let answer = limited.sender().send(from("192.0.2.1")).await;
    refuses(&answer, 429, "too_often", true);
    assert_eq!(limited.sender().send(from("192.0.2.2")).await.status(), 404);
    limited.refused("too_often").await;
}

#[tokio::test]
async fn too_many_requests_of_an_address_wait_on_disk() {
    let limited = Limited::by(&["max_requests_per_address=1"], &["--behind-proxy"]).await;
    let app = LocalApp::held().await;
    let flags = ["--tunnel", "mine", "--wait", "5m"];
    let listen = Listen::on(&limited.relay).flags(&flags);
    let _client = listen.to(&app).start().await;
    let send = |address: &'static str| {
        let sender = limited.sender();
        tokio::spawn(async move { sender.send(from(address)).await })
    };
    let slow = send("192.0.2.1");
    app.receives(1).await;
    // It would wait for the app five minutes, as the first does.
    let beyond = within("an answer", DEADLINE, send("192.0.2.1")).await;
    let beyond = beyond.unwrap();
    let state = &beyond.json()["state"];
    assert_eq!((beyond.status(), state), (202, &"queued".into()));
    let other = send("192.0.2.2");
    app.release(3);
    for sent in [slow, other] {
        let answer = within("an answer", DEADLINE, sent).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    app.receives(3).await;
    // Its place is free again.
    app.release(1);
    let again = within("an answer", DEADLINE, send("192.0.2.1")).await;
    assert_eq!(again.unwrap().status(), 200);
}

#[tokio::test]
async fn requests_too_often_to_a_tunnel() {
    let limited = Limited::by(&["requests_per_second_per_tunnel=1"], &[]).await;
    deserted(&limited).await;
    for _ in 0..5 {
        assert_eq!(limited.sender().post("/mine/x", "x").await.status(), 202);
    }
    let answer = limited.sender().post("/mine/x", "x").await;
    refuses(&answer, 429, "too_often", true);
    limited.refused("too_often").await;
}

#[tokio::test]
async fn a_burst_of_one() {
    let limits = ["requests_per_second_per_tunnel=1", "burst=1"];
    let limited = Limited::by(&limits, &[]).await;
    deserted(&limited).await;
    assert_eq!(limited.sender().post("/mine/x", "x").await.status(), 202);
    let answer = limited.sender().post("/mine/x", "x").await;
    refuses(&answer, 429, "too_often", true);
}

#[tokio::test]
async fn too_large_a_head() {
    let limited = Limited::by(&["max_head_bytes=8KiB"], &[]).await;
    let post = Post::new("POST", "/mine/x").header("x-a", "y".repeat(9000));
    assert_eq!(limited.sender().send(post).await.status(), 431);
    limited.refused("head_too_large").await;
}

#[tokio::test]
async fn too_many_lines() {
    let limited = Limited::by(&["max_header_lines=3"], &[]).await;
    let mut post = Post::new("POST", "/mine/x");
    for _ in 0..4 {
        post = post.header("x-a", "y");
    }
    assert_eq!(limited.sender().send(post).await.status(), 431);
    limited.refused("framing").await;
}

/// hyper has a limit of its own, which must be neither in front of ours nor without it.
#[tokio::test]
async fn as_many_lines_as_are_allowed() {
    for (limits, lines, status) in [
        (&[][..], 90, 202),
        (&[], 110, 431),
        (&["max_header_lines=512"], 490, 202),
        (&["max_header_lines=512"], 520, 431),
    ] {
        let limited = Limited::by(limits, &[]).await;
        deserted(&limited).await;
        let mut post = Post::new("POST", "/mine/x");
        for _ in 0..lines {
            post = post.header("x-a", "y");
        }
        let got = limited.sender().send(post).await.status();
        assert_eq!(got, status, "{lines} lines with {limits:?}");
        if status == 431 {
            limited.refused("framing").await;
        }
    }
}

/// The bytes that begin a request, on a connection that stays.
async fn begun(limited: &Limited, bytes: &str) -> Connection {
    let mut connection = limited.sender().connect().await;
    connection.write(bytes.as_bytes()).await.unwrap();
    connection
}

#[tokio::test]
async fn too_slow_a_head() {
    let limited = Limited::by(&["head_time=300ms"], &[]).await;
    let mut connection = begun(&limited, "POST /mine").await;
    within("the end", DEADLINE, connection.rest()).await;
    limited.refused("slow_head").await;
}

#[tokio::test]
async fn silence() {
    let limited = Limited::by(&["idle_time=500ms", "head_time=100ms"], &[]).await;
    let mut connection = limited.sender().connect().await;
    let begun = Instant::now();
    assert!(
        within("the end", DEADLINE, connection.rest())
            .await
            .is_empty()
    );
    assert!(
        begun.elapsed() > Duration::from_millis(300),
        "{:?}",
        begun.elapsed()
    );
}

const HALF: &str = "POST /mine/x HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nhalf";

#[tokio::test]
async fn too_long_a_pause() {
    let limited = Limited::by(&["body_pause=300ms"], &[]).await;
    deserted(&limited).await;
    let mut connection = begun(&limited, HALF).await;
    let answer = within("408", DEADLINE, connection.answer("POST"))
        .await
        .unwrap();
    refuses(&answer, 408, "too_slow", false);
    limited.refused("too_slow").await;
}

/// What a connection is answered that brings so little each tenth of a second.
async fn while_it_brings(mut connection: Connection, bytes: &[u8]) -> Answer {
    within("408", DEADLINE, async {
        loop {
            tokio::select! {
                answer = connection.answer("POST") => return answer.unwrap(),
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
            let _ = connection.write(bytes).await;
        }
    })
    .await
}

#[tokio::test]
async fn too_slow_a_body() {
    let limits = [
        "body_grace=500ms",
        "body_pause=1s",
        "body_bytes_per_second=100",
    ];
    let limited = Limited::by(&limits, &[]).await;
    deserted(&limited).await;
    // However much came quickly before: here as much as should take hours.
    let quick = "x".repeat(1_000_000);
    let large =
        format!("POST /mine/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\r\n{quick}");
    for beginning in [HALF, &large] {
        let connection = begun(&limited, beginning).await;
        let answer = while_it_brings(connection, b"x").await;
        refuses(&answer, 408, "too_slow", false);
    }
    limited.refused("too_slow").await;
}

#[tokio::test]
async fn too_long_a_body() {
    let limits = ["body_time=1s", "body_bytes_per_second=1"];
    let limited = Limited::by(&limits, &[]).await;
    deserted(&limited).await;
    let connection = begun(&limited, &HALF.replace("1000", "1000000")).await;
    let begun = Instant::now();
    let answer = while_it_brings(connection, &[b'x'; 100]).await;
    refuses(&answer, 408, "too_slow", false);
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(900), "{took:?}");
    limited.refused("too_slow").await;
}

#[tokio::test]
async fn too_slow_a_reader() {
    let limited = Limited::by(&["write_pause=1s"], &[]).await;
    let body = "y".repeat(32 * 1024 * 1024);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let app = LocalApp::raw(format!("{head}{body}")).await;
    let client = TestClient::listen(&limited.relay, &app, &[]).await;
    let mut connection = client.sender().connect().await;
    let request = client.sender().bytes(&Post::new("GET", "/large"));
    connection.write(&request).await.unwrap();
    limited.refused("slow_reader").await;
    // What had been sent by then is all that ever comes.
    let rest = within("the end", DEADLINE, connection.rest()).await;
    assert!(rest.len() < body.len(), "{}", rest.len());
}

/// How many bytes the relay's files have.
fn on_disk(limited: &Limited) -> u64 {
    let files = std::fs::read_dir(limited.relay.data()).unwrap();
    files
        .map(|file| file.unwrap().metadata().map_or(0, |file| file.len()))
        .sum()
}

#[tokio::test]
async fn bodies_beyond_memory_go_to_disk() {
    for limit in ["body_memory_bytes_of_one=1KiB", "body_memory_bytes=1KiB"] {
        let limited = Limited::by(&[limit], &[]).await;
        deserted(&limited).await;
        let body = (0..2_000_000_u32).map(|number| number.to_le_bytes()[0]);
        let body: Vec<u8> = body.collect();
        let before = on_disk(&limited);
        let head = "POST /mine/x HTTP/1.1\r\nhost: a\r\ncontent-length: 2000000\r\n\r\n";
        let mut connection = begun(&limited, head).await;
        connection.write(&body[..1_500_000]).await.unwrap();
        // While its sender is at it.
        eventually("it is on disk", DEADLINE, || {
            on_disk(&limited) > before + 1_000_000
        })
        .await;
        connection.write(&body[1_500_000..]).await.unwrap();
        let answer = connection.answer("POST").await.unwrap();
        assert_eq!(answer.status(), 202);
        let app = LocalApp::answering(200).await;
        let _client = Listen::on(&limited.relay)
            .flags(&["--tunnel", "mine"])
            .to(&app)
            .start()
            .await;
        let received = app.receives(1).await;
        assert_eq!(received[0].digest, crate::support::Digest::of(&body));
    }
}

#[tokio::test]
async fn a_stopping_relay_waits_so_long() {
    let mut limited = Limited::by(&["stop_grace=1s"], &[]).await;
    let app = LocalApp::held().await;
    let client = Listen::on(&limited.relay)
        .flags(&["--wait", "5m"])
        .to(&app)
        .start()
        .await;
    let sender = client.sender();
    let waiting =
        tokio::spawn(async move { sender.try_send(Post::new("POST", "/x").body("x")).await });
    eventually("it waits", DEADLINE, || {
        limited.relay.process.stderr().contains("a client listens")
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let begun = Instant::now();
    limited.relay.terminate().await;
    let took = begun.elapsed();
    assert!(
        (Duration::from_millis(900)..Duration::from_secs(7)).contains(&took),
        "{took:?}"
    );
    let _ = within("the sender hears of it", DEADLINE, waiting).await;
}
