//! One request of a sender, and what its answer means.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, Request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::Target;
use crate::app::MESSAGE;
use crate::ledger::{By, MessageId};
use crate::message::{Message, Pieces};

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A connection to the relay. Closed on drop.
#[derive(Debug)]
pub(super) struct Line {
    requests: SendRequest<Body>,
    connection: AbortHandle,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Line {
    pub(super) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("connect")?;
        stream.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        // What becomes of the connection is seen in its requests.
        let connection = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        Ok(Self {
            requests,
            connection,
        })
    }

    /// Whether another request may be sent, as far as this side knows.
    pub(super) async fn is_usable(&self) -> bool {
        // Lets the connection hear that it was closed.
        tokio::task::yield_now().await;
        !self.requests.is_closed()
    }

    pub(super) async fn post(&mut self, target: &Target, message: &Message) -> Result<Answer> {
        self.requests.ready().await?;
        let request = Request::post(format!("{}/hook/{}", target.path, message.id))
            .header(HOST, target.address.to_string())
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(MESSAGE, message.id)
            .body(body(message))?;
        let (head, mut body) = self.requests.send_request(request).await?.into_parts();
        let mut whole = Vec::new();
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame.context("in the answer")?.data_ref() {
                whole.extend_from_slice(data);
            }
        }
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: whole.into(),
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Answer {
    /// Whose it is, and what there is to note: the app marks its answers.
    pub(super) fn meaning(&self, id: MessageId) -> (By, String) {
        if let Some(found) = self.headers.get(MESSAGE) {
            let found = found.to_str().unwrap_or("?");
            let own = found == id.to_string() && &*self.body == format!("{id}\n").as_bytes();
            return (if own { By::App } else { By::Other }, found.to_owned());
        }
        let said: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |name: &str| said[name].as_str().unwrap_or("-").to_owned();
        match (self.status, said["state"].as_str()) {
            (200..300, Some("queued")) => (By::Queued, text("id")),
            (200..300, Some("pending")) => (By::Pending, text("id")),
            _ => (By::Relay, text("title")),
        }
    }
}

fn body(message: &Message) -> Body {
    match message.pieces {
        Pieces::Whole => Full::new(message.body.clone()).boxed_unsync(),
        Pieces::Chunked { bytes, pause } => {
            let pieces = stream::unfold(message.body.clone(), move |mut rest| async move {
                if rest.is_empty() {
                    return None;
                }
                sleep(pause).await;
                let piece = rest.split_to(bytes.min(rest.len()));
                Some((Ok::<_, Infallible>(Frame::data(piece)), rest))
            });
            StreamBody::new(pieces).boxed_unsync()
        }
    }
}
