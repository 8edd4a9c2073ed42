//! The link lost and found, the app down and up, the end.

use std::time::Duration;

use kreel_wire::{GoodbyeReason, Kind, RejectReason, ToClient, ToRelay};
use tokio::time::Instant;

use super::{OK, linked};
use crate::testing::{FakeApp, FakeRelay, TestClient, config, delivery, whole};
use crate::{Command, LinkError, Update};

#[tokio::test]
async fn the_upgrade_says_who_it_is() {
    let (_relay, link, _app, _client) = linked().await;
    let head = link.head.to_ascii_lowercase();
    assert!(head.starts_with("get /_kreel/link http/1.1\r\n"), "{head}");
    assert!(
        head.contains("authorization: bearer kreel_test_token\r\n"),
        "{head}"
    );
    assert!(
        head.contains("sec-websocket-protocol: kreel.v1\r\n"),
        "{head}"
    );
    assert!(head.contains("user-agent: kreel/"), "{head}");
    assert_eq!(link.hello.tunnel.as_str(), "my-tunnel");
}

#[tokio::test]
async fn an_attempt_outlives_its_link_and_is_not_made_twice() {
    let (relay, mut link, app, mut client) = linked().await;
    link.request(whole(1, delivery(1, Kind::Live), "one")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    let instance = link.hello.instance;
    drop(link);
    let mut link = relay.accept().await;
    client.ready().await;
    assert_eq!(link.hello.instance, instance);
    // Unacknowledged, so the relay sends it again; it is under way, so the app does not see it.
    link.request(whole(1, delivery(1, Kind::Queued), "one"))
        .await;
    link.request(whole(2, delivery(2, Kind::Live), "two")).await;
    let mut beside = app.accept().await;
    assert!(beside.request().await.ends_with("two"));
    caller.write(OK).await;
    link.acks(&[1]).await;
    assert!(app.is_alone().await);
}

#[tokio::test]
async fn a_request_cut_off_by_the_link_is_given_up_and_made_again() {
    let (relay, mut link, app, client) = linked().await;
    let mut request = whole(1, delivery(1, Kind::Live), "begun");
    request.end = false;
    request.delivery.body_bytes = Some(100);
    link.request(request).await;
    let mut caller = app.accept().await;
    caller.read_until("begun").await;
    drop(link);
    assert_eq!(caller.read_to_end().await, 0);
    let mut link = relay.accept().await;
    link.request(whole(1, delivery(1, Kind::Queued), "whole"))
        .await;
    let mut caller = app.accept().await;
    assert!(caller.request().await.ends_with("whole"));
    caller.write(OK).await;
    link.acks(&[1]).await;
    client.command(Command::Stop).await;
    let counters = client.ended().await.unwrap().counters;
    assert_eq!((counters.received, counters.delivered), (1, 1));
    assert_eq!((counters.broken_off, counters.waiting), (0, 0));
}

#[tokio::test]
async fn deliveries_wait_for_an_app_that_is_down_and_come_in_order() {
    let relay = FakeRelay::start().await;
    let app = FakeApp::start().await;
    let address = app.address();
    drop(app);
    let mut client = TestClient::start(config(&relay.url(), Some(&address.to_string())));
    let mut link = relay.accept().await;
    for (number, body) in [(1, "one"), (2, "two"), (3, "three")] {
        link.request(whole(number, delivery(number.into(), Kind::Queued), body))
            .await;
    }
    link.request(whole(4, delivery(4, Kind::Live), "four"))
        .await;
    client
        .update(|update| matches!(update, Update::AppDown { .. }).then_some(()))
        .await;
    let app = FakeApp::start_at(address).await;
    // The probe's connection, kept for the first of them.
    let mut caller = app.accept().await;
    client
        .update(|update| matches!(update, Update::AppUp { .. }).then_some(()))
        .await;
    assert!(caller.request().await.ends_with("one"));
    caller.write(OK).await;
    // How the others share connections is not the point.
    let serving = app.answering(OK);
    let more = tokio::spawn(async move {
        loop {
            caller.request().await;
            caller.write(OK).await;
        }
    });
    let mut attempted = Vec::new();
    while attempted.len() < 4 {
        let seq = client.update(|update| match update {
            Update::Attempt(attempt) => Some(attempt.delivery.seq.0),
            _ => None,
        });
        attempted.push(seq.await);
    }
    attempted.retain(|seq| *seq != 4);
    assert_eq!(attempted, [1, 2, 3], "a live one goes beside them");
    link.acks(&[1, 2, 3]).await;
    assert_eq!(link.answer().await.exchange.0, 4);
    more.abort();
    serving.abort();
}

#[tokio::test]
async fn a_stop_waits_for_what_runs_and_says_goodbye() {
    let (_relay, mut link, app, mut client) = linked().await;
    link.request(whole(1, delivery(1, Kind::Live), "one")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    client.command(Command::Stop).await;
    client
        .update(|update| match update {
            Update::Stopping { running, .. } => Some(*running),
            _ => None,
        })
        .await;
    let said = link.next().await;
    assert!(
        matches!(
            said,
            ToRelay::Goodbye {
                reason: GoodbyeReason::Draining,
                ..
            }
        ),
        "{said:?}"
    );
    // This one crossed it.
    link.request(whole(2, delivery(2, Kind::Live), "too late"))
        .await;
    caller.write(OK).await;
    assert_eq!(link.answer().await.exchange.0, 1);
    let said = link.until_closed().await;
    assert!(said.is_empty(), "goodbye was said already: {said:?}");
    let ended = client.ended().await.unwrap();
    assert_eq!(ended.given_up, 0);
    assert_eq!((ended.counters.delivered, ended.counters.waiting), (1, 1));
}

#[tokio::test]
async fn a_stop_says_goodbye_when_nothing_runs() {
    let (_relay, link, _app, client) = linked().await;
    client.command(Command::Stop).await;
    let said = link.until_closed().await;
    assert!(matches!(&said[..], [ToRelay::Goodbye { .. }]), "{said:?}");
    client.ended().await.unwrap();
}

#[tokio::test]
async fn what_the_relay_vouched_for_outlives_an_app_that_dies_of_it() {
    let (_relay, mut link, app, mut client) = linked().await;
    let mut request = whole(1, delivery(1, Kind::Queued), "begun");
    request.end = false;
    request.delivery.body_bytes = Some(10);
    link.request(request).await;
    link.say(ToClient::RequestBody(kreel_wire::Chunk {
        exchange: kreel_wire::ExchangeId(1),
        data: bytes::Bytes::from_static(b"ended"),
        end: true,
    }))
    .await;
    link.request(whole(2, delivery(2, Kind::Queued), "next"))
        .await;
    link.acks(&[1, 2]).await;
    let mut caller = app.accept().await;
    caller.read_until("begunended").await;
    drop(caller);
    let end = client
        .update(|update| match update {
            Update::Attempt(attempt) => Some((attempt.attempt, attempt.end.clone())),
            _ => None,
        })
        .await;
    let died = crate::AttemptEnd::Failed(crate::Failure::Died);
    assert_eq!(end, (1, died));
    let mut caller = app.accept().await;
    let request = caller.request().await;
    assert!(request.contains("kreel-attempt: 2\r\n"), "{request}");
    assert!(request.ends_with("begunended"), "{request}");
    caller.write(OK).await;
    assert!(caller.request().await.ends_with("next"));
}

/// Found by the soak: nobody had told how long it is, and the second attempt was empty.
#[tokio::test]
async fn what_came_in_pieces_of_unknown_number_is_repeated_whole() {
    let (_relay, mut link, app, _client) = linked().await;
    let exchange = kreel_wire::ExchangeId(1);
    let mut request = whole(1, delivery(1, Kind::Live), "begun");
    request.end = false;
    request.delivery.body_bytes = None;
    link.request(request).await;
    for end in [false, true] {
        link.say(ToClient::RequestBody(kreel_wire::Chunk {
            exchange,
            data: bytes::Bytes::from(vec![b'x'; 50_000]),
            end,
        }))
        .await;
    }
    let mut caller = app.accept().await;
    caller.read_until("\r\n0\r\n\r\n").await;
    let status = Some(202);
    link.say(ToClient::Answered { exchange, status }).await;
    while !matches!(link.next().await, ToRelay::Ack { .. }) {}
    drop(caller);
    let mut caller = app.accept().await;
    let request = caller.request().await;
    assert!(request.contains("kreel-attempt: 2\r\n"), "{request}");
    assert!(request.contains("content-length: 100005\r\n"), "{request}");
    let body = format!("begun{}", "x".repeat(100_000));
    assert!(request.ends_with(&body), "{} bytes", request.len());
}

#[tokio::test]
async fn a_stop_at_once_gives_up_what_runs() {
    let (_relay, mut link, app, client) = linked().await;
    link.request(whole(1, delivery(1, Kind::Live), "one")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    client.command(Command::StopNow).await;
    assert_eq!(client.ended().await.unwrap().given_up, 1);
    assert_eq!(caller.read_to_end().await, 0);
}

#[tokio::test]
async fn held_deliveries_are_let_go_one_by_one() {
    let (_relay, mut link, app, client) = linked().await;
    client.command(Command::Hold).await;
    for (number, body) in [(1, "one"), (2, "two"), (3, "three")] {
        link.request(whole(number, delivery(number.into(), Kind::Live), body))
            .await;
    }
    assert!(app.is_alone().await);
    client.command(Command::ReleaseOne).await;
    let mut caller = app.accept().await;
    assert!(caller.request().await.ends_with("one"));
    assert!(app.is_alone().await);
    client.command(Command::Release).await;
    app.accept().await;
    app.accept().await;
}

#[tokio::test]
async fn faults_that_trying_again_can_not_mend_are_told_at_once() {
    let answers = [
        ("HTTP/1.1 401 Unauthorized\r\n\r\n", "unauthorized"),
        (
            "HTTP/1.1 426 Upgrade Required\r\nsec-websocket-protocol: kreel.v9\r\n\r\n",
            "version",
        ),
        ("HTTP/1.1 404 Not Found\r\n\r\n", "not_a_relay"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "not_a_relay",
        ),
        ("220 smtp.example ESMTP\r\n\r\n", "not_a_relay"),
    ];
    for (answer, code) in answers {
        let relay = FakeRelay::start().await;
        let client = TestClient::start(config(&relay.url(), None));
        relay.answer(answer).await;
        let error = client.ended().await.unwrap_err();
        assert_eq!(error.code(), code, "{answer}");
        assert!(error.is_fatal());
    }
    let relay = FakeRelay::start().await;
    let client = TestClient::start(config(&relay.url(), None));
    relay.reject(RejectReason::NameTaken).await;
    let error = client.ended().await.unwrap_err();
    assert!(matches!(error, LinkError::NameTaken { .. }), "{error}");
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_tried_thrice_within_seconds() {
    let relay = FakeRelay::start().await;
    let url = relay.url();
    let address = relay.close().to_string();
    let start = Instant::now();
    let mut client = TestClient::start(config(&url, None));
    for expected in [2, 3] {
        let (code, attempt) = client
            .update(|update| match update {
                Update::Reconnecting { code, attempt, .. } => Some((*code, *attempt)),
                _ => None,
            })
            .await;
        assert_eq!((code, attempt), ("connect_refused", expected));
    }
    let error = client.ended().await.unwrap_err();
    assert!(matches!(error, LinkError::ConnectRefused { address: at } if at == address));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn goodbyes_mean_what_they_say() {
    for (reason, code, ends) in [
        (GoodbyeReason::Replaced, "replaced", true),
        (GoodbyeReason::Revoked, "revoked", true),
        (GoodbyeReason::Draining, "draining", false),
    ] {
        let (relay, mut link, _app, mut client) = linked().await;
        let message = String::new();
        link.say(ToClient::Goodbye { reason, message }).await;
        if ends {
            assert_eq!(client.ended().await.unwrap_err().code(), code);
        } else {
            let got = client
                .update(|update| match update {
                    Update::Reconnecting { code, .. } => Some(*code),
                    _ => None,
                })
                .await;
            assert_eq!(got, code);
            relay.accept().await;
        }
    }
}

#[tokio::test]
async fn pauses_grow_to_their_cap_and_go_on_for_ever() {
    let (relay, link, _app, mut client) = linked().await;
    tokio::time::pause();
    relay.close();
    drop(link);
    let mut usual = Duration::from_millis(100);
    for expected in 1..=40 {
        let (pause, attempt) = client
            .update(|update| match update {
                Update::Reconnecting { in_, attempt, .. } => Some((*in_, *attempt)),
                _ => None,
            })
            .await;
        assert_eq!(attempt, expected);
        assert!(
            (usual / 2..=usual * 3 / 2).contains(&pause),
            "{pause:?} at {attempt}"
        );
        usual = (usual * 2).min(Duration::from_secs(10));
    }
}
