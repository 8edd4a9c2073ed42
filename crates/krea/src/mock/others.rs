//! Pages of lists, node apps, exports and usage.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::jobs;
use super::life;
use super::shared::Shared;

/// The node app the mock has; any UUID names one as well.
pub(super) const APP: &str = "demo-app";

/// One page of a list, the newest first, that goes on before the time in the cursor.
pub(super) fn page<'a>(
    items: impl Iterator<Item = &'a Value>,
    query: &[(String, String)],
    by: &str,
) -> Answer {
    let Some(limit) = jobs::limit(find(query, "limit")) else {
        return answer::error(400, "limit: must be between 1 and 1000");
    };
    let cursor = find(query, "cursor");
    // Times of one form and zone sort as texts.
    let before = |item: &&Value| cursor.is_none_or(|cursor| item[by].as_str() < Some(cursor));
    let mut found = items.filter(before);
    let items: Vec<&Value> = found.by_ref().take(limit).collect();
    let more = found.next().is_some();
    let next = items.last().filter(|_| more).map(|item| item[by].clone());
    answer::json(200, &json!({"items": items, "next_cursor": next}))
}

/// The value of a query's field.
pub(super) fn find<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = query.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// Whether there is such a node app.
pub(super) fn is_app(id: &str) -> bool {
    id == APP || uuid::Uuid::try_parse(id).is_ok()
}

/// `GET /node-apps/{id}`.
pub(super) fn app(id: &str) -> Answer {
    match is_app(id) {
        true => answer::json(200, &app_object(id)),
        false => answer::error(404, "Node app not found"),
    }
}

/// `GET /node-apps/{id}/versions`.
pub(super) fn versions(id: &str) -> Answer {
    match is_app(id) {
        true => answer::json(
            200,
            &json!({"items": [app_object(id)], "next_cursor": null}),
        ),
        false => answer::error(404, "Node app not found"),
    }
}

fn app_object(id: &str) -> Value {
    json!({
        "id": id,
        "author_id": "mock-author",
        "workspace_id": "mock-workspace",
        "name": "Demo app",
        "slug": "demo-app",
        "description": "Makes a hero image and its thumbnail",
        "scope": "workspace",
        "created_at": "2026-01-15T10:30:00.000Z",
        "updated_at": "2026-01-15T10:30:00.000Z",
        "last_version_id": id,
        "version": 1,
        "version_created_at": "2026-01-15T10:30:00.000Z",
        "username": "mock",
        "example_outputs": null,
        "input_openapi_schema": {"type": "object", "properties": {"prompt": {"type": "string"}}},
    })
}

/// `POST /export/3d`.
pub(super) fn export(shared: &Shared, body: &Bytes) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(job_id) = body["job_id"].as_str() else {
        return answer::error(400, "job_id: Required");
    };
    if !matches!(
        body["file_format"].as_str(),
        Some("obj" | "fbx" | "stl" | "ply")
    ) {
        return answer::error(400, "file_format: Invalid enum value");
    }
    let Some(number) = shared.world().job(job_id).map(|job| job.number) else {
        return answer::error(404, "Job not found");
    };
    let file = life::uuid(shared, "export", number);
    let url = format!("{}/exports/{file}.zip", shared.media);
    answer::json(200, &json!({"url": url}))
}

/// `GET /usage`, which an ordinary key may not ask for.
pub(super) fn usage() -> Answer {
    answer::error(403, "A workspace service key is required")
}
