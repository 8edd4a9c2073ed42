//! Every call of the API that goes well, from outside.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::stand_in::{FLUX, StandIn, id};
use crate::support::Post;

#[tokio::test]
async fn a_job_is_created_asked_for_and_listed() {
    let mock = StandIn::start(&[]).await;
    let created = mock
        .call("POST", FLUX, &[], Some(&json!({"prompt": "a fox"})))
        .await;
    let object = created.json();
    let fields: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["job_id", "status", "created_at", "completed_at", "result"]
    );
    assert_eq!(
        (&object["status"], &object["result"]),
        (&json!("queued"), &Value::Null)
    );
    let done = mock.reaches(&id(&created), "completed").await;
    assert_eq!(done["created_at"], object["created_at"]);
    assert!(done["completed_at"].as_str().unwrap() > done["created_at"].as_str().unwrap());
    assert!(
        done["result"]["urls"][0]
            .as_str()
            .unwrap()
            .starts_with(&mock.url)
    );
    assert_eq!(mock.json("/jobs").await["items"], json!([done]));
    assert_eq!(mock.json("/jobs").await["next_cursor"], Value::Null);
}

#[tokio::test]
async fn every_kind_of_job_has_its_kind_of_result() {
    let mock = StandIn::start(&["--speed", "100000"]).await;
    let enhance = json!({"image_url": "https://a.b/c.png", "width": 1, "height": 1, "model": "x"});
    let train = json!({"name": "style", "urls": ["https://a.b/c.png"]});
    for (path, body, result) in [
        (FLUX, json!({"prompt": "x"}), "/urls/0"),
        (
            "/generate/image/acme/unheard-of",
            json!({"prompt": "x", "new": 1}),
            "/urls/0",
        ),
        (
            "/generate/image/krea/krea-2/medium",
            json!({"prompt": "x", "aspect_ratio": "1:1", "resolution": "1K"}),
            "/urls/0",
        ),
        (
            "/generate/video/kling/kling-2.5",
            json!({"prompt": "x", "duration": 5}),
            "/urls/0",
        ),
        (
            "/generate/enhance/topaz/standard-enhance",
            enhance,
            "/urls/0",
        ),
        (
            "/generate/audio/elevenlabs/music-v2.5",
            json!({"prompt": "x"}),
            "/urls/0",
        ),
        (
            "/generate/3d/acme/solid",
            json!({"image_url": "x"}),
            "/urls/0/url",
        ),
        ("/styles/train", train, "/style_id"),
    ] {
        let job = mock.job(path, body).await;
        let done = mock.reaches(&job, "completed").await;
        let found = done["result"].pointer(result);
        assert!(found.is_some_and(Value::is_string), "{path}: {done}");
    }
    // Node apps answer with a list, and have their results by name.
    let app = mock
        .call(
            "POST",
            "/node-apps/demo-app/execute",
            &[],
            Some(&json!({"x": 1})),
        )
        .await;
    let job = app.json()[0]["job_id"].as_str().unwrap().to_owned();
    let done = mock.reaches(&job, "completed").await;
    assert!(done["result"]["urls"]["hero-image"].is_string(), "{done}");
}

#[tokio::test]
async fn lists_have_pages_and_filters() {
    let mock = StandIn::start(&["--speed", "100000", "--outcome", "completed,failed"]).await;
    let mut jobs = Vec::new();
    for at in 0..10 {
        let path = if at < 5 {
            FLUX
        } else {
            "/generate/video/kling/kling-2.5"
        };
        let job = mock.job(path, json!({"prompt": "x"})).await;
        mock.reaches(&job, if at % 2 == 0 { "completed" } else { "failed" })
            .await;
        jobs.push(job);
    }
    jobs.reverse();
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|job| job["job_id"].as_str().unwrap().to_owned())
            .collect()
    };
    let (mut seen, mut path) = (Vec::new(), "/jobs?limit=4".to_owned());
    loop {
        let page = mock.json(&path).await;
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/jobs?limit=4&cursor={}", cursor.replace(':', "%3A")),
            None => break,
        }
    }
    assert_eq!(seen, jobs);
    let found = |query: &str| {
        let path = format!("/jobs?{query}");
        let mock = &mock;
        async move { ids(&mock.json(&path).await).len() }
    };
    assert_eq!(found("status=failed").await, 5);
    assert_eq!(found("types=video").await, 5);
    assert_eq!(found("types=flux-1-dev,kling-2.5&limit=1000").await, 10);
    assert_eq!(found("types=loraTraining").await, 0);
    for bad in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=now",
        "status=done",
    ] {
        let answer = mock.get(&format!("/jobs?{bad}")).await;
        assert_eq!(answer.status(), 400, "{bad}");
        assert!(answer.json()["error"].is_string());
    }
}

#[tokio::test]
async fn what_runs_can_be_stopped_and_what_ended_cannot() {
    let mock = StandIn::start(&["--speed", "1"]).await;
    let job = mock.job(FLUX, json!({"prompt": "x"})).await;
    let deleted = mock
        .call("DELETE", &format!("/jobs/{job}"), &[], None)
        .await;
    assert_eq!((deleted.status(), deleted.text().as_str()), (200, ""));
    let object = mock.json(&format!("/jobs/{job}")).await;
    assert_eq!(object["status"], "cancelled");
    assert_eq!(object.get("result"), None);
    let again = mock
        .call("DELETE", &format!("/jobs/{job}"), &[], None)
        .await;
    assert_eq!(again.status(), 400);
    assert!(
        again.json()["error"]
            .as_str()
            .unwrap()
            .contains("cancelled")
    );
    for method in ["GET", "DELETE"] {
        let none = mock
            .call(
                method,
                "/jobs/0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11",
                &[],
                None,
            )
            .await;
        assert_eq!(none.status(), 404);
        assert!(none.json()["error"].is_string());
    }
    let forgetful = StandIn::start(&["--speed", "1", "--forget-deleted"]).await;
    let job = forgetful.job(FLUX, json!({"prompt": "x"})).await;
    forgetful
        .call("DELETE", &format!("/jobs/{job}"), &[], None)
        .await;
    assert_eq!(forgetful.get(&format!("/jobs/{job}")).await.status(), 404);
    let strict =
        StandIn::start(&["--speed", "0.01", "--strict-cancel", "--concurrency", "1"]).await;
    let first = strict.job(FLUX, json!({"prompt": "x"})).await;
    let waiting = strict.job(FLUX, json!({"prompt": "x"})).await;
    let delete = |job: String| {
        let strict = &strict;
        async move {
            strict
                .call("DELETE", &format!("/jobs/{job}"), &[], None)
                .await
                .status()
        }
    };
    assert_eq!(delete(waiting).await, 400, "it is backlogged");
    assert_eq!(delete(first).await, 200, "it is queued");
}

#[tokio::test]
async fn assets_are_taken_described_and_forgotten() {
    let mock = StandIn::start(&[]).await;
    let picture = mock
        .get("/images/6a1f1c0e-2b7c-4a43-8f55-1d0f0a9c2e10.png")
        .await
        .body;
    let asset = mock.upload("image/png", &picture).await.json();
    assert_eq!(
        (&asset["width"], &asset["height"]),
        (&json!(64), &json!(64))
    );
    assert_eq!(asset["size_bytes"], picture.len());
    assert_eq!(
        (&asset["mime_type"], &asset["description"]),
        (&json!("image/png"), &json!("a fox"))
    );
    let address = asset["image_url"]
        .as_str()
        .unwrap()
        .strip_prefix(&mock.url)
        .unwrap()
        .to_owned();
    assert_eq!(
        mock.get(&address).await.header("content-type").as_deref(),
        Some("image/png")
    );
    let video = mock.upload("video/mp4", &vec![0; 5_000_000]).await.json();
    assert_eq!(
        (&video["width"], &video["size_bytes"]),
        (&Value::Null, &json!(5_000_000))
    );
    assert_eq!(mock.upload("text/plain", b"x").await.status(), 400);
    let path = format!("/assets/{}", asset["id"].as_str().unwrap());
    assert_eq!(mock.json("/assets").await["items"], json!([video, asset]));
    let page = mock.json("/assets?limit=1").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(
        mock.json(&format!("/assets?cursor={cursor}")).await["items"],
        json!([asset])
    );
    assert_eq!(mock.json(&path).await, asset);
    let deleted = mock.call("DELETE", &path, &[], None).await;
    assert_eq!(deleted.json()["success"], true);
    for method in ["GET", "DELETE"] {
        assert_eq!(mock.call(method, &path, &[], None).await.status(), 404);
    }
    // As large as Krea takes, and one byte more.
    let largest = mock.upload("video/mp4", &vec![0; 75_000_000]).await;
    assert_eq!(largest.json()["size_bytes"], 75_000_000);
    for larger in [75_000_001, 90_000_000] {
        let refused = mock.upload("video/mp4", &vec![0; larger]).await;
        assert_eq!(refused.status(), 400);
        assert!(refused.text().contains("75MB"), "{}", refused.text());
    }
    let empty = mock.call("POST", "/assets", &[], Some(&json!({}))).await;
    assert_eq!(
        (empty.status(), empty.json()["error"].is_string()),
        (400, true)
    );
}

#[tokio::test]
async fn trained_styles_are_shown_changed_and_shared() {
    let mock = StandIn::start(&["--speed", "1000000"]).await;
    let job = mock
        .job("/styles/train", json!({"name": "x", "urls": []}))
        .await;
    let done = mock.reaches(&job, "completed").await;
    let style = done["result"]["style_id"].as_str().unwrap().to_owned();
    assert_eq!(style.len(), 9);
    assert_eq!(mock.json("/styles").await["items"][0]["id"], style.as_str());
    let path = format!("/styles/{style}");
    let changed = mock
        .call("PATCH", &path, &[], Some(&json!({"title": "Foxes"})))
        .await;
    assert_eq!(changed.json()["title"], "Foxes");
    assert_eq!(mock.json(&path).await["title"], "Foxes");
    let refused = mock
        .call("PATCH", &path, &[], Some(&json!({"id": "y"})))
        .await;
    assert_eq!(refused.status(), 400);
    let link = format!("{path}/share/link");
    let first = mock.get(&link).await;
    assert_eq!(
        (first.status(), &first.json()["is_new"]),
        (201, &json!(true))
    );
    assert_eq!(
        (
            mock.get(&link).await.status(),
            &mock.json(&link).await["is_new"]
        ),
        (200, &json!(false))
    );
    let space = format!("{path}/share/workspace");
    let shared = mock.call("POST", &space, &[], None).await.json();
    assert_eq!(
        (&shared["success"], &shared["style_id"]),
        (&json!(true), &json!(style))
    );
    assert_eq!(
        mock.call("DELETE", &space, &[], None).await.json(),
        json!({"success": true})
    );
    for (method, path) in [
        ("GET", "/styles/none"),
        ("PATCH", "/styles/none"),
        ("GET", "/styles/none/share/link"),
        ("POST", "/styles/none/share/workspace"),
        ("DELETE", "/styles/none/share/workspace"),
    ] {
        let none = mock.call(method, path, &[], Some(&json!({}))).await;
        assert_eq!(
            (none.status(), none.json()["error"].is_string()),
            (404, true),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn node_apps_exports_and_the_rest_answer() {
    let mock = StandIn::start(&["--speed", "100000"]).await;
    assert_eq!(mock.json("/node-apps/demo-app").await["id"], "demo-app");
    assert_eq!(
        mock.json("/node-apps/demo-app/versions").await["items"][0]["version"],
        1
    );
    for path in [
        "/node-apps/none",
        "/node-apps/none/versions",
        "/nothing",
        "/mcp",
    ] {
        assert_eq!(mock.get(path).await.status(), 404, "{path}");
    }
    let none = mock
        .call("POST", "/node-apps/none/execute", &[], Some(&json!({})))
        .await;
    assert_eq!(none.status(), 404);
    let job = mock.job("/generate/3d/acme/solid", json!({})).await;
    let export = |body: Value| {
        let mock = &mock;
        async move { mock.call("POST", "/export/3d", &[], Some(&body)).await }
    };
    let url = export(json!({"job_id": job, "file_format": "stl"}))
        .await
        .json();
    let path = url["url"]
        .as_str()
        .unwrap()
        .strip_prefix(&mock.url)
        .unwrap()
        .to_owned();
    assert_eq!(&mock.get(&path).await.body[..4], b"PK\x03\x04");
    assert_eq!(
        export(json!({"job_id": job, "file_format": "exe"}))
            .await
            .status(),
        400
    );
    assert_eq!(
        export(json!({"job_id": "x", "file_format": "obj"}))
            .await
            .status(),
        404
    );
    assert_eq!(mock.get("/usage").await.status(), 403);
    let document = mock.raw(Post::new("GET", "/openapi.json")).await;
    assert_eq!(document.json()["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_run() {
    let mut runs = Vec::new();
    for seed in ["5", "5", "6"] {
        let mock = StandIn::start(&["--seed", seed]).await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(mock.job(FLUX, json!({"prompt": "x"})).await);
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 5);
        runs.push(ids);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}
