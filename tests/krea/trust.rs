//! An API behind a certificate of its own.

use std::time::Duration;

use super::in_front::InFront;
use super::jobs::{ended, urls};
use crate::support::{Certificate, DEADLINE, Listen, LocalApp, TestClient, TestRelay};

/// An API that says this of every job, its address, and the file to trust it by.
async fn private(job: &serde_json::Value) -> (LocalApp, String, Certificate) {
    let certificate = Certificate::of_loopback();
    let body = job.to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let api = LocalApp::raw(format!("{head}{body}")).await;
    let api = api.over_tls(&certificate).await;
    let url = format!("https://127.0.0.1:{}", api.port());
    (api, url, certificate)
}

#[tokio::test]
async fn the_proxy_trusts_what_it_is_told_to() {
    let job = ended(1, "completed", Duration::ZERO, urls());
    let (_api, url, certificate) = private(&job).await;
    let file = certificate.cert();
    let trusting = InFront::of(&url, &["--upstream-ca", file.to_str().unwrap()]).await;
    let path = format!("/jobs/{}", job["job_id"].as_str().unwrap());
    let answer = trusting.sender().send(trusting.call("GET", &path)).await;
    assert_eq!((answer.status(), answer.json()), (200, job));
    let doubting = InFront::of(&url, &[]).await;
    let answer = doubting.sender().send(doubting.call("GET", &path)).await;
    assert_eq!(answer.status(), 502);
    let text = answer.text();
    assert!(text.contains("certificate"), "{text}");
}

#[tokio::test]
async fn listen_trusts_what_it_is_told_to() {
    let job = ended(1, "completed", Duration::ZERO, urls());
    let (_api, url, certificate) = private(&job).await;
    let file = certificate.cert();
    let trusts = ["--krea-upstream-ca", file.to_str().unwrap()];
    let relay = TestRelay::start().await;
    for (options, is_let_in) in [(&trusts[..], true), (&[][..], false)] {
        let app = LocalApp::answering(201).await;
        let flags = ["--require-verified", "--krea-upstream", &url];
        let listen = Listen::on(&relay).to(&app).env("KREA_API_KEY", "test");
        let mut client = listen.flags(&[&flags, options].concat()).start().await;
        let sender = client.sender();
        let body = job.to_string();
        let answer = tokio::spawn(async move { sender.post("/hook", body).await });
        if is_let_in {
            assert_eq!(answer.await.unwrap().status(), 201);
        } else {
            let told = client.next_event("gate_warning", DEADLINE).await;
            let (cause, advice) = (told["cause"].to_string(), told["advice"].to_string());
            assert!(cause.contains("certificate"), "{told}");
            assert!(advice.contains("--krea-upstream-ca"), "{told}");
            assert!(app.received().is_empty());
        }
    }
}

#[tokio::test]
async fn jobs_trusts_what_it_is_told_to() {
    let job = ended(1, "completed", Duration::ZERO, urls());
    let (_api, url, certificate) = private(&job).await;
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    client.sender().post("/hook", job.to_string()).await;
    client.has_on_record("answered", 1).await;
    let id = job["job_id"].as_str().unwrap();
    let get = || {
        let words = ["jobs", "get", id, "--verify", "--upstream", &url];
        client.beside(&words).env("KREA_API_KEY", "test")
    };
    let doubting = get().run().await;
    doubting.failed(5, "KR0614", &["certificate", "--upstream-ca FILE"]);
    let file = certificate.cert();
    let trusting = get().args(&["--upstream-ca", file.to_str().unwrap()]);
    let told = trusting.run().await;
    assert!(told.success().contains("matches API"), "{told}");
}
