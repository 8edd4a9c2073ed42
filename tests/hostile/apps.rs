//! What the client makes of answers that are none: its sender never gets a forged one.

use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::mpsc;

use super::FLAT_BYTES;
use crate::support::{
    Answer, Connection, DEADLINE, LocalApp, Post, TestClient, TestRelay, Tls, Visit, within,
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
    /// The sender gets this status and no body, or 502.
    Empty(u16),
}

/// An answer nobody asked for.
const FORGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";

/// Answers by the path that asks for them.
fn answers() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let text = |text: &str| text.as_bytes().to_owned();
    let ok = |rest: &str| text(&format!("HTTP/1.1 200 OK\r\n{rest}"));
    let forged = FORGED;
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
            "/three-equal-lengths",
            ok("content-length: 5\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello"),
            Fate::Refused,
        ),
        (
            "/equal-lengths",
            ok("content-length: 5\r\ncontent-length: 5\r\n\r\nhello"),
            Fate::Refused,
        ),
        (
            "/list-of-lengths",
            ok("content-length: 5, 5\r\n\r\nhello"),
            Fate::Refused,
        ),
        (
            "/empty-length",
            ok("content-length: \r\n\r\nhello"),
            Fate::Refused,
        ),
        (
            "/hex-length",
            ok("content-length: 0x5\r\n\r\nhello"),
            Fate::Refused,
        ),
        (
            "/length-past-numbers",
            ok("content-length: 99999999999999999999\r\n\r\nhello"),
            Fate::Refused,
        ),
        (
            "/folded",
            ok("x: a\r\n set-cookie: forged\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/folded-by-tab",
            ok("x: a\r\n\tset-cookie: forged\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/folded-first",
            ok(" x: a\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/bare-lf-in-head",
            ok("x: a\nset-cookie: forged\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/bare-lf-everywhere",
            text("HTTP/1.1 200 OK\ncontent-length: 2\n\nok"),
            Fate::Refused,
        ),
        (
            "/bare-lf-at-the-end",
            text(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\n{forged}"
            )),
            Fate::Refused,
        ),
        (
            "/bare-cr-in-the-status",
            text("HTTP/1.1 200 O\rK\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/bare-cr-ends",
            text("HTTP/1.1 200 OK\rcontent-length: 2\r\rok"),
            Fate::Refused,
        ),
        (
            "/space-before-colon",
            ok("content-length : 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/space-in-name",
            ok("x y: 1\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/no-colon",
            ok("nonsense\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/no-name",
            ok(": x\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/escape-in-a-value",
            ok("x: a\x1b[2J\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/encoding-twice",
            ok("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/chunked-chunked",
            ok("transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/gzip-chunked",
            ok("transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/chunked-identity",
            ok("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/xchunked",
            ok("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/tab-chunked",
            ok("transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/encoding-behind-space",
            ok("transfer-encoding : chunked\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/encoding-in-1.0",
            text("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            Fate::Refused,
        ),
        (
            "/chunks-then-length",
            ok("transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
            Fate::Passed(b"hello"),
        ),
        (
            "/http-2",
            text("HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/http-1.2",
            text("HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/icy",
            text("ICY 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/two-spaces",
            text("HTTP/1.1  200 OK\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/empty-lines-first",
            text("\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
            Fate::Refused,
        ),
        (
            "/signed-chunk",
            ok("transfer-encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/prefixed-chunk",
            ok("transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/empty-chunk-size",
            ok("transfer-encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/chunk-in-bare-lf",
            ok("transfer-encoding: chunked\r\n\r\n5\nhello\n0\n\n"),
            Fate::Broken,
        ),
        (
            "/chunk-extension",
            ok("transfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0;c\r\n\r\n"),
            Fate::Passed(b"hello"),
        ),
        (
            "/chunk-extension-with-cr",
            ok("transfer-encoding: chunked\r\n\r\n5;a\rb\r\nhello\r\n0\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/chunk-extension-with-lf",
            ok("transfer-encoding: chunked\r\n\r\n5;a\nhello\r\n0\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/trailers",
            ok(
                "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nset-cookie: forged\r\ncontent-length: 9\r\n\r\n",
            ),
            Fate::Passed(b"hello"),
        ),
        (
            "/bad-trailers",
            ok("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
            Fate::Broken,
        ),
        (
            "/no-last-chunk",
            ok("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
            Fate::Broken,
        ),
        (
            "/204-with-a-body",
            text(&format!(
                "HTTP/1.1 204 No Content\r\ncontent-length: {}\r\n\r\n{forged}",
                forged.len()
            )),
            Fate::Empty(204),
        ),
        (
            "/204-with-chunks",
            text(
                "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n6\r\nforged\r\n0\r\n\r\n",
            ),
            Fate::Empty(204),
        ),
        (
            "/304-with-a-body",
            text(&format!(
                "HTTP/1.1 304 Not Modified\r\ncontent-length: {}\r\n\r\n{forged}",
                forged.len()
            )),
            Fate::Empty(304),
        ),
        (
            "/304-without-length",
            text(&format!("HTTP/1.1 304 Not Modified\r\n\r\n{forged}")),
            Fate::Empty(304),
        ),
        (
            "/interim-with-a-length",
            text(
                "HTTP/1.1 102 Wait\r\ncontent-length: 43\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            ),
            Fate::Passed(b"hello"),
        ),
        (
            "/second-answer",
            ok(&format!("content-length: 2\r\n\r\nok{forged}{forged}")),
            Fate::Passed(b"ok"),
        ),
        (
            "/second-answer-to-chunks",
            ok(&format!(
                "transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{forged}"
            )),
            Fate::Passed(b"ok"),
        ),
        (
            "/reserved-names",
            ok(
                "kreel-delivery-id: mine\r\nconnection: x-hop\r\nx-hop: 1\r\ncontent-length: 2\r\n\r\nok",
            ),
            Fate::Passed(b"ok"),
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
    rest.filter(|_| matches!(fate, Fate::Passed(_) | Fate::Empty(_)))
}

/// What a sender heard, by whatever version of HTTP.
#[derive(Debug)]
struct Told {
    status: u16,
    lines: Vec<(String, String)>,
    body: Vec<u8>,
    complete: bool,
}

impl Told {
    fn of(answer: &Answer) -> Self {
        let text = |(name, value): (String, Vec<u8>)| {
            (
                name.to_ascii_lowercase(),
                String::from_utf8_lossy(&value).into_owned(),
            )
        };
        Self {
            status: answer.status(),
            lines: answer.head.lines().into_iter().map(text).collect(),
            body: answer.body.clone(),
            complete: answer.complete,
        }
    }

    fn values(&self, name: &str) -> Vec<&str> {
        let same = self.lines.iter().filter(|line| line.0 == name);
        same.map(|line| &*line.1).collect()
    }

    fn check(&self, path: &str, fate: Fate) {
        let is_refusal =
            self.status == 502 && self.values("content-type") == ["application/problem+json"];
        let is_fine = match fate {
            Fate::Refused => is_refusal,
            Fate::Broken => is_refusal || !self.complete,
            Fate::Passed(body) => {
                is_refusal || (self.status == 200 && self.complete && self.body == body)
            }
            Fate::Empty(status) => {
                is_refusal || (self.status == status && self.complete && self.body.is_empty())
            }
        };
        assert!(is_fine, "{path}: {self:?}");
        assert!(!format!("{self:?}").contains("forged"), "{path}: {self:?}");
        assert!(self.values("set-cookie").is_empty(), "{path}: {self:?}");
        assert!(self.values("content-length").len() <= 1, "{path}: {self:?}");
        assert!(self.values("x-hop").is_empty(), "{path}: {self:?}");
    }
}

/// A sender that speaks HTTP/2.
struct Http2Sender {
    sender: http2::SendRequest<Full<bytes::Bytes>>,
    url: String,
}

impl Http2Sender {
    async fn to(relay: &TestRelay, client: &TestClient) -> Self {
        let tls = Tls::trusting(&relay.ca().unwrap()).offering(&["h2"]);
        let stream = tls.connect(relay.address()).await.unwrap();
        let handshake = http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream));
        let (sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        Self {
            sender,
            url: client.url().to_owned(),
        }
    }

    async fn asks(&mut self, method: &str, path: &str) -> Told {
        let request = hyper::Request::builder().method(method);
        let request = request.uri(format!("{}{path}", self.url));
        let body = Full::new(bytes::Bytes::from_static(b"x"));
        let answered = self.sender.send_request(request.body(body).unwrap()).await;
        let (head, mut body) = answered.unwrap().into_parts();
        let lines = head.headers.iter().map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        let (mut bytes, mut complete) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend(frame.into_data().unwrap_or_default()),
                Err(_) => {
                    complete = false;
                    break;
                }
            }
        }
        Told {
            status: head.status.as_u16(),
            lines: lines.collect(),
            body: bytes,
            complete,
        }
    }
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
            match answer {
                Ok(answer) => Told::of(&answer).check(path, fate),
                // Nothing at all is no forged answer either.
                Err(error) => assert!(matches!(fate, Fate::Broken), "{path}: {error}"),
            }
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
async fn no_answer_is_forged_toward_http2_either() {
    let relay = TestRelay::secure().await;
    let app = LocalApp::with(strange).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let mut sender = Http2Sender::to(&relay, &client).await;
    assert!(answers().len() >= 60, "{}", answers().len());
    for (path, _, fate) in answers() {
        let told = within(path, DEADLINE, sender.asks("POST", path)).await;
        told.check(path, fate);
        let next = within(path, DEADLINE, sender.asks("POST", "/good")).await;
        assert_eq!(
            (next.status, &*next.body),
            (200, &b"good"[..]),
            "after {path}: {next:?}"
        );
    }
}

/// The answer to `HEAD` ends with its head, whatever the app writes behind it.
#[tokio::test]
async fn no_answer_to_head_has_a_body() {
    let relay = TestRelay::secure().await;
    let app = LocalApp::raw(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{FORGED}",
        FORGED.len()
    ))
    .await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let mut http2 = Http2Sender::to(&relay, &client).await;
    for _ in 0..3 {
        let told = within("an answer", DEADLINE, http2.asks("HEAD", "/x")).await;
        assert_eq!((told.status, told.body.len()), (200, 0), "{told:?}");
        let mut connection = client.sender().connect().await;
        let request = client.sender().bytes(&Post::new("HEAD", "/x"));
        connection.write(&request).await.unwrap();
        let answer = within("an answer", DEADLINE, connection.answer("HEAD"))
            .await
            .unwrap();
        assert_eq!((answer.status(), answer.body.len()), (200, 0), "{answer:?}");
        assert!(!format!("{answer:?}").contains("forged"));
    }
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
