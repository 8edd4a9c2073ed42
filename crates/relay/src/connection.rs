//! One TCP connection: TLS if there is any, deadlines on silence, then HTTP.

mod busy;
mod deadlines;
mod frames;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use kreel_wire::Scheme;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::debug;

use self::busy::Heads;
pub(crate) use self::busy::{Busy, UnderWay};
use self::deadlines::{Deadlines, TooSlow};
use self::frames::FramesIo;
use crate::admission::Handshake;
use crate::config::Limits;
use crate::framing::{FramingLimits, GatedIo};
use crate::ingress::{self, From};
use crate::limits::{
    H2_ERRORS, HTTP2_SEND_BUFFER, HTTP2_STREAM_WINDOW, HTTP2_WINDOW, HYPER_HEADER_LINES,
    TLS_LINK_BUFFER, TLS_SEND_BUFFER,
};
use crate::proxies::read_protocol;
use crate::shared::Shared;
use crate::tls::ACME_ALPN;

/// A connection's bytes, in the clear.
#[derive(Debug)]
pub(crate) enum Stream {
    /// A connection without TLS.
    Plain(TcpStream),
    /// One with TLS, boxed: it is large, and idle links shall not pay for it twice.
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a websocket runs on after its upgrade.
pub(crate) type Upgraded = Deadlines<GatedIo<Stream>>;

/// Serves one connection to its end. Each of its stages is boxed: the task is moved several times
/// before it first runs, and room for the largest stage would be moved with it.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    mut tcp: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
) {
    let held = shared.admission.held();
    let limits = &held.limits;
    // Many small writes with nothing to follow: waiting for more only delays them.
    if let Err(error) = tcp.set_nodelay(true) {
        debug!(%error, "the connection went before it began");
        return;
    }
    let Some(peer) = told_by_proxy(&shared, &mut tcp, peer, limits).await else {
        return;
    };
    // Whoever speaks for many is not counted as one.
    let place = match shared.proxies.trust(peer.ip()) {
        true => Ok(None),
        false => shared.admission.connection(peer.ip()),
    };
    let place = match place {
        Ok(place) => place,
        Err(reason) => return shared.refused(reason, peer.ip(), &"too many"),
    };
    match tls {
        Some(tls) => match shared.admission.handshake(place.as_ref()) {
            Ok(begun) => Box::pin(https(shared, limits, tcp, peer, (tls, begun))).await,
            Err(reason) => shared.refused(reason, peer.ip(), &"too many"),
        },
        None => {
            let scheme = Scheme::Http;
            let from = From { peer, scheme };
            Box::pin(http1(shared, limits, Stream::Plain(tcp), from)).await;
        }
    }
}

async fn https(
    shared: Arc<Shared>,
    limits: &Limits,
    tcp: TcpStream,
    peer: SocketAddr,
    (tls, begun): (TlsAcceptor, Handshake),
) {
    let accepted = tokio::select! {
        accepted = timeout(limits.tls_handshake_time, tls.accept(tcp)) => accepted,
        // Nothing is under way yet: whoever says nothing shall not hold up the end.
        () = shared.stopping.cancelled() => return,
    };
    drop(begun);
    match accepted {
        Ok(Ok(stream)) => {
            let agreed = stream.get_ref().1.alpn_protocol();
            if agreed == Some(ACME_ALPN) {
                // A certificate authority has seen what it wanted; nothing is said on top.
                return;
            }
            let h2 = agreed == Some(b"h2");
            let mut stream = Stream::Tls(Box::new(stream));
            let scheme = Scheme::Https;
            let from = From { peer, scheme };
            if h2 {
                Box::pin(http2(shared, limits, stream, from)).await;
            } else {
                stream.buffer(TLS_SEND_BUFFER);
                Box::pin(http1(shared, limits, stream, from)).await;
            }
        }
        Ok(Err(error)) => debug!(%error, "no TLS"),
        Err(_) => shared.refused("slow_handshake", peer.ip(), &"it took too long"),
    }
}

async fn http1(shared: Arc<Shared>, limits: &Limits, stream: Stream, from: From) {
    let busy = Busy::new(Heads::Tracked);
    let framing = FramingLimits {
        max_head_bytes: limits.max_head_bytes,
        max_header_lines: limits.max_header_lines,
    };
    let stream = GatedIo::new(stream, framing);
    let gate = stream.gate();
    let io = TokioIo::new(Deadlines::new(
        stream,
        busy.clone(),
        limits,
        shared.answers.clone(),
    ));
    let service = ingress::service(shared.clone(), from, busy, Some(gate.clone()));
    let mut builder = http1::Builder::new();
    if limits.max_header_lines != HYPER_HEADER_LINES {
        // Told its own number, it would fill the room for so many lines at each head.
        builder.max_headers(limits.max_header_lines);
    }
    let connection = builder
        // Deadlines keeps the time: hyper's own would set a timer for each request.
        .header_read_timeout(None)
        // hyper takes no smaller one.
        .max_buf_size(limits.max_head_bytes.max(8 * 1024))
        // A sender that has said all it has to say may close its half and still listen.
        .half_close(true)
        // An answer of the app's goes on as it is; the relay's own say their date themselves.
        .auto_date_header(false)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shared.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Some(refused) = gate.refused() {
        shared.refused("framing", from.peer.ip(), &refused);
    } else if let Err(error) = ended {
        failed(&shared, from, &error);
    }
}

async fn http2(shared: Arc<Shared>, limits: &Limits, stream: Stream, from: From) {
    let busy = Busy::new(Heads::Untracked);
    let stream = FramesIo::new(stream, limits);
    let verdict = stream.verdict();
    let io = TokioIo::new(Deadlines::new(
        stream,
        busy.clone(),
        limits,
        shared.answers.clone(),
    ));
    let service = ingress::service(shared.clone(), from, busy, None);
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW)
        .initial_connection_window_size(HTTP2_WINDOW)
        .max_send_buf_size(HTTP2_SEND_BUFFER)
        .max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits.http2_resets)
        .max_local_error_reset_streams(H2_ERRORS)
        // Finds out whether who waits for an answer is still there.
        .keep_alive_interval(limits.idle_time / 2)
        .auto_date_header(false)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shared.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Some(fault) = verdict.fault() {
        shared.refused(fault.reason(), from.peer.ip(), &fault);
    } else if let Err(error) = ended {
        failed(&shared, from, &error);
    }
}

/// A connection has ended in an error: whose fault it was is counted.
fn failed(shared: &Shared, from: From, error: &hyper::Error) {
    let slow = TooSlow::behind(error);
    match slow.and_then(|slow| Some((slow, slow.reason()?))) {
        Some((slow, reason)) => shared.refused(reason, from.peer.ip(), &slow),
        None if error.is_parse_too_large() => {
            shared.refused("head_too_large", from.peer.ip(), error);
        }
        None => debug!(%error, "a connection failed"),
    }
}

/// Who connects: the peer, or whom a proxy that is believed says it connects for. Nothing if it
/// should say and does not.
async fn told_by_proxy(
    shared: &Shared,
    tcp: &mut TcpStream,
    peer: SocketAddr,
    limits: &Limits,
) -> Option<SocketAddr> {
    if !shared.proxies.protocol || !shared.proxies.trust(peer.ip()) {
        return Some(peer);
    }
    let told = timeout(limits.tls_handshake_time, read_protocol(tcp)).await;
    match told {
        Ok(Ok(told)) => return Some(told.unwrap_or(peer)),
        Ok(Err(error)) => shared.refused("proxy_protocol", peer.ip(), &error),
        Err(_) => shared.refused("proxy_protocol", peer.ip(), &"it took too long"),
    }
    None
}

/// The stream below an upgraded connection, and what hyper had read of it already.
pub(crate) fn into_stream(upgraded: hyper::upgrade::Upgraded) -> Option<(Upgraded, Bytes)> {
    let parts = upgraded.downcast::<TokioIo<Upgraded>>().ok()?;
    let mut stream = parts.io.into_inner();
    stream.lift();
    stream.below().below().buffer(TLS_LINK_BUFFER);
    Some((stream, parts.read_buf))
}

impl Stream {
    /// How much of what is written under TLS waits until it is read.
    fn buffer(&mut self, bytes: usize) {
        if let Self::Tls(tls) = self {
            tls.get_mut().1.set_buffer_limit(Some(bytes));
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, into),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }
}
