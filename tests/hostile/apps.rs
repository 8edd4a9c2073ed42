//! What the client makes of answers that are none: its sender never gets a forged one.

use tokio::sync::mpsc;

use super::FLAT_BYTES;
use crate::support::{
    Answer, Connection, DEADLINE, LocalApp, Post, TestClient, TestRelay, Visit, within,
};

/// What must become of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The sender gets 502.
    Refused,
    /// The sender gets 502, or an answer it can see is not whole.
    Broken,
    /// The sender gets 200 with just these bytes, or 502.
    Passed(&'static [u8]),
}

/// Answers by the path that asks for them.
fn answers() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let text = |text: &str| text.as_bytes().to_owned();
    let ok = |rest: &str| text(&format!("HTTP/1.1 200 OK\r\n{rest}"));
    let forged = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    vec![
        (
            "/head-of-10-mb",
            ok(&format!(
                "x: {}\r\ncontent-length: 0\r\n\r\n",
                "y".repeat(10_000_000)
            )),
            Fate::Refused,
        ),
        (
            "/100000-headers",
            ok(&format!(
                "{}content-length: 0\r\n\r\n",
                "x: y\r\n".repeat(100_000)
            )),
            Fate::Refused,
        ),
        (
            "/600-headers",
            ok(&format!(
                "{}content-length: 0\r\n\r\n",
                "x: y\r\n".repeat(600)
            )),
            Fate::Refused,
        ),
        (
            "/long-reason",
            text(&format!(
                "HTTP/1.1 200 {}\r\ncontent-length: 0\r\n\r\n",
                "y".repeat(100_000)
            )),
            Fate::Refused,
        ),
        (
            "/no-http",
            text("hello, I am no web server\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/no-status",
            text("HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/status-99",
            text("HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/status-1000",
            text("HTTP/1.1 1000 OK\r\ncontent-length: 0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/switching",
            text("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/bare-cr",
            ok("x: a\rset-cookie: forged=1\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/nul",
            ok("x: a\0b\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/two-lengths",
            ok("content-length: 5\r\ncontent-length: 6\r\n\r\nhello!"),
            Fate::Refused,
        ),
        (
            "/signed-length",
            ok("content-length: +5\r\n\r\nhello"),
            Fate::Refused,
        ),
        (
            "/length-and-chunks",
            ok("content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            Fate::Passed(b"hello"),
        ),
        (
            "/bad-chunk",
            ok("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/huge-chunk",
            ok("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello"),
            Fate::Broken,
        ),
        (
            "/overlong-chunk",
            ok("transfer-encoding: chunked\r\n\r\n5\r\nhello, and more\r\n0\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/too-little",
            ok("content-length: 100\r\n\r\nhello"),
            Fate::Broken,
        ),
        ("/half-a-head", ok("content-le"), Fate::Refused),
        (
            "/too-much",
            ok(&format!("content-length: 5\r\n\r\nhello{forged}")),
            Fate::Passed(b"hello"),
        ),
        (
            "/after-nothing",
            text(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n{forged}"
            )),
            Fate::Passed(b""),
        ),
        (
            "/interim",
            text(&format!(
                "{}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
                "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000)
            )),
            Fate::Passed(b"hello"),
        ),
        (
            "/hints",
            text(&format!(
                "HTTP/1.1 103 Hints\r\nx: {}\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
                "y".repeat(50_000)
            )),
            Fate::Passed(b"hello"),
        ),
    ]
}

/// Answers as the path says; closes the connection if there is more of the story to come.
async fn strange(mut visit: Visit) -> Option<Connection> {
    visit.receive().await;
    let target = visit.head.target();
    let found = answers()
        .into_iter()
        .find(|(path, ..)| path.as_bytes() == target);
    let Some((_, bytes, fate)) = found else {
        return visit
            .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood")
            .await;
    };
    let rest = visit.answer(&bytes).await;
    // What breaks off, breaks off; the others keep the connection for the next request.
    rest.filter(|_| matches!(fate, Fate::Passed(_)))
}

fn check(path: &str, answer: &Answer, fate: Fate) {
    let is_refusal = answer.status() == 502
        && answer.header("content-type").as_deref() == Some("application/problem+json");
    let is_fine = match fate {
        Fate::Refused => is_refusal,
        Fate::Broken => is_refusal || !answer.complete,
        Fate::Passed(body) => {
            is_refusal || (answer.status() == 200 && answer.complete && answer.body == body)
        }
    };
    assert!(is_fine, "{path}: {answer:?}");
    assert!(
        answer.header("set-cookie").is_none() && !answer.text().contains("forged"),
        "{path}: {answer:?}"
    );
}

#[tokio::test]
async fn no_answer_is_forged_by_what_an_app_writes() {
    let relay = TestRelay::start().await;
    let app = LocalApp::with(strange).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    let mut before = 0;
    for round in 0..3 {
        for (path, _, fate) in answers() {
            let answered = sender.try_send(Post::new("POST", path).body("x"));
            let answer = within(path, DEADLINE, answered).await;
            let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
            check(path, &answer, fate);
            // Whoever comes next on the same connection to the app gets an answer of its own.
            for _ in 0..2 {
                let next = sender.post("/good", "x").await;
                assert_eq!(
                    (next.status(), &*next.body),
                    (200, &b"good"[..]),
                    "after {path}: {next:?}"
                );
            }
        }
        if round == 0 {
            before = client.rss();
        }
    }
    let grown = client.rss().saturating_sub(before);
    assert!(grown < FLAT_BYTES, "the client grew by {grown} bytes");
}

#[tokio::test]
async fn an_endless_answer_ends_when_its_sender_has_left() {
    let relay = TestRelay::start().await;
    let (ended, mut ends) = mpsc::unbounded_channel();
    let app = LocalApp::with(move |mut visit: Visit| {
        let ended = ended.clone();
        async move {
            visit.receive().await;
            if visit.head.target() == b"/good" {
                return visit
                    .answer(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood")
                    .await;
            }
            visit
                .connection
                .write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                .await
                .ok()?;
            let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
            let mut written = 0_u64;
            while visit.connection.write(chunk.as_bytes()).await.is_ok() {
                written += 0x10000;
            }
            let _ = ended.send(written);
            None
        }
    })
    .await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    assert_eq!(sender.post("/good", "x").await.status(), 200);
    let before = client.rss();
    for _ in 0..3 {
        let mut connection = sender.connect().await;
        let request = sender.bytes(&Post::new("GET", "/endless"));
        connection.write(&request).await.unwrap();
        let head = connection.head().await.unwrap().unwrap();
        assert_eq!(head.status(), 200);
        let mut framing = crate::support::http::Framing::of_answer(&head, "GET");
        let mut read = 0;
        while read < 4_000_000 {
            read += connection
                .piece(&mut framing)
                .await
                .unwrap()
                .expect("it has no end")
                .len();
        }
        // A sender that reads no more, but stays: the app has to wait, and costs nothing.
        assert_eq!(sender.post("/good", "x").await.status(), 200);
        assert!(
            ends.try_recv().is_err(),
            "the app is cut off though its sender is there"
        );
        drop(connection);
        let written = within("the app is cut off", DEADLINE, ends.recv())
            .await
            .unwrap();
        assert!(
            written < 64 * 1024 * 1024,
            "{written} bytes were taken for a sender that read {read}"
        );
        assert_eq!(sender.post("/good", "x").await.status(), 200);
    }
    let grown = client.rss().saturating_sub(before);
    assert!(grown < FLAT_BYTES, "the client grew by {grown} bytes");
}

/// RFC 9112, section 6.3: chunks count, and the length must not go on. Whoever believes it takes
/// the rest of the body for the next answer, or a part of the body for all of it.
#[tokio::test]
async fn a_length_beside_chunks_is_not_passed_on() {
    let relay = TestRelay::start().await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for (chunks, bytes) in [
        ("5\r\nhello\r\n".to_owned(), 5),
        (chunk.repeat(8), 8 * 0x10000),
    ] {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n";
        let app = LocalApp::raw(format!("{head}{chunks}0\r\n\r\n")).await;
        let client = TestClient::listen(&relay, &app, &[]).await;
        let answer = client.sender().post("/hook", "x").await;
        assert_eq!(
            (answer.digest.bytes, answer.complete),
            (bytes, true),
            "{:?}",
            answer.head
        );
        assert_ne!(answer.header("content-length").as_deref(), Some("3"));
    }
}
