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
    // The right half is about the selected one.
    let left = text
        .lines()
        .map(|line| line.chars().take(54).collect::<String>());
    let rows = left.filter(|row| row.contains("POST") || row.contains("GET"));
    let path = |row: String| {
        let mut words = row.split_whitespace();
        words.find(|word| word.starts_with('/')).map(str::to_owned)
    };
    rows.filter_map(path).collect()
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
        ("banan*", &["/gone", "/boom", "/ok"]),
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
    screen.keys("na compl");
    screen
        .until("leaves one", |_| paths(&screen) == ["/ok"])
        .await;
    screen.keys(" zzz");
    screen.shows("nothing matches").await;
    screen.press(Key::Esc);
    screen
        .until("shows all", |_| paths(&screen).len() == 4)
        .await;
    // What is typed may go on until Enter: then it is what it says.
    screen.keys("/banan");
    screen
        .until("leaves three", |_| paths(&screen).len() == 3)
        .await;
    screen.press(Key::Enter);
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
        .until("marks", |text| {
            let mut rows = text.lines().map(|row| row.chars().take(58).collect());
            rows.any(|row: String| row.contains("/gone") && row.contains('*'))
        })
        .await;
    screen.keys("jr");
    screen
        .until("replays", |text| {
            let mut rows = text.lines().map(|row| row.chars().take(58).collect());
            rows.any(|row: String| {
                row.contains("/boom") && row.split_whitespace().any(|flags| flags == "R")
            })
        })
        .await;
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

#[tokio::test]
async fn failures_and_saved_filters_are_found() {
    let relay = TestRelay::start().await;
    let mut app = LocalApp::answering(200).await;
    let listen = Listen::on(&relay).to(&app).flags(&["--strict"]);
    let settings = "[filters]\nbad = \"is:failed or status:5xx\"\nnew = \"path:/new\"\n";
    std::fs::write(listen.at_home().project().join("kreel.toml"), settings).unwrap();
    let mut screen = Screen::open(listen, &relay, (120, 30)).await;
    let sender = screen.sender();
    sender.post("/well", "x").await;
    app.stop().await;
    assert_eq!(sender.post("/refused", "x").await.status(), 502);
    screen.shows("received 2").await;
    for (typed, left) in [
        ("is:failed", &["/refused"][..]),
        ("@bad", &["/refused"]),
        ("-@bad", &["/well"]),
        ("@new", &[]),
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
            .until("shows all", |_| paths(&screen).len() == 2)
            .await;
    }
    screen.keys("/@nothing");
    screen.shows("! ").await;
}

#[tokio::test]
async fn listen_with_a_filter_shows_only_what_it_picks() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let listen = Listen::on(&relay)
        .to(&app)
        .flags(&["--filter", "path:/wanted"]);
    let mut screen = Screen::open(listen, &relay, (120, 30)).await;
    let sender = screen.sender();
    sender.post("/other", "x").await;
    sender.post("/wanted", "x").await;
    screen.shows("received 2").await;
    screen
        .until("shows the wanted one", |_| paths(&screen) == ["/wanted"])
        .await;
    screen.shows("/path:/wanted").await;
    assert_eq!(app.receives(2).await.len(), 2, "all are handed over");
    screen.press(Key::Esc);
    screen
        .until("shows all", |_| paths(&screen) == ["/wanted", "/other"])
        .await;
}

/// A row that was chosen stays when it is answered otherwise, until another is chosen.
#[tokio::test]
async fn what_is_replayed_does_not_vanish_from_under_the_user() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[200, 500, 200, 200]).await;
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 30)).await;
    for path in ["/well", "/bad", "/last"] {
        screen.sender().post(path, "x").await;
    }
    screen.shows("received 3").await;
    screen.keys("/status:5xx\r");
    screen
        .until("has one left", |_| paths(&screen) == ["/bad"])
        .await;
    screen.keys("r");
    screen.shows_all(&["✓ 200", "2 attempts"]).await;
    assert_eq!(paths(&screen), ["/bad"]);
    screen.press(Key::Esc);
    screen.press(Key::Esc);
    screen
        .until("shows all", |_| paths(&screen).len() == 3)
        .await;
    let chosen = screen.row_with("▌");
    assert!(chosen.contains(" /bad "), "{chosen}");
}

#[tokio::test]
async fn z_counts_from_the_newest_of_all() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (120, 30)).await;
    for path in ["/a", "/b", "/c"] {
        screen.sender().post(path, "x").await;
    }
    screen.shows("received 3").await;
    // With a filter the newest of those shown is not the newest of all.
    screen.keys("/path:/a\r");
    screen
        .until("shows one", |_| paths(&screen) == ["/a"])
        .await;
    screen.keys("z");
    screen.shows("from now on").await;
    screen
        .until("shows none", |_| paths(&screen).is_empty())
        .await;
    screen.keys("/");
    screen.press(Key::Ctrl('u'));
    screen.press(Key::Enter);
    screen.sender().post("/d", "x").await;
    screen
        .until("shows the new one", |_| paths(&screen) == ["/d"])
        .await;
}
