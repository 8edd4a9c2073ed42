//! What kreel knows about Krea: its jobs, notes on them, ready-made webhooks, a stand-in for its
//! API and a proxy in front of it.
//!
//! Knows neither relay nor client; nothing outside of this crate knows a field of Krea's. Its
//! webhook is the finished job as JSON, unsigned, with no envelope around it.

mod annotate;
mod api_error;
mod fixture;
mod job;
mod jobs;
mod limits;
mod local;
mod mock;
mod model;
mod note;
mod outgoing;
mod proxy;
mod status;

pub use annotate::annotate;
pub use fixture::Fixture;
pub use job::{
    ErrorPlace, Instant, Job, JobError, JobId, Kind, Reading, ResultFile, Results, Shape,
};
pub use jobs::{
    ApiAnswer, Attempt, Delivery, Difference, Evidence, Flag, JobRow, KnownJob, Outcome, Verdict,
    row,
};
pub use mock::{
    Chaos, InvalidChaos, InvalidOpenApi, InvalidPlan, Mock, MockConfig, MockError, MockEvent,
    OpenApi, Outcomes,
};
pub use model::Start;
pub use note::{Note, Weight};
pub use outgoing::{Body, BoxError, Outgoing, OutgoingError, full};
pub use proxy::{
    InvalidProxy, JobStore, JobsError, JobsInFile, JobsInMemory, Notice, Proxy, ProxyConfig,
    ProxyError, ProxyEvent,
};
pub use status::Status;
