//! An HTTP proxy as companies have them: it knows `CONNECT` and nothing else.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::http::Head;

/// A running proxy.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Head>>>,
    server: JoinHandle<()>,
}

impl Proxy {
    /// One that connects to whatever it is asked for.
    pub(crate) async fn willing() -> Self {
        Self::answering(200).await
    }

    /// One that answers with this status, and connects if it is 200.
    pub(crate) async fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::default());
        let server = tokio::spawn(serve(listener, status, Arc::clone(&asked)));
        Self {
            address,
            asked,
            server,
        }
    }

    /// Its address, for the environment.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has been asked so far.
    pub(crate) fn asked(&self) -> Vec<Head> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, status: u16, asked: Arc<Mutex<Vec<Head>>>) {
    // Aborted together with this task, since it owns them.
    let mut connections = JoinSet::new();
    loop {
        let Ok((near, _)) = listener.accept().await else {
            return;
        };
        connections.spawn(connect(near, status, asked.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(mut near: TcpStream, status: u16, asked: Arc<Mutex<Vec<Head>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = near.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = Head::new(head);
    let authority = String::from_utf8(head.target()).unwrap();
    let is_connect = head.method() == "CONNECT";
    asked.lock().unwrap().push(head);
    let status = if is_connect { status } else { 405 };
    let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n");
    if near.write_all(answer.as_bytes()).await.is_ok() && status == 200 {
        // Names that are nobody's (RFC 6761) are on this machine.
        let address = match authority.split_once(".test:") {
            Some((_, port)) => format!("127.0.0.1:{port}"),
            None => authority,
        };
        let Ok(mut far) = TcpStream::connect(address).await else {
            return;
        };
        let _ = copy_bidirectional(&mut near, &mut far).await;
    }
}
