//! An app in this process: does what the story wants, and remembers what it got to the byte.

mod behaviours;
mod server;

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use self::server::{acceptor, bind, bound, serve};
use super::certificate::Certificate;
use super::client::AppAddress;
use super::http::{Connection, Digest, Framing, Head};
use super::wait::{DEADLINE, eventually, within};

/// A request the app has had.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Its head, as it came.
    pub(crate) head: Head,
    /// The first MiB of its body.
    pub(crate) body: Vec<u8>,
    /// The digest of the whole body.
    pub(crate) digest: Digest,
    /// Whether the body came to its end.
    pub(crate) complete: bool,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
}

/// A request whose body has not been read yet, and the connection to answer on.
pub(crate) struct Visit {
    /// Its head.
    pub(crate) head: Head,
    /// The connection. What is written here reaches the client as it is.
    pub(crate) connection: Connection,
    number: usize,
    received: Arc<Mutex<Vec<Received>>>,
}

/// What is left of a visit: the connection for the next request, or nothing to close it.
type Rest = Option<Connection>;

type Behaviour = dyn Fn(Visit) -> Pin<Box<dyn Future<Output = Rest> + Send>> + Send + Sync;

/// A running app. May be stopped and started again on the same port.
pub(crate) struct LocalApp {
    address: SocketAddr,
    behaviour: Arc<Behaviour>,
    received: Arc<Mutex<Vec<Received>>>,
    server: Option<JoinHandle<()>>,
    /// Keeps its port from others while it does not run; nobody listens on it.
    held: Option<TcpSocket>,
    gate: Arc<Semaphore>,
    tls: Option<TlsAcceptor>,
}

impl Received {
    /// Which delivery it is.
    pub(crate) fn id(&self) -> String {
        let id = self.head.value("kreel-delivery-id");
        id.expect("each has an id")
    }

    /// Which attempt at it this is.
    pub(crate) fn attempt(&self) -> u32 {
        let attempt = self.head.value("kreel-attempt");
        attempt.expect("each has a number").parse().unwrap()
    }

    /// Its body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Visit {
    /// Reads the body, and puts the request on the record.
    pub(crate) async fn receive(&mut self) -> Received {
        let framing = Framing::of_request(&self.head);
        let (body, digest, complete) = self.connection.body(framing).await;
        let received = Received {
            head: self.head.clone(),
            body,
            digest,
            complete,
            connection: self.number,
        };
        self.received.lock().unwrap().push(received.clone());
        received
    }

    /// Answers with these bytes; the connection stays for the next request.
    pub(crate) async fn answer(mut self, bytes: &[u8]) -> Rest {
        self.connection.write(bytes).await.ok()?;
        Some(self.connection)
    }
}

impl LocalApp {
    /// An app that does this with each request.
    pub(crate) async fn with<F, R>(behaviour: F) -> Self
    where
        F: Fn(Visit) -> R + Send + Sync + 'static,
        R: Future<Output = Rest> + Send + 'static,
    {
        Self::gated(Arc::new(Semaphore::new(0)), behaviour).await
    }

    async fn gated<F, R>(gate: Arc<Semaphore>, behaviour: F) -> Self
    where
        F: Fn(Visit) -> R + Send + Sync + 'static,
        R: Future<Output = Rest> + Send + 'static,
    {
        let mut app = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            behaviour: Arc::new(move |visit| Box::pin(behaviour(visit))),
            received: Arc::default(),
            server: None,
            held: None,
            gate,
            tls: None,
        };
        app.restart().await;
        app
    }

    /// The same app on another address of this machine.
    pub(crate) async fn moved_to(mut self, address: &str) -> Self {
        self.stop().await;
        self.address = address.parse().unwrap();
        self.restart().await;
        self
    }

    /// The same app over TLS.
    pub(crate) async fn over_tls(mut self, certificate: &Certificate) -> Self {
        self.stop().await;
        self.tls = Some(acceptor(certificate));
        self.restart().await;
        self
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has received so far, in order of arrival.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The bodies of what it has received so far, as text.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.received().iter().map(Received::text).collect()
    }

    /// How many requests it has received.
    pub(crate) fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// Waits until it has received this many requests; all of them.
    pub(crate) async fn receives(&self, requests: usize) -> Vec<Received> {
        let what = || {
            format!(
                "the app receives {requests} requests; it has {}",
                self.count()
            )
        };
        let start = tokio::time::Instant::now();
        while self.count() < requests {
            assert!(
                start.elapsed() < DEADLINE,
                "not within {DEADLINE:?}: {}",
                what()
            );
            sleep(Duration::from_millis(5)).await;
        }
        self.received()
    }

    /// Closes its port and all its connections. Nobody else is given the port meanwhile.
    pub(crate) async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            let _ = server.await;
            let held = bound(self.address);
            self.held = Some(held.expect("nobody else has taken the app's port"));
        }
        let address = self.address;
        eventually("the app's port is closed", DEADLINE, || {
            std::net::TcpStream::connect(address).is_err()
        })
        .await;
    }

    /// Opens its port again, the same as before.
    pub(crate) async fn restart(&mut self) {
        assert!(self.server.is_none(), "the app still runs");
        self.held = None;
        let listener = within("the app's port is free", DEADLINE, bind(self.address)).await;
        self.address = listener.local_addr().unwrap();
        self.server = Some(tokio::spawn(serve(
            listener,
            self.tls.clone(),
            self.behaviour.clone(),
            self.received.clone(),
        )));
    }

    /// The address of an app that does not run.
    pub(crate) async fn absent() -> Self {
        let mut app = Self::echo().await;
        app.stop().await;
        app
    }
}

impl Drop for LocalApp {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

impl AppAddress for LocalApp {
    fn target(&self) -> String {
        self.port().to_string()
    }
}
