//! Clients with a good token that speak the protocol and break its rules, by the hundred: each is
//! told why and put out, nobody else notices, and the relay's memory stays flat.

use bytes::Bytes;
use kreel_socket::{Burst, MessageSocket, SocketError, websocket_config};
use kreel_wire::{
    Answer, Chunk, ExchangeId, GoodbyeReason, Headers, Hello, Policy, Reject, RejectReason,
    Response, ToClient, ToRelay, WelcomeOrReject, Wire as Message, limits,
};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::FLAT_BYTES;
use crate::support::{Connection, DEADLINE, LocalApp, Post, Sender, TestClient, TestRelay, within};

/// What a client may do that it must not, and what it is told then.
const BREACHES: [(Breach, &str); 5] = [
    (Breach::AnswerToNothing, "never opened"),
    (Breach::BodyBeforeAnswer, "out of order"),
    (Breach::TwoAnswers, "out of order"),
    (Breach::MoreThanCredit, "more than its credit"),
    (Breach::UnknownKind, ""),
];

/// How often each is done in a round.
const TIMES: usize = 25;

#[derive(Debug, Clone, Copy)]
enum Breach {
    AnswerToNothing,
    BodyBeforeAnswer,
    TwoAnswers,
    MoreThanCredit,
    UnknownKind,
}

/// A link that says what it is told to.
struct Link(MessageSocket<TcpStream>);

impl Link {
    async fn open(relay: &TestRelay) -> Self {
        let token = std::fs::read_to_string(relay.token_file()).unwrap();
        let mut request = format!("ws://{}/_kreel/link", relay.address())
            .into_client_request()
            .unwrap();
        let bearer = format!("Bearer {}", token.trim());
        let headers = request.headers_mut();
        headers.insert("authorization", bearer.parse().unwrap());
        headers.insert("sec-websocket-protocol", "kreel.v1".parse().unwrap());
        let stream = TcpStream::connect(relay.address()).await.unwrap();
        let stream = Burst::new(stream, Bytes::new());
        let config = Some(websocket_config());
        let upgraded = tokio_tungstenite::client_async_with_config(request, stream, config);
        let (websocket, _) = within("an upgrade", DEADLINE, upgraded).await.unwrap();
        let mut link = Self(MessageSocket::new(websocket));
        link.say(Hello {
            client: "breaker/1".to_owned(),
            instance: 1,
            tunnel: "breaker".parse().unwrap(),
            // Nothing is kept for the next one.
            policy: Policy {
                strict: true,
                ..Policy::default()
            },
            window_bytes: limits::WINDOW_BYTES,
            since_us: None,
        })
        .await
        .unwrap();
        let welcome = within("a welcome", DEADLINE, link.0.receive()).await;
        assert!(matches!(welcome.unwrap(), WelcomeOrReject::Welcome(_)));
        link
    }

    async fn say(&mut self, message: impl Message) -> Result<(), SocketError> {
        within("room to write", DEADLINE, self.0.send_now(message)).await
    }

    async fn hear(&mut self) -> ToClient {
        within("a message", DEADLINE, self.0.receive())
            .await
            .unwrap()
    }

    /// The exchange of the next request.
    async fn request(&mut self) -> ExchangeId {
        match self.hear().await {
            ToClient::Request(request) => request.exchange,
            other => panic!("instead of a request: {other:?}"),
        }
    }

    /// Does it; whether the relay went before all was said does not matter.
    async fn commit(&mut self, breach: Breach, sender: &Sender) -> Option<Connection> {
        let mut waiting = None;
        let exchange = match breach {
            Breach::AnswerToNothing | Breach::UnknownKind => ExchangeId(77),
            _ => {
                // Its answer is never read.
                let mut connection = sender.connect().await;
                let post = sender.bytes(&Post::new("POST", "/hook").body("x"));
                connection.write(&post).await.unwrap();
                waiting = Some(connection);
                self.request().await
            }
        };
        let answer = ToRelay::Answer(Answer {
            exchange,
            response: Response {
                status: 200,
                reason: None,
                headers: Headers::default(),
            },
            body: "".into(),
            end: false,
        });
        let chunk = |bytes: usize| {
            ToRelay::AnswerBody(Chunk {
                exchange,
                data: vec![0; bytes].into(),
                end: false,
            })
        };
        match breach {
            Breach::AnswerToNothing => drop(self.say(answer).await),
            Breach::BodyBeforeAnswer => drop(self.say(chunk(5)).await),
            Breach::TwoAnswers => {
                let _ = self.say(answer.clone()).await;
                let _ = self.say(answer).await;
            }
            Breach::MoreThanCredit => {
                let _ = self.say(answer).await;
                // More than the window and what the sockets hold.
                for _ in 0..1_000 {
                    if self.say(chunk(limits::CHUNK_BYTES)).await.is_err() {
                        break;
                    }
                }
            }
            Breach::UnknownKind => {
                let reject = WelcomeOrReject::Reject(Reject {
                    reason: RejectReason::Full,
                    message: String::new(),
                });
                let _ = self.say(reject).await;
            }
        }
        waiting
    }

    /// What it is told at the end.
    async fn goodbye(&mut self) -> (GoodbyeReason, String) {
        loop {
            if let ToClient::Goodbye { reason, message } = self.hear().await {
                return (reason, message);
            }
        }
    }
}

#[tokio::test]
async fn clients_that_break_the_rules_are_put_out_and_leave_nothing_behind() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering(200).await;
    let mut client = TestClient::listen(&relay, &app, &[]).await;
    let bystander = client.sender();
    let sender = Sender::to(&format!("{}/breaker", relay.url()), None);
    let mut before = 0;
    for round in 0..3 {
        for (breach, words) in BREACHES {
            for _ in 0..TIMES {
                let mut link = Link::open(&relay).await;
                let waiting = link.commit(breach, &sender).await;
                let (reason, message) = link.goodbye().await;
                assert_eq!(reason, GoodbyeReason::Protocol, "{breach:?}: {message}");
                assert!(message.contains(words), "{breach:?}: {message}");
                drop(waiting);
            }
            assert_eq!(bystander.post("/good", "x").await.status(), 200);
        }
        if round == 0 {
            before = relay.process.rss();
        }
    }
    let grown = relay.process.rss().saturating_sub(before);
    assert!(grown < FLAT_BYTES, "the relay grew by {grown} bytes");
    assert_eq!(app.count(), 3 * BREACHES.len(), "and nothing else");
    let reconnected = |event: &serde_json::Value| event["type"] == "reconnecting";
    assert!(!client.events().iter().any(reconnected));
}
