//! Ten thousand links that wait: what each costs the relay, and that one among them still works.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kreel_socket::{Burst, MessageSocket, websocket_config};
use kreel_wire::limits::WINDOW_BYTES;
use kreel_wire::{Hello, Policy, ToClient, Version, WelcomeOrReject};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::support::{DEADLINE, LocalApp, TestClient, TestRelay, machine, programs, within};

const LINKS: u64 = 10_000;

/// What a link may cost the relay.
const EACH_BYTES: u64 = 20 * 1024;

/// Opens this link and answers its heartbeat until it ends; says why it did.
async fn stay(
    relay: SocketAddr,
    token: HeaderValue,
    number: u64,
    opened: Arc<AtomicU64>,
) -> String {
    let tcp = TcpStream::connect(relay).await.unwrap();
    let mut request = format!("ws://{relay}/_kreel/link")
        .into_client_request()
        .unwrap();
    let protocol = HeaderValue::from_static(Version::V1.subprotocol());
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    request.headers_mut().insert("authorization", token);
    let stream = Burst::new(tcp, Bytes::new());
    let config = Some(websocket_config());
    let (websocket, _) = client_async_with_config(request, stream, config)
        .await
        .unwrap();
    let mut socket = MessageSocket::new(websocket);
    let hello = Hello {
        client: "test".to_owned(),
        instance: number,
        tunnel: format!("idle-{number}").parse().unwrap(),
        policy: Policy::default(),
        window_bytes: WINDOW_BYTES,
        since_us: None,
    };
    socket.send_now(hello).await.unwrap();
    match socket.receive().await.unwrap() {
        WelcomeOrReject::Welcome(_) => drop(opened.fetch_add(1, Ordering::Relaxed)),
        WelcomeOrReject::Reject(reject) => return reject.message,
    }
    let received = std::future::poll_fn(|cx| {
        let received = socket.poll_receive::<ToClient>(cx);
        // Pongs are queued by the read.
        let _ = socket.poll_flush(cx);
        received
    });
    format!("{:?}", received.await.map(|_| "a message"))
}

#[tokio::test]
async fn ten_thousand_links_cost_little_and_are_in_nobodys_way() {
    let files = machine::open_files();
    if files < LINKS + 200 {
        return programs::missing(&format!("{} open files; {files} are allowed", LINKS + 200));
    }
    machine::alone();
    let limits = [
        "max_links=10100",
        "max_links_per_token=10100",
        "max_tunnels_per_token=10100",
    ];
    let limits: Vec<_> = limits.iter().flat_map(|limit| ["--limit", limit]).collect();
    let relay = TestRelay::with(&limits).await;
    let app = LocalApp::answering(200).await;
    let client = TestClient::listen(&relay, &app, &[]).await;
    let token = std::fs::read_to_string(relay.token_file()).unwrap();
    let token = HeaderValue::try_from(format!("Bearer {}", token.trim())).unwrap();
    assert_eq!(client.sender().post("/hook", "before").await.status(), 200);
    let before = relay.process.rss();

    let begun = Instant::now();
    let (mut links, opened) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
    for number in 0..LINKS {
        links.spawn(stay(relay.address(), token.clone(), number, opened.clone()));
        if number % 100 == 99 {
            // So many at once as the backlog of a listener takes.
            within("they are open", DEADLINE, async {
                while opened.load(Ordering::Relaxed) <= number {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            })
            .await;
        }
    }
    let opening = begun.elapsed();
    // Through two heartbeats of each.
    tokio::time::sleep(Duration::from_secs(12)).await;
    if let Some(ended) = links.try_join_next() {
        panic!("a link ended: {}", ended.unwrap());
    }
    let each = relay.process.rss().saturating_sub(before) / LINKS;
    eprintln!("{LINKS} idle links: {each} bytes each, opened in {opening:?}");
    assert!(each < EACH_BYTES, "{each} bytes for each");
    let asked = Instant::now();
    assert_eq!(
        client.sender().post("/hook", "among them").await.status(),
        200
    );
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    links.shutdown().await;
    assert_eq!(client.sender().post("/hook", "after").await.status(), 200);
}
