//! `kreel demo`: everything at once, with nothing set up.

use std::time::{Duration, Instant};

use crate::support::{DEADLINE, Home, Kreel, Screen};

/// Within which the first row is there, whatever else the machine does.
const FIRST_ROW: Duration = Duration::from_secs(10);

#[tokio::test]
async fn without_a_terminal_it_is_lines_and_ends() {
    let demo = Kreel::new(&["demo"]).run().await;
    let out = demo.success();
    let rows: Vec<_> = out.lines().filter(|line| line.contains("POST")).collect();
    assert_eq!(rows.len(), 9, "{demo}");
    let with = |status: &str| {
        let status = format!(" {status} ");
        rows.iter().filter(|row| row.contains(&status)).count()
    };
    assert_eq!((with("200"), with("201"), with("500")), (7, 1, 1), "{demo}");
    assert_eq!(out.matches("DUPLICATE").count(), 1, "{demo}");
    for told in [
        "1. The app asks for an image",
        "8. The app asks for a style",
        "The reason stands in error",
        "(a 3D job)",
        "(a node app)",
        "8 jobs, 9 webhooks: 1 was answered with an error by the app, 1 came twice.",
        "received 9",
    ] {
        assert!(
            demo.stdout.contains(told) || demo.stderr.contains(told),
            "{told}: {demo}"
        );
    }
    assert!(
        !demo.stdout.contains('\x1b'),
        "no colour where there is no terminal: {demo}"
    );
}

#[tokio::test]
async fn its_first_row_comes_at_once() {
    let start = Instant::now();
    let mut demo = Kreel::new(&["demo", "--once"]).start();
    loop {
        let line = demo.line("a row", DEADLINE).await.expect("rows");
        if line.contains("POST") {
            break;
        }
    }
    let took = start.elapsed();
    assert!(took < FIRST_ROW, "{took:?}");
}

#[tokio::test]
async fn in_a_terminal_the_inspector_shows_it() {
    let home = Home::new();
    let words = ["demo".to_owned()];
    let kreel = env!("CARGO_BIN_EXE_kreel");
    let start = Instant::now();
    let mut screen = Screen::run(kreel, &words, &home, &[], (120, 30));
    screen.shows("POST").await;
    let took = start.elapsed();
    assert!(took < FIRST_ROW, "{took:?}");
    screen.shows_all(&["● up", "/webhooks/krea"]).await;
    // The job that is cancelled gets the handler's error.
    screen.shows(" 500 ").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    let folders = std::fs::read_dir(home.path()).unwrap().count();
    let fresh = std::fs::read_dir(Home::new().path()).unwrap().count();
    assert_eq!(folders, fresh, "nothing stays");
}

#[tokio::test]
async fn in_a_terminal_lines_will_do_too() {
    let home = Home::new();
    let words = [
        "demo".to_owned(),
        "--no-tui".to_owned(),
        "--once".to_owned(),
    ];
    let kreel = env!("CARGO_BIN_EXE_kreel");
    let mut screen = Screen::run(kreel, &words, &home, &[], (120, 60));
    screen.shows_all(&["DUPLICATE", "8 jobs, 9 webhooks"]).await;
    assert_eq!(screen.exit_code().await, Some(0));
}
