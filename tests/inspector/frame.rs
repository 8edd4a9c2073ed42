//! The frame around everything: address, link and counters, panes, keys, help, command line.

use crate::support::{Key, Listen, LocalApp, Screen, TestRelay};

async fn on(size: (u16, u16)) -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let screen = Screen::open(Listen::on(&relay).to(&app), &relay, size).await;
    (relay, app, screen)
}

#[tokio::test]
async fn the_first_screen_says_where_to_post_and_what_the_keys_are() {
    let (_relay, _app, mut screen) = on((80, 24)).await;
    screen.shows_all(&["no webhook yet", "quit"]).await;
    assert!(screen.row(0).contains("/hooks "), "{}", screen.text());
    screen.sender().post("/hook", "{\"hello\":1}").await;
    screen
        .shows_all(&["✓ 200", "hello", "received 1 · delivered 1"])
        .await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
}

#[tokio::test]
async fn help_lists_each_key_and_closes_again() {
    let (_relay, _app, mut screen) = on((80, 24)).await;
    screen.shows("no webhook yet").await;
    screen.keys("?");
    screen.shows_all(&["Help", "Moving"]).await;
    for heading in [
        "Looking",
        "Finding",
        "Acting",
        "Taking away",
        "Filters, after /",
        "jq:'",
        "Commands, after :",
    ] {
        screen.scrolls_to(heading).await;
    }
    // A lone escape, as most terminals send it.
    screen.write(b"\x1b");
    screen.shows("no webhook yet").await;
}

#[tokio::test]
async fn a_command_is_typed_completed_mended_and_obeyed() {
    let (_relay, _app, mut screen) = on((80, 24)).await;
    screen.keys(":hlep");
    screen.press(Key::Enter);
    screen.shows("did you mean help?").await;
    for _ in 0..3 {
        screen.press(Key::Backspace);
    }
    screen.keys("e");
    screen.press(Key::Tab);
    screen.shows(":help").await;
    screen.press(Key::Enter);
    screen.shows("Moving").await;
    screen.press(Key::Esc);
    screen.keys(":theme none\r");
    screen.hides(":theme").await;
    screen.keys(":quit\r");
    assert_eq!(screen.exit_code().await, Some(0));
}

#[tokio::test]
async fn a_toast_says_what_happened_and_goes_by_itself() {
    let (_relay, _app, mut screen) = on((80, 24)).await;
    screen.keys("c");
    screen.shows("✓ public address copied").await;
    screen.hides("public address copied").await;
}

/// What a payload of many writing systems looks like.
const WORLD: &str = r#"{"chinese":"媒体生成","combining":"e\u0301 é ñ́","hebrew":"שלום עולם","arabic":"مرحبا","emoji":"👩‍👩‍👧 🇩🇪 👍🏽 ❤️","end":"|"}"#;

#[tokio::test]
async fn any_size_shows_any_writing_aligned() {
    let (_relay, _app, mut screen) = on((80, 24)).await;
    let sender = screen.sender();
    sender.post("/media", WORLD).await;
    sender.post("/media?q=1", WORLD).await;
    screen.shows_all(&["媒体生成", "שלום", "é"]).await;
    for size in [
        (200, 60),
        (40, 10),
        (20, 5),
        (1, 1),
        (300, 4),
        (5, 60),
        (80, 24),
        (120, 30),
    ] {
        screen.resize(size.0, size.1);
        let frames = screen.frames();
        screen
            .until("is drawn again", |_| screen.frames() > frames)
            .await;
        for keys in ["?", "q", "\t", "\t", ":", "\x1b[27u", "123451"] {
            screen.keys(keys);
        }
    }
    screen.resize(200, 60);
    screen.shows_all(&["媒体生成", "received 2"]).await;
    // Each key begins in the same column, whatever stands in the lines around it.
    let column = |key: &str| screen.place_of(key).map(|place| place.1);
    let keys = ["combining: ", "hebrew: ", "arabic: ", "emoji: ", "end: "];
    screen
        .until("has all keys in one column", |_| {
            let first = column("chinese: ");
            first.is_some() && keys.iter().all(|key| column(key) == first)
        })
        .await;
    screen.resize(40, 10);
    screen.shows("200").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
}

#[tokio::test]
async fn a_link_that_breaks_is_seen_and_seen_again_when_it_is_back() {
    let (mut relay, _app, screen) = on((100, 30)).await;
    relay.kill().await;
    screen.shows("○ down").await;
    relay.restart_same_port().await;
    screen.shows("● up").await;
    screen.sender().post("/after", "x").await;
    screen.shows("/after").await;
}

/// Paths in writing that terminals count the columns of in their own ways.
const PATHS: [&str; 9] = [
    "/plain",
    "/媒体生成",
    "/e\u{301}n\u{303}\u{301}",
    "/שלום",
    "/مرحبا",
    "/👍🏽👍🏽👍🏽",
    "/🇩🇪🇫🇷",
    "/👩\u{200d}👩\u{200d}👧",
    "/❤\u{fe0f}ｆｕｌｌ",
];

#[tokio::test]
async fn columns_behind_any_writing_stand_where_they_stand_behind_plain_letters() {
    let (_relay, _app, mut screen) = on((160, 30)).await;
    for path in PATHS {
        screen.sender().post(path, "{\"a\":1}").await;
    }
    screen
        .shows_all(&["received 9 · delivered 9", "/plain"])
        .await;
    let (plain, _) = screen.place_of("/plain ").unwrap();
    let (first, status) = (plain + 1 - PATHS.len(), screen.place_of("200 ").unwrap().1);
    let size = screen.place_of("7 B").unwrap().1;
    let detail = screen.place_of("1 Body").unwrap().1 - 1;
    // Row after row is selected, so that each is drawn anew, and others are not.
    for step in 0..PATHS.len() {
        let selected = first + step;
        screen
            .until("selects", |_| screen.at(selected, 0, 1) == "▌")
            .await;
        for row in first..=plain {
            let text = screen.text();
            assert_eq!(screen.at(row, status, 4), "200 ", "row {row}:\n{text}");
            assert_eq!(screen.at(row, size, 3), "7 B", "row {row}:\n{text}");
            assert_eq!(screen.at(row, detail - 1, 1), " ", "row {row}:\n{text}");
        }
        screen.keys("j");
    }
    // They move under each other as they scroll.
    screen.resize(160, 10);
    screen.keys("g");
    for _ in 0..PATHS.len() {
        let frames = screen.frames();
        screen.keys("j");
        screen.until("is drawn", |_| screen.frames() > frames).await;
        for row in 3..9 {
            let text = screen.text();
            assert_eq!(screen.at(row, status, 4), "200 ", "row {row}:\n{text}");
        }
    }
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.stream().is_clean();
}
