//! Two ends of a websocket over a pipe in memory.

use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use kreel_wire::{Chunk, ExchangeId, Seq, ToClient, ToRelay, limits};
use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::{Burst, MessageSocket, SocketError, websocket_config};

async fn pair(buffer: usize) -> (MessageSocket<DuplexStream>, MessageSocket<DuplexStream>) {
    let (near, far) = tokio::io::duplex(buffer);
    let relay = MessageSocket::server(near, Bytes::new()).await;
    let far = Burst::new(far, Bytes::new());
    let config = Some(websocket_config());
    let client = WebSocketStream::from_raw_socket(far, Role::Client, config).await;
    (relay, MessageSocket::new(client))
}

fn chunk(exchange: u32, bytes: usize) -> Chunk {
    Chunk {
        exchange: ExchangeId(exchange),
        data: Bytes::from(vec![7; bytes]),
        end: false,
    }
}

#[tokio::test]
async fn both_write_more_than_the_pipe_holds_and_neither_stalls() {
    let (mut relay, mut client) = pair(1000).await;
    let relay = async {
        let (mut sent, mut got) = (0, 0);
        poll_fn(|cx| {
            while let std::task::Poll::Ready(message) = relay.poll_receive::<ToRelay>(cx) {
                message.unwrap();
                got += 1;
            }
            while sent < 50 && relay.poll_ready(cx).is_ready() {
                relay
                    .send(ToClient::RequestBody(chunk(sent, limits::CHUNK_BYTES)))
                    .unwrap();
                sent += 1;
            }
            let flushed = relay.poll_flush(cx).is_ready();
            if got == 50 && sent == 50 && flushed {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    };
    let client = async {
        let (mut sent, mut got) = (0, 0);
        poll_fn(|cx| {
            while let std::task::Poll::Ready(message) = client.poll_receive::<ToClient>(cx) {
                assert_eq!(
                    message.unwrap(),
                    ToClient::RequestBody(chunk(got, limits::CHUNK_BYTES))
                );
                got += 1;
            }
            while sent < 50 && client.poll_ready(cx).is_ready() {
                client
                    .send(ToRelay::AnswerBody(chunk(sent, limits::CHUNK_BYTES)))
                    .unwrap();
                sent += 1;
            }
            let flushed = client.poll_flush(cx).is_ready();
            if got == 50 && sent == 50 && flushed {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
    };
    tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(relay, client)
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_and_writing_is_noticed() {
    let (mut relay, _client) = pair(1 << 20).await;
    let start = Instant::now();
    let error = relay.receive::<ToRelay>().await.unwrap_err();
    assert!(matches!(error, SocketError::Silent(_)), "{error}");
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_link_stays_up_and_is_timed() {
    let (mut relay, mut client) = pair(1 << 20).await;
    let deadline = Duration::from_secs(120);
    let idle = async {
        tokio::join!(
            tokio::time::timeout(deadline, keep(&mut relay)),
            tokio::time::timeout(deadline, keep(&mut client)),
        )
    };
    let (relay_end, client_end) = idle.await;
    assert!(
        relay_end.is_err() && client_end.is_err(),
        "a link ended: {relay_end:?} {client_end:?}"
    );
    assert!(relay.latency().is_some());
}

/// Reads and flushes for ever, as the loops on both ends do.
async fn keep(socket: &mut MessageSocket<DuplexStream>) -> SocketError {
    poll_fn(|cx| {
        if let std::task::Poll::Ready(Err(error)) = socket.poll_receive::<ToRelay>(cx) {
            return std::task::Poll::Ready(error);
        }
        let _ = socket.poll_flush(cx);
        std::task::Poll::Pending
    })
    .await
}

#[tokio::test]
async fn garbage_is_a_violation_and_a_vanished_peer_is_not() {
    let (near, mut far) = tokio::io::duplex(1 << 16);
    let mut relay = MessageSocket::server(near, Bytes::new()).await;
    far.write_all(&[0xff; 64]).await.unwrap();
    assert!(relay.receive::<ToRelay>().await.unwrap_err().is_violation());

    let (mut relay, client) = pair(1 << 16).await;
    drop(client);
    assert!(!relay.receive::<ToRelay>().await.unwrap_err().is_violation());

    let (mut relay, mut client) = pair(1 << 16).await;
    client
        .send_now(ToRelay::Ack { seqs: vec![Seq(9)] })
        .await
        .unwrap();
    assert_eq!(
        relay.receive::<ToRelay>().await.unwrap(),
        ToRelay::Ack { seqs: vec![Seq(9)] }
    );
    let (_, closed) = tokio::join!(client.close(false, "done"), relay.receive::<ToRelay>());
    assert!(matches!(closed.unwrap_err(), SocketError::Closed));
}
