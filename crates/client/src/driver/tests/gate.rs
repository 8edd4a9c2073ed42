//! The gate, from the link to the app and into the history.

use std::collections::BTreeSet;

use kreel_wire::Kind;
use tokio::sync::mpsc;

use super::OK;
use crate::testing::{FakeApp, FakeRelay, TestClient, config, delivery, id, soon, whole};
use crate::{AnsweredBy, Command, Standing, Update, WITHHELD};

#[tokio::test]
async fn only_what_was_admitted_reaches_the_app() {
    let relay = FakeRelay::start().await;
    let app = FakeApp::start().await;
    let mut config = config(&relay.url(), Some(&app.target()));
    let (gate, mut gated) = mpsc::channel(16);
    config.gate = Some(gate);
    let mut client = TestClient::start(config);
    let mut link = relay.accept().await;
    client.ready().await;
    for (exchange, number, body) in [(1, 7, "forged"), (2, 8, "true")] {
        link.request(whole(exchange, delivery(number, Kind::Live), body))
            .await;
        assert_eq!(soon(gated.recv()).await, Some(id(number)));
        // It is in the history to its last byte, so that it can be judged.
        let kept = client.kept(number);
        assert!(kept.row.is_complete);
        let reader = client.reader();
        let piece = reader.piece(kept.row.number, 0).unwrap();
        assert_eq!(piece.unwrap(), body);
    }
    client.command(Command::Admit(id(8))).await;
    let mut caller = app.accept().await;
    assert!(caller.request().await.ends_with("true"));
    caller.write(OK).await;
    assert_eq!(link.answer().await.body, "ok");
    let why: std::sync::Arc<str> = "the API does not know the job".into();
    client
        .command(Command::Refuse {
            id: id(7),
            why: why.clone(),
        })
        .await;
    let answer = link.answer().await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.ends_with("\"state\":\"captured\"}\n"), "{text}");
    let told = client
        .update(|update| match update {
            Update::Withheld { why, .. } => Some(why.clone()),
            _ => None,
        })
        .await;
    assert_eq!(told, why);
    let by = client
        .update(|update| match update {
            Update::Answered { by, .. } => Some(*by),
            _ => None,
        })
        .await;
    assert_eq!(by, AnsweredBy::Client);
    assert!(app.is_alone().await, "the app was not asked");
    client.command(Command::Stop).await;
    let (_, whole) = client.ended_with(7).await;
    assert_eq!(whole.row.standing, Standing::Captured);
    let words = whole.attempts[0].failure.clone().unwrap();
    assert_eq!(words, (WITHHELD.to_owned(), why.to_string()));
    let last = whole.row.last.unwrap();
    assert_eq!(
        (last.status, last.failure.as_deref()),
        (Some(200), Some(WITHHELD))
    );
}

#[tokio::test]
async fn whoever_decides_hears_of_all_though_there_is_room_for_one() {
    let relay = FakeRelay::start().await;
    let app = FakeApp::start().await;
    let mut config = config(&relay.url(), Some(&app.target()));
    let (gate, mut gated) = mpsc::channel(1);
    config.gate = Some(gate);
    let mut client = TestClient::start(config);
    let mut link = relay.accept().await;
    client.ready().await;
    for number in 1..=5 {
        let exchange = u32::try_from(number).unwrap();
        link.request(whole(exchange, delivery(number, Kind::Live), "x"))
            .await;
    }
    // All of them wait before the first is heard of.
    for _ in 1..=5 {
        client
            .update(|update| matches!(update, Update::Gated(_)).then_some(()))
            .await;
    }
    let mut heard = BTreeSet::new();
    while heard.len() < 5 {
        heard.insert(soon(gated.recv()).await.unwrap());
    }
    assert_eq!(heard, (1..=5).map(id).collect());
}
