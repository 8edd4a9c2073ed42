//! Replays of a client that runs, against an app that does as it is told.

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::{Headers, Kind, ToClient};

use super::{OK, linked};
use crate::testing::{FakeApp, FakeRelay, TestClient, config, delivery, headers, id, whole};
use crate::{Attempt, AttemptEnd, Command, Edited, Failure, Replay, Update};

fn edited(headers: Headers, body: &'static str) -> Replay {
    Replay {
        edited: Some(Arc::new(Edited {
            method: "PUT".into(),
            target: Bytes::from_static(b"/other?m=2"),
            headers,
            body: Bytes::from_static(body.as_bytes()),
            senders: None,
        })),
        ..Replay::once(id(7))
    }
}

fn command(replay: Replay) -> Command {
    Command::Replay(Box::new(replay))
}

async fn attempt(client: &mut TestClient) -> Attempt {
    client
        .update(|update| match update {
            Update::Attempt(attempt) => Some(attempt.clone()),
            _ => None,
        })
        .await
}

async fn not_replayed(client: &mut TestClient) -> String {
    client
        .update(|update| match update {
            Update::NotReplayed { why, .. } => Some(why.clone()),
            _ => None,
        })
        .await
}

/// The lines of a request in order, without those kreel adds.
fn lines(request: &str) -> Vec<&str> {
    let head = request.split("\r\n\r\n").next().unwrap();
    let ours = |line: &&str| !line.starts_with("kreel-") && !line.starts_with("x-forwarded-");
    head.lines().filter(ours).collect()
}

#[tokio::test]
async fn a_replay_reaches_the_app_as_the_delivery_did_and_says_what_it_is() {
    let (_relay, mut link, app, mut client) = linked().await;
    link.request(whole(1, delivery(7, Kind::Live), "{\"a\":1}"))
        .await;
    let mut caller = app.accept().await;
    let first = caller.request().await;
    caller
        .write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")
        .await;
    assert!(!attempt(&mut client).await.replay);
    link.answer().await;
    client.command(command(Replay::once(id(7)))).await;
    let again = caller.request().await;
    assert_eq!(lines(&again), lines(&first));
    assert!(again.ends_with("\r\n\r\n{\"a\":1}"), "{again}");
    for line in [
        "kreel-attempt: 2\r\n",
        "kreel-replay: 1\r\n",
        "x-forwarded-host: public.example\r\n",
    ] {
        assert!(again.contains(line), "{again}");
    }
    assert!(first.contains("kreel-attempt: 1\r\n") && !first.contains("kreel-replay"));
    caller.write(OK).await;
    let ended = attempt(&mut client).await;
    assert_eq!(
        (ended.attempt, ended.replay, ended.is_edited),
        (2, true, false)
    );
    assert!(matches!(
        ended.end,
        AttemptEnd::Answered { status: 200, .. }
    ));
    let over = client
        .update(|update| match update {
            Update::Replaying {
                done,
                failed,
                total,
                ..
            } => Some((*done, *failed, *total)),
            _ => None,
        })
        .await;
    assert_eq!(over, (1, 0, 1));
    client.command(Command::Stop).await;
    let (ended, whole) = client.ended_with(7).await;
    let counters = ended.unwrap().counters;
    assert_eq!((counters.received, counters.delivered), (1, 1));
    let kept = whole
        .attempts
        .iter()
        .map(|it| (it.number, it.is_replay, it.status));
    assert_eq!(
        kept.collect::<Vec<_>>(),
        [(1, false, Some(500)), (2, true, Some(200))]
    );
}

#[tokio::test]
async fn an_edited_replay_is_sent_as_edited_and_kept_so() {
    let (_relay, mut link, app, mut client) = linked().await;
    link.request(whole(1, delivery(7, Kind::Live), "first"))
        .await;
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    link.answer().await;
    let lines_edited = headers(&[
        ("x-new", "1"),
        ("host", "public.example"),
        ("kreel-attempt", "99"),
        ("x-sender", "no"),
        ("x-new", "2"),
    ]);
    client
        .command(command(edited(lines_edited, "another body")))
        .await;
    let request = caller.request().await;
    assert_eq!(
        lines(&request),
        [
            "PUT /other?m=2 HTTP/1.1",
            "x-new: 1",
            &format!("host: {}", app.target()),
            "x-sender: no",
            "x-new: 2",
            "content-length: 12",
        ]
    );
    assert!(request.contains("kreel-attempt: 2\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\nanother body"), "{request}");
    caller.write(OK).await;
    while !attempt(&mut client).await.is_edited {}
    // A Host of the user's own is sent as it is.
    let own_host = headers(&[("host", "my.own"), ("content-length", "3")]);
    client.command(command(edited(own_host, "abc"))).await;
    let request = caller.request().await;
    assert!(request.contains("\r\nhost: my.own\r\n"), "{request}");
    assert!(
        request.contains("x-forwarded-host: public.example\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\nabc"), "{request}");
    caller.write(OK).await;
    while !attempt(&mut client).await.is_edited {}
    client.command(Command::Stop).await;
    let (_, whole) = client.ended_with(7).await;
    assert_eq!(
        (&*whole.delivery.method, &whole.delivery.target[..]),
        ("POST", &b"/hook?n=1"[..])
    );
    let replay = &whole.attempts[1];
    assert_eq!(
        (replay.is_replay, replay.is_edited, replay.method.as_str()),
        (true, true, "PUT")
    );
    assert_eq!(replay.body.as_deref(), Some(&b"another body"[..]));
    let (url, _) = replay.request.as_ref().unwrap();
    assert!(url.ends_with("/other?m=2"), "{url}");
}

#[tokio::test]
async fn a_length_that_is_not_the_bodys_is_refused_in_words() {
    let (_relay, mut link, app, mut client) = linked().await;
    let mut posted = delivery(7, Kind::Live);
    posted.headers = headers(&[("host", "public.example"), ("content-length", "5")]);
    link.request(whole(1, posted, "first")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    link.answer().await;
    let wrong = edited(headers(&[("content-length", "7")]), "abc");
    client.command(command(wrong)).await;
    let why = not_replayed(&mut client).await;
    assert!(
        why.contains("Content-Length was set to 7") && why.contains("3 bytes"),
        "{why}"
    );
    // That of the sender follows the body.
    let senders = edited(headers(&[("content-length", "5")]), "abc");
    client.command(command(senders)).await;
    let request = caller.request().await;
    assert!(request.contains("content-length: 3\r\n"), "{request}");
    assert!(
        request.contains("kreel-attempt: 2\r\n"),
        "no number was wasted"
    );
    caller.write(OK).await;
    let bad = Replay {
        edited: Some(Arc::new(Edited {
            method: "NOT A METHOD".into(),
            target: Bytes::new(),
            headers: Headers::default(),
            body: Bytes::new(),
            senders: None,
        })),
        ..Replay::once(id(7))
    };
    client.command(command(bad)).await;
    assert!(not_replayed(&mut client).await.contains("is no method"));
}

#[tokio::test]
async fn a_replay_needs_neither_the_link_nor_the_app_of_the_others() {
    let (relay, mut link, app, mut client) = linked().await;
    link.request(whole(1, delivery(7, Kind::Queued), "x")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    link.acks(&[7]).await;
    drop((relay, link));
    client
        .update(|update| matches!(update, Update::Reconnecting { .. }).then_some(()))
        .await;
    client.command(Command::Hold).await;
    let other = FakeApp::start().await;
    let elsewhere = Replay {
        to: Some(format!("{}/base", other.target()).parse().unwrap()),
        times: 2,
        ..Replay::once(id(7))
    };
    client.command(command(elsewhere)).await;
    let mut second = other.accept().await;
    for number in [2, 3] {
        let request = second.request().await;
        assert!(request.starts_with("POST /base/hook?n=1 "), "{request}");
        assert!(
            request.contains(&format!("host: {}\r\n", other.target())),
            "{request}"
        );
        assert!(
            request.contains(&format!("kreel-attempt: {number}\r\n")),
            "{request}"
        );
        second.write(OK).await;
    }
    client
        .update(|update| {
            matches!(
                update,
                Update::Replaying {
                    total: 2,
                    done: 2,
                    ..
                }
            )
            .then_some(())
        })
        .await;
    // Nobody is there: it fails at once, and is not tried again.
    let address = other.target();
    drop((other, second));
    let nobody = Replay {
        to: Some(address.parse().unwrap()),
        ..Replay::once(id(7))
    };
    client.command(command(nobody)).await;
    let ended = attempt(&mut client).await;
    assert_eq!(ended.attempt, 4);
    let refused = matches!(ended.end, AttemptEnd::Failed(Failure::Refused { .. }));
    assert!(refused, "{:?}", ended.end);
    client.command(Command::Stop).await;
    let (_, whole) = client.ended_with(7).await;
    assert_eq!(whole.attempts.len(), 4);
    assert!(
        whole.attempts[1]
            .other_target
            .as_ref()
            .unwrap()
            .ends_with("/base")
    );
    assert_eq!(whole.attempts[0].other_target, None);
}

#[tokio::test]
async fn what_is_not_whole_or_not_there_is_not_replayed() {
    let (_relay, mut link, app, mut client) = linked().await;
    client.command(command(Replay::once(id(9)))).await;
    assert!(
        not_replayed(&mut client)
            .await
            .contains("not in the history")
    );
    let mut begun = whole(1, delivery(7, Kind::Live), "begun");
    begun.end = false;
    begun.delivery.body_bytes = Some(100);
    link.request(begun).await;
    let mut caller = app.accept().await;
    caller.read_until("begun").await;
    client.command(command(Replay::once(id(7)))).await;
    assert!(not_replayed(&mut client).await.contains("still arriving"));
    let exchange = kreel_wire::ExchangeId(1);
    link.say(ToClient::Cancel { exchange }).await;
    assert_eq!(
        attempt(&mut client).await.end,
        AttemptEnd::Failed(Failure::SenderLeft)
    );
    client.command(command(Replay::once(id(7)))).await;
    assert!(not_replayed(&mut client).await.contains("broke off"));
}

#[tokio::test]
async fn what_was_captured_is_replayed_to_a_target_of_its_own() {
    let relay = FakeRelay::start().await;
    let mut client = TestClient::start(config(&relay.url(), None));
    let mut link = relay.accept().await;
    client.ready().await;
    link.request(whole(1, delivery(7, Kind::Live), "captured"))
        .await;
    client
        .update(|update| matches!(update, Update::Captured(_)).then_some(()))
        .await;
    client.command(command(Replay::once(id(7)))).await;
    assert!(not_replayed(&mut client).await.contains("no app"));
    let app = FakeApp::start().await;
    let elsewhere = Replay {
        to: Some(app.target().parse().unwrap()),
        ..Replay::once(id(7))
    };
    client.command(command(elsewhere)).await;
    assert!(app.accept().await.request().await.ends_with("captured"));
}

#[tokio::test]
async fn replays_that_hang_are_given_up_when_that_is_said_twice() {
    let (_relay, mut link, app, mut client) = linked().await;
    link.request(whole(1, delivery(7, Kind::Queued), "x")).await;
    let mut caller = app.accept().await;
    caller.request().await;
    caller.write(OK).await;
    link.acks(&[7]).await;
    attempt(&mut client).await;
    let many = Replay {
        times: 1000,
        at_once: 2,
        ..Replay::once(id(7))
    };
    client.command(command(many)).await;
    caller.request().await;
    let mut beside = app.accept().await;
    beside.request().await;
    client.command(Command::StopReplaying(Some(id(7)))).await;
    client.command(Command::StopReplaying(Some(id(7)))).await;
    let over = client
        .update(|update| match update {
            Update::Replaying {
                done,
                failed,
                total,
                ..
            } if done == total => Some((*done, *failed)),
            _ => None,
        })
        .await;
    assert_eq!(over, (2, 2));
    assert_eq!(
        (caller.read_to_end().await, beside.read_to_end().await),
        (0, 0)
    );
    // Live ones go on as before.
    link.request(whole(2, delivery(8, Kind::Live), "y")).await;
    let mut next = app.accept().await;
    next.request().await;
    next.write(OK).await;
    assert_eq!(link.answer().await.response.status, 200);
    assert!(app.is_alone().await, "no further replay");
}
