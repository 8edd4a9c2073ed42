//! Carries out what the engine decides: the link up and down, attempts started and stopped.
//!
//! Dull on purpose. One task owns the link, the engine and all attempts; the way of a delivery
//! is this task, the attempt's task, and this task again.

mod alarm;
mod effects;
mod hands;
pub(crate) mod lanes;
mod line;
mod notices;
mod record;
pub(crate) mod replays;
mod turn;

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use kreel_wire::{AnswerMode, GoodbyeReason, Welcome};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};

use self::alarm::Alarm;
use self::hands::Hands;
use self::lanes::{Lanes, lanes};
use self::line::{Line, Patience, Verdict};
use self::notices::Notices;
use self::record::{Book, OpenHistory};
use self::replays::Replays;
use self::turn::Turn;
use crate::dial::Dialer;
use crate::engine::{Effect, Engine, Event, Rules};
use crate::forward::Forward;
use crate::history::{History, StoredAttempt};
use crate::limits::{REPLAYS_AT_ONCE, SWEEP};
use crate::link::inbox::Grant;
use crate::link::{self, Introduction, Link, LinkNumber, Received};
use crate::{Command, Config, ConfigError, Ended, LinkError, Ready, Update};

/// A client's parts before it runs: checked, and nothing opened.
#[derive(Debug)]
pub(crate) struct Driver {
    config: Config,
    dialer: Dialer,
    introduction: Introduction,
    forward: Arc<Forward>,
    lanes: Lanes,
    grants: mpsc::Sender<Grant>,
    history: OpenHistory,
}

/// A client that runs.
struct Running {
    config: Config,
    dialer: Dialer,
    introduction: Introduction,
    forward: Arc<Forward>,
    lanes: Lanes,
    grants: mpsc::Sender<Grant>,
    engine: Engine,
    /// Kept only for its memory.
    effects: Vec<Effect>,
    hands: Hands,
    /// What came just now, until the engine has said what to do with it.
    arrived: Option<Box<Received>>,
    /// The attempt that has just ended, until the engine has said where that leaves its delivery.
    attempt: Option<Box<StoredAttempt>>,
    book: Book,
    tasks: JoinSet<()>,
    replays: Replays,
    line: Line,
    last_link: LinkNumber,
    /// The last that was told.
    latency: Option<Duration>,
    patience: Patience,
    notices: Notices,
    alarm: Alarm,
    sweep: Interval,
    /// When the first link was made, by the relay's clock, if nothing older is wanted.
    began_us: Option<u64>,
    /// When running attempts are given up, once the client is stopping.
    stop_at: Option<Instant>,
}

/// What the relay is told when the user ends the client.
const STOPPED: &str = "the client was stopped";

/// What it is told when this client wants to have deliveries again.
const ASKED_AGAIN: &str = "the client is back at once";

impl Driver {
    pub(crate) fn new(config: Config, history: History) -> Result<Self, ConfigError> {
        let dialer = Dialer::new(config.relay.clone(), config.relay_ca.as_deref())?;
        let (lanes, outlet, grants) = lanes();
        let forward = Arc::new(Forward::new(&config.of_app(), outlet)?);
        let history = OpenHistory::new(history, &config)?;
        let introduction = Introduction {
            token: config.token.clone(),
            tunnel: config.tunnel.clone(),
            policy: config.policy,
            since_us: config.since.as_us(),
            instance: getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id())),
        };
        Ok(Self {
            config,
            dialer,
            introduction,
            forward,
            lanes,
            grants,
            history,
        })
    }

    pub(crate) async fn run(
        self,
        commands: mpsc::Receiver<Command>,
        updates: mpsc::Sender<Update>,
    ) -> Result<Ended, LinkError> {
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let rules = Rules {
            replays_at_once: REPLAYS_AT_ONCE,
            strict: self.config.policy.strict && self.config.policy.answer == AnswerMode::App,
            capture: self.config.target.is_none(),
            asks_for_past: self.config.since != crate::Since::Last,
            gated: self.config.gate.is_some() && self.config.target.is_some(),
            retries: self.config.retries,
        };
        let book = Book::new(self.history, &self.config);
        let mut running = Running {
            config: self.config,
            dialer: self.dialer,
            introduction: self.introduction,
            forward: self.forward,
            lanes: self.lanes,
            grants: self.grants,
            engine: Engine::new(rules),
            effects: Vec::new(),
            hands: Hands::new(book.jobs().clone()),
            arrived: None,
            attempt: None,
            book,
            tasks: JoinSet::new(),
            replays: Replays::default(),
            line: Line::Off,
            last_link: LinkNumber(0),
            latency: None,
            patience: Patience::new(Instant::now()),
            notices: Notices::new(updates),
            alarm: Alarm::default(),
            sweep,
            began_us: None,
            stop_at: None,
        };
        running.dial();
        let outcome = running.run(commands).await;
        running.finish(outcome).await
    }
}

impl Running {
    async fn run(&mut self, mut commands: mpsc::Receiver<Command>) -> Result<u64, LinkError> {
        loop {
            match poll_fn(|cx| self.poll(cx, &mut commands)).await {
                Turn::Command(command) => self.command(command),
                Turn::Connected(socket, welcome) => {
                    let number = LinkNumber(self.last_link.0 + 1);
                    let tunnel = self.config.tunnel.clone();
                    let grants = self.grants.clone();
                    let link = Link::new(*socket, &welcome, tunnel, number, grants);
                    self.last_link = number;
                    self.connected(link, *welcome);
                }
                Turn::NotConnected(error) => self.disconnected(error)?,
                Turn::Lost(error) => {
                    self.lost(&error).await;
                    self.disconnected(error)?;
                }
                Turn::PauseOver => self.dial(),
                Turn::AskAgain => self.ask_again().await,
                Turn::Drained => return Ok(0),
                Turn::GraceOver => return Ok(self.engine.running() as u64),
            }
        }
    }

    fn dial(&mut self) {
        let attempt = self.patience.begin();
        self.notices.tell(Update::Connecting { attempt });
        let (dialer, introduction) = (self.dialer.clone(), self.introduction.clone());
        self.line = Line::Connecting(Box::pin(async move {
            link::connect(&dialer, &introduction).await
        }));
    }

    fn connected(&mut self, link: Link, welcome: Welcome) {
        self.line = Line::Up {
            link: Box::new(link),
            since: Instant::now(),
        };
        self.patience.connected();
        if self.config.since == crate::Since::Never {
            // From the first link on: what comes while the link is down is not of the past.
            let began_us = *self.began_us.get_or_insert(welcome.now_us);
            self.introduction.since_us = Some(began_us);
        }
        self.notices.tell(Update::Ready(Arc::new(Ready {
            url: welcome.url,
            subdomain_url: welcome.subdomain_url,
            forward_to: self.config.target.as_ref().map(ToString::to_string),
            tunnel: self.config.tunnel.clone(),
            relay: self.config.relay.to_string(),
            relay_version: welcome.relay,
            waiting: welcome.waiting,
        })));
        self.decide(Event::LinkUp {
            waiting: welcome.waiting,
            now: Instant::now(),
        });
    }

    /// The link has ended: both ends are told.
    async fn lost(&mut self, error: &LinkError) {
        if let Line::Up { link, since } = std::mem::replace(&mut self.line, Line::Off) {
            self.patience.lost(since.elapsed());
            match error {
                LinkError::Violation { cause } => {
                    link.bid_farewell(GoodbyeReason::Protocol, cause).await;
                }
                _ => drop(link),
            }
        }
        self.decide(Event::LinkLost);
    }

    /// The history was not able to take deliveries and is now: the relay sends them on a new link.
    async fn ask_again(&mut self) {
        if let Line::Up { link, .. } = std::mem::replace(&mut self.line, Line::Off) {
            link.bid_farewell(GoodbyeReason::Draining, ASKED_AGAIN)
                .await;
            self.decide(Event::LinkLost);
            self.dial();
        }
    }

    /// There is no link: tries again after a pause, unless that can't help.
    fn disconnected(&mut self, error: LinkError) -> Result<(), LinkError> {
        self.line = Line::Off;
        if self.stop_at.is_some() {
            return Ok(());
        }
        let random = getrandom::u32().unwrap_or(u32::MAX / 2);
        match self.patience.judge(&error, Instant::now(), random) {
            Verdict::GiveUp => Err(error),
            Verdict::Pause { pause, attempt } => {
                self.line = Line::Pausing(Box::pin(sleep(pause)));
                self.notices.tell(Update::Reconnecting {
                    cause: crate::error::with_causes(&error),
                    code: error.code(),
                    error: Arc::new(error),
                    in_: pause,
                    attempt,
                });
                Ok(())
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Stop if self.stop_at.is_none() => {
                self.stop(self.config.grace);
                self.announce_stop();
            }
            Command::Stop => {}
            Command::StopNow => self.stop(Duration::ZERO),
            Command::Hold => self.decide(Event::Hold {
                now: Instant::now(),
            }),
            Command::Release => self.decide(Event::Release {
                now: Instant::now(),
            }),
            Command::ReleaseOne => self.decide(Event::ReleaseOne),
            Command::ReleaseThis(id) => self.decide(Event::ReleaseThis(id)),
            Command::Admit(id) => self.decide(Event::Admit(id)),
            Command::Refuse { id, why } => self.decide(Event::Refuse { id, why }),
            Command::Replay(replay) => self.decide(Event::Replay {
                replay,
                now: Instant::now(),
            }),
            Command::StopReplaying(id) => self.decide(Event::StopReplaying(id)),
        }
    }

    fn stop(&mut self, grace: Duration) {
        self.decide(Event::Stop);
        let stop_at = Instant::now() + grace;
        self.stop_at = Some(stop_at);
        self.alarm.set_stop(stop_at);
        if !matches!(self.line, Line::Up { .. }) {
            self.line = Line::Off;
        }
        self.notices.tell(Update::Stopping {
            running: self.engine.running() as u64,
            grace,
        });
    }

    /// Has the relay send nothing new while running attempts are waited for.
    fn announce_stop(&mut self) {
        if self.engine.running() > 0
            && let Line::Up { link, .. } = &mut self.line
        {
            link.announce_end(STOPPED);
        }
    }

    /// Says goodbye and counts up.
    async fn finish(mut self, outcome: Result<u64, LinkError>) -> Result<Ended, LinkError> {
        self.tasks.shutdown().await;
        if let Line::Up { link, .. } = std::mem::replace(&mut self.line, Line::Off) {
            link.bid_farewell(GoodbyeReason::Draining, STOPPED).await;
        }
        self.book.close().await;
        let counters = self.engine.counters();
        self.notices.tell(Update::Counters(counters));
        self.notices.deliver();
        let given_up = outcome?;
        Ok(Ended { counters, given_up })
    }
}

#[cfg(test)]
mod tests;
