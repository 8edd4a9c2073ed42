//! `/`: what is typed picks rows as it is typed.

use crate::support::{Key, Listen, LocalApp, Post, Screen, TestRelay};

async fn filled() -> (TestRelay, LocalApp, Screen) {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[200, 500, 404, 200]).await;
    let screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 30)).await;
    let sender = screen.sender();
    for (path, status, id) in [
        ("/ok", "completed", "1"),
        ("/boom", "failed", "2"),
        ("/gone", "failed", "3"),
    ] {
        let body = format!("{{\"status\":\"{status}\",\"words\":\"banana {path}\"}}");
        let post = Post::new("POST", path).header("X-Id", id).body(body);
        sender.send(post).await;
    }
    sender.get("/look").await;
    screen.shows("received 4").await;
    (relay, app, screen)
}

/// The paths in the rows, newest first.
fn paths(screen: &Screen) -> Vec<String> {
    let text = screen.text();
    let rows = text
        .lines()
        .filter(|line| line.contains("POST") || line.contains("GET"));
    let path = |row: &str| row.chars().take(54).collect::<String>();
    let found = rows.filter_map(|row| {
        let row = path(row);
        row.split_whitespace()
            .find(|word| word.starts_with('/'))
            .map(str::to_owned)
    });
    found.collect()
}

#[tokio::test]
async fn every_kind_of_term_picks_its_rows() {
    let (_relay, _app, mut screen) = filled().await;
    for (typed, left) in [
        ("status:5xx", &["/boom"][..]),
        ("status:>=400", &["/gone", "/boom"]),
        ("method:get", &["/look"]),
        ("path:/o", &["/ok"]),
        ("header:x-id=3", &["/gone"]),
        ("body:completed", &["/ok"]),
        ("jq:'.status == \"failed\"'", &["/gone", "/boom"]),
        ("age<10m size>10", &["/gone", "/boom", "/ok"]),
        ("age>10m", &[]),
        ("banana -status:404", &["/boom", "/ok"]),
        ("status:404 or method:get", &["/look", "/gone"]),
        ("banan", &["/gone", "/boom", "/ok"]),
    ] {
        screen.keys("/");
        screen.keys(typed);
        screen
            .until(&format!("picks {left:?} by {typed}"), |_| {
                paths(&screen) == left
            })
            .await;
        screen.press(Key::Enter);
        screen.shows("quit").await;
        assert_eq!(paths(&screen), left, "{typed}");
        screen.press(Key::Esc);
        screen
            .until("shows all", |_| paths(&screen).len() == 4)
            .await;
    }
}

#[tokio::test]
async fn what_is_typed_picks_at_once_and_esc_takes_it_back() {
    let (_relay, _app, mut screen) = filled().await;
    screen.keys("/bana");
    screen
        .until("leaves three", |_| paths(&screen).len() == 3)
        .await;
    screen.keys(" compl");
    screen
        .until("leaves one", |_| paths(&screen) == ["/ok"])
        .await;
    screen.keys(" zzz");
    screen.shows("nothing matches").await;
    screen.press(Key::Esc);
    screen
        .until("shows all", |_| paths(&screen).len() == 4)
        .await;
    screen.keys("/statsu:500");
    screen.shows_all(&["!", "status"]).await;
    screen.press(Key::Enter);
    screen.press(Key::Esc);
    screen.shows("quit").await;
}

#[tokio::test]
async fn what_comes_is_picked_too() {
    let (_relay, _app, mut screen) = filled().await;
    screen.keys("/path:/new\r");
    screen.shows("nothing matches").await;
    let sender = screen.sender();
    sender.post("/old", "x").await;
    sender.post("/new", "x").await;
    screen
        .until("has the new one", |_| paths(&screen) == ["/new"])
        .await;
}

#[tokio::test]
async fn marks_replays_and_failures_can_be_looked_for() {
    let (_relay, _app, mut screen) = filled().await;
    screen.keys("jm");
    screen
        .until("marks", |_| screen.row_with("/gone").contains('*'))
        .await;
    screen.keys("jr");
    screen.until("replays", |text| text.contains(" R")).await;
    for (typed, left) in [
        ("is:marked", &["/gone"][..]),
        ("is:replay", &["/boom"]),
        ("is:marked,replay", &["/gone", "/boom"]),
    ] {
        screen.keys("/");
        screen.keys(typed);
        screen
            .until(&format!("picks {left:?} by {typed}"), |_| {
                paths(&screen) == left
            })
            .await;
        screen.press(Key::Esc);
        screen
            .until("shows all", |_| paths(&screen).len() == 4)
            .await;
    }
    screen.keys("M");
    screen
        .until("shows the marked one", |_| paths(&screen) == ["/gone"])
        .await;
    screen.keys("M");
    screen
        .until("shows all", |_| paths(&screen).len() == 4)
        .await;
    screen.keys("z");
    screen.shows("from now on").await;
    screen
        .until("shows none", |_| paths(&screen).is_empty())
        .await;
    screen.sender().post("/fresh", "x").await;
    screen
        .until("shows the fresh one", |_| paths(&screen) == ["/fresh"])
        .await;
    screen.keys("z");
    screen
        .until("shows all", |_| paths(&screen).len() == 5)
        .await;
}
