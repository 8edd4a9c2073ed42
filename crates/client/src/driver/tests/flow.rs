//! Credit both ways, and what happens to those who break the rules.

use bytes::Bytes;
use kreel_wire::limits::{CHUNK_BYTES, CREDIT_STEP_BYTES, WINDOW_BYTES};
use kreel_wire::{Chunk, ExchangeId, GoodbyeReason, Kind, ToClient, ToRelay};

use super::{OK, linked};
use crate::testing::{FakeApp, FakeRelay, TestClient, config, delivery, whole};
use crate::{Failure, Update};

fn piece(exchange: u32, bytes: usize, end: bool) -> Chunk {
    Chunk {
        exchange: ExchangeId(exchange),
        data: Bytes::from(vec![b'x'; bytes]),
        end,
    }
}

#[tokio::test]
async fn a_large_request_moves_on_the_credit_its_reader_grants() {
    let (_relay, mut link, app, _client) = linked().await;
    let pieces = 20;
    let mut request = whole(1, delivery(7, Kind::Live), "");
    request.end = false;
    request.delivery.body_bytes = Some((pieces * CHUNK_BYTES) as u64);
    link.request(request).await;
    let reader = tokio::spawn(async move {
        let mut caller = app.accept().await;
        let request = caller.request().await;
        caller.write(OK).await;
        request.len()
    });
    let (mut credit, mut granted) = (WINDOW_BYTES, 0);
    for number in 1..=pieces {
        let piece = piece(1, CHUNK_BYTES, number == pieces);
        while credit < piece.cost_bytes() {
            match link.next().await {
                ToRelay::Credit { bytes, .. } => {
                    assert!(bytes >= CREDIT_STEP_BYTES, "{bytes}");
                    credit += bytes;
                    granted += bytes;
                }
                other => panic!("{other:?}"),
            }
        }
        credit -= piece.cost_bytes();
        link.say(ToClient::RequestBody(piece)).await;
    }
    assert!(granted > 0);
    assert!(reader.await.unwrap() > pieces * CHUNK_BYTES);
    while let ToRelay::Credit { .. } = link.next().await {}
}

#[tokio::test]
async fn a_request_answered_early_is_drained_to_its_end() {
    let (_relay, mut link, app, _client) = linked().await;
    let pieces = 20;
    let mut request = whole(1, delivery(7, Kind::Live), "");
    request.end = false;
    request.delivery.body_bytes = Some((pieces * CHUNK_BYTES) as u64);
    link.request(request).await;
    let mut caller = app.accept().await;
    caller.read_until("\r\n\r\n").await;
    caller
        .write("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .await;
    assert_eq!(link.answer().await.response.status, 413);
    drop(caller);
    let mut credit = WINDOW_BYTES;
    for number in 1..=pieces {
        let piece = piece(1, CHUNK_BYTES, number == pieces);
        while credit < piece.cost_bytes() {
            match link.next().await {
                ToRelay::Credit { bytes, .. } => credit += bytes,
                other => panic!("{other:?}"),
            }
        }
        credit -= piece.cost_bytes();
        link.say(ToClient::RequestBody(piece)).await;
    }
}

#[tokio::test]
async fn a_request_that_comes_anew_takes_the_place_of_its_part() {
    let (_relay, mut link, app, _client) = linked().await;
    let mut request = whole(1, delivery(7, Kind::Live), "begun");
    request.end = false;
    request.delivery.body_bytes = Some(100);
    link.request(request).await;
    let mut part = app.accept().await;
    part.read_until("begun").await;
    link.request(whole(2, delivery(7, Kind::Queued), "whole"))
        .await;
    let exchange = ExchangeId(1);
    link.say(ToClient::Cancel { exchange }).await;
    assert_eq!(part.read_to_end().await, 0);
    let mut caller = app.accept().await;
    assert!(caller.request().await.ends_with("whole"));
    caller.write(OK).await;
    link.acks(&[7]).await;
}

#[tokio::test]
async fn a_large_answer_keeps_to_the_credit_the_relay_grants() {
    let relay = FakeRelay::start().await;
    let app = FakeApp::start().await;
    let _client = TestClient::start(config(&relay.url(), Some(&app.target())));
    let window = 1000;
    let mut link = relay.accept_granting(window).await;
    link.request(whole(1, delivery(7, Kind::Live), "x")).await;
    let total = 300_000;
    let body = "y".repeat(total);
    let mut caller = app.accept().await;
    caller.request().await;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {total}\r\n\r\n");
    let writer = tokio::spawn(async move {
        caller.write(head + &body).await;
        caller
    });
    let answer = link.answer().await;
    assert!(!answer.end && answer.body.len() <= CHUNK_BYTES);
    let mut got = answer.body.len();
    let mut credit = i64::from(window);
    loop {
        match link.next().await {
            ToRelay::AnswerBody(piece) => {
                credit -= i64::from(piece.cost_bytes());
                assert!(credit >= 0, "overrun by {} bytes", -credit);
                got += piece.data.len();
                if piece.end {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
        let exchange = ExchangeId(1);
        let bytes = 700;
        credit += 700;
        link.say(ToClient::Credit { exchange, bytes }).await;
    }
    assert_eq!(got, total);
    writer.await.unwrap();
}

#[tokio::test]
async fn a_stalled_answer_holds_up_no_other() {
    let (_relay, mut link, app, _client) = linked().await;
    link.request(whole(1, delivery(1, Kind::Live), "x")).await;
    let mut large = app.accept().await;
    large.request().await;
    let flood = tokio::spawn(async move {
        large
            .write("HTTP/1.1 200 OK\r\ncontent-length: 8000000\r\n\r\n")
            .await;
        large.write("z".repeat(8_000_000)).await;
    });
    // All that the window allows of it, and no more.
    let mut got = 0;
    while got + CHUNK_BYTES < WINDOW_BYTES as usize {
        match link.next().await {
            ToRelay::Answer(answer) => assert!(!answer.end),
            ToRelay::AnswerBody(piece) => got += piece.cost_bytes() as usize,
            other => panic!("{other:?}"),
        }
    }
    for number in 2..6 {
        link.request(whole(number, delivery(number.into(), Kind::Live), "x"))
            .await;
        let mut small = app.accept().await;
        small.request().await;
        small
            .write("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
            .await;
        drop(small);
        let answer = loop {
            match link.next().await {
                ToRelay::Answer(answer) => break answer,
                ToRelay::AnswerBody(_) | ToRelay::Ack { .. } => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((answer.exchange.0, answer.response.status), (number, 204));
    }
    flood.abort();
}

#[tokio::test]
async fn stale_messages_are_ignored() {
    let (_relay, mut link, app, _client) = linked().await;
    link.request(whole(1, delivery(1, Kind::Live), "x")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    link.answer().await;
    let exchange = ExchangeId(1);
    link.say(ToClient::Cancel { exchange }).await;
    let status = None;
    link.say(ToClient::Answered { exchange, status }).await;
    link.say(ToClient::Credit { exchange, bytes: 9 }).await;
    link.say(ToClient::RequestBody(piece(1, 9, true))).await;
    link.request(whole(2, delivery(2, Kind::Live), "x")).await;
    caller.request().await;
    caller.write(OK).await;
    assert_eq!(link.answer().await.exchange.0, 2);
}

#[tokio::test]
async fn a_relay_that_breaks_the_protocol_is_told_so_and_tried_again() {
    let (relay, mut link, _app, mut client) = linked().await;
    let violations = [
        vec![ToClient::RequestBody(piece(5, 1, false))],
        vec![ToClient::Credit {
            exchange: ExchangeId(0),
            bytes: 1,
        }],
        vec![
            ToClient::Request(whole(2, delivery(1, Kind::Live), "")),
            ToClient::Request(whole(2, delivery(2, Kind::Live), "")),
        ],
        vec![
            ToClient::Request(whole(1, delivery(3, Kind::Live), "")),
            ToClient::RequestBody(piece(1, 1, true)),
        ],
    ];
    for violation in violations {
        for message in violation {
            link.say(message).await;
        }
        let said = link.until_closed().await;
        let goodbye = said.last().unwrap();
        assert!(
            matches!(
                goodbye,
                ToRelay::Goodbye {
                    reason: GoodbyeReason::Protocol,
                    ..
                }
            ),
            "{goodbye:?}"
        );
        let code = client
            .update(|update| match update {
                Update::Reconnecting { code, .. } => Some(*code),
                _ => None,
            })
            .await;
        assert_eq!(code, "violation");
        link = relay.accept().await;
    }
}

#[tokio::test]
async fn a_relay_that_overruns_its_credit_is_cut_off() {
    let (_relay, mut link, _app, _client) = linked().await;
    let mut request = whole(1, delivery(1, Kind::Live), "");
    request.end = false;
    link.request(request).await;
    // The app never reads, so no credit is granted beyond the window.
    let mut spent = 0;
    while spent <= WINDOW_BYTES + CREDIT_STEP_BYTES * 40 {
        let piece = piece(1, CHUNK_BYTES, false);
        spent += piece.cost_bytes();
        if link
            .socket
            .send_now(ToClient::RequestBody(piece))
            .await
            .is_err()
        {
            break;
        }
    }
    let said = link.until_closed().await;
    assert!(
        said.iter().any(|message| matches!(message, ToRelay::Goodbye { message, .. } if message.contains("overrun"))),
        "{said:?}"
    );
}

#[tokio::test]
async fn strictly_a_waiting_sender_hears_at_once_that_the_app_is_down() {
    let relay = FakeRelay::start().await;
    let app = FakeApp::start().await;
    let mut config = config(&relay.url(), Some(&app.target()));
    config.policy.strict = true;
    let address = app.target();
    drop(app);
    let _client = TestClient::start(config);
    let mut link = relay.accept().await;
    for number in 1..4 {
        link.request(whole(number, delivery(number.into(), Kind::Live), "x"))
            .await;
        let expected = ToRelay::Failed {
            exchange: ExchangeId(number),
            failure: Failure::Refused {
                address: address.clone(),
            },
        };
        assert_eq!(link.next().await, expected);
    }
}
