//! On a terminal: a bar while it goes on, and nothing left of it.

use std::time::Duration;

use super::past;
use crate::support::{DEADLINE, LocalApp, TestRelay};

/// What `kreel` with these arguments draws on a terminal of 80 columns, and its exit code.
fn on_terminal(args: &[String]) -> (String, u32) {
    use std::io::Read as _;
    let size = portable_pty::PtySize {
        rows: 24,
        cols: 80,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = portable_pty::native_pty_system().openpty(size).unwrap();
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_kreel"));
    command.args(args);
    command.env("TERM", "xterm-256color");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut drawn = Vec::new();
    // Linux ends it with an error once nobody has the other side.
    let _ = pair
        .master
        .try_clone_reader()
        .unwrap()
        .read_to_end(&mut drawn);
    let code = child.wait().unwrap().exit_code();
    (String::from_utf8_lossy(&drawn).into_owned(), code)
}

#[tokio::test]
async fn a_terminal_has_a_bar_and_then_the_summary_alone() {
    let relay = TestRelay::start().await;
    let app = LocalApp::slow(Duration::from_millis(5)).await;
    let client = past(&relay, &app, &["{}"]).await;
    let history = client.history().display().to_string();
    let words = ["replay", "last", "--times", "100", "--history", &history];
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    let drawing = tokio::task::spawn_blocking(move || on_terminal(&words));
    let (drawn, code) = crate::support::within("the end", DEADLINE, drawing)
        .await
        .unwrap();
    assert_eq!(code, 0, "{drawn}");
    assert!(drawn.contains("/100  "), "no progress: {drawn:?}");
    let (rows, columns) = (24.try_into().unwrap(), 80.try_into().unwrap());
    let mut screen = vt100::Parser::new(rows, columns, 0);
    screen.process(drawn.as_bytes());
    let shown = screen.screen().contents();
    assert!(shown.starts_with("100 of 100 sent in "), "{shown}");
    assert!(!shown.contains("left"), "the bar is gone: {shown}");
}
