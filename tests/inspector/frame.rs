//! The frame around everything: address, link and counters, panes, keys, help, command line.

use crate::support::{Key, Listen, LocalApp, Screen, TestRelay};

#[tokio::test]
async fn the_first_screen_says_where_to_post_and_what_the_keys_are() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (80, 24)).await;
    screen.shows("no webhook yet").await;
    screen.shows("quit").await;
    assert!(screen.row(0).contains("/hooks "), "{}", screen.text());
    screen.sender().post("/hook", "{\"hello\":1}").await;
    screen.shows_all(&["✓ 200", "hello", "received 1 · delivered 1"]).await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.is_as_before();
    screen.stream().is_clean();
}

#[tokio::test]
async fn help_lists_each_key_and_closes_again() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let mut screen = Screen::open(Listen::on(&relay).to(&app), &relay, (80, 24)).await;
    screen.keys("?");
    screen.shows_all(&["Help", "Moving"]).await;
    screen.keys("G");
    screen.shows("Commands, after :").await;
    screen.press(Key::Esc);
    screen.shows("no webhook yet").await;
}
