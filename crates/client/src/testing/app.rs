//! An app that answers what the test says, byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::soon;

/// A port on which the client is awaited.
pub(crate) struct FakeApp {
    listener: TcpListener,
}

/// A connection from the client.
pub(crate) struct Caller {
    stream: TcpStream,
    read: Vec<u8>,
}

impl FakeApp {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    /// At an address that was free a moment ago.
    pub(crate) async fn start_at(address: std::net::SocketAddr) -> Self {
        let socket = match address.is_ipv4() {
            true => tokio::net::TcpSocket::new_v4(),
            false => tokio::net::TcpSocket::new_v6(),
        };
        let socket = socket.unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(64).unwrap();
        Self { listener }
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The target that leads here.
    pub(crate) fn target(&self) -> String {
        self.address().to_string()
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Caller {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        Caller {
            stream,
            read: Vec::new(),
        }
    }

    /// Whether nobody has connected so far.
    pub(crate) async fn is_alone(&self) -> bool {
        let accept = self.listener.accept();
        tokio::time::timeout(std::time::Duration::from_millis(50), accept)
            .await
            .is_err()
    }

    /// Answers each request on each connection with the same.
    pub(crate) fn answering(self, answer: &'static str) -> tokio::task::JoinHandle<()> {
        self.answering_counted(answer, Arc::default())
    }

    /// The same, counting the connections.
    pub(crate) fn answering_counted(
        self,
        answer: &'static str,
        connections: Arc<AtomicUsize>,
    ) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                let (stream, _) = self.listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::Relaxed);
                let read = Vec::new();
                let mut caller = Caller { stream, read };
                tokio::spawn(async move {
                    while caller.try_request().await.is_some() {
                        caller.write(answer).await;
                    }
                });
            }
        })
    }
}

impl Caller {
    /// The next request: its head, and its body as it is on the wire.
    pub(crate) async fn request(&mut self) -> String {
        self.try_request().await.expect("the client has hung up")
    }

    async fn try_request(&mut self) -> Option<String> {
        loop {
            if let Some(length) = whole_length(&self.read) {
                let rest = self.read.split_off(length);
                let request = std::mem::replace(&mut self.read, rest);
                return Some(String::from_utf8(request).unwrap());
            }
            if !self.read_some().await {
                return None;
            }
        }
    }

    /// What comes until this is in it.
    pub(crate) async fn read_until(&mut self, sign: &str) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.read).into_owned();
            if text.contains(sign) {
                self.read.clear();
                return text;
            }
            assert!(self.read_some().await, "the client hung up after {text:?}");
        }
    }

    /// How many bytes come until the client hangs up.
    pub(crate) async fn read_to_end(&mut self) -> usize {
        while self.read_some().await {}
        self.read.len()
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        soon(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    async fn read_some(&mut self) -> bool {
        let mut piece = vec![0; 16 * 1024];
        let got = soon(self.stream.read(&mut piece)).await.unwrap_or(0);
        self.read.extend_from_slice(&piece[..got]);
        got > 0
    }
}

/// The length of the request these bytes begin with, once it is all here.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let head = text.find("\r\n\r\n")? + 4;
    let body = if text[..head].contains("\r\ntransfer-encoding: chunked") {
        text[head..].find("0\r\n\r\n")? + 5
    } else {
        let length = text[..head].split("\r\ncontent-length: ").nth(1);
        length.map_or(0, |length| length.lines().next().unwrap().parse().unwrap())
    };
    (bytes.len() >= head + body).then_some(head + body)
}
