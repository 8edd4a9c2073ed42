//! Lets in only those webhooks that the API confirms: `kreel listen --require-verified`.
//!
//! Each that waits at the client's gate is read from the history, and the API is asked about its job.
//! What the API says otherwise, or does not know, is withheld for good. While it can't be asked
//! nothing is decided: webhooks wait, and are kept like those whose app is down. On a thread of its
//! own: looking into files must not hold up deliveries.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::Uri;
use kreel_client::{Command, DeliveryId, Match, Reader};
use kreel_krea::{Agenda, AskError, Asked, Asker, JobId, Keys, Ledger, Reading, Ruling, ruling};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::asking::not_asked;
use super::gather::body_of;
use super::of_ledger;
use crate::limits::{
    DOOR_MOST, DOOR_NOT_YET, DOOR_TICK, DOOR_UNKNOWN, DOOR_WAITING, GATHER_BODY_BYTES, RADAR_STOP,
};
use crate::problem::{Code, Problem, Result, chain, of_history};
use crate::runtime;

/// How many webhooks may be on their way to the door: as many as updates may wait to be shown.
const TOLD: usize = 1024;

/// How much may wait to be said.
const SAID: usize = 16;

/// What a door is made of.
#[derive(Debug)]
pub(crate) struct DoorOptions {
    /// The history webhooks come into.
    pub(crate) history: PathBuf,
    /// What is known of jobs.
    pub(crate) ledger: Arc<Ledger>,
    /// The API.
    pub(crate) upstream: Uri,
    /// What to ask it with; some may become known later.
    pub(crate) keys: Keys,
}

/// A door that is watched.
#[derive(Debug)]
pub(crate) struct Door {
    tell: mpsc::Sender<DeliveryId>,
    is_behind: Arc<AtomicBool>,
    said: mpsc::Receiver<Problem>,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Door {
    /// Watches it from now on; what is decided goes to the client.
    pub(crate) fn watch(options: DoorOptions, commands: mpsc::Sender<Command>) -> Result<Self> {
        let runtime = runtime::on_this_thread()?;
        let asker = Asker::new(options.upstream.clone(), Vec::new()).map_err(|error| {
            Problem::new(
                Code::ProxyUnusable,
                "the API can't be asked like this",
                chain(&error),
                "check --krea-upstream, and your system's ca-certificates",
            )
        })?;
        let (tell, told) = mpsc::channel(TOLD);
        let (say, said) = mpsc::channel(SAID);
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let is_behind = Arc::new(AtomicBool::new(false));
        let keeper = Keeper {
            options,
            asker,
            reader: None,
            commands,
            say,
            is_behind: is_behind.clone(),
            agenda: Agenda::default(),
            waiting: HashMap::new(),
            count: 0,
            trouble: None,
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // Whoever has dropped it wants it stopped, too.
                    _ = stopped => {}
                    () = keeper.run(told) => {}
                }
            });
            drop(end);
        });
        Ok(Self {
            tell,
            is_behind,
            said,
            stop,
            ended,
        })
    }

    /// This one waits at the gate.
    pub(crate) fn tell(&self, id: DeliveryId) {
        if self.tell.try_send(id).is_err() {
            self.fall_behind();
        }
    }

    /// Some that wait were not told of; they are asked for again.
    pub(crate) fn fall_behind(&self) {
        self.is_behind.store(true, Ordering::Relaxed);
    }

    /// What is in the way of deciding; never once it has ended.
    pub(crate) async fn says(&mut self) -> Problem {
        match self.said.recv().await {
            Some(problem) => problem,
            None => std::future::pending().await,
        }
    }

    /// Stops it: what still waits is decided about the next time.
    pub(crate) async fn close(self) {
        let _ = self.stop.send(());
        let _ = timeout(RADAR_STOP, self.ended).await;
    }
}

/// Who decides.
struct Keeper {
    options: DoorOptions,
    asker: Asker,
    reader: Option<Reader>,
    commands: mpsc::Sender<Command>,
    say: mpsc::Sender<Problem>,
    is_behind: Arc<AtomicBool>,
    agenda: Agenda,
    waiting: HashMap<JobId, Group>,
    /// How many wait in all groups.
    count: usize,
    /// What was said to be in the way last; each is said once.
    trouble: Option<String>,
}

/// Those that wait for an answer about one job.
struct Group {
    since: Instant,
    /// How often the API has said that it knows no such job.
    unknown: u32,
    webhooks: Vec<(DeliveryId, Bytes)>,
}

impl Keeper {
    async fn run(mut self, mut told: mpsc::Receiver<DeliveryId>) {
        let mut tick = Instant::now() + DOOR_TICK;
        loop {
            let next = self.agenda.next().map_or(tick, |next| next.min(tick));
            tokio::select! {
                id = told.recv() => match id {
                    Some(id) => self.take(id).await,
                    None => return,
                },
                () = sleep_until(next) => {}
            }
            if Instant::now() >= tick {
                tick = Instant::now() + DOOR_TICK;
                self.tend().await;
            }
            if let Some(job) = self.agenda.due(Instant::now()) {
                self.ask(&job).await;
            }
        }
    }

    /// Takes one up; what names no job is withheld at once.
    async fn take(&mut self, id: DeliveryId) {
        if self.count >= DOOR_WAITING {
            return self.is_behind.store(true, Ordering::Relaxed);
        }
        let body = match self.body(id) {
            Ok(Some(body)) => body,
            // It is not here any more, so nobody waits for it.
            Ok(None) => return,
            Err(problem) => {
                self.is_behind.store(true, Ordering::Relaxed);
                return self.trouble(problem);
            }
        };
        let reading = Reading::of(&body);
        let Some(job) = reading.job().and_then(|job| job.id.clone()) else {
            return self
                .refuse(id, "it names no job, so the API can't vouch for it")
                .await;
        };
        if !job.is_uuid() {
            let why = "its job_id is no UUID, as all of Krea's are";
            return self.refuse(id, why).await;
        }
        let group = self.waiting.entry(job.clone()).or_insert_with(|| Group {
            since: Instant::now(),
            unknown: 0,
            webhooks: Vec::new(),
        });
        // One that is told again waits once.
        if group.webhooks.iter().all(|(known, _)| *known != id) {
            group.webhooks.push((id, body));
            self.count += 1;
        }
        self.enter(&job);
    }

    /// Puts a job on the agenda, if there is a key to ask with.
    fn enter(&mut self, job: &JobId) {
        if self.options.keys.of(job).is_none() {
            return self.trouble(key_missing());
        }
        // One of which nothing is known is asked about all the same, after the others.
        let known = self.options.ledger.find(job).ok().flatten().is_some();
        self.agenda.add_at_once(job, known, Instant::now());
    }

    /// Looks after those that wait for something else than the next question.
    async fn tend(&mut self) {
        if self.is_behind.swap(false, Ordering::Relaxed)
            && self.commands.try_send(Command::TellGated).is_err()
        {
            self.is_behind.store(true, Ordering::Relaxed);
        }
        let idle = self.waiting.keys().filter(|job| !self.agenda.has(job));
        let idle: Vec<JobId> = idle.cloned().collect();
        for job in idle {
            let is_over = self.waiting[&job].since.elapsed() >= DOOR_MOST;
            match is_over {
                true => {
                    let why = "the API could not be asked for three hours";
                    self.refuse_all(&job, why).await;
                }
                false => self.enter(&job),
            }
        }
    }

    async fn ask(&mut self, job: &JobId) {
        let Some(key) = self.options.keys.of(job) else {
            return self.agenda.remove(job);
        };
        let asked = match self.asker.job(job, &key).await {
            Ok(answer) => {
                self.trouble = None;
                let noted = self.options.ledger.answered(job, &answer);
                if let Err(error) = noted {
                    self.trouble(of_ledger(&error));
                }
                self.decide(job, &answer).await
            }
            Err(error) => {
                let put_off = error.retry_after();
                self.trouble(unasked(&error));
                // Also where the key is not taken: another may come, and nobody is let in meanwhile.
                Asked::PutOff(put_off)
            }
        };
        self.agenda.asked(job, asked, Instant::now());
    }

    /// Decides about all that wait for this answer.
    async fn decide(&mut self, job: &JobId, answer: &kreel_krea::ApiAnswer) -> Asked {
        let Some(group) = self.waiting.remove(job) else {
            return Asked::Ended;
        };
        let (since, all) = (group.since, group.webhooks.len());
        let unknown = group.unknown + u32::from(answer.reading.is_none());
        let mut left = Vec::new();
        for (id, body) in group.webhooks {
            match ruling(&body, answer) {
                Ruling::True => self.command(Command::Admit(id)).await,
                Ruling::Untrue(_) if answer.reading.is_none() && unknown < DOOR_UNKNOWN => {
                    left.push((id, body));
                }
                Ruling::Open(_) if since.elapsed() < DOOR_NOT_YET => left.push((id, body)),
                Ruling::Untrue(why) | Ruling::Open(why) => self.refuse(id, &why).await,
            }
        }
        self.count -= all - left.len();
        if left.is_empty() {
            return Asked::Ended;
        }
        let group = Group {
            since,
            unknown,
            webhooks: left,
        };
        self.waiting.insert(job.clone(), group);
        Asked::Goes
    }

    async fn refuse_all(&mut self, job: &JobId, why: &str) {
        let Some(group) = self.waiting.remove(job) else {
            return;
        };
        self.count -= group.webhooks.len();
        for (id, _) in group.webhooks {
            self.refuse(id, why).await;
        }
    }

    async fn refuse(&self, id: DeliveryId, why: &str) {
        let why = format!("{}: {why}", Code::NotVerified).into();
        self.command(Command::Refuse { id, why }).await;
    }

    async fn command(&self, command: Command) {
        // A client that has ended needs no telling.
        let _ = self.commands.send(command).await;
    }

    /// The body of a webhook, if it is in the history.
    fn body(&mut self, id: DeliveryId) -> Result<Option<Bytes>> {
        if self.reader.is_none() {
            let opened = Reader::open(&self.options.history);
            self.reader = opened.map_err(|error| of_history(&error))?;
        }
        let Some(reader) = &self.reader else {
            return Ok(None);
        };
        let body = || {
            let Match::One(number) = reader.find(&id.to_string())? else {
                return Ok(None);
            };
            let row = reader.row(number)?;
            let size = row.and_then(|row| row.summary.size_bytes).unwrap_or(0);
            match size > GATHER_BODY_BYTES {
                // More than a job has: it is read as none.
                true => Ok(Some(Bytes::new())),
                false => body_of(reader, number).map(Some),
            }
        };
        body().map_err(|error| of_history(&error))
    }

    fn trouble(&mut self, problem: Problem) {
        let words = problem.cause().to_owned();
        if self.trouble.as_ref() != Some(&words) {
            self.trouble = Some(words);
            // A reader that is stuck is told nothing; those that wait are seen to wait.
            let _ = self.say.try_send(problem);
        }
    }
}

/// There is nothing to ask with yet.
fn key_missing() -> Problem {
    Problem::new(
        Code::KeyMissing,
        "webhooks wait: the API can't be asked without a key",
        "KREA_API_KEY is not set, and no call with a key has come through the proxy yet",
        "make a call through the proxy, or start kreel again with KREA_API_KEY",
    )
}

/// Nothing can be decided until the API answers.
fn unasked(error: &AskError) -> Problem {
    let problem = not_asked(error);
    let next = match error {
        AskError::KeyRefused { .. } => "start kreel again with another KREA_API_KEY",
        _ => "it is asked again by itself",
    };
    Problem {
        what: format!("webhooks wait: {}", problem.what),
        next: next.to_owned(),
        ..problem
    }
}
