//! Ten thousand senders who wait for one app: all on one link, and nobody else notices.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;

use crate::support::{Listen, LocalApp, TestClient, TestRelay, Tls, eventually, machine, within};

const SENDERS: usize = 10_000;

/// How many streams one connection of HTTP/2 has.
const STREAMS: usize = 100;

/// How long all of them may take, on a busy machine and in a debug build.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_senders_wait_on_one_link_and_all_are_answered() {
    machine::alone();
    machine::open_files();
    let relay = TestRelay::secure().await;
    let app = LocalApp::held().await;
    let mut client = Listen::on(&relay)
        .flags(&["--wait", "10m"])
        .to(&app)
        .start()
        .await;
    let quick = LocalApp::answering(200).await;
    let other = TestClient::listen(&relay, &quick, &["--new"]).await;
    assert_eq!(other.sender().post("/hook", "before").await.status(), 200);
    let before = [relay.process.rss(), client.process.rss()];
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for connection in 0..SENDERS / STREAMS {
        let tls = Tls::trusting(&relay.ca().unwrap()).offering(&["h2"]);
        let (address, url) = (relay.address(), client.url().to_owned());
        senders.spawn(async move {
            let stream = tls.connect(address).await.unwrap();
            let handshake =
                http2::Builder::new(TokioExecutor::new()).handshake(TokioIo::new(stream));
            let (sender, driver) = handshake.await.unwrap();
            let driver = tokio::spawn(driver);
            let answers = (0..STREAMS).map(|number| {
                let request = hyper::Request::post(format!("{url}/{connection}/{number}"));
                let body = Full::new(bytes::Bytes::from_static(b"a webhook"));
                let mut sender = sender.clone();
                async move {
                    sender.ready().await.unwrap();
                    let answer = sender
                        .send_request(request.body(body).unwrap())
                        .await
                        .unwrap();
                    let status = answer.status();
                    let body = answer.into_body().collect().await.unwrap().to_bytes();
                    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
                }
            });
            futures_util::future::join_all(answers).await;
            driver.abort();
        });
    }
    eventually("all are with the client", PATIENCE, || {
        let events = client.events();
        events
            .iter()
            .filter(|event| event["type"] == "delivery")
            .count()
            == SENDERS
    })
    .await;
    let opened = begun.elapsed();
    let grown = [relay.process.rss(), client.process.rss()];
    let each = |index: usize| (grown[index] - before[index].min(grown[index])) / SENDERS as u64;
    eprintln!(
        "{SENDERS} senders wait after {opened:?}: the relay has {} bytes for each, the client {}",
        each(0),
        each(1)
    );
    // HTTP/2 streams are part of that.
    assert!(each(0) < 24 * 1024 && each(1) < 24 * 1024, "{grown:?}");
    let asked = Instant::now();
    assert_eq!(other.sender().post("/hook", "beside").await.status(), 200);
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    app.release(SENDERS);
    within("all are answered", PATIENCE, async {
        while let Some(answered) = senders.join_next().await {
            answered.unwrap();
        }
    })
    .await;
    assert_eq!(app.count(), SENDERS);
    let events = client.events();
    assert!(events.iter().all(|event| event["type"] != "reconnecting"));
}
