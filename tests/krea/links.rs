//! Links of results in the inspector: looked after only on request, and only where they may lead.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};

use super::jobs::ended;
use crate::inspector::detail::image_png;
use crate::support::{Certificate, Key, Listen, LocalApp, MachineApart, Screen, TestRelay};

/// An address of the internet, which the machine apart finds at this one.
const PUBLIC: Ipv4Addr = Ipv4Addr::new(93, 184, 215, 14);

fn job(urls: &[String]) -> Value {
    ended(1, "completed", Duration::ZERO, json!({"urls": urls}))
}

#[tokio::test]
async fn a_link_is_checked_and_its_image_shown_when_asked_for() {
    let Some(apart) = MachineApart::new() else {
        return;
    };
    apart.stands_for(PUBLIC);
    let certificate = Certificate::of(&[&PUBLIC.to_string()]);
    let image = image_png(40);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\r\n",
        image.len()
    );
    let files = LocalApp::raw([head.as_bytes(), &image].concat()).await;
    let files = files.over_tls(&certificate).await;
    let files = files.moved_to(&format!("{PUBLIC}:443")).await;
    let relay = TestRelay::at(&format!("{}:0", apart.our_address()), &[], &[]).await;
    let ca = certificate.cert().display().to_string();
    let listen = Listen::on(&relay)
        .through(apart.runner())
        .env("SSL_CERT_FILE", &ca)
        .flags(&["--images", "blocks"]);
    let mut screen = Screen::open(listen, &relay, (160, 50)).await;
    let link = format!("https://{PUBLIC}/images/a.png");
    screen
        .sender()
        .post("/hook", job(std::slice::from_ref(&link)).to_string())
        .await;
    screen.shows("received 1").await;
    screen.keys("6\t");
    screen.shows_all(&["Results", &link]).await;
    // Nothing was fetched to show it.
    assert_eq!(files.count(), 0);
    screen.press(Key::Enter);
    screen.press(Key::Enter);
    screen.keys("c");
    screen.shows("the link answers 200 · image/png").await;
    let asked = files.receives(1).await.remove(0);
    assert_eq!(asked.head.target(), b"/images/a.png");
    assert!(asked.head.value("authorization").is_none());
    screen.press(Key::Enter);
    screen.keys("p");
    screen.shows("the image behind the link").await;
    let has_blocks = |screen: &Screen| String::from_utf8_lossy(&screen.raw()).contains("2;255;0;0");
    screen.until("draws it", |_| has_blocks(&screen)).await;
    assert_eq!(files.receives(2).await.len(), 2);
    screen.press(Key::Esc);
    screen.hides("the image behind the link").await;
    screen.keys("q");
    assert_eq!(screen.exit_code().await, Some(0));
    screen.stream().is_clean();
}

/// Neither checked nor shown, whatever the port.
#[tokio::test]
async fn a_link_that_leads_to_this_machine_is_not_followed() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let trap = LocalApp::answering(200).await;
    for (link, why) in [
        (
            format!("http://127.0.0.1:{}/a.png", trap.port()),
            "only https",
        ),
        (
            format!("https://127.0.0.1:{}/a.png", trap.port()),
            "only port 443",
        ),
        (
            "https://localhost/a.png".to_owned(),
            "localhost is no public host",
        ),
    ] {
        for choice in ["c", "p"] {
            let mut screen = Screen::listen(&relay, &app, &[]).await;
            let body = job(std::slice::from_ref(&link)).to_string();
            screen.sender().post("/hook", body).await;
            screen.shows("received 1").await;
            screen.keys("6\t");
            screen.shows("Results").await;
            screen.keys("g\r\r");
            screen.shows("This link").await;
            screen.keys(choice);
            screen.shows(&format!("not fetched: {why}")).await;
            screen.keys("q");
            assert_eq!(screen.exit_code().await, Some(0));
        }
    }
    assert_eq!(trap.count(), 0);
}
