//! `d`: two deliveries, or two answers, side by side.

use crate::support::{Key, LocalApp, Screen, TestRelay};

#[tokio::test]
async fn two_deliveries_differ_in_what_is_told() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    let sender = screen.sender();
    sender
        .post(
            "/hook",
            r#"{"status":"queued","gone":1,"same":true,"list":[1,2,3]}"#,
        )
        .await;
    sender
        .post(
            "/hook",
            r#"{"status":"done","same":true,"list":[3,1,2],"new":null}"#,
        )
        .await;
    screen.shows("received 2").await;
    screen.keys("d");
    screen.shows_all(&["queued", "done", "gone", "new"]).await;
    let text = screen.text();
    for (sign, what) in [('-', "gone"), ('+', "new")] {
        let line = text
            .lines()
            .find(|line| line.contains(what) && line.trim_start().starts_with(sign));
        assert!(line.is_some(), "{sign} {what}:\n{text}");
    }
    screen.press(Key::Esc);
    screen.shows("following").await;
    // Without a difference that is said.
    sender.post("/hook", "{}").await;
    sender.post("/hook", "{}").await;
    screen.shows("received 4").await;
    screen.keys("d");
    screen.shows("- #").await;
}

#[tokio::test]
async fn with_the_marked_one() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    let sender = screen.sender();
    for body in [
        "{\"n\":\"first\"}",
        "{\"n\":\"second\"}",
        "{\"n\":\"third\"}",
    ] {
        sender.post("/hook", body).await;
    }
    screen.shows("received 3").await;
    screen.keys("G");
    screen.shows("\"first\"").await;
    screen.keys("m");
    screen.until("marks", |text| text.contains('*')).await;
    screen.keys("g");
    screen.shows("\"third\"").await;
    screen.keys("d");
    screen.shows_all(&["first", "third"]).await;
    screen.hides("second").await;
}

#[tokio::test]
async fn two_answers_of_one_delivery() {
    let (relay, app) = (
        TestRelay::start().await,
        LocalApp::answering_in_turn(&[500, 200]).await,
    );
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    screen.sender().post("/hook", "{}").await;
    screen.shows("✗ 500").await;
    screen.keys("r");
    screen.shows("✓ 200").await;
    screen.keys("3d");
    screen
        .shows_all(&["answer 1", "answer 2", "500", "200"])
        .await;
}
