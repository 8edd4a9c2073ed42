//! The rows: what each says, which one is selected, and that all screens agree on them.

use crate::support::{DEADLINE, Home, Key, Listen, LocalApp, Screen, TestRelay, eventually};

#[tokio::test]
async fn a_row_says_when_what_how_it_went_how_long_and_how_much() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[200, 302, 404, 503]).await;
    let screen = Screen::listen(&relay, &app, &[]).await;
    let sender = screen.sender();
    for path in ["/fine", "/moved", "/missing", "/broken"] {
        sender.post(path, "0123456789").await;
    }
    sender.get("/looked").await;
    screen
        .shows("received 5 · delivered 5 · waiting 0 · lost 0")
        .await;
    for (path, sign, status) in [
        ("/fine", "✓", "200"),
        ("/moved", "→", "302"),
        ("/missing", "✗", "404"),
        ("/broken", "✗", "503"),
    ] {
        screen
            .until(&format!("says of {path} {sign} {status}"), |text| {
                let row = text.lines().find(|row| row.contains(path));
                row.is_some_and(|row| {
                    row.chars().skip(1).take(1).eq(sign.chars())
                        && row.contains(&format!(" {status} "))
                })
            })
            .await;
    }
    let fine = screen.row_with("/fine");
    assert!(
        fine.contains("POST") && fine.contains("10 B") && fine.contains("ms"),
        "{fine}"
    );
    let clock: Vec<&str> = fine
        .split_whitespace()
        .filter(|word| word.matches(':').count() == 2)
        .collect();
    assert_eq!(clock.len(), 1, "{fine}");
    assert!(screen.row_with("/looked").contains("GET"));
}

#[tokio::test]
async fn following_stays_with_the_newest_and_moving_stays_with_the_delivery() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    let sender = screen.sender();
    for number in 0..40 {
        sender
            .post(&format!("/n{number}"), format!("{{\"number\":{number}}}"))
            .await;
    }
    screen.shows_all(&["following", "/n39", "number: 39"]).await;
    screen.keys("jj");
    screen.shows_all(&["paused: F follows", "number: 37"]).await;
    assert!(
        screen.row_with("/n37").starts_with('▌'),
        "{}",
        screen.text()
    );
    let line = screen.place_of("/n37").unwrap();
    for number in 40..60 {
        sender
            .post(&format!("/n{number}"), format!("{{\"number\":{number}}}"))
            .await;
    }
    screen
        .shows_all(&["received 60", "↑ 20 newer", "number: 37"])
        .await;
    assert_eq!(
        screen.place_of("/n37"),
        Some(line),
        "what is in sight stays there"
    );
    assert!(screen.row_with("/n37").starts_with('▌'));
    // The oldest, and back to the newest, which is followed again.
    screen.keys("G");
    screen.shows_all(&["▌", "number: 0"]).await;
    screen.press(Key::PageUp);
    screen.hides("number: 0").await;
    screen.keys("g");
    screen.shows_all(&[" following", "number: 59"]).await;
    sender.post("/last", "{\"number\":60}").await;
    screen.shows("number: 60").await;
    screen.keys("F");
    screen.shows("paused: F follows").await;
}

#[tokio::test]
async fn flags_are_letters() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::listen(&relay, &app, &[]).await;
    let sender = screen.sender();
    sender.post("/one", "1").await;
    sender.post("/two", "2").await;
    screen.shows("received 2").await;
    let flags = |screen: &Screen, path: &str| {
        let row = screen.row_with(path);
        row.split_whitespace().last().unwrap().to_owned()
    };
    screen.keys("m");
    screen
        .until("marks", |_| flags(&screen, "/two") == "*")
        .await;
    screen.keys("nlater\r");
    screen
        .until("notes", |_| flags(&screen, "/two") == "*n")
        .await;
    screen.shows("“later”").await;
    screen.keys("r");
    screen
        .until("replays", |_| flags(&screen, "/two") == "*nR")
        .await;
    assert_eq!(app.receives(3).await[2].text(), "2");
    screen.keys("m");
    screen
        .until("unmarks", |_| flags(&screen, "/two") == "nR")
        .await;
}

#[tokio::test]
async fn quitting_and_starting_again_shows_the_same_rows() {
    let (relay, app) = (
        TestRelay::start().await,
        LocalApp::answering_in_turn(&[200, 500, 404]).await,
    );
    let home = Home::new();
    let listen = || Listen::on(&relay).to(&app).home(&home);
    let mut screen = Screen::open(listen(), &relay, (120, 30)).await;
    let sender = screen.sender();
    for path in ["/a", "/b", "/c"] {
        sender.post(path, "{}").await;
    }
    screen.shows("received 3").await;
    screen.keys("jm");
    screen.until("marks", |text| text.contains("*")).await;
    screen.keys("nodd one\r");
    screen.shows("“odd one”").await;
    screen.keys("Tafter lunch\r");
    screen.shows("after lunch").await;
    let rows = |screen: &Screen| {
        let text = screen.text();
        // The right half is about the selected one, which is another after a start.
        let left = text
            .lines()
            .map(|line| line.chars().skip(1).take(54).collect::<String>())
            .map(|line| line.trim_end().to_owned());
        left.filter(|line| line.contains("POST"))
            .collect::<Vec<_>>()
    };
    let before = rows(&screen);
    assert_eq!(before.len(), 3, "{}", screen.text());
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    let again = Screen::open(listen(), &relay, (120, 30)).await;
    again.shows_all(&["received 3", "after lunch"]).await;
    assert_eq!(rows(&again), before);
}

/// Two relays know a tunnel of the same name, and one history has the deliveries of both.
#[tokio::test]
async fn two_inspectors_on_one_history_agree() {
    let (relay, other) = (TestRelay::start().await, TestRelay::start().await);
    let app = LocalApp::answering(200).await;
    let home = Home::new();
    let mut one = Screen::open(Listen::on(&relay).to(&app).home(&home), &relay, (100, 30)).await;
    let two = Screen::open(Listen::on(&other).to(&app).home(&home), &other, (100, 30)).await;
    one.sender().post("/first", "1").await;
    two.sender().post("/second", "2").await;
    for screen in [&one, &two] {
        screen.shows_all(&["/first", "/second"]).await;
    }
    one.keys("G");
    one.until("selects", |text| {
        text.lines()
            .any(|line| line.starts_with('▌') && line.contains("/first"))
    })
    .await;
    one.keys("m");
    two.until("sees the mark", |_| {
        two.row_with("/first").trim_end().ends_with('*')
    })
    .await;
    one.keys("nseen by both\r");
    two.until("sees the note", |_| {
        two.row_with("/first").trim_end().ends_with("*n")
    })
    .await;
    one.keys("r");
    two.until("sees the replay", |_| {
        two.row_with("/first").trim_end().ends_with("*nR")
    })
    .await;
    eventually("three at the app", DEADLINE, || app.count() == 3).await;
}
