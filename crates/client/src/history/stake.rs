//! What is at stake in a group of jobs, should it fail.

use std::collections::VecDeque;

use kreel_wire::{DeliveryId, Seq};

use super::bodies::Bodies;
use super::{Job, Standing};

/// Who must be told if a group fails, and what must not be forgotten.
#[derive(Default)]
pub(super) struct AtStake {
    /// Deliveries whose jobs somebody waits for.
    pub(super) asked: Vec<DeliveryId>,
    /// Where deliveries stand once it is done.
    pub(super) standings: Vec<(DeliveryId, Standing)>,
    /// What was asked of the backlog.
    pub(super) backlogs: Vec<Asked>,
    /// Bodies that are added to.
    pub(super) pieces: Vec<DeliveryId>,
    /// How many replays end.
    pub(super) replays: u64,
    /// Whether it must be on disk before anything is told.
    pub(super) syncs: bool,
    /// Whether it changes the file.
    pub(super) writes: bool,
}

/// What a [`Job::Backlog`] asks for.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Behind this position.
    pub(super) after: Option<Seq>,
    /// From this time on, in microseconds since 1970.
    pub(super) since_us: Option<u64>,
    /// So many at the most.
    pub(super) limit: usize,
}

impl From<Asked> for Job {
    fn from(asked: Asked) -> Self {
        Self::Backlog {
            after: asked.after,
            since_us: asked.since_us,
            limit: asked.limit,
        }
    }
}

impl AtStake {
    pub(super) fn of(jobs: &VecDeque<Job>, bodies: &Bodies) -> Self {
        let mut stake = Self::default();
        for job in jobs {
            match job {
                Job::Receive { delivery, .. } => {
                    stake.asked.push(delivery.id);
                    stake.syncs = true;
                }
                Job::Promise { id, .. } => {
                    stake.asked.push(*id);
                    stake.syncs = true;
                }
                Job::Begun { id, .. } => stake.asked.push(*id),
                Job::Piece { id, end, .. } => {
                    stake.pieces.push(*id);
                    stake.syncs |= *end && bodies.is_wanted(id);
                }
                Job::Ended { id, standing, .. } | Job::Stand { id, standing } => {
                    stake.standings.push((*id, *standing));
                }
                Job::Replayed { .. } => stake.replays += 1,
                Job::Begin { .. }
                | Job::Whole { .. }
                | Job::Allot { .. }
                | Job::Duplicate { .. } => {}
                Job::Backlog {
                    after,
                    since_us,
                    limit,
                } => {
                    stake.backlogs.push(Asked {
                        after: *after,
                        since_us: *since_us,
                        limit: *limit,
                    });
                    continue;
                }
                Job::Load { .. } | Job::Head { .. } => continue,
            }
            stake.writes = true;
        }
        stake
    }
}
