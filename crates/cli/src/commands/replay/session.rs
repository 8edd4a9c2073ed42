//! One run of a replayer: its attempts to the streams, the bar and the tally, signals to it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kreel_client::plain::inert_line;
use kreel_client::{Attempt, Command, DeliveryId, KeptAttempt, Match, Reader, Replayer, Update};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::expect::Expect;
use super::not_on_record;
use super::plan::Plan;
use super::tally::{Run, Tally};
use crate::args::Output;
use crate::exit::Exit;
use crate::problem::{Result, of_history};
use crate::rows::Rows;
use crate::signals::{Received, Signals};
use crate::sink::RETRY;
use crate::terminal::print;

/// Up to how many attempts each has a line; of more there are a bar and a summary.
const EACH_SHOWN: u64 = 20;

/// How many updates may wait to be shown; the replayer waits then.
const UPDATES: usize = 256;

/// How many commands may wait for the replayer; a person can't type faster.
const COMMANDS: usize = 4;

/// How many attempts wait to be judged by their answers before some are: 256, so that a run of any
/// length keeps few in memory.
const UNJUDGED: usize = 256;

/// How many are judged then: 64, a few milliseconds in which nothing is sent.
const JUDGED_AT_ONCE: usize = 64;

/// One run.
pub(super) struct Session {
    rows: Rows,
    bar: ProgressBar,
    tally: Tally,
    expect: Option<Expect>,
    /// Those that can only be judged once all of the answer is in the history.
    unjudged: VecDeque<Attempt>,
    answers: Option<Answers>,
    history: PathBuf,
    /// How many attempts one replay stands for.
    times_each: u64,
    json: bool,
    shows_each: bool,
    stopped_by: Option<Received>,
}

impl Session {
    /// For this plan.
    pub(super) fn new(plan: &Plan, expect: Option<Expect>, json: bool) -> Self {
        let total = plan.total();
        let shows_each = json || total <= EACH_SHOWN;
        Self {
            rows: Rows::new(if json { Output::Json } else { Output::Compact }),
            bar: match shows_each {
                true => ProgressBar::hidden(),
                false => bar(total),
            },
            tally: Tally::new(total, expect.is_some()),
            expect,
            unjudged: VecDeque::new(),
            answers: None,
            times_each: plan.times_each().into(),
            history: plan.past.path().to_owned(),
            json,
            shows_each,
            stopped_by: None,
        }
    }

    /// Runs it to its end, or to the user's.
    pub(super) async fn run(mut self, replayer: Replayer, plan: Plan) -> Result<Exit> {
        let mut signals = Signals::take()?;
        let (commands, commanded) = mpsc::channel(COMMANDS);
        let (updating, mut updates) = mpsc::channel(UPDATES);
        let (unfitting, mut unfit) = mpsc::unbounded_channel();
        let began = Instant::now();
        let stream = Box::pin(plan.stream(unfitting));
        let mut running = pin!(replayer.run(stream, commanded, updating));
        let mut is_unread = false;
        let counts = loop {
            tokio::select! {
                biased;
                counts = &mut running => break counts,
                Some(update) = updates.recv(), if !self.rows.is_full() => self.show(&update),
                Some(update) = unfit.recv() => self.show(&update),
                () = sleep(RETRY), if self.rows.is_waiting() => {}
                signal = signals.next() => {
                    let command = match self.stopped_by.replace(signal) {
                        None => Command::Stop,
                        Some(_) => Command::StopNow,
                    };
                    let _ = commands.try_send(command);
                }
            }
            self.rows.push();
            if self.rows.is_gone() && !std::mem::replace(&mut is_unread, true) {
                let _ = commands.try_send(Command::Stop);
            }
            if self.unjudged.len() >= UNJUDGED {
                self.judge_some(JUDGED_AT_ONCE, false)?;
            }
        };
        while let Ok(update) = updates.try_recv() {
            self.show(&update);
        }
        while let Ok(update) = unfit.try_recv() {
            self.show(&update);
        }
        let took = began.elapsed();
        self.bar.finish_and_clear();
        self.rows.finish();
        self.judge_some(usize::MAX, true)?;
        if self.stopped_by.is_none() && !is_unread {
            self.tally.settle();
        }
        let run = Run {
            took,
            interrupted: self.stopped_by.is_some(),
            unwritten: counts.unwritten,
            expectation: self.expect.as_ref().map(|expect| expect.text.as_str()),
        };
        match self.json {
            true => {
                let line = inert_line(&self.tally.object(run)).unwrap_or_default();
                print(&String::from_utf8_lossy(&line))?;
            }
            false => print(&self.tally.text(run))?,
        }
        not_on_record(counts.unwritten)?;
        Ok(match self.stopped_by {
            Some(signal) => signal.exit(),
            None if is_unread || self.tally.is_good() => Exit::Success,
            None => Exit::Failure,
        })
    }

    fn show(&mut self, update: &Update) {
        match update {
            Update::Attempt(attempt) => {
                self.tally.add(attempt);
                self.judge(attempt);
                self.bar.set_position(self.tally.attempts());
                if self.shows_each {
                    self.rows.fit_terminal();
                    self.rows.show(update);
                }
            }
            // Those that were stopped are told by the numbers.
            Update::NotReplayed { .. } if self.stopped_by.is_some() => {}
            Update::NotReplayed { .. } => {
                self.tally.refuse(self.times_each);
                self.tell(update);
            }
            Update::Stopping { running, .. } if *running > 0 => {
                let words = format!(
                    "stopping: waiting for {running} under way; Ctrl-C again stops at once"
                );
                self.bar.suspend(|| {
                    self.rows.say(&words);
                    self.rows.push();
                });
            }
            Update::HistoryFailing { .. } | Update::HistoryMended => self.tell(update),
            _ => {}
        }
    }

    /// Shows an update past the bar.
    fn tell(&mut self, update: &Update) {
        self.bar.suspend(|| {
            self.rows.show(update);
            self.rows.push();
        });
    }

    fn judge(&mut self, attempt: &Attempt) {
        match &self.expect {
            None => {}
            Some(expect) if expect.needs_answer => self.unjudged.push_back(attempt.clone()),
            Some(expect) => {
                let fault = expect.fault(attempt, None);
                self.tally.judge(attempt, fault.as_deref());
            }
        }
    }

    /// Judges so many of those whose answers are in the history by now; at the end also those
    /// whose are not, and never will be.
    fn judge_some(&mut self, most: usize, is_end: bool) -> Result<()> {
        let Some(expect) = self.expect.as_ref().filter(|_| !self.unjudged.is_empty()) else {
            return Ok(());
        };
        let answers = match self.answers.take() {
            Some(answers) => answers,
            None => Answers::open(&self.history)?,
        };
        for _ in 0..most {
            let Some(attempt) = self.unjudged.front() else {
                break;
            };
            let answer = answers.get(attempt.delivery.id, attempt.attempt)?;
            if answer.is_none() && !is_end {
                break;
            }
            let fault = expect.fault(attempt, answer.as_ref());
            self.tally.judge(attempt, fault.as_deref());
            self.unjudged.pop_front();
        }
        self.answers = Some(answers);
        Ok(())
    }
}

/// Answers in the history.
pub(crate) struct Answers(Option<Reader>);

impl Answers {
    /// Those of this file.
    pub(crate) fn open(history: &std::path::Path) -> Result<Self> {
        Reader::open(history)
            .map(Self)
            .map_err(|error| of_history(&error))
    }

    /// The one to this attempt, if it was kept.
    pub(crate) fn get(&self, id: DeliveryId, attempt: u32) -> Result<Option<KeptAttempt>> {
        let Some(reader) = &self.0 else {
            return Ok(None);
        };
        let found = reader.find(&id.to_string());
        match found.map_err(|error| of_history(&error))? {
            Match::One(number) => reader
                .attempt(number, attempt)
                .map_err(|error| of_history(&error)),
            _ => Ok(None),
        }
    }
}

/// A bar on standard error, if that is a terminal.
fn bar(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = "{wide_bar} {pos}/{len}  {per_sec}  {eta} left";
    match ProgressStyle::with_template(style) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
