//! Bodies pass as they come: each piece is there before the next one is sent.

use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use crate::support::http::{Digester, Framing};
use crate::support::{
    Connection, DEADLINE, Digest, LocalApp, Post, Sender, TestClient, TestRelay, machine, programs,
    within,
};

const EVENTS: usize = 20;

async fn piece(connection: &mut Connection, framing: &mut Framing) -> String {
    let piece = within("a piece", DEADLINE, connection.piece(framing))
        .await
        .unwrap();
    String::from_utf8_lossy(&piece.expect("the answer goes on")).into_owned()
}

/// The app sends the next event only once the sender has the one before.
#[tokio::test]
async fn server_sent_events_arrive_one_by_one() {
    for relay in [TestRelay::start().await, TestRelay::secure().await] {
        let (app, events) = LocalApp::sse().await;
        let client = TestClient::listen(&relay, &app, &[]).await;
        let sender = client.sender();
        let mut connection = sender.connect().await;
        connection
            .write(&sender.bytes(&Post::new("GET", "/events")))
            .await
            .unwrap();
        let head = within("the head, before any event", DEADLINE, connection.head())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            head.value("content-type").as_deref(),
            Some("text/event-stream")
        );
        let mut framing = Framing::of_answer(&head, "GET");
        for number in 0..EVENTS {
            let event = format!("id: {number}\ndata: {}\n\n", "x".repeat(number * 10));
            events.send(event.clone()).unwrap();
            assert_eq!(piece(&mut connection, &mut framing).await, event);
        }
        drop(events);
        let end = within("the end", DEADLINE, connection.piece(&mut framing))
            .await
            .unwrap();
        assert!(end.is_none());
    }
}

#[tokio::test]
async fn server_sent_events_arrive_one_by_one_over_http2() {
    let Some(curl) = programs::find("curl") else {
        return;
    };
    machine::share();
    let (relay, (app, events)) = (TestRelay::secure().await, LocalApp::sse().await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let mut running = tokio::process::Command::new(curl)
        .env_clear()
        .args([
            "-q",
            "--silent",
            "--show-error",
            "--no-buffer",
            "--http2",
            "--noproxy",
            "*",
            "--cacert",
        ])
        .arg(relay.ca().unwrap())
        .arg(client.url())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut out = running.stdout.take().unwrap();
    for number in 0..EVENTS {
        let event = format!("data: {number}\n\n");
        events.send(event.clone()).unwrap();
        let mut got = vec![0; event.len()];
        within("the event", DEADLINE, out.read_exact(&mut got))
            .await
            .unwrap();
        assert_eq!(got, event.as_bytes());
    }
    drop(events);
    assert!(
        within("curl's end", DEADLINE, running.wait())
            .await
            .unwrap()
            .success()
    );
}

/// A sender that leaves ends the stream in the app: nobody produces events for nobody.
#[tokio::test]
async fn a_sender_that_leaves_a_stream_is_noticed() {
    let (gone, mut told) = mpsc::unbounded_channel();
    let app = LocalApp::with(move |mut visit| {
        let gone = gone.clone();
        async move {
            visit.receive().await;
            let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
            visit.connection.write(head).await.ok()?;
            while visit.connection.write(b"4\r\nmore\r\n").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            let _ = gone.send(());
            None
        }
    })
    .await;
    let relay = TestRelay::start().await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    let mut connection = sender.connect().await;
    connection
        .write(&sender.bytes(&Post::new("GET", "/")))
        .await
        .unwrap();
    let head = connection.head().await.unwrap().unwrap();
    piece(&mut connection, &mut Framing::of_answer(&head, "GET")).await;
    drop(connection);
    within("the app is told", DEADLINE, told.recv())
        .await
        .unwrap();
}

/// What is beyond the first message of an upload reaches the app while the sender still sends.
#[tokio::test]
async fn an_upload_reaches_the_app_while_it_is_sent() {
    const PIECE: usize = 200_000;
    let (progress, mut seen) = mpsc::unbounded_channel();
    let app = LocalApp::with(move |mut visit| {
        let progress = progress.clone();
        async move {
            let (mut framing, mut digester, mut bytes) =
                (Framing::of_request(&visit.head), Digester::default(), 0);
            while let Some(piece) = visit.connection.piece(&mut framing).await.ok()? {
                digester.add(&piece);
                bytes += piece.len();
                let _ = progress.send(bytes);
            }
            let hash = digester.finish().sha256;
            visit
                .answer(format!("HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{hash}").as_bytes())
                .await
        }
    })
    .await;
    let relay = TestRelay::secure().await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let sender = client.sender();
    let mut connection = sender.connect().await;
    let total = PIECE * 5;
    let head = Post::new("POST", "/").header("Content-Length", total.to_string());
    connection.write(&sender.bytes(&head)).await.unwrap();
    let mut sent = Vec::new();
    for number in 1..=5_u8 {
        let piece = vec![number; PIECE];
        connection.write(&piece).await.unwrap();
        sent.extend_from_slice(&piece);
        while within("the app has this piece", DEADLINE, seen.recv())
            .await
            .unwrap()
            < sent.len()
        {}
    }
    let answer = within("the answer", DEADLINE, connection.answer("POST"))
        .await
        .unwrap();
    assert_eq!(answer.text(), Digest::of(&sent).sha256);
}

/// An app may answer before it has the whole request, as one that finds it too large.
#[tokio::test]
async fn an_answer_before_the_end_of_the_upload_reaches_the_sender() {
    let app = LocalApp::with(|mut visit| async move {
        visit
            .connection
            .write(b"HTTP/1.1 413 Too Much\r\nContent-Length: 5\r\n\r\nstop!")
            .await
            .ok()?;
        // Closing now would take the answer back: what was not read makes it a reset.
        visit.receive().await;
        None
    })
    .await;
    let relay = TestRelay::start().await;
    for flags in [&[][..], &["--strict"]] {
        let client = TestClient::listen(&relay, &app, flags).await;
        let sender = client.sender();
        let mut connection = sender.connect().await;
        let head = Post::new("POST", "/").header("Content-Length", "50000000");
        connection.write(&sender.bytes(&head)).await.unwrap();
        connection.write(&[b'x'; 300_000]).await.unwrap();
        let answer = within("the answer", DEADLINE, connection.answer("POST"))
            .await
            .unwrap();
        assert_eq!((answer.status(), answer.text().as_str()), (413, "stop!"));
        drop(connection);
    }
    assert!(
        app.receives(2)
            .await
            .iter()
            .all(|received| !received.complete)
    );
}

/// A connection serves one request after another, also several written at once.
#[tokio::test]
async fn a_connection_serves_requests_one_after_another() {
    let (relay, app) = (TestRelay::start().await, LocalApp::echo().await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let sender: Sender = client.sender();
    let mut connection = sender.connect().await;
    let all: Vec<u8> = (0..10)
        .flat_map(|number| sender.bytes(&Post::new("POST", format!("/{number}")).body("x")))
        .collect();
    connection.write(&all).await.unwrap();
    for number in 0..10 {
        let answer = within("an answer", DEADLINE, connection.answer("POST"))
            .await
            .unwrap();
        assert_eq!(answer.json()["target"], format!("/{number}"));
    }
}
