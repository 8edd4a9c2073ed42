//! Images, by each way a terminal can be asked to show one.

use super::detail::image_png;
use crate::support::{Drawn, Key, Listen, LocalApp, Post, Screen, TestRelay};

async fn shown(way: &str) -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let listen = Listen::on(&relay).to(&app).flags(&["--images", way]);
    let screen = Screen::open(listen, &relay, (120, 40)).await;
    let post = Post::new("POST", "/image")
        .header("Content-Type", "image/png")
        .body(image_png(60));
    screen.sender().send(post).await;
    screen.shows_all(&["received 1", "60 × 60"]).await;
    (relay, app, screen)
}

/// Turns to another tab and back and ends; where the image was everything is drawn anew.
async fn leaves_nothing(screen: &mut Screen, written: impl Fn(&Screen) -> bool) {
    screen.until("draws the image", |_| written(screen)).await;
    let (row, column) = screen.place_of("PNG").unwrap();
    let before = screen.written();
    screen.keys("2");
    screen.shows("content-type: image/png").await;
    let (rows, columns) = ((row + 1, 3), (column - 1, 6));
    let left = screen.untouched_since(before, rows, columns);
    assert!(left.is_empty(), "the image still covers {left:?}");
    screen.keys("1");
    screen.shows("60 × 60").await;
    screen.press(Key::Ctrl('l'));
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
}

#[tokio::test]
async fn a_terminals_own_protocol_shows_an_image_and_nothing_but_that() {
    for (way, drawn) in [
        ("kitty", Drawn::Kitty),
        ("iterm2", Drawn::Iterm2),
        ("sixel", Drawn::Sixel),
    ] {
        let (_relay, _app, mut screen) = shown(way).await;
        let count = |screen: &Screen| crate::support::Stream::with_images(&screen.raw(), drawn).1;
        leaves_nothing(&mut screen, |screen| count(screen) > 0).await;
        let (stream, count) = crate::support::Stream::with_images(&screen.raw(), drawn);
        stream.is_clean();
        assert!(count > 0, "{way}");
    }
}

#[tokio::test]
async fn blocks_are_characters_like_all_others() {
    let (_relay, _app, mut screen) = shown("blocks").await;
    let has_blocks = |screen: &Screen| String::from_utf8_lossy(&screen.raw()).contains("2;255;0;0");
    leaves_nothing(&mut screen, has_blocks).await;
    screen.stream().is_clean();
}

#[tokio::test]
async fn off_shows_bytes() {
    let (_relay, _app, mut screen) = shown("off").await;
    screen.shows("89 50 4e 47").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.stream().is_clean();
}
