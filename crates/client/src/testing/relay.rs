//! A relay that says what the test says.

use bytes::Bytes;
use kreel_socket::{MessageSocket, SocketError, accept_key};
use kreel_wire::{
    Answer, Hello, Reject, RejectReason, Request, Seq, ToClient, ToRelay, Welcome, WelcomeOrReject,
    limits,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::soon;

/// A port on which clients are awaited.
pub(crate) struct FakeRelay {
    listener: TcpListener,
}

/// A client's link, seen from the relay.
pub(crate) struct FakeLink {
    pub(crate) socket: MessageSocket<TcpStream>,
    /// The head of the upgrade request.
    pub(crate) head: String,
    pub(crate) hello: Hello,
}

impl FakeRelay {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    /// The next client, upgraded and welcomed.
    pub(crate) async fn accept(&self) -> FakeLink {
        self.accept_granting(limits::WINDOW_BYTES).await
    }

    /// The same, with this much credit for each answer.
    pub(crate) async fn accept_granting(&self, window_bytes: u32) -> FakeLink {
        let mut link = self.upgrade().await;
        let welcome = Welcome {
            relay: "kreel/test".into(),
            url: "https://relay.example/my-tunnel".into(),
            subdomain_url: None,
            window_bytes,
            max_body_bytes: 1 << 30,
            waiting: 0,
            last_seq: Seq(0),
            now_us: 1,
        };
        let first = WelcomeOrReject::Welcome(welcome);
        link.socket.send_now(first).await.unwrap();
        link
    }

    /// The next client, upgraded and turned away.
    pub(crate) async fn reject(&self, reason: RejectReason) {
        let mut link = self.upgrade().await;
        let message = "no".to_owned();
        let first = WelcomeOrReject::Reject(Reject { reason, message });
        link.socket.send_now(first).await.unwrap();
    }

    /// Answers the next client's upgrade request with this.
    pub(crate) async fn answer(&self, answer: &str) {
        let (mut stream, _) = soon(self.listener.accept()).await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }

    /// Says this to the next client, whatever it wants.
    pub(crate) async fn speak(&self, words: &str) {
        let (mut stream, _) = soon(self.listener.accept()).await.unwrap();
        stream.write_all(words.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut heard = Vec::new();
        // Read to its end, so that closing does not reset what was said.
        let _ = soon(stream.read_to_end(&mut heard)).await;
    }

    /// Lets go of the port.
    pub(crate) fn close(self) -> std::net::SocketAddr {
        self.listener.local_addr().unwrap()
    }

    async fn upgrade(&self) -> FakeLink {
        let (mut stream, _) = soon(self.listener.accept()).await.unwrap();
        let head = read_head(&mut stream).await;
        let key = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .starts_with("sec-websocket-key:")
                    .then(|| line[18..].trim())
            })
            .unwrap();
        let accept = accept_key(key.as_bytes());
        let switch = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\nsec-websocket-protocol: kreel.v1\r\n\r\n"
        );
        stream.write_all(switch.as_bytes()).await.unwrap();
        let mut socket = MessageSocket::server(stream, Bytes::new()).await;
        let hello = soon(socket.receive()).await.unwrap();
        FakeLink {
            socket,
            head,
            hello,
        }
    }
}

impl FakeLink {
    pub(crate) async fn say(&mut self, message: ToClient) {
        soon(self.socket.send_now(message)).await.unwrap();
    }

    pub(crate) async fn request(&mut self, request: Request) {
        self.say(ToClient::Request(request)).await;
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> ToRelay {
        soon(self.socket.receive()).await.unwrap()
    }

    /// The next message, which is an answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        match self.next().await {
            ToRelay::Answer(answer) => answer,
            other => panic!("an answer was expected, not {other:?}"),
        }
    }

    /// The next message, which acknowledges these.
    pub(crate) async fn acks(&mut self, expected: &[u64]) {
        let mut got = Vec::new();
        while got.len() < expected.len() {
            match self.next().await {
                ToRelay::Ack { seqs } => got.extend(seqs.into_iter().map(|seq| seq.0)),
                other => panic!("an acknowledgement was expected, not {other:?}"),
            }
        }
        got.sort_unstable();
        assert_eq!(got, expected);
    }

    /// Whatever comes, until the client has gone.
    pub(crate) async fn until_closed(mut self) -> Vec<ToRelay> {
        let mut got = Vec::new();
        loop {
            match soon(self.socket.receive()).await {
                Ok(message) => got.push(message),
                Err(SocketError::Closed | SocketError::Broken(_)) => return got,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(stream.read_u8()).await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
