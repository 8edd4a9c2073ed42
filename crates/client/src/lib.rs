//! The developer's end of kreel: receives deliveries over the link and hands them to the app.
//!
//! [`Client::run`] keeps one tunnel open: [`Command`]s go in, [`Update`]s come out, nothing is
//! printed here. Whoever runs it decides how updates are shown; [`plain`] writes them as lines.

mod config;
mod dial;
pub mod doctor;
mod driver;
mod engine;
mod error;
mod forward;
#[cfg(fuzzing)]
pub mod fuzz {
    //! What the fuzz targets may throw bytes at. Built for them alone (`--cfg fuzzing`).
    pub use crate::forward::fuzz::{answers, head};
}
mod history;
mod limits;
mod link;
pub mod plain;
mod probe;
mod replay;
mod replayer;
mod rules;
#[cfg(test)]
mod testing;
mod update;

use tokio::sync::mpsc;

pub use config::{
    Config, ConfigError, HostHeader, InvalidRelayUrl, InvalidTarget, InvalidToken, RelayUrl,
    ReplayConfig, Since, Target, Token,
};
pub use error::{LinkError, with_causes};
#[doc(hidden)]
pub use history::fill as fill_history;
pub use history::{
    Found, From, History, HistoryError, KeptAttempt, Last, MADE_HERE, Marker, Match, Newer, Opened,
    Page, Pen, Reader, Removed, Replays, Row, Scope, SetAside, Standing, Totals, WITHHELD, Whole,
};
pub use kreel_inspect::{edit, filter, inert};
pub use kreel_wire::{AnswerMode, DeliveryId, Failure, InvalidName, Kind, Policy, Seq, TunnelName};
pub use probe::{AppAbsent, Health, ProbeConfig, look_for_app, probe};
pub use replay::{Edited, Replay};
pub use replayer::{ReplayCounts, Replayer};
pub use rules::{OwnTunnel, RulesAsked, RulesError, own_tunnels, tunnel_rules};
pub use rustls::pki_types::CertificateDer;
pub use update::{
    AnsweredBy, Attempt, AttemptEnd, Command, Counters, Ended, Ready, Summary, Timings, Update,
};

/// One tunnel and the app behind it.
#[derive(Debug)]
pub struct Client {
    driver: driver::Driver,
}

impl Client {
    /// Checks the options and begins to write into the history. Opens no socket and needs no
    /// runtime.
    pub fn new(config: Config, history: History) -> Result<Self, ConfigError> {
        Ok(Self {
            driver: driver::Driver::new(config, history)?,
        })
    }

    /// Keeps the tunnel open until it is told to stop, or until a fault that trying again can't
    /// mend. A closed `commands` channel counts as [`Command::Stop`].
    ///
    /// When `updates` is full, rows are left out and [`Update::Skipped`] says how many; what
    /// concerns the link is never left out. Deliveries never wait for the reader of updates.
    pub async fn run(
        self,
        commands: mpsc::Receiver<Command>,
        updates: mpsc::Sender<Update>,
    ) -> Result<Ended, LinkError> {
        self.driver.run(commands, updates).await
    }
}
