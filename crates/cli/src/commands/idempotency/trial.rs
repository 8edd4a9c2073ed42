//! Sends the delivery three times over and runs the probe in between.

use std::path::PathBuf;
use std::process::Stdio;

use futures_util::stream;
use kreel_client::{History, KeptAttempt, Replay, ReplayConfig, Replayer, Target, Update};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::PROBE;
use super::verdict::Shot;
use crate::commands::replay::Answers;
use crate::past::Taken;
use crate::problem::{Code, Problem, Result, of_client_config};
use crate::shape::Shape;
use crate::signals::{Received, Signals};

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

impl Trial<'_> {
    /// Once, again, and so many at once; or the signal that came in between.
    pub(super) async fn run(
        &self,
        at_once: u32,
    ) -> Result<std::result::Result<Vec<Shot>, Received>> {
        let mut signals = Signals::take()?;
        tokio::select! {
            shots = self.shots(at_once) => shots.map(Ok),
            signal = signals.next() => Ok(Err(signal)),
        }
    }

    async fn shots(&self, at_once: u32) -> Result<Vec<Shot>> {
        let mut shots = vec![Shot {
            name: "before",
            attempts: Vec::new(),
            probe: self.probe().await?,
        }];
        for (name, times) in [("once", 1), ("again", 1), ("at once", at_once)] {
            if times > 0 {
                shots.push(Shot {
                    name,
                    attempts: self.send(times).await?,
                    probe: self.probe().await?,
                });
            }
        }
        Ok(shots)
    }

    async fn send(&self, times: u32) -> Result<Vec<KeptAttempt>> {
        let impossible = |why: String| {
            Problem::new(
                Code::ChangeImpossible,
                "the delivery can't be sent as asked",
                why,
                "see `kreel requests get ID`, and --dry-run of `kreel replay`",
            )
        };
        let edited = self.shape.apply(self.taken).map_err(impossible)?;
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
        let (_commands, commanded) = mpsc::channel(1);
        let (updating, mut updates) = mpsc::channel(16);
        let running = replayer.run(stream::iter([replay]), commanded, updating);
        let hearing = async {
            let (mut numbers, mut refused) = (Vec::new(), None);
            while let Some(update) = updates.recv().await {
                match update {
                    Update::Attempt(attempt) => numbers.push(attempt.attempt),
                    Update::NotReplayed { why, .. } => refused = Some(why),
                    _ => {}
                }
            }
            (numbers, refused)
        };
        let (_, (mut numbers, refused)) = tokio::join!(running, hearing);
        if let Some(why) = refused {
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
        let running = Command::new("sh")
            .args(["-c", command])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output();
        let ended = timeout(PROBE, running).await;
        let output = ended
            .map_err(|_| failed(format!("it took longer than {} s", PROBE.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        match output.status.success() {
            true => Ok(Some(
                String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            )),
            false => Err(failed(format!("it ended with {}", output.status))),
        }
    }
}
