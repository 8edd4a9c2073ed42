//! Notices webhooks that never come, while `kreel` runs: asks the API about jobs that have not
//! ended, and says so, or makes up for it, once a job's end is old and nothing has come.
//!
//! On a thread of its own: looking into files must not hold up deliveries.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kreel_client::{History, ReplayConfig};
use kreel_krea::{
    Agenda, AskError, Asked, Asker, Evidence, JobId, Keys, Kind, Status, due, is_open,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::deliver::{Handed, deliver};
use super::{Gather, of_ledger};
use crate::args::DeliverMissed;
use crate::limits::{
    LISTED_JOBS, RADAR_AGAIN, RADAR_JOBS, RADAR_LIST, RADAR_LOOK, RADAR_STOP, RADAR_TICK,
};
use crate::problem::{Problem, Result};
use crate::runtime;

/// Whose webhooks are made up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those of all jobs that were started through the proxy.
    All,
    /// Those of node apps, for which Krea documents no webhook.
    NodeApps,
}

impl Which {
    /// As it was typed.
    pub(crate) fn of(typed: DeliverMissed) -> Self {
        match typed {
            DeliverMissed::All => Self::All,
            DeliverMissed::NodeApps => Self::NodeApps,
        }
    }
}

/// What a radar is run with.
#[derive(Debug)]
pub(crate) struct Radar {
    /// What is known.
    pub(crate) gather: Gather,
    /// Whom to ask.
    pub(crate) asker: Asker,
    /// With what.
    pub(crate) keys: Keys,
    /// How long after a job's end its webhook is missed.
    pub(crate) after: Duration,
    /// What is made up for, and where that goes.
    pub(crate) deliver: Option<(Which, ReplayConfig, History)>,
}

/// What a radar has to say.
#[derive(Debug)]
pub(crate) enum Found {
    /// A webhook never came.
    Missed(Box<Evidence>),
    /// One was made up for, or could not be.
    Delivered(JobId, Handed),
    /// Something is in the way.
    Trouble(Problem),
}

/// A radar that runs.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Watch {
    /// Starts it; what it finds is told as far as there is room.
    pub(crate) fn start(radar: Radar, found: mpsc::Sender<Found>) -> Result<Self> {
        let runtime = runtime::on_this_thread()?;
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let running = Running {
            radar,
            found,
            agenda: Agenda::default(),
            over: HashMap::new(),
            began: Timestamp::now(),
            list_at: Instant::now() + RADAR_AGAIN,
            trouble: None,
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // Whoever has dropped it wants it stopped, too.
                    _ = stopped => {}
                    () = running.run() => {}
                }
            });
            drop(end);
        });
        Ok(Self { stop, ended })
    }

    /// Stops it; an attempt under way is given up.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        let _ = timeout(RADAR_STOP, self.ended).await;
    }
}

struct Running {
    radar: Radar,
    found: mpsc::Sender<Found>,
    agenda: Agenda,
    /// Jobs that have ended and of whose end no webhook has come yet.
    over: HashMap<JobId, Over>,
    began: Timestamp,
    list_at: Instant,
    /// What was said to be in the way last; each is said once.
    trouble: Option<String>,
}

/// How far it is with a job that has ended.
#[derive(Debug, Default)]
struct Over {
    is_told: bool,
    /// When it may be tried again to hand its webhook over.
    again_at: Option<Instant>,
}

impl Running {
    async fn run(mut self) {
        if let Err(problem) = self.remember() {
            self.trouble(problem);
        }
        loop {
            if let Err(problem) = self.tick().await {
                self.trouble(problem);
            }
            let soon = Instant::now() + RADAR_TICK;
            let next = self.agenda.next().map_or(soon, |next| next.min(soon));
            sleep_until(next).await;
        }
    }

    /// Takes up what an earlier run has left.
    fn remember(&mut self) -> Result<()> {
        self.radar.gather.catch_up(RADAR_LOOK)?;
        let page = self.radar.gather.page(None, RADAR_JOBS, self.radar.after)?;
        for (place, evidence, _) in page {
            if evidence.known.is_some() && due(&evidence, Timestamp::now(), Duration::ZERO) {
                self.over.insert(place.job, Over::default());
            }
        }
        Ok(())
    }

    async fn tick(&mut self) -> Result<()> {
        for job in self.radar.gather.catch_up(RADAR_LOOK)?.jobs {
            if self.agenda.has(&job) && self.radar.gather.evidence(&job)?.has_come() {
                self.agenda.remove(&job);
            }
        }
        self.take_up()?;
        if let Some(job) = self.agenda.due(Instant::now()) {
            self.ask(&job).await?;
        }
        if Instant::now() >= self.list_at {
            self.list_at = Instant::now() + RADAR_LIST;
            self.list().await?;
        }
        self.judge().await
    }

    /// Puts jobs on the agenda that were started through the proxy, by whichever process.
    fn take_up(&mut self) -> Result<()> {
        let ledger = Arc::clone(self.radar.gather.ledger());
        let jobs = ledger.unfinished(RADAR_JOBS);
        for known in jobs.map_err(|error| of_ledger(&error))? {
            let is_new = !self.agenda.has(&known.id) && known.started_at >= self.began;
            let has_key = self.radar.keys.of(&known.id).is_some();
            if is_new && has_key && is_open(&self.radar.gather.evidence(&known.id)?) {
                self.agenda.add(&known.id, true, Instant::now());
            }
        }
        Ok(())
    }

    async fn ask(&mut self, id: &JobId) -> Result<()> {
        let Some(key) = self.radar.keys.of(id) else {
            self.agenda.asked(id, Asked::Hopeless, Instant::now());
            return Ok(());
        };
        let asked = match self.radar.asker.job(id, &key).await {
            Ok(answer) => {
                let job = answer.reading.as_ref().and_then(|reading| reading.job());
                let status = job.and_then(|job| job.status.as_ref());
                let is_over = status.is_some_and(Status::is_terminal);
                let noted = self.radar.gather.ledger().answered(id, &answer);
                noted.map_err(|error| of_ledger(&error))?;
                if is_over {
                    self.over.entry(id.clone()).or_default();
                }
                if is_over { Asked::Ended } else { Asked::Goes }
            }
            Err(error) => self.unanswered(&error),
        };
        self.agenda.asked(id, asked, Instant::now());
        Ok(())
    }

    fn unanswered(&mut self, error: &AskError) -> Asked {
        match error.is_passing() {
            true => Asked::PutOff(error.retry_after()),
            false => {
                self.trouble(super::asking::not_asked(error));
                Asked::Hopeless
            }
        }
    }

    /// Jobs that were started past the proxy, as far as the API lists them.
    async fn list(&mut self) -> Result<()> {
        let Some(key) = self.radar.keys.any() else {
            return Ok(());
        };
        let listed = match self.radar.asker.list(&key, LISTED_JOBS, None).await {
            Ok(listed) => listed,
            Err(error) => {
                self.unanswered(&error);
                return Ok(());
            }
        };
        for (id, answer) in listed.jobs {
            let Some(job) = answer.reading.as_ref().and_then(|reading| reading.job()) else {
                continue;
            };
            // What was before this run is for `kreel jobs list --missed`.
            if job.created_at.at().is_none_or(|at| at < self.began) {
                continue;
            }
            let is_over = job.status.as_ref().is_some_and(Status::is_terminal);
            let noted = self.radar.gather.ledger().answered(&id, &answer);
            noted.map_err(|error| of_ledger(&error))?;
            match is_over {
                true => drop(self.over.entry(id).or_default()),
                false => drop(self.agenda.add(&id, false, Instant::now())),
            }
        }
        Ok(())
    }

    /// Looks at those that have ended.
    async fn judge(&mut self) -> Result<()> {
        let jobs: Vec<JobId> = self.over.keys().cloned().collect();
        for id in jobs {
            let evidence = self.radar.gather.evidence(&id)?;
            if evidence.has_come() || evidence.is_made_up_for() || evidence.is_elsewhere {
                self.over.remove(&id);
                continue;
            }
            if !due(&evidence, Timestamp::now(), self.radar.after) {
                continue;
            }
            let over = self.over.entry(id.clone()).or_default();
            if !std::mem::replace(&mut over.is_told, true) {
                self.tell(Found::Missed(Box::new(evidence.clone())));
            }
            self.make_up_for(&id, &evidence).await?;
        }
        Ok(())
    }

    async fn make_up_for(&mut self, id: &JobId, evidence: &Evidence) -> Result<()> {
        let wanted = self
            .radar
            .deliver
            .as_ref()
            .filter(|(which, ..)| fits(*which, evidence));
        let is_put_off = self.over.get(id).and_then(|over| over.again_at);
        let Some((_, config, history)) = wanted else {
            // It is told, and that is all.
            self.over.remove(id);
            return Ok(());
        };
        if is_put_off.is_some_and(|at| at > Instant::now()) {
            return Ok(());
        }
        let (config, history) = (config.clone(), history.clone());
        let handed = deliver(&mut self.radar.gather, &history, config, evidence, false).await?;
        match &handed {
            Handed::Failed { .. } | Handed::Taken => {
                if let Some(over) = self.over.get_mut(id) {
                    over.again_at = Some(Instant::now() + RADAR_AGAIN);
                }
            }
            _ => drop(self.over.remove(id)),
        }
        if !matches!(handed, Handed::Taken | Handed::Before(_)) {
            self.tell(Found::Delivered(id.clone(), handed));
        }
        Ok(())
    }

    fn trouble(&mut self, problem: Problem) {
        let words = problem.cause().to_owned();
        if self.trouble.as_ref() != Some(&words) {
            self.trouble = Some(words);
            self.tell(Found::Trouble(problem));
        }
    }

    fn tell(&self, found: Found) {
        // A reader that is stuck is told nothing, and `kreel jobs list` shows it all the same.
        let _ = self.found.try_send(found);
    }
}

/// Whether this job's webhook is to be made up for: only one that was started through the proxy.
fn fits(which: Which, evidence: &Evidence) -> bool {
    evidence.known.as_ref().is_some_and(|known| match which {
        Which::All => true,
        Which::NodeApps => known.kind == Some(Kind::NodeApp),
    })
}
