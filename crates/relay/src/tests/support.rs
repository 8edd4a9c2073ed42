//! A relay under test, a sender that speaks raw HTTP, and a client that does as it is told.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kreel_socket::{Burst, MessageSocket, SocketError, websocket_config};
use kreel_wire::{
    Answer, ExchangeId, HeadersBuilder, Hello, Policy, Request, Response, ToClient, ToRelay,
    WelcomeOrReject, Wire, limits,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::{Config, FirstToken, Limits, Relay, Tls, Tokens};

/// How long a test waits for what must happen.
pub(super) const SOON: Duration = Duration::from_secs(30);

/// A relay that stops and cleans up when dropped.
pub(super) struct TestRelay {
    pub(super) address: SocketAddr,
    pub(super) token: String,
    pub(super) data: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl TestRelay {
    pub(super) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(super) async fn start_with(limits: Limits) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let data =
            std::env::temp_dir().join(format!("kreel-relay-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&data);
        let token = Tokens::open(&data).unwrap().create("test").unwrap();
        Self::on(data, token, limits).await
    }

    /// The same relay again, as after a crash or an upgrade.
    pub(super) async fn restart(mut self) -> Self {
        self.stop().await;
        let (data, token) = (std::mem::take(&mut self.data), self.token.clone());
        Self::on(data, token, Limits::default()).await
    }

    async fn on(data: PathBuf, token: String, limits: Limits) -> Self {
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: data.clone(),
            domain: Some("relay.test".to_owned()),
            public_url: None,
            tls: Tls::Off,
            proxies: crate::Proxies::default(),
            metrics: None,
            access: crate::Access::default(),
            first_token: FirstToken::Print,
            limits,
            grace: Duration::from_secs(5),
        };
        let bound = Relay::new(config).unwrap().bind().await.unwrap();
        let address = bound.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            bound.serve(stop).await.unwrap();
        });
        Self {
            address,
            token,
            data,
            stop: Some(stop),
            task: Some(task),
        }
    }

    /// A relay that runs elsewhere at this address, for clients with other tokens.
    pub(super) fn elsewhere(address: SocketAddr, token: String) -> Self {
        Self {
            address,
            token,
            data: PathBuf::new(),
            stop: None,
            task: None,
        }
    }

    pub(super) async fn stop(&mut self) {
        self.stop.take();
        if let Some(task) = self.task.take() {
            timeout(SOON, task).await.unwrap().unwrap();
        }
    }

    /// A client on this tunnel that has been welcomed.
    pub(super) async fn client(&self, tunnel: &str, policy: Policy) -> TestClient {
        let mut client = TestClient::connect(self).await;
        match client.hello(tunnel, policy).await {
            WelcomeOrReject::Welcome(welcome) => {
                assert_eq!(
                    welcome.url,
                    format!("http://relay.test:{}/{tunnel}", self.address.port())
                );
                client
            }
            WelcomeOrReject::Reject(reject) => panic!("rejected: {reject:?}"),
        }
    }

    /// Sends these bytes on a new connection; all that comes back until the relay closes.
    pub(super) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is the relay's right when it refused.
        let _ = timeout(SOON, stream.read_to_end(&mut answer))
            .await
            .unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Posts a body and returns the whole answer.
    pub(super) async fn post(&self, path: &str, body: &[u8]) -> String {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: relay.test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.raw(&[head.as_bytes(), body].concat()).await
    }
}

impl Drop for TestRelay {
    fn drop(&mut self) {
        if self.data.as_os_str().is_empty() {
            return;
        }
        if let Some(task) = self.task.take() {
            task.abort();
        }
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// A client that does only what the test says.
pub(super) struct TestClient {
    pub(super) socket: MessageSocket<TcpStream>,
}

impl TestClient {
    pub(super) async fn connect(relay: &TestRelay) -> Self {
        let stream = TcpStream::connect(relay.address).await.unwrap();
        let mut request = format!("ws://{}/_kreel/link", relay.address)
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        let bearer = format!("Bearer {}", relay.token);
        headers.insert("authorization", HeaderValue::try_from(bearer).unwrap());
        headers.insert(
            "sec-websocket-protocol",
            HeaderValue::from_static("kreel.v1"),
        );
        let stream = Burst::new(stream, Bytes::new());
        let config = Some(websocket_config());
        let (websocket, _) = tokio_tungstenite::client_async_with_config(request, stream, config)
            .await
            .unwrap();
        Self {
            socket: MessageSocket::new(websocket),
        }
    }

    pub(super) async fn hello(&mut self, tunnel: &str, policy: Policy) -> WelcomeOrReject {
        self.hello_since(tunnel, policy, None).await
    }

    pub(super) async fn hello_since(
        &mut self,
        tunnel: &str,
        policy: Policy,
        since_us: Option<u64>,
    ) -> WelcomeOrReject {
        let hello = Hello {
            client: "test/1".to_owned(),
            instance: 1,
            tunnel: tunnel.parse().unwrap(),
            policy,
            window_bytes: limits::WINDOW_BYTES,
            since_us,
        };
        self.say(hello).await;
        timeout(SOON, self.socket.receive()).await.unwrap().unwrap()
    }

    pub(super) async fn say(&mut self, message: impl Wire) {
        self.socket.send_now(message).await.unwrap();
    }

    pub(super) async fn hear(&mut self) -> Result<ToClient, SocketError> {
        timeout(SOON, self.socket.receive())
            .await
            .expect("the relay says something")
    }

    pub(super) async fn request(&mut self) -> Request {
        match self.hear().await.unwrap() {
            ToClient::Request(request) => request,
            other => panic!("instead of a request: {other:?}"),
        }
    }

    pub(super) async fn answer(&mut self, exchange: ExchangeId, body: &'static str) {
        let mut headers = HeadersBuilder::with_capacity(1);
        headers.push(b"content-length", body.len().to_string().as_bytes());
        let response = Response {
            status: 200,
            reason: None,
            headers: headers.build(),
        };
        self.say(ToRelay::Answer(Answer {
            exchange,
            response,
            body: body.into(),
            end: true,
        }))
        .await;
    }
}
