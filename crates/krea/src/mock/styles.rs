//! Styles: those that were trained here, and three of others, so that filters have something to
//! find and sharing something to refuse.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::others::{find, page};
use super::shared::Shared;
use super::world::MockJob;
use crate::job::Kind;

/// What a style's owner may change.
const CHANGEABLE: [&str; 4] = ["public", "urls", "title", "cover_url"];

/// Whom the mock takes its callers for.
const YOU: &str = "3f2b1c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d";

/// Someone else.
const OTHER: &str = "9a8b7c6d-5e4f-4d3c-ab1a-0f9e8d7c6b5a";

/// The filters of the schema.
const FILTERS: [&str; 9] = [
    "all",
    "user",
    "community",
    "krea",
    "shared",
    "unapproved",
    "editor",
    "gallery",
    "public",
];

/// A style of others.
struct Foreign {
    id: &'static str,
    title: &'static str,
    is_kreas: bool,
    is_public: bool,
    is_liked: bool,
    model: &'static str,
    created_at: &'static str,
}

/// The newest first.
const FOREIGN: [Foreign; 3] = [
    Foreign {
        id: "sh4redsty",
        title: "Shared with you",
        is_kreas: false,
        is_public: false,
        is_liked: false,
        model: "wan22",
        created_at: "2026-01-03T00:00:00.000Z",
    },
    Foreign {
        id: "c0mmun1ty",
        title: "Of the community",
        is_kreas: false,
        is_public: true,
        is_liked: true,
        model: "flux_dev",
        created_at: "2026-01-02T00:00:00.000Z",
    },
    Foreign {
        id: "kr3aoff1c",
        title: "Krea's own",
        is_kreas: true,
        is_public: true,
        is_liked: false,
        model: "flux_dev",
        created_at: "2026-01-01T00:00:00.000Z",
    },
];

impl Foreign {
    fn object(&self) -> Value {
        let owner = (!self.is_kreas).then(|| json!({"id": OTHER, "name": "Someone else"}));
        json!({
            "id": self.id,
            "title": self.title,
            "urls": [],
            "public": self.is_public,
            "prompt": "",
            "models": [self.model],
            "owner": owner,
            "like_count": u8::from(self.is_liked),
            "created_at": self.created_at,
        })
    }
}

/// The style a training has made; other jobs make none.
pub(super) fn trained(job: &MockJob) -> Option<Value> {
    let id = job.result.as_ref()?.get("style_id")?;
    debug_assert_eq!(job.start.kind, Kind::Training);
    Some(json!({
        "id": id,
        "title": job.asked.name,
        "urls": [],
        "public": false,
        "prompt": "",
        "models": [job.asked.base.as_deref().unwrap_or("flux_dev")],
        "owner": {"id": YOU, "name": "You"},
        "like_count": 0,
        "created_at": job.object()["completed_at"],
    }))
}

/// `GET /styles`, the newest first.
pub(super) fn list(shared: &Shared, query: &[(String, String)]) -> Answer {
    let filter = find(query, "filter").unwrap_or("all");
    if !FILTERS.contains(&filter) {
        return answer::error(400, "filter: Invalid enum value");
    }
    let liked = match find(query, "liked").unwrap_or("false") {
        "true" => true,
        "false" => false,
        _ => return answer::error(400, "liked: Expected boolean"),
    };
    let ids: Option<Vec<&str>> = find(query, "ids").map(|ids| ids.split(',').collect());
    let (user, model) = (find(query, "user"), find(query, "model"));
    let wanted = |style: &&Value| {
        ids.as_ref()
            .is_none_or(|ids| ids.iter().any(|id| style["id"] == *id))
            && (!liked || style["like_count"] != 0)
            && user.is_none_or(|user| style["owner"]["id"] == user)
            && model.is_none_or(|model| is_for(style, model))
            && passes(style, filter)
    };
    let world = shared.world();
    let foreign = FOREIGN.map(|style| style.object());
    let all = world.styles.values().rev().chain(&foreign);
    page(all.filter(wanted), query, "created_at")
}

fn is_for(style: &Value, model: &str) -> bool {
    let models = style["models"].as_array();
    models.is_some_and(|models| models.iter().any(|known| known == model))
}

/// Whether a style is one of a filter's. Krea documents their names alone; the meaning is ours.
fn passes(style: &Value, filter: &str) -> bool {
    let owner = style["owner"]["id"].as_str();
    match filter {
        "user" => owner == Some(YOU),
        "community" => owner == Some(OTHER) && style["public"] == true,
        "krea" => owner.is_none(),
        "shared" => owner == Some(OTHER) && style["public"] == false,
        "public" => style["public"] == true,
        "unapproved" | "editor" | "gallery" => false,
        _ => true,
    }
}

/// A style by its id, and whether it is the caller's own.
fn known(shared: &Shared, id: &str) -> Option<(Value, bool)> {
    let world = shared.world();
    let own = world.styles.values().find(|style| style["id"] == id);
    let own = own.map(|style| (style.clone(), true));
    own.or_else(|| {
        let other = FOREIGN.iter().find(|style| style.id == id)?;
        Some((other.object(), false))
    })
}

fn missing() -> Answer {
    answer::error(404, "Style not found")
}

/// `GET /styles/{id}`.
pub(super) fn get(shared: &Shared, id: &str) -> Answer {
    known(shared, id).map_or_else(missing, |(style, _)| answer::json(200, &style))
}

/// `PATCH /styles/{id}`; others' styles are not found there.
pub(super) fn change(shared: &Shared, id: &str, changes: &Bytes) -> Answer {
    let mut world = shared.world();
    let Some(style) = world.styles.values_mut().find(|style| style["id"] == id) else {
        return missing();
    };
    let Ok(Value::Object(changes)) = serde_json::from_slice(changes) else {
        return answer::error(400, "Expected an object");
    };
    let mut names = changes.keys();
    if let Some(strange) = names.find(|name| !CHANGEABLE.contains(&name.as_str())) {
        return answer::error(400, &format!("Unrecognized key(s) in object: '{strange}'"));
    }
    for (name, value) in changes {
        style[name] = value;
    }
    answer::json(200, style)
}

/// `GET /styles/{id}/share/link`: 201 the first time.
pub(super) fn link(shared: &Shared, id: &str) -> Answer {
    if known(shared, id).is_none() {
        return missing();
    }
    let is_new = shared.world().linked.insert(id.to_owned());
    let link = format!("{}/styles/{id}/shared", shared.media);
    let status = if is_new { 201 } else { 200 };
    answer::json(status, &json!({"share_link": link, "is_new": is_new}))
}

/// `POST` and `DELETE /styles/{id}/share/workspace`: the owner's alone.
pub(super) fn share(shared: &Shared, id: &str, is_shared: bool) -> Answer {
    match (known(shared, id), is_shared) {
        (None, _) => missing(),
        (Some((_, false)), _) => answer::error(403, "You can only share styles you own"),
        (Some(_), false) => answer::json(200, &json!({"success": true})),
        (Some(_), true) => answer::json(
            200,
            &json!({
                "success": true,
                "style_id": id,
                "workspace": {"id": "mock-workspace", "name": "Mock", "is_default": true},
            }),
        ),
    }
}
