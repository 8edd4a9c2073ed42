//! The life of a job: it waits its turn, walks through its states, ends, and its webhook goes out.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::chance::rng;
use super::plan::Outcome;
use super::shared::{MockEvent, Shared};
use super::world::{MockJob, World};
use super::{styles, walk, webhook};
use crate::job::Kind;
use crate::status::Status;

/// Starts the life of a job that may run.
pub(super) fn begin(shared: &Arc<Shared>, number: u64) {
    let life = live(shared.clone(), number);
    shared.tasks.spawn(life);
}

async fn live(shared: Arc<Shared>, number: u64) {
    let Some((steps, stop)) = prepare(&shared, number) else {
        return;
    };
    for (after, status) in steps {
        let after = after.div_f64(shared.config.speed.max(f64::MIN_POSITIVE));
        tokio::select! {
            () = stop.cancelled() => return,
            () = shared.stop.cancelled() => return,
            () = tokio::time::sleep(after.min(LONGEST_STEP)) => {}
        }
        match status.is_terminal() {
            true => end(&shared, number, status),
            false => advance(&shared, number, status),
        }
    }
}

/// The number of a job's preview among its files.
const PREVIEW: u64 = 999;

/// The longest a step takes, however slow the mock: a day, since timers have an end.
const LONGEST_STEP: Duration = Duration::from_secs(24 * 3600);

fn prepare(
    shared: &Shared,
    number: u64,
) -> Option<(Vec<walk::Step>, tokio_util::sync::CancellationToken)> {
    let mut world = shared.world();
    let job = world.numbered(number)?;
    let steps = walk::steps(&job.start, job.outcome, shared.config.seed, number);
    Some((steps, job.stop.clone()))
}

fn advance(shared: &Shared, number: u64, status: Status) {
    let mut world = shared.world();
    let Some(job) = world.numbered(number) else {
        return;
    };
    if status == Status::IntermediateComplete {
        job.result = Some(json!({"urls": [url(shared, number, PREVIEW, "images", "png")]}));
    }
    job.status = status;
}

/// Ends a job, lets the next one run, and sends the webhook. Does nothing to one that has ended.
pub(super) fn end(shared: &Arc<Shared>, number: u64, status: Status) {
    let (job, next) = {
        let mut world = shared.world();
        let Some(job) = world
            .numbered(number)
            .filter(|job| !job.status.is_terminal())
        else {
            return;
        };
        job.completed_at = Some(Timestamp::now());
        conclude(shared, job, &status);
        job.status = status;
        job.stop.cancel();
        let job = job.clone();
        if let Some(style) = styles::trained(&job) {
            World::keep(&mut world.styles, style);
        }
        (job, world.release(number))
    };
    shared.tell(MockEvent::Ended {
        job_id: job.id.clone(),
        status: job.status.to_string(),
    });
    if let Some(next) = next {
        begin(shared, next);
    }
    webhook::send(shared, &job);
}

/// What a job leaves behind.
fn conclude(shared: &Shared, job: &mut MockJob, status: &Status) {
    job.result = None;
    match (status, job.outcome) {
        (Status::Completed, Outcome::ShadowFail) | (Status::Failed, Outcome::Silent) => {
            job.result = Some(json!({}));
        }
        (Status::Completed, _) => job.result = Some(result(shared, job)),
        (Status::Failed, Outcome::FailedInResult) => {
            job.result = Some(json!({"error": "The provider returned an error"}));
        }
        (Status::Failed, Outcome::TimedOut) => {
            job.error = Some(json!({"code": "timeout", "message": "Job timed out"}));
        }
        (Status::Failed, _) => {
            let message = "The request was flagged by content moderation.";
            job.error = Some(json!({"code": "nsfw", "message": message}));
        }
        _ => {}
    }
}

/// What a completed job made, in the shape of its kind.
fn result(shared: &Shared, job: &MockJob) -> Value {
    let url = |nth, folder, ending| url(shared, job.number, nth, folder, ending);
    match job.start.kind {
        Kind::Image => {
            let urls = (0..job.asked.images).map(|nth| url(nth, "images", "png"));
            json!({"urls": urls.collect::<Vec<_>>()})
        }
        Kind::Enhance => json!({"urls": [url(0, "images", "png")]}),
        Kind::Video => json!({"urls": [url(0, "videos", "mp4")]}),
        Kind::Audio => json!({"urls": [url(0, "audio", "wav")]}),
        Kind::Model => json!({"urls": [
            {"type": "model", "url": url(0, "models", "glb")},
            {"type": "preview", "url": url(1, "images", "png")},
        ]}),
        Kind::Training => json!({"style_id": style_id(shared, job.number)}),
        Kind::NodeApp => json!({"urls": {
            "hero-image": url(0, "images", "png"),
            "thumb": url(1, "images", "png"),
        }}),
    }
}

/// The address of the nth file of a job.
fn url(shared: &Shared, number: u64, nth: u64, folder: &str, ending: &str) -> String {
    let file = uuid(shared, "file", number * 1_000 + nth);
    format!("{}/{folder}/{file}.{ending}", shared.media)
}

/// A v4 UUID that is the same in each run with this seed.
pub(super) fn uuid(shared: &Shared, salt: &str, number: u64) -> Uuid {
    let bits = rng(shared.config.seed, salt, number).u128(..);
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
}

/// A style's id: nine lower-case letters and digits.
fn style_id(shared: &Shared, number: u64) -> String {
    let id = uuid(shared, "style", number).simple().to_string();
    id[..9].to_owned()
}
