//! A new user, who knows only what the help overlay says: from one failure among 500 deliveries to
//! a curl command that repeats it.

use super::acting::editor;
use super::taking::run;
use crate::support::{Key, Listen, LocalApp, Post, Screen, TestRelay};

const GUIDE: &str = include_str!("../../docs/guide.md");

/// Each key that is pressed, what the help says of it, and what it does here.
const STEPS: [(&str, &str, &str); 8] = [
    (
        "?",
        "This help",
        "all keys, and all that can be searched for",
    ),
    (
        "/",
        "Search and filter the rows",
        "then `status:4xx` and `Enter`: one of 500 is left",
    ),
    (
        "Enter",
        "Open the delivery",
        "into it: why it failed stands above its body",
    ),
    (
        "e",
        "Change it in $EDITOR, then hand it over",
        "one field is changed; saved, it is handed over again, and answered 200",
    ),
    (
        "3",
        "Answer of the app, each attempt",
        "both answers, that of the changed one shown",
    ),
    (
        "d",
        "in the answers, with the answer before",
        "the two answers side by side: 422 became 200",
    ),
    ("Esc", "Back, close, or end a search", "back, twice"),
    (
        "C",
        "Copy the delivery as a curl command",
        "as it came, to be run in any shell",
    ),
];

/// All that the help overlay says, read from its first line to its last.
async fn read_help(screen: &mut Screen) -> String {
    screen.keys("?");
    screen.shows_all(&["Help", "Moving"]).await;
    let mut read = screen.text();
    while !read.contains("theme light") {
        let before = screen.text();
        for _ in 0..10 {
            screen.press(Key::Down);
        }
        screen.until("scrolls", |text| text != before).await;
        read.push_str(&screen.text());
    }
    screen.press(Key::Esc);
    screen.hides("Help").await;
    read
}

#[tokio::test]
async fn one_failure_among_500_is_found_explained_mended_and_taken_away() {
    let app = LocalApp::with(|mut visit| async move {
        let received = visit.receive().await;
        let answer = match received.text().contains("\"XYZ\"") {
            true => {
                "HTTP/1.1 422 Unprocessable\r\ncontent-type: application/json\r\n\
                 content-length: 32\r\n\r\n{\"error\":\"unknown currency XYZ\"}"
            }
            false => {
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                 content-length: 15\r\n\r\n{\"status\":\"ok\"}"
            }
        };
        visit.answer(answer.as_bytes()).await
    })
    .await;
    let relay = TestRelay::start().await;
    let listen = Listen::on(&relay).to(&app);
    let editor = editor(listen.at_home().path(), "sed -i 's/XYZ/EUR/' \"$file\"");
    let mut screen = Screen::open(listen.env("EDITOR", &editor), &relay, (120, 40)).await;
    let sender = screen.sender();
    for number in 1..=500 {
        let currency = if number == 250 { "XYZ" } else { "USD" };
        let body = format!("{{\"payment\":{number},\"currency\":\"{currency}\"}}");
        let post = Post::new("POST", "/payments")
            .header("Content-Type", "application/json")
            .body(body);
        sender.send(post).await;
    }
    screen.shows("received 500").await;

    let help = read_help(&mut screen).await;
    for (key, says, _) in STEPS {
        let line = help.lines().find(|line| line.contains(says));
        let keys = line.unwrap_or_else(|| panic!("the help does not say {says:?}:\n{help}"));
        let keys: Vec<&str> = keys.split_whitespace().take(3).collect();
        assert!(keys.contains(&key), "{key} is not named: {keys:?}");
    }
    assert!(help.contains("status:5xx,404"), "{help}");

    screen.keys("/status:4xx");
    screen
        .until("has one left", |text| {
            text.contains("1 of 1 ") && text.contains(" 422 ")
        })
        .await;
    screen.press(Key::Enter);
    screen.shows("#250").await;
    screen.press(Key::Enter);
    screen
        .shows_all(&["why:", "unknown currency XYZ", "currency: \"XYZ\""])
        .await;
    screen.keys("e");
    screen
        .shows_all(&["✓ 200", "2 attempts", "sent with"])
        .await;
    assert_eq!(
        app.receives(501).await[500].text(),
        "{\"payment\":250,\"currency\":\"EUR\"}"
    );
    screen.keys("3");
    screen
        .shows_all(&["✗ 422", "✓ 200", "status: \"ok\""])
        .await;
    screen.keys("d");
    screen
        .shows_all(&["- answer 1", "+ answer 2", "422", "200"])
        .await;
    screen.press(Key::Esc);
    screen.hides("- answer 1").await;
    screen.press(Key::Esc);
    screen.shows("C copy curl").await;
    screen.keys("C");
    let curl = screen.copies(0).await;
    let said = run(&format!("{curl} --silent"), &screen).await;
    assert_eq!(said, "{\"error\":\"unknown currency XYZ\"}");
    let received = app.receives(502).await;
    assert_eq!(received[501].body, received[249].body);
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
}

#[test]
fn the_guide_has_the_keys_that_were_pressed() {
    for (key, _, does) in STEPS {
        let line = format!("| `{key}` | {does} |");
        assert!(GUIDE.contains(&line), "docs/guide.md has to have: {line}");
    }
}
