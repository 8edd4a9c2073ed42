//! Sends the delivery three times over and runs the probe in between.

use std::path::PathBuf;
use std::process::Stdio;

use futures_util::stream;
use kreel_client::{Command as Order, History, KeptAttempt, Replay, ReplayConfig, Replayer};
use kreel_client::{Target, Update};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::PROBE;
use super::verdict::Shot;
use crate::commands::replay::{Answers, not_on_record};
use crate::group::Group;
use crate::past::Taken;
use crate::problem::{Code, Problem, Result, of_client_config};
use crate::shape::{Original, Shape};
use crate::signals::{Received, Signals};
use crate::terminal::say;

/// How many orders may wait for the replayer; a person can't type faster.
const ORDERS: usize = 4;

/// All that is needed for it.
pub(super) struct Trial<'a> {
    pub(super) history: History,
    pub(super) path: PathBuf,
    pub(super) config: ReplayConfig,
    pub(super) taken: &'a Taken,
    pub(super) shape: &'a Shape,
    pub(super) to: Option<Target>,
    pub(super) probe: Option<&'a str>,
}

/// How far a trial came.
pub(super) struct Trials {
    /// Its steps, the last perhaps without a probe.
    pub(super) shots: Vec<Shot>,
    /// The signal that ended it early.
    pub(super) stopped_by: Option<Received>,
}

impl Trial<'_> {
    /// Once, again, and so many at once. A signal has those under way end, and is the end then; a
    /// second does not wait for them.
    pub(super) async fn run(&self, at_once: u32) -> Result<Trials> {
        let mut signals = Signals::take()?;
        let mut trials = Trials {
            shots: Vec::new(),
            stopped_by: None,
        };
        for (name, times) in [
            ("before", 0),
            ("once", 1),
            ("again", 1),
            ("at once", at_once),
        ] {
            if times == 0 && !trials.shots.is_empty() {
                continue;
            }
            let attempts = match times {
                0 => Vec::new(),
                times => {
                    self.send(times, &mut signals, &mut trials.stopped_by)
                        .await?
                }
            };
            let mut shot = Shot {
                name,
                attempts,
                probe: None,
            };
            if trials.stopped_by.is_none() {
                tokio::select! {
                    probe = self.probe() => shot.probe = probe?,
                    signal = signals.next() => trials.stopped_by = Some(signal),
                }
            }
            trials.shots.push(shot);
            if trials.stopped_by.is_some() {
                break;
            }
        }
        Ok(trials)
    }

    async fn send(
        &self,
        times: u32,
        signals: &mut Signals,
        stopped_by: &mut Option<Received>,
    ) -> Result<Vec<KeptAttempt>> {
        let impossible = |why: String| {
            Problem::new(
                Code::ChangeImpossible,
                "the delivery can't be sent as asked",
                why,
                "see `kreel requests get ID`, and --dry-run of `kreel replay`",
            )
        };
        let edited = self.shape.apply(&Original::of(self.taken));
        let edited = edited.map_err(impossible)?;
        let replayer = Replayer::new(self.config.clone(), self.history.clone());
        let replayer = replayer.map_err(|error| of_client_config(&error))?;
        let id = self.taken.whole.delivery.id;
        let replay = Replay {
            delivery: id,
            edited,
            to: self.to.clone(),
            times,
            at_once: times,
        };
        let (orders, ordered) = mpsc::channel(ORDERS);
        let (updating, mut updates) = mpsc::channel(16);
        let running = replayer.run(stream::iter([replay]), ordered, updating);
        let hearing = async {
            let (mut numbers, mut refused) = (Vec::new(), None);
            loop {
                let update = tokio::select! {
                    update = updates.recv() => update,
                    signal = signals.next() => {
                        let order = match stopped_by.replace(signal) {
                            None => Order::Stop,
                            Some(_) => Order::StopNow,
                        };
                        let _ = orders.try_send(order);
                        continue;
                    }
                };
                match update {
                    Some(Update::Attempt(attempt)) => numbers.push(attempt.attempt),
                    Some(Update::NotReplayed { why, .. }) => refused = Some(why),
                    Some(Update::Stopping { running, .. }) if running > 0 => say(&format!(
                        "stopping: waiting for {running} under way; Ctrl-C again stops at once"
                    )),
                    Some(_) => {}
                    None => break,
                }
            }
            (numbers, refused)
        };
        let (counts, (mut numbers, refused)) = tokio::join!(running, hearing);
        not_on_record(counts.unwritten)?;
        // What was not begun for the user's sake is no fault.
        if let Some(why) = refused.filter(|_| stopped_by.is_none()) {
            return Err(impossible(why));
        }
        numbers.sort_unstable();
        // The replayer has had all of them written.
        let answers = Answers::open(&self.path)?;
        let kept = numbers.into_iter().map(|number| answers.get(id, number));
        kept.filter_map(Result::transpose).collect()
    }

    /// What the probe prints, if there is one.
    async fn probe(&self) -> Result<Option<String>> {
        let Some(command) = self.probe else {
            return Ok(None);
        };
        let failed = |why: String| {
            Problem::new(
                Code::ProbeFailed,
                "the probe failed",
                why,
                "run it by hand: it must print the app's state, and end with 0",
            )
        };
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        Group::lead(&mut shell);
        let child = shell.spawn().map_err(|error| failed(error.to_string()))?;
        let group = Group::of(&child);
        let ended = timeout(PROBE, child.wait_with_output()).await;
        let output = ended
            .map_err(|_| failed(format!("it took longer than {} s", PROBE.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        group.ended();
        match output.status.success() {
            true => Ok(Some(
                String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            )),
            false => Err(failed(format!("it ended with {}", output.status))),
        }
    }
}
