//! What all connections and jobs of one mock share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::MockConfig;
use super::world::World;
use super::{Mock, MockError};
use crate::limits::WEBHOOKS_AT_ONCE;
use crate::outgoing::Outgoing;

/// Something that happened, to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MockEvent {
    /// A call was answered.
    Answered {
        /// Its method.
        method: String,
        /// Its path.
        path: String,
        /// The status of the answer.
        status: u16,
    },
    /// A job came to its end.
    Ended {
        /// Its id.
        job_id: String,
        /// Its last state.
        status: String,
    },
    /// A webhook was posted, or not.
    Posted {
        /// The job it is about.
        job_id: String,
        /// Where to.
        url: String,
        /// What was answered, or why there is no answer.
        outcome: Result<u16, String>,
        /// How long that took.
        took: Duration,
    },
    /// A webhook was lost on purpose.
    Lost {
        /// The job it was about.
        job_id: String,
    },
}

/// What all share.
#[derive(Debug)]
pub(super) struct Shared {
    /// What the mock is run with.
    pub(super) config: MockConfig,
    /// What addresses of results begin with.
    pub(super) media: String,
    /// The client for webhooks.
    pub(super) client: Outgoing,
    /// How many webhooks may still be posted at once.
    pub(super) posts: Semaphore,
    /// Rung whenever a webhook was posted.
    pub(super) posted: Notify,
    /// Lives of jobs and ways of webhooks.
    pub(super) tasks: TaskTracker,
    /// Ends them all.
    pub(super) stop: CancellationToken,
    world: Mutex<World>,
    events: mpsc::Sender<MockEvent>,
}

impl Shared {
    /// Of a mock that listens here.
    pub(super) fn new(
        config: MockConfig,
        address: SocketAddr,
        events: mpsc::Sender<MockEvent>,
    ) -> Result<Arc<Self>, MockError> {
        let own = Mock::url(address);
        let media = config.media_url.clone().unwrap_or(own);
        Ok(Arc::new(Self {
            media: media.trim_end_matches('/').to_owned(),
            client: Outgoing::new(config.trusted.clone())?,
            posts: Semaphore::new(WEBHOOKS_AT_ONCE),
            posted: Notify::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            world: Mutex::default(),
            events,
            config,
        }))
    }

    /// What the mock knows. Not to be held across a wait.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // What a panicking thread left is whole: each change is one call.
        self.world
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Tells what happened, if anybody keeps up with it.
    pub(super) fn tell(&self, event: MockEvent) {
        let _ = self.events.try_send(event);
    }
}
