//! The inspector in front of a running client.

use std::env;
use std::future::pending;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kreel_client::{AnswerMode, Command, Policy, Update};
use kreel_krea::Keys;
use kreel_tui::lens::News;
use kreel_tui::{End, Facts, Inspector, Setup};
use tokio::sync::mpsc;

use super::beside::{Beside, replays};
use super::session::Memory;
use crate::commands::trigger::Ready;
use crate::krea::lens::{JobLens, LensOptions};
use crate::log;
use crate::options::{ListenOptions, certificates};
use crate::problem::{Code, Problem, Result};
use crate::tunnels::Tunnels;

/// What shows the updates.
#[derive(Debug)]
pub(super) enum Face {
    /// Lines on the streams.
    Lines,
    /// The inspector, once the client runs.
    Wanted(Box<Setup>),
    /// The inspector.
    Screen(Screen),
}

/// The inspector, and the way to it.
#[derive(Debug)]
pub(super) struct Screen {
    inspector: Inspector,
    updates: mpsc::Sender<Update>,
    news: mpsc::Sender<News>,
}

/// How many news may wait for it; with more, some are left out.
const NEWS: usize = 64;

/// How many updates may wait for the inspector: as many as it takes in between two frames of a
/// burst. Past that they wait where they come from.
const UPDATES: usize = 1024;

impl Face {
    /// Whether another update can be shown.
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Screen(screen) => screen.updates.capacity() > 0,
            Self::Lines | Self::Wanted(_) => true,
        }
    }

    /// Whether Ctrl-C is meant for another program that has the terminal.
    pub(super) fn has_lent_terminal(&self) -> bool {
        matches!(self, Self::Screen(screen) if screen.inspector.has_lent_terminal())
    }

    /// Waits for the inspector to end. Cancelling the wait loses nothing.
    pub(super) async fn changed(&mut self) -> io::Result<End> {
        match self {
            Self::Screen(screen) => screen.inspector.ended().await,
            Self::Lines | Self::Wanted(_) => pending().await,
        }
    }
}

impl Screen {
    pub(super) fn open(mut setup: Setup, commands: mpsc::Sender<Command>) -> Result<Self> {
        let (updates, updating) = mpsc::channel(UPDATES);
        let (news, hearing) = mpsc::channel(NEWS);
        setup.news = Some(hearing);
        log::hold();
        match Inspector::open(setup, commands, updating) {
            Ok(inspector) => Ok(Self {
                inspector,
                updates,
                news,
            }),
            Err(error) => {
                log::release();
                Err(Problem::new(
                    Code::SystemRefused,
                    "the inspector can't be started",
                    error,
                    "use --no-tui",
                ))
            }
        }
    }

    /// Passes an update on; there is room, or it is not needed.
    pub(super) fn tell(&mut self, update: &Update) {
        let _ = self.updates.try_send(update.clone());
    }

    /// Tells of something beside the deliveries, if there is room.
    pub(super) fn tell_of(&mut self, news: News) {
        let _ = self.news.try_send(news);
    }

    /// Ends it: the terminal is given back.
    pub(super) async fn close(mut self) -> io::Result<End> {
        drop(self.updates);
        self.inspector.ended().await
    }
}

/// What the inspector has to know.
pub(super) fn setup(
    options: &ListenOptions,
    memory: &Memory,
    certificate: Option<PathBuf>,
    keys: Result<Keys>,
    beside: &Beside,
) -> Setup {
    let own = options.remote.as_ref().and_then(|remote| remote.ca.clone());
    // One that can't be read is told of once it is used.
    let embedded = certificate.as_deref().map(certificates);
    let embedded = embedded.and_then(Result::ok);
    let trusted = own.or(embedded).unwrap_or_default();
    Setup {
        history: options.history.clone(),
        facts: Facts {
            tunnel: memory.tunnel.clone(),
            relay_name: memory.history_name(),
            target: options.target.as_ref().map(ToString::to_string),
            saved_filters: options.saved_filters.clone(),
            masking: options.masking.clone(),
            wait: waits(&options.policy),
            certificate,
            editor: editor(),
            zone: jiff::tz::TimeZone::system(),
            trigger: Some(Arc::new(Ready { trusted })),
            lens: Some(lens(options, keys, beside)),
            beside: beside.place(),
        },
        keys: options.keys.clone(),
        theme: options.theme,
        filter: options.filter.clone(),
        images: options.images,
        news: None,
    }
}

/// Who knows what webhooks of Krea's are about.
fn lens(options: &ListenOptions, keys: Result<Keys>, beside: &Beside) -> Arc<JobLens> {
    JobLens::new(LensOptions {
        jobs: options.krea.jobs.clone(),
        history: options.history.clone(),
        tunnels: Some(Tunnels::of(&options.paths)),
        own: beside.tunnel(),
        upstream: options.krea.upstream.clone(),
        trusted: options.krea.trusted.clone(),
        keys,
        missed_after: options.krea.missed_after,
        app: replays(options),
    })
}

/// How long a sender waits for the app before the relay answers 202 in its place; none if a sender
/// gets something else.
fn waits(policy: &Policy) -> Option<Duration> {
    let gets_202 = policy.answer == AnswerMode::App && !policy.strict;
    gets_202.then_some(policy.wait)
}

/// The user's editor: the one for screens first, as programs have always asked for it.
pub(crate) fn editor() -> String {
    let named = ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| env::var(name).ok());
    let mut named = named.filter(|editor| !editor.trim().is_empty());
    named.next().unwrap_or_else(|| "vi".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sender_who_is_told_202_waits_for_it() {
        let usual = Policy::default();
        assert_eq!(waits(&usual), Some(usual.wait));
        let strict = Policy {
            strict: true,
            ..usual
        };
        assert_eq!(waits(&strict), None, "it gets 504");
        let now = Policy {
            answer: AnswerMode::Now(200),
            ..usual
        };
        assert_eq!(waits(&now), None, "it has got 200");
    }
}
