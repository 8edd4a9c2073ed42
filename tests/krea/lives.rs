//! How jobs end, and what their webhooks say.

use serde_json::{Value, json};

use super::stand_in::StandIn;
use crate::support::{LocalApp, Post, TestClient, TestRelay};

#[tokio::test]
async fn each_end_is_told_as_it_is() {
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/hook?token=s3cret%2F", app.port());
    let mut mock = StandIn::start(&["--speed", "100000"]).await;
    let mut count = 0;
    for (outcome, status, check) in [
        ("completed", "completed", "/result/urls/0"),
        ("failed", "failed", "/error/code"),
        ("failed-in-result", "failed", "/result/error"),
        ("silent-failure", "failed", "/result"),
        ("shadow-fail", "completed", "/result"),
        ("cancelled", "cancelled", "/completed_at"),
        ("timeout", "failed", "/error/message"),
    ] {
        let job = mock.image(&format!("a fox mock:{outcome}"), &hook).await;
        count += 1;
        let got = app.receives(count).await.pop().unwrap();
        let object: Value = serde_json::from_slice(&got.body).unwrap();
        assert_eq!(
            (&object["job_id"], &object["status"]),
            (&json!(job), &json!(status)),
            "{outcome}"
        );
        assert!(object.pointer(check).is_some(), "{outcome}: {object}");
        assert_eq!(got.head.target(), b"/hook?token=s3cret%2F");
        assert_eq!(
            got.head.value("content-type").as_deref(),
            Some("application/json")
        );
        assert_eq!(
            mock.json(&format!("/jobs/{job}")).await,
            object,
            "the API tells the same"
        );
        let told = mock.tells("webhook").await;
        assert_eq!(
            (&told["job_id"], &told["status"]),
            (&json!(job), &json!(200))
        );
    }
    let stuck = mock.image("mock:stuck", &hook).await;
    let last = mock.image("the next one", &hook).await;
    app.receives(count + 1).await;
    assert!(app.texts()[count].contains(&last));
    let object = mock.json(&format!("/jobs/{stuck}")).await;
    assert_eq!(object.get("completed_at"), None, "{object}");
}

#[tokio::test]
async fn a_cancelled_job_is_told_too() {
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let mock = StandIn::start(&["--speed", "0.1"]).await;
    let job = mock.image("x", &hook).await;
    mock.call("DELETE", &format!("/jobs/{job}"), &[], None)
        .await;
    let got = app.receives(1).await.remove(0);
    assert!(got.text().contains("cancelled"), "{}", got.text());
    // A job that has ended can't be stopped again, and no second webhook comes of trying: the
    // next one to come is about the next job.
    let again = mock
        .call("DELETE", &format!("/jobs/{job}"), &[], None)
        .await;
    assert_eq!(again.status(), 400);
    let next = mock.image("y", &hook).await;
    mock.call("DELETE", &format!("/jobs/{next}"), &[], None)
        .await;
    assert!(app.receives(2).await[1].text().contains(&next));
}

/// A job that has ended well stays so, whoever deletes it, and nobody is told again.
#[tokio::test]
async fn a_job_that_has_ended_is_told_once() {
    let app = LocalApp::answering(200).await;
    let hook = format!("http://127.0.0.1:{}/", app.port());
    let mock = StandIn::start(&["--speed", "100000"]).await;
    let job = mock.image("x", &hook).await;
    app.receives(1).await;
    let path = format!("/jobs/{job}");
    let deleted = mock.call("DELETE", &path, &[], None).await;
    assert_eq!(deleted.status(), 400);
    assert_eq!(mock.json(&path).await["status"], "completed");
    let next = mock.image("y", &hook).await;
    assert!(app.receives(2).await[1].text().contains(&next));
}

#[tokio::test]
async fn jobs_are_seen_on_their_way() {
    let mock = StandIn::start(&["--speed", "6"]).await;
    let job = mock
        .job(super::stand_in::FLUX, json!({"prompt": "x"}))
        .await;
    for status in [
        "processing",
        "sampling",
        "intermediate-complete",
        "completed",
    ] {
        let object = mock.reaches(&job, status).await;
        let shows = object["result"]["urls"][0].is_string();
        assert_eq!(
            shows,
            ["intermediate-complete", "completed"].contains(&status),
            "{object}"
        );
    }
}

/// The whole way: mock, relay with TLS, client, app.
#[tokio::test]
async fn webhooks_come_through_the_tunnel() {
    let (relay, app) = (TestRelay::secure().await, LocalApp::answering(200).await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let ca = relay.ca().unwrap().display().to_string();
    let mut mock = StandIn::start(&["--webhook-ca", &ca]).await;
    let hook = format!("{}/krea", client.url());
    let job = mock.image("x", &hook).await;
    let got = app.receives(1).await.remove(0);
    assert!(got.text().contains(&job));
    assert_eq!(got.head.target(), b"/krea");
    assert_eq!(mock.tells("webhook").await["status"], 200);
}

/// Whatever a reader makes of a body: the app gets its bytes as they came, to the last one.
#[tokio::test]
async fn odd_bodies_reach_the_app_as_they_are() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = TestClient::listen(&relay, &app, &[]).await;
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let odd: Vec<Vec<u8>> = vec![
        format!(r#"{{"job_id":"1","status":"completed","result":{deep}}}"#).into_bytes(),
        b"\xef\xbb\xbf { \"job_id\" : \"1\" ,\r\n\t\"status\":\"completed\" } \n\n".to_vec(),
        br#"{"status":"failed","status":"completed","job_id":"1","job_id":"2"}"#.to_vec(),
        br#"{"job_id":"1","n":1e999,"m":1.000,"big":123456789012345678901234567890,"-":-0}"#
            .to_vec(),
        br#"{"job\u005fid":"\ud800","caf\u00e9":"caf\u00e9 \/ \u0000"}"#.to_vec(),
        b"{\"job_id\":\"\xff\xfe\"}".to_vec(),
        br#"{"job_id":"1","status":"completed","result":{"urls":["https://gen.krea.ai/"#.to_vec(),
        b"{} {}".to_vec(),
        b"null".to_vec(),
        b" ".to_vec(),
    ];
    for (count, body) in odd.iter().enumerate() {
        let post = Post::new("POST", "/krea").header("Content-Type", "application/json");
        let answer = client.sender().send(post.body(body.clone())).await;
        assert_eq!(answer.status(), 200);
        let got = app.receives(count + 1).await.pop().unwrap();
        assert!(
            got.body == *body,
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(200)])
        );
    }
}
