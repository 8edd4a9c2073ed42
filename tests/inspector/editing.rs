//! While the user's editor has the terminal: its keys, and what ends kreel.

use rustix::process::Signal;

use super::acting::editor;
use super::leaving::{ended, in_a_shell};
use crate::support::{Key, Listen, LocalApp, Screen, TestRelay};

/// The editor has a cooked terminal and waits for a line, which takes the place of a word.
const WAITS: &str = "echo EDITING; read line; sed -i \"s/before/$line/\" \"$file\"";

/// It stops itself alone first.
const STOPS: &str = "echo EDITING; kill -STOP $$; read line; sed -i \"s/before/$line/\" \"$file\"";

/// It has a raw terminal with modes of its own, and ends only if it is killed.
const STAYS: &str = "trap '' TERM INT; stty raw -echo; \
    printf '\\033[?1049h\\033[?1h\\033=\\033[?25l\\033[?2004h\\033[1mEDITING'; \
    while :; do read line; done";

fn with_editor(relay: &TestRelay, app: &LocalApp, script: &str) -> Listen {
    let listen = Listen::on(relay).to(app);
    let editor = editor(listen.at_home().path(), script);
    listen.env("EDITOR", &editor)
}

async fn editing(screen: &mut Screen) {
    screen.sender().post("/hook", "before").await;
    screen.shows("received 1").await;
    screen.keys("e");
    screen.shows("EDITING").await;
}

#[tokio::test]
async fn ctrl_c_on_a_cooked_terminal_is_the_editors() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let listen = with_editor(&relay, &app, WAITS);
    let mut screen = Screen::open(listen, &relay, (100, 30)).await;
    editing(&mut screen).await;
    assert!(!screen.is_taken());
    screen.press(Key::Ctrl('c'));
    screen.shows("not sent: ").await;
    assert!(screen.is_taken());
    assert_eq!(screen.sender().post("/after", "x").await.status(), 200);
    screen.shows_all(&["received 2", "/after"]).await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
}

#[tokio::test]
async fn ctrl_z_stops_editor_and_kreel_as_one_and_fg_brings_both_back() {
    for script in [WAITS, STOPS] {
        let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
        let mut screen = in_a_shell(with_editor(&relay, &app, script), &relay).await;
        editing(&mut screen).await;
        if script == WAITS {
            screen.press(Key::Ctrl('z'));
        }
        screen.shows("Stopped").await;
        assert!(!screen.is_taken());
        // The shell has the terminal, and is obeyed.
        screen.keys("echo $((6 * 7))\n");
        screen.shows("42").await;
        screen.keys("fg\n");
        screen.shows("listen").await;
        screen.keys("after\n");
        let received = app.receives(2).await;
        assert_eq!(received[1].text(), "after");
        screen.shows_all(&["● up", "2 attempts"]).await;
        assert!(screen.is_taken());
        screen.keys("q");
        ended(&mut screen, 0).await;
    }
}

#[tokio::test]
async fn sigterm_does_not_wait_for_an_editor_nor_lose_the_terminal() {
    for script in [WAITS, STAYS] {
        let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
        let listen = with_editor(&relay, &app, script);
        let mut screen = Screen::open(listen, &relay, (100, 30)).await;
        editing(&mut screen).await;
        screen.signal(Signal::TERM);
        assert_eq!(screen.exit_code().await, Some(143));
        screen.is_as_before();
        assert!(screen.text().contains("received 1"), "{}", screen.text());
    }
}

#[tokio::test]
async fn work_that_is_waited_for_is_not_waited_for_by_the_editor() {
    let (relay, app) = (TestRelay::start().await, LocalApp::held().await);
    let listen = with_editor(&relay, &app, WAITS).flags(&["--answer", "now"]);
    let mut screen = Screen::open(listen, &relay, (100, 30)).await;
    editing(&mut screen).await;
    screen.signal(Signal::TERM);
    screen.shows("stopping: 1 running").await;
    assert!(screen.is_taken());
    app.release(1);
    assert_eq!(screen.exit_code().await, Some(143));
    screen.is_as_before();
}
