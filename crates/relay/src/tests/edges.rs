//! Edges of HTTP as senders see them: keep-alive, chunks, answers that have no body.

use std::time::Duration;

use kreel_wire::{AnswerMode, Policy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::TestRelay;

fn now(status: u16) -> Policy {
    Policy {
        answer: AnswerMode::Now(status),
        ..Policy::default()
    }
}

#[tokio::test]
async fn a_small_chunked_webhook_is_one_message() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    let sender = async {
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        let head = "POST /mine HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // The sender pauses in the middle: the webhook waits for it, not for the app.
        tokio::time::sleep(Duration::from_millis(20)).await;
        stream.write_all(b"1\r\n!\r\n0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (answer, request) = tokio::join!(sender, async {
        let request = client.request().await;
        client.answer(request.exchange, "whole").await;
        request
    });
    assert_eq!((&request.body[..], request.end), (&b"hello!"[..], true));
    assert!(answer.ends_with("whole"), "{answer}");
}

#[tokio::test]
async fn own_answers_to_head_have_a_length_and_no_body() {
    let relay = TestRelay::start().await;
    let get = relay
        .raw(b"GET /_kreel/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    let head = relay
        .raw(b"HEAD /_kreel/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await;
    let (_, body) = get.split_once("\r\n\r\n").unwrap();
    let length = format!("content-length: {}\r\n", body.len());
    assert!(get.contains(&length), "{get}");
    assert!(head.contains(&length), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn own_answers_without_content_say_nothing_of_it() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", now(204)).await;
    let (answer, _) = tokio::join!(relay.post("/mine", b"x"), client.request());
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(answer.contains("kreel-delivery-id: "), "{answer}");
    assert!(!answer.contains("content-"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn an_empty_answer_of_the_apps_keeps_its_length() {
    let relay = TestRelay::start().await;
    let mut client = relay.client("mine", Policy::default()).await;
    let (answer, ()) = tokio::join!(relay.post("/mine", b"x"), async {
        let exchange = client.request().await.exchange;
        client.answer(exchange, "").await;
    });
    assert_eq!(
        answer.matches("content-length: 0\r\n").count(),
        1,
        "{answer}"
    );
}
