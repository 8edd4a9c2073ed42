//! A client's link without a client: the handshake step by step, and whatever follows.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use kreel_socket::{Burst, MessageSocket, SocketError, websocket_config};
use kreel_wire::limits::WINDOW_BYTES;
use kreel_wire::{GoodbyeReason, Hello, Policy, ToClient, WelcomeOrReject, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::{DEADLINE, TestRelay, within};

/// A link to a relay without TLS, upgraded.
pub(crate) struct RawLink {
    socket: MessageSocket<TcpStream>,
}

impl RawLink {
    /// Upgraded with the token in this file, and nothing said.
    pub(crate) async fn upgraded(relay: &TestRelay, token: &Path) -> Self {
        Self::at(relay.address(), token).await
    }

    async fn at(address: SocketAddr, token: &Path) -> Self {
        let token = std::fs::read_to_string(token).unwrap();
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let request = format!(
            "GET /_kreel/link HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             sec-websocket-protocol: kreel.v1\r\nauthorization: Bearer {}\r\n\r\n",
            token.trim()
        );
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        within("an upgrade", DEADLINE, async {
            while !head.ends_with(b"\r\n\r\n") {
                head.push(tcp.read_u8().await.unwrap());
            }
        })
        .await;
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", head.escape_ascii());
        let stream = Burst::new(tcp, Bytes::new());
        let config = Some(websocket_config());
        let websocket = WebSocketStream::from_raw_socket(stream, Role::Client, config).await;
        Self {
            socket: MessageSocket::new(websocket),
        }
    }

    /// Says hello as this program, for this tunnel; what comes back.
    pub(crate) async fn hello(&mut self, client: &str, tunnel: &str) -> WelcomeOrReject {
        self.hello_with(client, tunnel, Policy::default()).await
    }

    /// The same with a policy of its own.
    pub(crate) async fn hello_with(
        &mut self,
        client: &str,
        tunnel: &str,
        policy: Policy,
    ) -> WelcomeOrReject {
        let hello = Hello {
            client: client.to_owned(),
            instance: 7,
            tunnel: tunnel.parse().unwrap(),
            policy,
            window_bytes: WINDOW_BYTES,
            since_us: None,
        };
        self.say(hello).await;
        let answer = within("an answer to hello", DEADLINE, self.socket.receive());
        answer.await.unwrap()
    }

    /// Says something.
    pub(crate) async fn say(&mut self, message: impl Wire) {
        self.socket.send_now(message).await.unwrap();
    }

    /// What the relay says next.
    pub(crate) async fn hears(&mut self) -> Result<ToClient, SocketError> {
        within("a word of the relay's", DEADLINE, self.socket.receive()).await
    }

    /// The goodbye the relay says, whatever comes before it.
    pub(crate) async fn goodbye(&mut self) -> (GoodbyeReason, String) {
        loop {
            if let ToClient::Goodbye { reason, message } = self.hears().await.unwrap() {
                return (reason, message);
            }
        }
    }
}
