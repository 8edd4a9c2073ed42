//! Every status and error body of the API, from outside.

use serde_json::{Value, json};

use super::stand_in::{FLUX, StandIn};
use crate::support::{Home, Kreel, Post};

#[tokio::test]
async fn tokens_are_wanted() {
    let mock = StandIn::start(&["--api-token", "right"]).await;
    let with = |value: Option<&'static str>| {
        let mut post = Post::new("GET", "/jobs");
        if let Some(value) = value {
            post = post.header("Authorization", value);
        }
        mock.raw(post)
    };
    for bad in [
        None,
        Some("Bearer wrong"),
        Some("Basic right"),
        Some("Bearer "),
        Some("right"),
    ] {
        let answer = with(bad).await;
        assert_eq!(answer.status(), 401, "{bad:?}");
        assert_eq!(answer.json(), json!({"message": "Unauthorized"}));
    }
    for good in ["Bearer right", "Key right"] {
        assert_eq!(with(Some(good)).await.status(), 200);
    }
}

#[tokio::test]
async fn every_error_comes_on_demand() {
    let mock = StandIn::start(&[]).await;
    for (status, field) in [
        (400, "error"),
        (401, "message"),
        (402, "message"),
        (403, "error"),
        (404, "error"),
        (410, "error"),
        (422, "detail"),
        (429, "error"),
    ] {
        // By the prompt, by a header, and by the plan.
        let prompt = json!({"prompt": format!("a fox mock:{status}")});
        let asked = mock.call("POST", FLUX, &[], Some(&prompt)).await;
        let text = status.to_string();
        let header = mock
            .call("GET", "/jobs", &[("X-Mock-Outcome", &text)], None)
            .await;
        let planned = StandIn::start(&["--outcome", &text]).await;
        let planned = planned
            .call("POST", FLUX, &[], Some(&json!({"prompt": "x"})))
            .await;
        for answer in [asked, header, planned] {
            assert_eq!(answer.status(), status);
            assert!(
                answer.json().get(field).is_some(),
                "{status}: {}",
                answer.text()
            );
        }
    }
    let balance = mock
        .call("POST", FLUX, &[], Some(&json!({"prompt": "mock:402"})))
        .await;
    assert!(balance.text().contains("top up your API balance"));
    for outcome in ["html", "502"] {
        let page = mock
            .call("GET", "/jobs", &[("X-Mock-Outcome", outcome)], None)
            .await;
        assert_eq!(page.status(), 502);
        assert_eq!(
            page.header("content-type").as_deref(),
            Some("text/html; charset=utf-8")
        );
    }
}

#[tokio::test]
async fn models_go_and_say_so_before() {
    let mock = StandIn::start(&["--deprecated", "image/bfl/flux-1-dev"]).await;
    let body = json!({"prompt": "x"});
    let gone = mock
        .call("POST", "/generate/video/openai/sora-2", &[], Some(&body))
        .await;
    assert_eq!(gone.status(), 410);
    let gone = gone.json();
    assert_eq!(
        (&gone["error"], &gone["reason"]),
        (&json!("model_unavailable"), &json!("deprecated"))
    );
    assert_eq!(gone["sunset_date"], "2026-04-27");
    assert!(gone["message"].as_str().unwrap().contains("sora-2"));
    assert_eq!(gone["replacement"], "video/google/veo-3.1");
    let page = gone["migration_url"].as_str().unwrap();
    assert!(page.starts_with("https://docs.krea.ai/"), "{page}");
    let going = mock.call("POST", FLUX, &[], Some(&body)).await;
    assert_eq!(
        (going.status(), going.header("deprecation").as_deref()),
        (200, Some("true"))
    );
    assert!(going.header("sunset").unwrap().ends_with("GMT"));
    assert!(
        going
            .header("link")
            .unwrap()
            .contains("rel=\"deprecation\"")
    );
    let staying = mock
        .call("POST", "/generate/image/qwen/2512", &[], Some(&body))
        .await;
    assert_eq!(staying.header("deprecation"), None);
}

#[tokio::test]
async fn bodies_are_strict_unless_told_otherwise() {
    let strict = StandIn::start(&[]).await;
    let other = StandIn::start(&["--validation-status", "422"]).await;
    let lenient = StandIn::start(&["--lenient"]).await;
    for body in [
        json!({}),
        json!({"prompt": "x", "webhook_url": "https://a.b"}),
        json!({"prompt": "x", "imageUrl": "https://a.b"}),
        json!({"prompt": 5}),
    ] {
        let refused = strict.call("POST", FLUX, &[], Some(&body)).await;
        assert_eq!(
            (refused.status(), refused.json()["error"].is_string()),
            (400, true),
            "{body}"
        );
        let refused = other.call("POST", FLUX, &[], Some(&body)).await;
        assert_eq!(
            (
                refused.status(),
                refused.json()["detail"][0]["msg"].is_string()
            ),
            (422, true)
        );
        assert_eq!(
            lenient.call("POST", FLUX, &[], Some(&body)).await.status(),
            200
        );
    }
    let post = |body: &'static str| {
        strict.raw(
            Post::new("POST", FLUX)
                .header("Authorization", "Bearer x")
                .body(body),
        )
    };
    assert_eq!(post("{").await.status(), 400);
    assert_eq!(post("[]").await.status(), 400);
    let headers = [("X-Webhook-URL", "not an address")];
    let refused = strict
        .call("POST", FLUX, &headers, Some(&json!({"prompt": "x"})))
        .await;
    assert_eq!(refused.status(), 400);
    let large = "x".repeat(2 * 1024 * 1024);
    let large = strict
        .call("POST", FLUX, &[], Some(&json!({"prompt": large})))
        .await;
    assert_eq!(large.status(), 413);
}

#[tokio::test]
async fn a_document_is_the_law() {
    let home = Home::new();
    let file = home.project().join("openapi.json");
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["prompt"],
        "properties": {"prompt": {"$ref": "#/components/schemas/Prompt"}},
    });
    let document = json!({
        "openapi": "3.1.0",
        "components": {"schemas": {"Prompt": {"type": "string", "maxLength": 10}}},
        "paths": {FLUX: {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}},
    });
    std::fs::write(&file, document.to_string()).unwrap();
    let path = file.display().to_string();
    let mock = StandIn::start(&["--openapi", &path]).await;
    let status = |body: Value| {
        let mock = &mock;
        async move { mock.call("POST", FLUX, &[], Some(&body)).await.status() }
    };
    assert_eq!(status(json!({"prompt": "short"})).await, 200);
    assert_eq!(status(json!({"prompt": "much too long"})).await, 400);
    assert_eq!(status(json!({"prompt": "x", "width": 512})).await, 400);
    assert_eq!(mock.json("/openapi.json").await, document);
    std::fs::write(&file, "{}").unwrap();
    let useless = Kreel::new(&["mock", "krea", "--port", "0", "--openapi", &path])
        .run()
        .await;
    useless.failed(2, "KR0608", &["no call"]);
}

#[tokio::test]
async fn a_wrong_prefix_gets_a_page() {
    let mock = StandIn::start(&[]).await;
    let page = mock
        .call(
            "POST",
            "/v1/generate/image/bfl/flux-1-dev",
            &[],
            Some(&json!({})),
        )
        .await;
    assert_eq!(page.status(), 404);
    assert!(page.text().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn a_backlog_has_an_end_and_so_has_money() {
    let mock = StandIn::start(&["--speed", "0.1", "--concurrency", "2", "--backlog", "1"]).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let answer = mock
            .call("POST", FLUX, &[], Some(&json!({"prompt": "x"})))
            .await;
        statuses.push((answer.status(), answer.json()["status"].clone()));
    }
    assert_eq!(statuses[0], (200, json!("queued")));
    assert_eq!(statuses[2], (200, json!("backlogged")));
    assert_eq!(statuses[3], (429, Value::Null));
    // What ends makes room for what waits.
    let running = mock.json("/jobs").await["items"][2]["job_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let waiting = mock.json("/jobs?status=backlogged").await["items"][0]["job_id"]
        .as_str()
        .unwrap()
        .to_owned();
    mock.call("DELETE", &format!("/jobs/{running}"), &[], None)
        .await;
    assert_eq!(
        mock.json(&format!("/jobs/{waiting}")).await["status"],
        "queued"
    );

    let poor = StandIn::start(&["--balance", "1"]).await;
    poor.job(FLUX, json!({"prompt": "x"})).await;
    let empty = poor
        .call("POST", FLUX, &[], Some(&json!({"prompt": "x"})))
        .await;
    assert_eq!(
        (empty.status(), empty.json()["message"].is_string()),
        (402, true)
    );
}

#[tokio::test]
async fn a_port_in_use_is_told() {
    let mock = StandIn::start(&[]).await;
    let port = mock.url.rsplit(':').next().unwrap();
    let second = Kreel::new(&["mock", "krea", "--port", port]).run().await;
    second.failed(1, "KR0607", &["--port"]);
}
