//! From a byte stream to a welcome: the websocket upgrade, then [`Hello`].

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use kreel_socket::{Burst, MessageSocket, websocket_config};
use kreel_wire::{
    Hello, Policy, Reject, RejectReason, SUBPROTOCOLS, TunnelName, Version, Welcome,
    WelcomeOrReject, limits,
};
use tokio::time::timeout;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;

use crate::dial::{Dialer, Stream};
use crate::limits::RELAY_UPGRADE;
use crate::{LinkError, RelayUrl, Token};

/// What a client says of itself when it connects.
#[derive(Debug, Clone)]
pub(crate) struct Introduction {
    pub(crate) token: Token,
    pub(crate) tunnel: TunnelName,
    pub(crate) policy: Policy,
    /// Of what waits, what is wanted, as [`Hello::since_us`] has it.
    pub(crate) since_us: Option<u64>,
    /// Made anew by each process.
    pub(crate) instance: u64,
}

/// The name and version this program goes by.
pub(crate) const PROGRAM: &str = concat!("kreel/", env!("CARGO_PKG_VERSION"));

/// Connects to the relay and opens the tunnel.
pub(crate) async fn connect(
    dialer: &Dialer,
    me: &Introduction,
) -> Result<(MessageSocket<Stream>, Welcome), LinkError> {
    let stream = dialer.connect().await?;
    let late = |after| LinkError::HandshakeTimedOut {
        address: dialer.address(),
        after,
    };
    let mut socket = timeout(RELAY_UPGRADE, upgrade(stream, dialer, &me.token))
        .await
        .map_err(|_| late(RELAY_UPGRADE))??;
    let welcome = timeout(limits::HANDSHAKE, introduce(&mut socket, me))
        .await
        .map_err(|_| late(limits::HANDSHAKE))??;
    Ok((socket, welcome))
}

async fn upgrade(
    stream: Stream,
    dialer: &Dialer,
    token: &Token,
) -> Result<MessageSocket<Stream>, LinkError> {
    let request = upgrade_request(dialer.relay(), token);
    let stream = Burst::new(stream, Bytes::new());
    match client_async_with_config(request, stream, Some(websocket_config())).await {
        Ok((websocket, _)) => Ok(MessageSocket::new(websocket)),
        Err(error) => Err(refusal(error, dialer)),
    }
}

fn upgrade_request(relay: &RelayUrl, token: &Token) -> Request<()> {
    let scheme = if relay.is_tls() { "wss" } else { "ws" };
    let path = relay.path_of("/_kreel/link");
    let uri = format!("{scheme}://{}{path}", relay.authority());
    let mut request = Request::get(uri)
        .header(header::HOST, relay.authority())
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, generate_key())
        .header(header::SEC_WEBSOCKET_PROTOCOL, offered())
        .header(header::USER_AGENT, PROGRAM)
        .body(())
        .expect("a parsed address makes a valid request");
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, token.bearer());
    request
}

fn offered() -> String {
    SUBPROTOCOLS.map(|(_, name)| name).join(", ")
}

/// What an upgrade that failed means.
fn refusal(error: WsError, dialer: &Dialer) -> LinkError {
    match error {
        WsError::Http(response) => refused(&response, dialer),
        WsError::Io(error) => LinkError::Broken(error),
        WsError::ConnectionClosed
        | WsError::AlreadyClosed
        | WsError::Protocol(ProtocolError::HandshakeIncomplete) => LinkError::Closed,
        _ => dialer.not_a_relay(None),
    }
}

fn refused<B>(response: &Response<B>, dialer: &Dialer) -> LinkError {
    match response.status().as_u16() {
        401 => LinkError::Unauthorized,
        426 if spoken(response.headers())
            .is_some_and(|spoken| Version::agree(spoken).is_none()) =>
        {
            LinkError::Version {
                offered: offered(),
                supported: spoken(response.headers()).unwrap_or_default().to_owned(),
            }
        }
        429 | 503 => LinkError::Unavailable,
        status => dialer.not_a_relay(Some(status)),
    }
}

fn spoken(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::SEC_WEBSOCKET_PROTOCOL)
        .map(HeaderValue::to_str)?
        .ok()
}

async fn introduce(
    socket: &mut MessageSocket<Stream>,
    me: &Introduction,
) -> Result<Welcome, LinkError> {
    let hello = Hello {
        client: PROGRAM.to_owned(),
        instance: me.instance,
        tunnel: me.tunnel.clone(),
        policy: me.policy,
        window_bytes: limits::WINDOW_BYTES,
        since_us: me.since_us,
    };
    socket.send_now(hello).await?;
    match socket.receive().await? {
        WelcomeOrReject::Welcome(welcome) => Ok(welcome),
        WelcomeOrReject::Reject(reject) => Err(rejection(reject, &me.tunnel)),
    }
}

fn rejection(reject: Reject, tunnel: &TunnelName) -> LinkError {
    let message = reject.message;
    match reject.reason {
        RejectReason::NameTaken => LinkError::NameTaken {
            tunnel: tunnel.clone(),
        },
        RejectReason::Full => LinkError::Full { message },
        RejectReason::Revoked => LinkError::Revoked,
        RejectReason::BadHello | RejectReason::Unknown => LinkError::Rejected { message },
    }
}
