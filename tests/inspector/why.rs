//! Why it went wrong, and what to do, in a sentence each.

use crate::support::{LocalApp, Screen, TestRelay};

async fn answered(answer: &'static str) -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::raw(answer).await);
    let screen = Screen::listen(&relay, &app, &[]).await;
    screen.sender().post("/hook", "{}").await;
    screen.shows("received 1").await;
    (relay, app, screen)
}

#[tokio::test]
async fn a_refused_connection_names_what_listens_nearby() {
    let relay = TestRelay::start().await;
    let (app, other) = (LocalApp::absent().await, LocalApp::answering(200).await);
    let near = i32::from(app.port()).abs_diff(i32::from(other.port()));
    let screen = Screen::listen(&relay, &app, &["--strict"]).await;
    screen.sender().post("/hook", "{}").await;
    screen
        .shows_all(&["! refused", "why:", "try:", &app.port().to_string()])
        .await;
    if near <= 10 {
        screen.shows(&other.port().to_string()).await;
    }
}

#[tokio::test]
async fn a_missing_path_is_compared_with_those_that_worked() {
    let relay = TestRelay::start().await;
    let app = LocalApp::answering_in_turn(&[200, 404]).await;
    let screen = Screen::listen(&relay, &app, &[]).await;
    screen.sender().post("/api/webhook", "{}").await;
    screen.sender().post("/api/webhok", "{}").await;
    screen
        .shows_all(&["✗ 404", "why:", "try:", "/api/webhook"])
        .await;
}

#[tokio::test]
async fn a_crash_points_into_the_app() {
    let page = "HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\ncontent-length: 60\r\n\r\n\
                TypeError: x is undefined\n    at handler (/srv/app.js:12:5)\n";
    let (_relay, _app, screen) = answered(page).await;
    screen.shows_all(&["✗ 500", "why:", "app.js:12"]).await;
}

#[tokio::test]
async fn a_redirect_says_where_to() {
    let page = "HTTP/1.1 308 Moved\r\nlocation: /hook/\r\ncontent-length: 0\r\n\r\n";
    let (_relay, _app, screen) = answered(page).await;
    screen.shows_all(&["→ 308", "why:", "/hook/"]).await;
}

#[tokio::test]
async fn what_went_well_needs_no_reason() {
    let (_relay, _app, screen) = answered("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    screen.shows("✓ 200").await;
    assert!(!screen.text().contains("why:"), "{}", screen.text());
}
