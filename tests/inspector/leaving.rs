//! Leaving: however it ends, the terminal is as it was, and what became of all is said.

use rustix::process::Signal;

use super::detail::image_png;
use crate::support::{Home, Key, Listen, LocalApp, Post, Screen, TestRelay};

async fn with_one() -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let screen = Screen::listen(&relay, &app, &[]).await;
    screen.sender().post("/hook", "{}").await;
    screen.shows("received 1").await;
    assert!(screen.is_taken());
    (relay, app, screen)
}

/// The last words.
fn says_what_became(screen: &Screen) {
    let text = screen.text();
    assert!(text.contains("received 1"), "{text}");
    assert!(text.contains("delivered 1"), "{text}");
}

#[tokio::test]
async fn q_ends_well() {
    let (_relay, _app, mut screen) = with_one().await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    says_what_became(&screen);
    screen.stream().is_clean();
}

#[tokio::test]
async fn ctrl_c_ends_as_interrupted() {
    let (_relay, _app, mut screen) = with_one().await;
    screen.press(Key::Ctrl('c'));
    assert_eq!(screen.exit_code().await, Some(130));
    screen.is_as_before();
    says_what_became(&screen);
}

#[tokio::test]
async fn ctrl_c_works_whatever_is_being_typed() {
    let (_relay, _app, mut screen) = with_one().await;
    screen.keys("/half a filter");
    screen.shows("/half a filter").await;
    screen.press(Key::Ctrl('c'));
    assert_eq!(screen.exit_code().await, Some(130));
    screen.is_as_before();
}

#[tokio::test]
async fn sigterm_ends_in_order() {
    let (_relay, _app, mut screen) = with_one().await;
    // With all modes on that can be on.
    screen.press(Key::Ctrl('o'));
    screen.shows("the mouse is kreel's").await;
    screen.signal(Signal::TERM);
    assert_eq!(screen.exit_code().await, Some(143));
    screen.is_as_before();
    says_what_became(&screen);
    screen.stream().is_clean();
}

#[tokio::test]
async fn running_work_is_waited_for_and_a_second_q_does_not_wait() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let mut screen = Screen::listen(&relay, &app, &["--answer", "now"]).await;
    screen.sender().post("/hook", "{}").await;
    app.receives(1).await;
    screen.keys("q");
    screen.shows("stopping: 1 running").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    assert!(screen.text().contains("given up"), "{}", screen.text());
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_panic_gives_the_terminal_back_and_deliveries_go_on() {
    for (place, key) in [("screen", "\u{c}"), ("desk", "B")] {
        let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
        let listen = Listen::on(&relay).to(&app).env("KREEL_TEST_PANIC", place);
        let mut screen = Screen::open(listen, &relay, (100, 30)).await;
        screen.sender().post("/before", "x").await;
        screen.shows("received 1").await;
        screen.keys(key);
        screen
            .shows_all(&["KREEL_TEST_PANIC", "goes on without it"])
            .await;
        assert!(!screen.is_taken());
        screen.is_as_before();
        assert_eq!(screen.sender().post("/after", "x").await.status(), 200);
        screen.shows("/after").await;
        screen.signal(Signal::INT);
        assert_eq!(screen.exit_code().await, Some(130));
        screen.is_as_before();
    }
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn a_panic_over_an_image_is_no_other() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let listen = Listen::on(&relay)
        .to(&app)
        .env("KREEL_TEST_PANIC", "pictures");
    let mut screen = Screen::open(listen, &relay, (100, 30)).await;
    let post = Post::new("POST", "/image")
        .header("Content-Type", "image/png")
        .body(image_png(8));
    screen.sender().send(post).await;
    screen
        .shows_all(&["KREEL_TEST_PANIC", "goes on without it"])
        .await;
    assert!(!screen.is_taken());
    screen.is_as_before();
    assert_eq!(screen.sender().post("/after", "x").await.status(), 200);
    screen.shows("/after").await;
    screen.signal(Signal::INT);
    assert_eq!(screen.exit_code().await, Some(130));
}

/// A shell with job control, in which kreel is run.
pub(super) async fn in_a_shell(listen: Listen, relay: &TestRelay) -> Screen {
    let listen = listen.plain().flags(&["--tunnel", "hooks"]);
    let words = ["--noprofile", "--norc", "-i"].map(str::to_owned);
    let mut variables = listen.variables().to_vec();
    variables.push(("PS1".to_owned(), "shell> ".to_owned()));
    let mut screen = Screen::run("bash", &words, listen.at_home(), &variables, (100, 30));
    screen.belongs_to(relay);
    screen.shows("shell>").await;
    let quoted: Vec<String> = listen
        .words()
        .iter()
        .map(|word| format!("'{word}'"))
        .collect();
    screen.keys(&format!(
        "clear; {} {}\n",
        env!("CARGO_BIN_EXE_kreel"),
        quoted.join(" ")
    ));
    screen.shows("● up").await;
    screen
}

/// Asks the shell how it ended.
pub(super) async fn ended(screen: &mut Screen, code: u8) {
    screen.shows("received ").await;
    screen
        .until("is the shell's", |text| text.trim_end().ends_with("shell>"))
        .await;
    assert!(!screen.is_taken());
    screen.keys("echo ended $?\n");
    screen.shows(&format!("ended {code}")).await;
}

#[tokio::test]
async fn suspended_and_woken_it_is_whole_again() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = in_a_shell(Listen::on(&relay).to(&app).home(&Home::new()), &relay).await;
    for number in 1..=2 {
        screen.sender().post("/hook", "{}").await;
        screen.shows(&format!("received {number}")).await;
        screen.press(Key::Ctrl('z'));
        screen.shows("Stopped").await;
        assert!(!screen.is_taken());
        screen.keys("stty -a | grep -o -e '-\\?icanon' -e '-\\?echo '\n");
        screen
            .until("is cooked", |text| {
                text.lines().any(|line| line == "icanon")
            })
            .await;
        screen.keys("clear; fg\n");
        screen
            .shows_all(&["● up", &format!("received {number}"), "quit"])
            .await;
        assert!(screen.is_taken());
    }
    screen.keys("q");
    ended(&mut screen, 0).await;
}

#[tokio::test]
async fn a_stop_from_elsewhere_gives_the_terminal_back_too() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = in_a_shell(Listen::on(&relay).to(&app).home(&Home::new()), &relay).await;
    let kreel = screen.foreground();
    rustix::process::kill_process(kreel, Signal::TSTP).unwrap();
    screen.shows("Stopped").await;
    assert!(!screen.is_taken());
    screen.keys("clear; fg\n");
    screen.shows_all(&["● up", "no webhook yet"]).await;
    screen.press(Key::Ctrl('c'));
    ended(&mut screen, 130).await;
}
