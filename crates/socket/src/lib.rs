//! One websocket as a stream of kreel messages.
//!
//! What both ends of a link share: frames in and out in large writes, a heartbeat, a deadline
//! on silence, bounds on every buffer. It knows the codec's trait and no message.

mod burst;
mod heartbeat;

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, StreamExt};
use kreel_wire::{DecodeError, Wire, limits};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{
    CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode,
};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

pub use self::burst::Burst;
use self::heartbeat::{Dead, Heartbeat, Output};

/// How much queued output goes to the system at once: 64 KiB, a socket buffer's usual share.
const WRITE_BYTES: usize = 64 * 1024;

/// How much output may wait for a slow peer before this end stops taking more: 512 KiB.
const WRITE_LIMIT_BYTES: usize = 512 * 1024;

/// What each read asks for: 2 KiB, since idle links keep this buffer; [`Burst`] below it reads
/// larger runs while there is something to read.
const READ_BYTES: usize = 2 * 1024;

/// A websocket that carries one kreel message in each binary frame.
///
/// One task owns it and polls all of it: while that task waits to write it must go on reading,
/// or two peers with full buffers would wait for each other for ever.
#[derive(Debug)]
pub struct MessageSocket<S> {
    websocket: WebSocketStream<Burst<S>>,
    heartbeat: Heartbeat,
    unflushed: bool,
}

/// Why a websocket brings no more messages.
#[derive(Debug, Error)]
pub enum SocketError {
    /// The peer closed the connection in good order.
    #[error("the other end closed the connection")]
    Closed,
    /// Nothing was heard for longer than [`limits::SILENCE`].
    #[error("nothing was heard from the other end for {} s", .0.as_secs())]
    Silent(Duration),
    /// The peer took nothing of what was written to it for longer than [`limits::SILENCE`].
    #[error("the other end has read nothing for {} s", .0.as_secs())]
    Stalled(Duration),
    /// The connection failed.
    #[error("the connection failed")]
    Broken(#[source] std::io::Error),
    /// What came is not the websocket protocol, or over a limit.
    #[error("not a websocket message this end accepts")]
    Websocket(#[source] Box<WsError>),
    /// What came is a websocket message but none of ours.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A text message came; kreel's are binary.
    #[error("a text message where only binary ones are spoken")]
    Text,
}

impl SocketError {
    /// Whether the peer broke the protocol, rather than vanished.
    pub fn is_violation(&self) -> bool {
        matches!(self, Self::Websocket(_) | Self::Decode(_) | Self::Text)
    }
}

/// The limits every websocket of kreel's runs under, on both ends.
pub fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_write_buffer_size(WRITE_LIMIT_BYTES + limits::MESSAGE_BYTES)
        .max_message_size(Some(limits::MESSAGE_BYTES))
        .max_frame_size(Some(limits::MESSAGE_BYTES))
}

/// The `Sec-WebSocket-Accept` that answers a client's `Sec-WebSocket-Key` (RFC 6455, section
/// 4.2.2).
pub fn accept_key(key: &[u8]) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key)
}

impl<S: AsyncRead + AsyncWrite + Unpin> MessageSocket<S> {
    /// The relay's end of a connection that has just been upgraded. `read_ahead` is what was
    /// read beyond the upgrade request.
    pub async fn server(stream: S, read_ahead: Bytes) -> Self {
        let stream = Burst::new(stream, read_ahead);
        let config = Some(websocket_config());
        Self::new(WebSocketStream::from_raw_socket(stream, Role::Server, config).await)
    }

    /// A websocket whose handshake is done.
    pub fn new(websocket: WebSocketStream<Burst<S>>) -> Self {
        Self {
            websocket,
            heartbeat: Heartbeat::new(),
            unflushed: false,
        }
    }

    /// The last round trip measured by the heartbeat, if there was one yet.
    pub fn latency(&self) -> Option<Duration> {
        self.heartbeat.latency()
    }

    /// The next message, or why there is none. Also keeps the heartbeat going.
    pub fn poll_receive<M: Wire>(&mut self, cx: &mut Context<'_>) -> Poll<Result<M, SocketError>> {
        while let Poll::Ready(next) = self.websocket.poll_next_unpin(cx) {
            if let Some(bytes) = self.take(next)? {
                return Poll::Ready(M::decode(bytes).map_err(SocketError::Decode));
            }
        }
        let output = Output {
            waits: self.unflushed,
            taken_bytes: self.websocket.get_ref().written_bytes(),
        };
        let ping = ready!(self.heartbeat.poll_beat(output, cx)).map_err(|dead| match dead {
            Dead::Silent(time) => SocketError::Silent(time),
            Dead::Stalled(time) => SocketError::Stalled(time),
        })?;
        self.start(Message::Ping(ping))?;
        // Once more, so that the heartbeat's next deadline is registered with this waker.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether another message may be sent. Pending while a slow peer has too much unread.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        self.websocket.poll_ready_unpin(cx).map_err(socket_error)
    }

    /// Queues a message; call [`poll_flush`](Self::poll_flush) when no more are at hand.
    pub fn send(&mut self, message: impl Wire) -> Result<(), SocketError> {
        self.start(Message::Binary(message.encode()))
    }

    /// Writes out what was queued. Cheap when nothing was.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SocketError>> {
        if self.unflushed {
            ready!(self.websocket.poll_flush_unpin(cx)).map_err(socket_error)?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// The next message, waiting for it; for handshakes.
    pub async fn receive<M: Wire>(&mut self) -> Result<M, SocketError> {
        std::future::poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// Sends a message and sees it off; for handshakes.
    pub async fn send_now(&mut self, message: impl Wire) -> Result<(), SocketError> {
        std::future::poll_fn(|cx| self.poll_ready(cx)).await?;
        self.send(message)?;
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Closes in good order, saying `reason` in the close frame (at most 123 bytes of it are
    /// sent). Bound it by a deadline: the peer may never answer.
    pub async fn close(&mut self, violation: bool, reason: &str) {
        let code = if violation {
            CloseCode::Policy
        } else {
            CloseCode::Normal
        };
        let reason = reason[..reason.floor_char_boundary(123)].to_owned().into();
        // Whether the peer still listens makes no difference any more.
        let _ = self
            .websocket
            .close(Some(CloseFrame { code, reason }))
            .await;
    }

    fn take(
        &mut self,
        next: Option<Result<Message, WsError>>,
    ) -> Result<Option<Bytes>, SocketError> {
        self.heartbeat.heard();
        match next {
            Some(Ok(Message::Binary(bytes))) => Ok(Some(bytes)),
            Some(Ok(Message::Pong(payload))) => {
                self.heartbeat.answered(&payload);
                Ok(None)
            }
            // The answer to a ping is queued by the library and leaves with the next flush.
            Some(Ok(Message::Ping(_))) => {
                self.unflushed = true;
                Ok(None)
            }
            Some(Ok(Message::Text(_))) => Err(SocketError::Text),
            Some(Ok(Message::Close(_) | Message::Frame(_))) | None => Err(SocketError::Closed),
            Some(Err(error)) => Err(socket_error(error)),
        }
    }

    fn start(&mut self, message: Message) -> Result<(), SocketError> {
        self.unflushed = true;
        std::pin::Pin::new(&mut self.websocket)
            .start_send(message)
            .map_err(socket_error)
    }
}

fn socket_error(error: WsError) -> SocketError {
    match error {
        WsError::ConnectionClosed | WsError::AlreadyClosed => SocketError::Closed,
        WsError::Io(error) => SocketError::Broken(error),
        WsError::Protocol(
            tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        ) => SocketError::Broken(std::io::ErrorKind::ConnectionReset.into()),
        other => SocketError::Websocket(Box::new(other)),
    }
}

#[cfg(test)]
mod tests;
