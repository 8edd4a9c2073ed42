//! Replays without a tunnel: the same engine, the same attempts, the same history, and no link.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::driver::lanes::{Lanes, lanes};
use crate::driver::replays::Replays;
use crate::engine::{Effect, Engine, Event, Rules};
use crate::forward::{Forward, Report};
use crate::history::{Done, History, Job, Recorder, StoredAttempt};
use crate::limits::{
    EDITED_BYTES, EDITED_WAITING_BYTES, LAST_WRITES, MOST_REPLAYS_AT_ONCE, REPLAYS, SWEEP,
};
use crate::{AttemptEnd, Command, ConfigError, Replay, ReplayConfig, Update};

/// What replays deliveries of a history.
#[derive(Debug)]
pub struct Replayer {
    config: ReplayConfig,
    forward: Arc<Forward>,
    lanes: Lanes,
    recorder: Recorder,
    done: mpsc::UnboundedReceiver<Done>,
}

/// What became of the attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayCounts {
    /// How many the app answered, with whatever status.
    pub answered: u64,
    /// How many it did not; those that were given up on a stop are among them.
    pub failed: u64,
    /// How many replays could not begin, or not go on.
    pub not_replayed: u64,
    /// How many attempts were made and are not in the history: it could not be written.
    pub unwritten: u64,
}

struct Running {
    engine: Engine,
    /// How many commands are taken at the most, those that run included.
    most_waiting: usize,
    forward: Arc<Forward>,
    recorder: Recorder,
    tasks: JoinSet<()>,
    replays: Replays,
    /// The replay that has just ended, until the engine has said what to do with it.
    attempt: Option<Box<StoredAttempt>>,
    /// What the reader of updates has not taken yet.
    untold: VecDeque<Update>,
    counts: ReplayCounts,
    /// How many attempts the recorder was given.
    recorded: u64,
    /// When those that run are given up, and when they are not even waited for.
    stop_at: Option<Instant>,
    end_at: Option<Instant>,
}

impl Replayer {
    /// Checks the options and opens the history to write into it.
    pub fn new(config: ReplayConfig, history: History) -> Result<Self, ConfigError> {
        // Nothing is ever sent to a relay: the lanes carry reports alone.
        let (lanes, outlet, _) = lanes();
        let forward = Arc::new(Forward::new(&config, outlet)?);
        let (recorder, done) = history.replay_recorder()?;
        Ok(Self {
            config,
            forward,
            lanes,
            recorder,
            done,
        })
    }

    /// Replays what comes, until all of it is done or a command stops it: [`Command::Stop`],
    /// [`Command::StopNow`], [`Command::StopReplaying`]; others mean nothing here. Takes no more
    /// from `replays` than can be begun soon, and waits for a slow reader of `updates`.
    pub async fn run(
        self,
        mut replays: impl Stream<Item = Replay> + Unpin,
        mut commands: mpsc::Receiver<Command>,
        updates: mpsc::Sender<Update>,
    ) -> ReplayCounts {
        let Self {
            config,
            forward,
            mut lanes,
            recorder,
            mut done,
        } = self;
        let rules = Rules {
            strict: false,
            capture: config.target.is_none(),
            asks_for_past: false,
            gated: false,
            retries: 0,
            replays_at_once: config.at_once.clamp(1, MOST_REPLAYS_AT_ONCE),
        };
        let mut running = Running::new(rules, forward, recorder);
        let mut sweep = tokio::time::interval(SWEEP);
        let (mut has_more, mut is_heard) = (true, true);
        loop {
            let is_idle = running.engine.replays_waiting() == 0;
            let takes_more = has_more && running.stop_at.is_none();
            if is_idle && !takes_more && running.untold.is_empty() {
                break;
            }
            let wake_at = running.wake_at();
            tokio::select! {
                biased;
                command = commands.recv(), if is_heard => match command {
                    Some(command) => running.command(command, &config),
                    None => is_heard = false,
                },
                room = updates.reserve(), if !running.untold.is_empty() => match (room, running.untold.pop_front()) {
                    (Ok(room), Some(update)) => room.send(update),
                    // Without a reader there is nobody to tell.
                    _ => running.untold.clear(),
                },
                outgoing = poll_fn(|cx| lanes.poll_next(cx)) => {
                    if let Some(report) = outgoing.report {
                        running.report(report);
                    }
                }
                Some(done) = done.recv() => running.history(done),
                () = sleep_until(wake_at.unwrap_or_else(Instant::now)), if wake_at.is_some() => {
                    if running.is_out_of_time() {
                        break;
                    }
                }
                replay = replays.next(), if takes_more && running.has_room() => match replay {
                    Some(replay) => running.decide(Event::Replay {
                        replay: Box::new(replay),
                        now: Instant::now(),
                    }),
                    None => has_more = false,
                },
                Some(_) = running.tasks.join_next() => {}
                _ = sweep.tick() => running.forward.sweep(),
            }
        }
        running.finish(&updates).await
    }
}

impl Running {
    fn new(rules: Rules, forward: Arc<Forward>, recorder: Recorder) -> Self {
        Self {
            most_waiting: (2 * rules.replays_at_once).min(REPLAYS),
            engine: Engine::new(rules),
            forward,
            recorder,
            tasks: JoinSet::new(),
            replays: Replays::default(),
            attempt: None,
            untold: VecDeque::new(),
            counts: ReplayCounts::default(),
            recorded: 0,
            stop_at: None,
            end_at: None,
        }
    }

    /// Whether another may be asked for: some more than can run, so that none waits for the next.
    fn has_room(&self) -> bool {
        self.engine.replays_waiting() < self.most_waiting
            && self.engine.replays_edited_bytes() + EDITED_BYTES <= EDITED_WAITING_BYTES
            && self.untold.len() < MOST_UNTOLD
    }

    fn decide(&mut self, event: Event<'_>) {
        let mut effects = Vec::new();
        self.engine.on(event, &mut effects);
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Replay { run, replay } => {
                let stopped = self.replays.begins(run);
                let history = self.recorder.jobs();
                let forward = self.forward.clone();
                self.tasks
                    .spawn(forward.replay(history, run, replay, stopped));
            }
            Effect::Replayed { id } => {
                if let Some(attempt) = self.attempt.take() {
                    self.recorder.jobs().put(Job::Replayed { id, attempt });
                    self.recorded += 1;
                }
            }
            Effect::GiveUpReplay { run } => self.replays.give_up(run),
            Effect::Update(update) => {
                self.count(&update);
                self.untold.push_back(update);
            }
            // The others are about deliveries that come.
            _ => {}
        }
    }

    fn count(&mut self, update: &Update) {
        match update {
            Update::Attempt(attempt) => match attempt.end {
                AttemptEnd::Answered { .. } => self.counts.answered += 1,
                AttemptEnd::Failed(_) => self.counts.failed += 1,
            },
            Update::NotReplayed { .. } => self.counts.not_replayed += 1,
            _ => {}
        }
    }

    fn command(&mut self, command: Command, config: &ReplayConfig) {
        match command {
            Command::Stop if self.stop_at.is_none() => {
                self.decide(Event::Stop);
                let stop_at = Instant::now() + config.grace;
                self.stop_at = Some(stop_at);
                self.untold.push_back(Update::Stopping {
                    running: self.engine.running() as u64,
                    grace: config.grace,
                });
            }
            Command::StopNow => self.stop_now(),
            Command::StopReplaying(id) => self.decide(Event::StopReplaying(id)),
            _ => {}
        }
    }

    fn stop_now(&mut self) {
        if self.end_at.is_none() {
            let now = Instant::now();
            (self.stop_at, self.end_at) = (Some(now), Some(now + LAST_WRITES));
            self.decide(Event::StopNow);
        }
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Replayed { run, ended, record } => {
                self.replays.ended(run);
                self.attempt = Some(record);
                let now = Instant::now();
                self.decide(Event::Replayed { run, ended, now });
            }
            Report::NotReplayed { run, why } => {
                self.replays.ended(run);
                self.decide(Event::NotReplayed { run, why });
            }
            // Only of deliveries that come.
            Report::NoConnection { .. }
            | Report::Finished { .. }
            | Report::Unreadable { .. }
            | Report::Probed(_) => {}
        }
    }

    fn history(&mut self, done: Done) {
        match done {
            Done::Failing { cause } => self.untold.push_back(Update::HistoryFailing { cause }),
            Done::Mended => self.untold.push_back(Update::HistoryMended),
            _ => {}
        }
    }

    /// When time changes something.
    fn wake_at(&self) -> Option<Instant> {
        let stop = self.end_at.or(self.stop_at);
        [self.engine.deadline(), stop].into_iter().flatten().min()
    }

    /// Does what is due; whether nothing more is waited for.
    fn is_out_of_time(&mut self) -> bool {
        let now = Instant::now();
        self.decide(Event::Tick { now });
        if self.stop_at.is_some_and(|at| at <= now) {
            self.stop_now();
        }
        self.end_at.is_some_and(|at| at <= now)
    }

    /// Has the last records written and counts up.
    async fn finish(mut self, updates: &mpsc::Sender<Update>) -> ReplayCounts {
        self.tasks.shutdown().await;
        let written = self.recorder.replays_written();
        // What is not written in time is counted, too.
        let _ = timeout(LAST_WRITES, self.recorder.close()).await;
        let written = written.load(Ordering::Relaxed);
        self.counts.unwritten = self.recorded.saturating_sub(written);
        for update in self.untold {
            let _ = updates.try_send(update);
        }
        self.counts
    }
}

/// How many updates wait for their reader before no further replay begins: 256.
const MOST_UNTOLD: usize = 256;

#[cfg(test)]
mod tests;
