//! Why it went wrong, and what to do, in a sentence each.

use crate::support::{LocalApp, Screen, TestRelay};

async fn answered(answer: &'static str) -> (TestRelay, LocalApp, Screen) {
    let (relay, app) = (TestRelay::start().await, LocalApp::raw(answer).await);
    let screen = Screen::listen(&relay, &app, &[]).await;
    screen.sender().post("/hook", "{}").await;
    screen.shows("received 1").await;
    (relay, app, screen)
}

/// A port on which nobody listens, next to one on which somebody does.
async fn neighbours() -> (u16, LocalApp) {
    loop {
        let app = LocalApp::answering(200).await;
        let free = app.port().wrapping_add(1).max(1024);
        let is_free = std::net::TcpListener::bind(("127.0.0.1", free)).is_ok()
            && std::net::TcpListener::bind(("::1", free)).is_ok();
        if is_free {
            return (free, app);
        }
    }
}

#[tokio::test]
async fn a_refused_connection_names_what_listens_nearby() {
    let relay = TestRelay::start().await;
    let (free, other) = neighbours().await;
    let screen = Screen::listen(&relay, &free.to_string(), &["--strict"]).await;
    screen.sender().post("/hook", "{}").await;
    screen.shows_all(&["refused", "why:", "try:"]).await;
    screen
        .shows_all(&[&free.to_string(), &other.port().to_string()])
        .await;
}

#[tokio::test]
async fn what_the_app_does_not_take_is_named() {
    for (answer, says) in [
        (
            "HTTP/1.1 405 No\r\nallow: GET, PUT\r\ncontent-length: 0\r\n\r\n",
            &["✗ 405", "why:", "POST", "GET"][..],
        ),
        (
            "HTTP/1.1 413 No\r\nx-powered-by: Express\r\ncontent-length: 0\r\n\r\n",
            &["✗ 413", "why:", "too large", "limit"],
        ),
        (
            "HTTP/1.1 415 No\r\ncontent-length: 0\r\n\r\n",
            &["✗ 415", "why:", "does not take", "Content-Type"],
        ),
        (
            "HTTP/1.1 500 No\r\ncontent-type: text/html\r\ncontent-length: 59\r\n\r\n\
             <html><head><title>Database is away</title></head></html>\r\n",
            &["✗ 500", "why:", "Database is away"],
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 51\r\n\r\n\
             <html><head><title>My shop</title></head></html>\r\n ",
            &["✓ 200", "why:", "web page", "My shop"],
        ),
    ] {
        let (_relay, _app, screen) = answered(answer).await;
        screen.shows_all(says).await;
    }
}

#[tokio::test]
async fn a_slow_answer_is_well_and_yet_told() {
    let relay = TestRelay::start().await;
    let app = LocalApp::slow(std::time::Duration::from_secs(5)).await;
    let screen = Screen::listen(&relay, &app, &["--wait", "1s"]).await;
    assert_eq!(screen.sender().post("/hook", "{}").await.status(), 202);
    screen.shows_all(&["✓ 200", "why:", "--wait", "try:"]).await;
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
