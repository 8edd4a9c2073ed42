//! `d`: two deliveries, or two answers, side by side.

use crate::support::{Home, Key, Listen, LocalApp, Post, Screen, TestRelay};

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
    // An element that stands elsewhere has moved, and is neither gone nor new.
    let moved = text
        .lines()
        .find(|line| line.trim_start().starts_with("> ") && line.contains("list"));
    assert!(moved.is_some(), "{text}");
    assert!(text.contains("Time"), "{text}");
    screen.press(Key::Esc);
    screen.shows("following").await;
    // Without a difference that is said.
    sender.post("/hook", "{}").await;
    sender.post("/hook", "{}").await;
    screen.shows("received 4").await;
    screen.keys("d");
    screen.shows_all(&["- #", "no difference"]).await;
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

/// The line that has this text, without what is around it.
fn line_with(screen: &Screen, text: &str) -> String {
    screen.row_with(text).trim().to_owned()
}

#[tokio::test]
async fn headers_paths_and_lines_of_text_differ_too() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    for (path, version, body) in [
        ("/before", "v1", "same\nold line\nsame too\n"),
        ("/after", "v2", "same\nnew line\nsame too\n"),
    ] {
        let post = Post::new("POST", path)
            .header("Content-Type", "text/plain")
            .header("X-Version", version)
            .body(body);
        screen.sender().send(post).await;
    }
    screen.shows("received 2").await;
    screen.keys("d");
    screen
        .shows_all(&["Request line", "Headers", "Body", "Time"])
        .await;
    let version = line_with(&screen, "x-version");
    assert!(version.starts_with('~'), "{version}");
    assert!(
        version.contains("v1") && version.contains("v2"),
        "{version}"
    );
    assert!(line_with(&screen, "/before").starts_with(['-', '~']));
    assert!(line_with(&screen, "old line").starts_with(['-', '~']));
    assert!(line_with(&screen, "new line").starts_with(['+', '~']));
}

#[tokio::test]
async fn a_mark_of_another_inspector_or_of_yesterday_is_a_mark() {
    let (relay, other) = (TestRelay::start().await, TestRelay::start().await);
    let app = LocalApp::answering(200).await;
    let home = Home::new();
    let listen = || Listen::on(&relay).to(&app).home(&home);
    let mut one = Screen::open(listen(), &relay, (100, 30)).await;
    for number in 1..=3 {
        let body = format!("{{\"n\":\"number {number}\"}}");
        one.sender().post("/hook", body).await;
    }
    one.shows("received 3").await;
    let mut two = Screen::open(Listen::on(&other).to(&app).home(&home), &other, (100, 30)).await;
    two.shows("number 3").await;
    two.keys("G");
    two.shows("number 1").await;
    two.keys("m");
    one.until("sees the mark", |text| text.contains('*')).await;
    one.keys("d");
    one.shows_all(&["number 1", "number 3"]).await;
    one.press(Key::Esc);
    one.keys("q");
    assert_eq!(one.exit_code().await, Some(0));
    let mut again = Screen::open(listen(), &relay, (100, 30)).await;
    again.shows_all(&["received 3", "number 3"]).await;
    again.keys("d");
    again.shows_all(&["number 1", "number 3"]).await;
}

#[tokio::test]
async fn what_is_the_same_is_shown_once_it_is_asked_for() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    for number in [1, 2] {
        let body = format!(
            r#"{{"number":{number},"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":"kept as it was"}}"#
        );
        screen.sender().post("/hook", body).await;
    }
    screen.shows("received 2").await;
    screen.keys("d");
    screen.shows_all(&["- #", "the same"]).await;
    assert!(!screen.text().contains("kept as it was"));
    // The bar names these two keys.
    screen.shows_all(&["+ unfold all", "- fold all"]).await;
    screen.keys("+");
    screen.shows("kept as it was").await;
    screen.keys("-");
    screen.hides("kept as it was").await;
    screen.press(Key::Right);
    screen.shows("kept as it was").await;
}

#[tokio::test]
async fn a_comparison_waits_for_the_line_that_is_typed() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    for body in ["{\"n\":\"first\"}", "{\"n\":\"second\"}"] {
        screen.sender().post("/hook", body).await;
    }
    screen.shows("received 2").await;
    // All at once, so that the line is begun before anything is found. What is copied is found
    // after the comparison.
    screen.keys("dCnworth");
    screen
        .shows_all(&["copied as a curl command", "note: worth"])
        .await;
    screen.keys(" a look\r");
    screen.shows_all(&["- #", "first", "second"]).await;
    screen.press(Key::Esc);
    screen.shows("“worth a look”").await;
}
