//! Notices webhooks that never come, while `kreel` runs: asks the API about jobs that have not
//! ended, and says so, or makes up for it, once a job's end is old and nothing has come.
//!
//! On a thread of its own: looking into files must not hold up deliveries.

mod making;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kreel_client::{History, ReplayConfig};
use kreel_krea::{
    Agenda, ApiAnswer, AskError, Asked, Asker, Evidence, JobId, Key, Keys, Status, due, is_open,
    may_run,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::deliver::Handed;
use super::{Gather, of_ledger};
use crate::args::DeliverMissed;
use crate::limits::{
    LISTED_JOBS, RADAR_AGAIN, RADAR_JOBS, RADAR_LIST, RADAR_LOOK, RADAR_STOP, RADAR_TICK,
    RADAR_TOLD,
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
            told: HashSet::new(),
            refused: HashMap::new(),
            handing: JoinSet::new(),
            began: Timestamp::now(),
            list_at: Instant::now() + RADAR_AGAIN,
            list_refused: None,
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
    /// Those that were told to be missed, so that no list tells of them again.
    told: HashSet<JobId>,
    /// Jobs about which the API took none of these keys.
    refused: HashMap<JobId, Vec<Key>>,
    /// The one webhook that is being handed over: an app that takes long holds up others of these, and
    /// nothing else.
    handing: JoinSet<(JobId, Result<Handed>)>,
    began: Timestamp,
    list_at: Instant,
    /// The key with which the API gives no list.
    list_refused: Option<Key>,
    /// What was said to be in the way last; each is said once.
    trouble: Option<String>,
}

/// How far it is with a job that has ended.
#[derive(Debug, Default)]
struct Over {
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
            tokio::select! {
                () = sleep_until(next) => {}
                // One that panicked is handed over again once its claim has lapsed.
                Some(Ok((id, handed))) = self.handing.join_next() => self.handed(&id, handed),
            }
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
            self.ask(&job).await;
        }
        if Instant::now() >= self.list_at {
            self.list_at = Instant::now() + RADAR_LIST;
            self.list().await?;
        }
        self.judge()
    }

    /// Puts jobs on the agenda that were started through the proxy, by whichever process, also before
    /// this one began.
    fn take_up(&mut self) -> Result<()> {
        let ledger = Arc::clone(self.radar.gather.ledger());
        let jobs = ledger.unfinished(RADAR_JOBS);
        let mut jobs = jobs.map_err(|error| of_ledger(&error))?;
        let now = Timestamp::now();
        jobs.retain(|known| may_run(known.started_at, now));
        let ids: HashSet<&JobId> = jobs.iter().map(|known| &known.id).collect();
        self.refused.retain(|id, _| ids.contains(id));
        for known in jobs {
            if self.agenda.has(&known.id) || self.over.contains_key(&known.id) {
                continue;
            }
            let keys = self.radar.keys.all_for(&known.id);
            // Only another key can make a difference.
            let is_refused = self.refused.get(&known.id) == Some(&keys);
            if !keys.is_empty() && !is_refused && is_open(&self.radar.gather.evidence(&known.id)?) {
                self.agenda.add(&known.id, true, Instant::now());
            }
        }
        Ok(())
    }

    async fn ask(&mut self, id: &JobId) {
        let keys = self.radar.keys.all_for(id);
        let asked = match self.radar.asker.job_by_any(id, &keys).await {
            Ok(answer) => {
                let job = answer.reading.as_ref().and_then(|reading| reading.job());
                let status = job.and_then(|job| job.status.as_ref());
                let is_over = status.is_some_and(Status::is_terminal);
                match self.radar.gather.ledger().answered(id, &answer) {
                    Ok(()) if is_over => {
                        self.over.entry(id.clone()).or_default();
                        Asked::Ended
                    }
                    Ok(()) => Asked::Goes,
                    // What was said is not known anywhere: it is asked again.
                    Err(error) => {
                        self.trouble(of_ledger(&error));
                        Asked::Goes
                    }
                }
            }
            Err(error) => {
                let asked = self.unanswered(&error);
                if asked == Asked::Hopeless {
                    self.refused.insert(id.clone(), keys);
                }
                asked
            }
        };
        self.agenda.asked(id, asked, Instant::now());
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
        let key = self.radar.keys.any();
        let Some(key) = key.filter(|key| self.list_refused.as_ref() != Some(key)) else {
            return Ok(());
        };
        let listed = match self.radar.asker.list(&key, LISTED_JOBS, None).await {
            Ok(listed) => listed,
            Err(error) => {
                match self.unanswered(&error) {
                    Asked::PutOff(wanted) => {
                        let now = Instant::now();
                        self.agenda.put_off(wanted, now);
                        self.list_at = now + wanted.unwrap_or_default().max(RADAR_LIST);
                    }
                    _ => self.list_refused = Some(key),
                }
                return Ok(());
            }
        };
        for (id, answer) in listed.jobs {
            let Some(job) = answer.reading.as_ref().and_then(|reading| reading.job()) else {
                continue;
            };
            // What others started before this run is for `kreel jobs list --missed`.
            let known = self.radar.gather.ledger().find(&id);
            let is_ours = known.map_err(|error| of_ledger(&error))?.is_some();
            let is_old = job.created_at.at().is_none_or(|at| at < self.began);
            if is_old && !is_ours {
                continue;
            }
            let is_over = job.status.as_ref().is_some_and(Status::is_terminal);
            let noted = self.radar.gather.ledger().answered(&id, &answer);
            noted.map_err(|error| of_ledger(&error))?;
            match is_over {
                // Of which it was told, and that is all.
                true if self.told.contains(&id) => {}
                true => drop(self.over.entry(id).or_default()),
                // Those of ours are taken up anyway, and others for as long as they may run.
                false if !is_ours && self.may_run(&answer) => {
                    self.agenda.add(&id, false, Instant::now());
                }
                false => {}
            }
        }
        Ok(())
    }

    fn may_run(&self, answer: &ApiAnswer) -> bool {
        let job = answer.reading.as_ref().and_then(|reading| reading.job());
        let created_at = job.and_then(|job| job.created_at.at());
        created_at.is_some_and(|at| may_run(at, answer.asked_at))
    }

    /// Looks at those that have ended.
    fn judge(&mut self) -> Result<()> {
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
            if self.told.len() >= RADAR_TOLD {
                // Some are told twice then, in days.
                self.told.clear();
            }
            if self.told.insert(id.clone()) {
                self.tell(Found::Missed(Box::new(evidence.clone())));
            }
            self.make_up_for(&id, evidence);
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
