//! What kreel knows about Krea: its jobs, notes on them, ready-made webhooks, a stand-in for its
//! API and a proxy in front of it.
//!
//! Knows neither relay nor client; nothing outside of this crate knows a field of Krea's. Its
//! webhook is the finished job as JSON, unsigned, with no envelope around it.

mod annotate;
mod api_error;
mod ask;
mod example;
mod fetch;
mod fixture;
mod job;
mod jobs;
mod keys;
mod ledger;
mod limits;
mod local;
mod mock;
mod model;
mod note;
mod outgoing;
mod proof;
mod proxy;
mod radar;
mod schedule;
mod status;

pub use annotate::annotate;
pub use ask::{ApiAnswer, AskError, Asker, Listed};
pub use example::Example;
pub use fetch::{
    Connector, FetchError, Fetcher, Health, Later, Picture, Resolver, Stream, SystemConnector,
    SystemResolver,
};
pub use fixture::Fixture;
pub use job::{
    ErrorPlace, Instant, Job, JobError, JobId, Kind, Reading, ResultFile, Results, Shape,
};
pub use jobs::{
    Attempt, Delivery, Difference, Evidence, Flag, JobRow, KnownJob, Moment, Outcome, Step,
    Verdict, row, timeline, verdict_of,
};
pub use keys::{Key, Keys};
pub use ledger::{Claim, Ledger, LedgerError, Place, RefusedCall, Seen};
pub use local::is_private;
pub use mock::{
    Chaos, ErrorKey, FaultForm, InvalidChaos, InvalidForm, InvalidOpenApi, InvalidPlan, Mock,
    MockConfig, MockError, MockEvent, OpenApi, Outcomes,
};
pub use model::Start;
pub use note::{Note, Weight};
pub use outgoing::{Body, BoxError, Outgoing, OutgoingError, full};
pub use proof::{Ruling, ruling};
pub use proxy::{Gone, InvalidProxy, Notice, Proxy, ProxyConfig, ProxyError, ProxyEvent, Reach};
pub use radar::{due, is_open, may_run};
pub use schedule::{Agenda, Asked, Schedule};
pub use status::Status;
