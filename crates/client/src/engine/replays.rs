//! Replays: attempts the user asks for, beside those that deliveries get by themselves.
//!
//! They change nothing about their delivery and wait neither for the link, nor for the app, nor for
//! those that are held. They have a share of their own, so that no live delivery waits for one, and
//! those of different commands take turns.

use std::collections::VecDeque;
use std::sync::Arc;

use kreel_wire::DeliveryId;
use tokio::time::Instant;

use super::{Effect, Engine, Hold, Run};
use crate::limits::{EDITED_WAITING_BYTES, REPLAY_TIMES, REPLAYS, TOLD_AGAIN};
use crate::{Attempt, AttemptEnd, Replay, Summary, Timings, Update};

/// What the user wants replayed and is not done.
#[derive(Debug, Default)]
pub(super) struct Replays {
    /// The one whose turn is next stands first.
    series: VecDeque<Series>,
    running: usize,
}

/// The attempts that one command asks for.
#[derive(Debug)]
struct Series {
    replay: Arc<Replay>,
    /// How many have begun.
    begun: u32,
    running: Vec<Run>,
    done: u32,
    failed: u32,
    state: State,
    /// When progress was told last.
    told_at: Instant,
    /// There has been some since.
    is_news: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Attempts begin as they may.
    Goes,
    /// No more begin, since the user wants none.
    Stopped,
    /// No more begin, since there can't be any; that is told.
    Refused,
}

impl Replays {
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// How many are asked for and not done.
    pub(super) fn waiting(&self) -> usize {
        self.series.len()
    }

    /// How much the edited bodies have that are asked for and not done.
    pub(super) fn edited_bytes(&self) -> usize {
        let series = self.series.iter();
        series.map(|series| edited_bytes(&series.replay)).sum()
    }

    /// When there is something to be told.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let news = self.series.iter().filter(|series| series.is_news);
        news.map(|series| series.told_at + TOLD_AGAIN).min()
    }

    /// Why there is no room for this one, if there is none.
    fn refuses(&self, replay: &Replay) -> Option<String> {
        if self.series.len() >= REPLAYS {
            return Some(format!("{REPLAYS} replays wait already"));
        }
        if !(1..=REPLAY_TIMES).contains(&replay.times) {
            let times = replay.times;
            return Some(format!(
                "{times} times is out of reach: from 1 to {REPLAY_TIMES}"
            ));
        }
        if let Some(why) = replay.edited.as_ref().and_then(|it| it.too_large()) {
            return Some(why);
        }
        let bytes = edited_bytes(replay);
        (bytes > 0 && self.edited_bytes() + bytes > EDITED_WAITING_BYTES)
            .then(|| "too much that was edited waits already".to_owned())
    }

    fn of_run(&mut self, run: Run) -> Option<&mut Series> {
        let mut series = self.series.iter_mut();
        series.find(|series| series.running.contains(&run))
    }

    /// The next attempt that may begin.
    fn next(&mut self, run: Run, at_once: usize) -> Option<Arc<Replay>> {
        if self.running >= at_once {
            return None;
        }
        let place = self.series.iter().position(Series::may_begin)?;
        let mut series = self.series.remove(place)?;
        series.begun += 1;
        series.running.push(run);
        self.running += 1;
        let replay = series.replay.clone();
        self.series.push_back(series);
        Some(replay)
    }
}

impl Series {
    fn may_begin(&self) -> bool {
        self.state == State::Goes
            && self.begun < self.replay.times
            && self.running.len() < self.replay.at_once.max(1) as usize
    }

    fn is_over(&self) -> bool {
        self.running.is_empty() && (self.state != State::Goes || self.begun == self.replay.times)
    }

    fn progress(&self) -> Update {
        let total = match self.is_over() {
            true => self.done,
            false => self.replay.times,
        };
        Update::Replaying {
            delivery: self.replay.delivery,
            done: self.done,
            failed: self.failed,
            total,
        }
    }

    fn refuse(&mut self, why: String, effects: &mut Vec<Effect>) {
        if self.state == State::Goes {
            effects.push(not_replayed(self.replay.delivery, why));
        }
        self.state = State::Refused;
    }
}

impl Engine {
    /// How many replays are asked for and not done.
    pub(crate) fn replays_waiting(&self) -> usize {
        self.replays.waiting()
    }

    /// How much the edited bodies of these have.
    pub(crate) fn replays_edited_bytes(&self) -> usize {
        self.replays.edited_bytes()
    }

    /// The user wants a delivery replayed.
    pub(super) fn replay(&mut self, replay: Replay, now: Instant, effects: &mut Vec<Effect>) {
        let why = if self.hold == Hold::Stopped {
            Some("the client is stopping".to_owned())
        } else if self.rules.capture && replay.to.is_none() {
            Some("there is no app to hand it to, and no other target is given".to_owned())
        } else {
            self.replays.refuses(&replay)
        };
        if let Some(why) = why {
            effects.push(not_replayed(replay.delivery, why));
            return;
        }
        self.replays.series.push_back(Series {
            replay: Arc::new(replay),
            begun: 0,
            running: Vec::new(),
            done: 0,
            failed: 0,
            state: State::Goes,
            told_at: now,
            // That it has begun is told, too, unless it is over before.
            is_news: true,
        });
        self.start_replays(effects);
    }

    fn start_replays(&mut self, effects: &mut Vec<Effect>) {
        let mut run = Run(self.last_run.0 + 1);
        while let Some(replay) = self.replays.next(run, self.rules.replays_at_once) {
            effects.push(Effect::Replay { run, replay });
            self.last_run = run;
            run = Run(run.0 + 1);
        }
    }

    /// A replay is over, and the history is to know.
    pub(super) fn replayed(
        &mut self,
        run: Run,
        ended: Replayed,
        now: Instant,
        effects: &mut Vec<Effect>,
    ) {
        let Replayed {
            delivery,
            attempt,
            end,
            timings,
        } = ended;
        let id = delivery.id;
        effects.push(Effect::Replayed { id });
        if let Some(series) = self.replays.of_run(run) {
            series.done += 1;
            series.failed += u32::from(matches!(end, AttemptEnd::Failed(_)));
            series.is_news = true;
            effects.push(Effect::Update(Update::Attempt(Attempt {
                delivery,
                attempt,
                end,
                timings,
                replay: true,
                is_edited: series.replay.edited.is_some(),
            })));
        }
        self.replay_is_over(run, effects);
        self.tell_of_replays(now, effects);
    }

    /// A replay can't begin, and no further one of its series could.
    pub(super) fn not_replayed(&mut self, run: Run, why: String, effects: &mut Vec<Effect>) {
        if let Some(series) = self.replays.of_run(run) {
            series.refuse(why, effects);
        }
        self.replay_is_over(run, effects);
    }

    fn replay_is_over(&mut self, run: Run, effects: &mut Vec<Effect>) {
        if let Some(series) = self.replays.of_run(run) {
            series.running.retain(|other| *other != run);
            self.replays.running -= 1;
        }
        self.drop_those_over(effects);
        self.start_replays(effects);
    }

    /// Begins no further ones of this delivery, or of any, or gives up those that run if that is so already.
    pub(super) fn stop_replaying(&mut self, id: Option<DeliveryId>, effects: &mut Vec<Effect>) {
        for series in &mut self.replays.series {
            if id.is_none_or(|id| series.replay.delivery == id) {
                match series.state {
                    State::Goes => series.state = State::Stopped,
                    State::Stopped | State::Refused => {
                        let runs = series.running.iter();
                        effects.extend(runs.map(|run| Effect::GiveUpReplay { run: *run }));
                    }
                }
            }
        }
        self.drop_those_over(effects);
    }

    /// The client is stopping: those that have not begun never will.
    pub(super) fn stop_replays(&mut self, effects: &mut Vec<Effect>) {
        for series in &mut self.replays.series {
            if series.begun < series.replay.times {
                series.refuse("the client is stopping".to_owned(), effects);
            }
        }
        self.drop_those_over(effects);
    }

    /// There is no more time for those that run.
    pub(super) fn give_up_replays(&mut self, effects: &mut Vec<Effect>) {
        self.stop_replays(effects);
        let runs = (self.replays.series.iter()).flat_map(|series| &series.running);
        effects.extend(runs.map(|run| Effect::GiveUpReplay { run: *run }));
    }

    /// Tells the end of those that have come to it.
    fn drop_those_over(&mut self, effects: &mut Vec<Effect>) {
        self.replays.series.retain(|series| {
            let is_over = series.is_over();
            // Of one that could not even begin, that was told.
            if is_over && (series.done > 0 || series.state != State::Refused) {
                effects.push(Effect::Update(series.progress()));
            }
            !is_over
        });
    }

    /// Tells how far they are, if that was not told for a while.
    pub(super) fn tell_of_replays(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        for series in &mut self.replays.series {
            if series.is_news && now >= series.told_at + TOLD_AGAIN {
                series.told_at = now;
                series.is_news = false;
                effects.push(Effect::Update(series.progress()));
            }
        }
    }
}

/// A replay that is over.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) delivery: Arc<Summary>,
    pub(crate) attempt: u32,
    pub(crate) end: AttemptEnd,
    pub(crate) timings: Timings,
}

fn not_replayed(delivery: DeliveryId, why: String) -> Effect {
    Effect::Update(Update::NotReplayed { delivery, why })
}

fn edited_bytes(replay: &Replay) -> usize {
    replay.edited.as_ref().map_or(0, |edited| edited.body.len())
}
