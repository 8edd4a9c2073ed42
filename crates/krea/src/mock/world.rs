//! Everything the mock knows: jobs, assets, styles. Passive: it decides who may run, and never
//! waits.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::plan::Outcome;
use crate::limits::{MOCK_MAX_BATCH, MOCK_MAX_ITEMS, MOCK_MAX_JOBS};
use crate::model::Start;
use crate::status::Status;

/// Fields that say how many images are wanted.
pub(super) const BATCH_FIELDS: [&str; 2] = ["batch_size", "num_images"];

/// A job.
#[derive(Debug, Clone)]
pub(super) struct MockJob {
    /// Which one it is, from 0.
    pub(super) number: u64,
    /// Its id.
    pub(super) id: String,
    /// What it was started with.
    pub(super) start: Start,
    /// What of its parameters matters here.
    pub(super) asked: Asked,
    /// How it will end.
    pub(super) outcome: Outcome,
    /// Its state.
    pub(super) status: Status,
    /// When it was created.
    pub(super) created_at: Timestamp,
    /// When it ended.
    pub(super) completed_at: Option<Timestamp>,
    /// What it made.
    pub(super) result: Option<Value>,
    /// Why it failed.
    pub(super) error: Option<Value>,
    /// Where its webhook goes.
    pub(super) webhook: Option<http::Uri>,
    /// Ends its life early.
    pub(super) stop: CancellationToken,
}

/// What of a call's parameters the mock makes something of.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// How many images, where images are made.
    pub(super) images: u64,
    /// The name of a style.
    pub(super) name: Option<String>,
    /// The model a style is for.
    pub(super) base: Option<String>,
}

/// Everything the mock knows.
#[derive(Debug, Default)]
pub(super) struct World {
    jobs: BTreeMap<u64, MockJob>,
    numbers: HashMap<String, u64>,
    waiting: VecDeque<u64>,
    running: usize,
    created: u64,
    last_created_at: Option<Timestamp>,
    /// Assets by their number, the newest last.
    pub(super) assets: BTreeMap<u64, Value>,
    /// Styles by their number, the newest last.
    pub(super) styles: BTreeMap<u64, Value>,
    /// Ids of styles that have a link.
    pub(super) linked: HashSet<String>,
}

impl Asked {
    /// What this body asks for. Numbers beyond what a batch has are cut short: bodies may be
    /// taken unchecked.
    pub(super) fn of(body: &Value) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let images = BATCH_FIELDS
            .iter()
            .find_map(|name| body.get(*name)?.as_u64());
        Self {
            images: images.unwrap_or(1).clamp(1, MOCK_MAX_BATCH),
            name: text("name"),
            base: text("model"),
        }
    }
}

/// Whether a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// At once.
    Now,
    /// Once another has ended.
    Later,
    /// Neither.
    None,
}

impl World {
    /// The number of the next job. Refused calls take one too, so that plans go on.
    pub(super) fn next_number(&mut self) -> u64 {
        self.created += 1;
        self.created - 1
    }

    /// A moment later than all before it: lists go by it, and two jobs must not share one.
    pub(super) fn next_moment(&mut self) -> Timestamp {
        let now = Timestamp::now();
        let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let least = self
            .last_created_at
            .map(|last| last + SignedDuration::from_millis(1));
        let moment = least.map_or(now, |least| least.max(now));
        self.last_created_at = Some(moment);
        moment
    }

    /// Whether there is room for one more job.
    pub(super) fn room(&self, concurrency: usize, backlog: usize) -> Room {
        match (self.running < concurrency, self.waiting.len() < backlog) {
            (true, _) => Room::Now,
            (false, true) => Room::Later,
            (false, false) => Room::None,
        }
    }

    /// Takes a job in, to run or to wait.
    pub(super) fn add(&mut self, job: MockJob) {
        match job.status {
            Status::Backlogged => self.waiting.push_back(job.number),
            _ => self.running += 1,
        }
        self.numbers.insert(job.id.clone(), job.number);
        self.jobs.insert(job.number, job);
        while self.jobs.len() > MOCK_MAX_JOBS {
            let Some(oldest) = self.oldest_ended() else {
                break;
            };
            self.remove(oldest);
        }
    }

    fn oldest_ended(&self) -> Option<u64> {
        let mut jobs = self.jobs.values();
        jobs.find(|job| job.status.is_terminal())
            .map(|job| job.number)
    }

    /// Forgets a job.
    pub(super) fn remove(&mut self, number: u64) {
        if let Some(job) = self.jobs.remove(&number) {
            self.numbers.remove(&job.id);
        }
    }

    /// The job with this id.
    pub(super) fn job(&self, id: &str) -> Option<&MockJob> {
        self.jobs.get(self.numbers.get(id)?)
    }

    /// The job with this number.
    pub(super) fn numbered(&mut self, number: u64) -> Option<&mut MockJob> {
        self.jobs.get_mut(&number)
    }

    /// Jobs, the newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &MockJob> {
        self.jobs.values().rev()
    }

    /// Notes that a job has ended; gives the next that may run, now queued.
    pub(super) fn release(&mut self, number: u64) -> Option<u64> {
        if let Some(at) = self.waiting.iter().position(|waiting| *waiting == number) {
            // It was stopped before it began, and held no place.
            self.waiting.remove(at);
            return None;
        }
        self.running = self.running.saturating_sub(1);
        let next = self.waiting.pop_front()?;
        let job = self.jobs.get_mut(&next)?;
        job.status = Status::Queued;
        self.running += 1;
        Some(next)
    }

    /// Keeps an asset or a style, and forgets the oldest where there are too many.
    pub(super) fn keep(items: &mut BTreeMap<u64, Value>, item: Value) {
        let number = items.last_key_value().map_or(0, |(last, _)| last + 1);
        items.insert(number, item);
        while items.len() > MOCK_MAX_ITEMS {
            items.pop_first();
        }
    }
}

impl MockJob {
    /// The answer to the call that creates it: null where nothing is yet.
    pub(super) fn created(&self) -> Value {
        json!({
            "job_id": self.id,
            "status": self.status.as_str(),
            "created_at": time(self.created_at),
            "completed_at": null,
            "result": null,
        })
    }

    /// The job as it is: what lists, questions and webhooks carry.
    pub(super) fn object(&self) -> Value {
        let mut object = json!({
            "job_id": self.id,
            "status": self.status.as_str(),
            "created_at": time(self.created_at),
        });
        let mut set = |name: &str, value: &Option<Value>| {
            if let Some(value) = value {
                object[name] = value.clone();
            }
        };
        set("completed_at", &self.completed_at.map(|at| time(at).into()));
        set("result", &self.result);
        set("error", &self.error);
        object
    }
}

/// A time as Krea writes it.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}
