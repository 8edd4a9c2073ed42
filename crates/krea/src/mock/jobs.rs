//! Questions about jobs: one, a list, and the end of one.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::life;
use super::shared::Shared;
use super::world::{MockJob, time};
use crate::status::Status;

/// How many items a list has unless it is told otherwise.
const USUAL: usize = 100;

/// `GET /jobs/{id}`.
pub(super) fn get(shared: &Shared, id: &str) -> Answer {
    match shared.world().job(id) {
        Some(job) => answer::json(200, &job.object()),
        None => answer::error(404, "Job not found"),
    }
}

/// `GET /jobs`, the newest first.
pub(super) fn list(shared: &Shared, query: &[(String, String)]) -> Answer {
    let find = |name: &str| super::others::find(query, name);
    let Some(limit) = limit(find("limit")) else {
        return answer::error(400, "limit: must be between 1 and 1000");
    };
    let cursor: Option<Timestamp> = match find("cursor").map(str::parse) {
        Some(Err(_)) => return answer::error(400, "cursor: Invalid datetime"),
        cursor => cursor.and_then(Result::ok),
    };
    let status = find("status").map(Status::of);
    if let Some(Status::Unknown(_)) = status {
        return answer::error(400, "status: Invalid enum value");
    }
    let types: Option<Vec<&str>> = find("types").map(|types| types.split(',').collect());
    let wanted = |job: &&MockJob| {
        cursor.is_none_or(|cursor| job.created_at < cursor)
            && status.as_ref().is_none_or(|status| job.status == *status)
            && types
                .as_ref()
                .is_none_or(|types| types.iter().any(|kind| is_type(job, kind)))
    };
    let world = shared.world();
    let mut found = world.newest().filter(wanted);
    let page: Vec<&MockJob> = found.by_ref().take(limit).collect();
    let more = found.next().is_some();
    let next = page.last().filter(|_| more).map(|job| time(job.created_at));
    let items: Vec<Value> = page.into_iter().map(MockJob::object).collect();
    answer::json(200, &json!({"items": items, "next_cursor": next}))
}

/// Whether a job is of this internal type. Krea's names for them are not published; the mock
/// takes the kind, the model, and the model's last word.
fn is_type(job: &MockJob, name: &str) -> bool {
    let model = job.start.model.as_deref().unwrap_or_default();
    let kind = job.start.kind.as_str();
    let last = model.rsplit('/').next().unwrap_or_default();
    let training = kind == "training" && name == "loraTraining";
    training || name == kind || name == model || (!last.is_empty() && name == last)
}

/// A `limit`, if it is one.
pub(super) fn limit(text: Option<&str>) -> Option<usize> {
    match text {
        None => Some(USUAL),
        Some(text) => text.parse().ok().filter(|limit| (1..=1000).contains(limit)),
    }
}

/// `DELETE /jobs/{id}`.
pub(super) fn delete(shared: &Arc<Shared>, id: &str) -> Answer {
    let (number, status) = {
        let world = shared.world();
        match world.job(id) {
            Some(job) => (job.number, job.status.clone()),
            None => return answer::error(404, "Job not found"),
        }
    };
    let refused = match shared.config.strict_cancel {
        true => !status.is_cancellable(),
        false => status.is_terminal(),
    };
    if refused {
        return answer::error(400, &format!("A job that is {status} can't be cancelled"));
    }
    life::end(shared, number, Status::Cancelled);
    if shared.config.forgets_deleted {
        shared.world().remove(number);
    }
    answer::empty()
}
