//! What apps do in stories.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::{LocalApp, Received};

impl LocalApp {
    /// Answers each request with this status and a short text.
    pub(crate) async fn answering(status: u16) -> Self {
        Self::raw(says(status)).await
    }

    /// Answers the first requests with these statuses, one each, and all others with the last.
    pub(crate) async fn answering_in_turn(statuses: &'static [u16]) -> Self {
        let requests = Arc::new(AtomicUsize::new(0));
        Self::with(move |mut visit| {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            let status = statuses[number.min(statuses.len() - 1)];
            async move {
                visit.receive().await;
                visit.answer(says(status).as_bytes()).await
            }
        })
        .await
    }

    /// Answers with exactly these bytes, and keeps the connection.
    pub(crate) async fn raw(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::<[u8]>::from(answer.into());
        Self::with(move |mut visit| {
            let answer = answer.clone();
            async move {
                visit.receive().await;
                visit.answer(&answer).await
            }
        })
        .await
    }

    /// Answers with exactly these bytes, and closes the connection.
    pub(crate) async fn raw_then_close(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::<[u8]>::from(answer.into());
        Self::with(move |mut visit| {
            let answer = answer.clone();
            async move {
                visit.receive().await;
                visit.answer(&answer).await;
                None
            }
        })
        .await
    }

    /// Answers with what it received, as JSON: `method`, `target`, `headers` (pairs, each byte of
    /// a value a character), `body_bytes`, `body_sha256`.
    pub(crate) async fn echo() -> Self {
        Self::with(|mut visit| async move {
            let received = visit.receive().await;
            visit.answer(&echo(&received)).await
        })
        .await
    }

    /// An echo that takes this long over each request.
    pub(crate) async fn slow(time: Duration) -> Self {
        Self::with(move |mut visit| async move {
            let received = visit.receive().await;
            sleep(time).await;
            visit.answer(&echo(&received)).await
        })
        .await
    }

    /// An echo that answers nobody until [`release`](Self::release) lets one request go on.
    pub(crate) async fn held() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        Self::gated(gate, move |mut visit| {
            let held = held.clone();
            async move {
                let received = visit.receive().await;
                held.acquire().await.ok()?.forget();
                visit.answer(&echo(&received)).await
            }
        })
        .await
    }

    /// Lets this many held requests go on.
    pub(crate) fn release(&self, requests: usize) {
        self.gate.add_permits(requests);
    }

    /// Takes each request, and closes the connection without a word.
    pub(crate) async fn dying() -> Self {
        Self::with(|mut visit| async move {
            visit.receive().await;
            None
        })
        .await
    }

    /// Promises 100,000 bytes, sends 10, and closes the connection once
    /// [`release`](Self::release) lets it.
    pub(crate) async fn dying_mid_answer() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        Self::gated(gate, move |mut visit| {
            let held = held.clone();
            async move {
                visit.receive().await;
                let beginning = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n0123456789";
                visit.connection.write(beginning).await.ok()?;
                held.acquire().await.ok()?.forget();
                None
            }
        })
        .await
    }

    /// Answers each request with server-sent events, sending what comes through the channel as
    /// it comes and ending with it.
    pub(crate) async fn sse() -> (Self, mpsc::UnboundedSender<String>) {
        let (pieces, queue) = mpsc::unbounded_channel::<String>();
        let queue = Arc::new(tokio::sync::Mutex::new(queue));
        let app = Self::with(move |mut visit| {
            let queue = queue.clone();
            async move {
                visit.receive().await;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n\
                            transfer-encoding: chunked\r\n\r\n";
                visit.connection.write(head.as_bytes()).await.ok()?;
                let mut queue = queue.lock().await;
                while let Some(piece) = queue.recv().await {
                    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
                    visit.connection.write(chunk.as_bytes()).await.ok()?;
                }
                visit.answer(b"0\r\n\r\n").await
            }
        })
        .await;
        (app, pieces)
    }
}

/// An answer with this status and a short text.
fn says(status: u16) -> String {
    let text = format!("the app says {status}\n");
    let length = text.len();
    format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\n\r\n{text}")
}

/// The answer of an echo.
fn echo(received: &Received) -> Vec<u8> {
    let latin1 = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
    };
    let headers: Vec<_> = received
        .head
        .lines()
        .into_iter()
        .map(|(name, value)| (name, latin1(&value)))
        .collect();
    let body = json!({
        "method": received.head.method(),
        "target": latin1(&received.head.target()),
        "headers": headers,
        "body_bytes": received.digest.bytes,
        "body_sha256": received.digest.sha256,
    })
    .to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}
