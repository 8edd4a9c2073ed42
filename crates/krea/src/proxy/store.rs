//! Where started jobs are noted. The proxy knows this trait alone, so that a history may take
//! the place of the memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::job::JobId;
use crate::jobs::KnownJob;
use crate::limits::{KNOWN_JOBS, KNOWN_JOBS_BYTES};

/// Where started jobs are noted. Calls wait for it, so it must not take long.
pub trait JobStore: Send + Sync {
    /// Notes a job; one with the same id is replaced.
    fn note(&self, job: KnownJob);

    /// The job with this id.
    fn find(&self, id: &JobId) -> Option<KnownJob>;

    /// So many jobs, the newest first.
    fn newest(&self, limit: usize) -> Vec<KnownJob>;
}

/// Jobs in memory: the newest 10,000, and of their parameters at most 64 MiB.
#[derive(Debug, Default)]
pub struct JobsInMemory(Mutex<Jobs>);

#[derive(Debug, Default)]
struct Jobs {
    by_id: HashMap<JobId, KnownJob>,
    order: VecDeque<JobId>,
    bytes: usize,
}

impl JobsInMemory {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        // What a panicking thread left is whole: each change is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of a job can be large.
fn size(job: &KnownJob) -> usize {
    job.parameters.as_ref().map_or(0, String::len)
}

impl JobStore for JobsInMemory {
    fn note(&self, job: KnownJob) {
        let mut jobs = self.jobs();
        let id = job.id.clone();
        jobs.bytes += size(&job);
        match jobs.by_id.insert(id.clone(), job) {
            None => jobs.order.push_back(id),
            Some(before) => jobs.bytes -= size(&before),
        }
        while jobs.order.len() > KNOWN_JOBS || jobs.bytes > KNOWN_JOBS_BYTES {
            let oldest = jobs.order.pop_front();
            let Some(oldest) = oldest.and_then(|oldest| jobs.by_id.remove(&oldest)) else {
                break;
            };
            jobs.bytes -= size(&oldest);
        }
    }

    fn find(&self, id: &JobId) -> Option<KnownJob> {
        self.jobs().by_id.get(id).cloned()
    }

    fn newest(&self, limit: usize) -> Vec<KnownJob> {
        let jobs = self.jobs();
        let ids = jobs.order.iter().rev().take(limit);
        ids.filter_map(|id| jobs.by_id.get(id).cloned()).collect()
    }
}
