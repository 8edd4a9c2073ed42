//! Lets in only those webhooks that the API confirms: `kreel listen --require-verified`.
//!
//! Each that waits at the client's gate is read from the history, and the API is asked about its job.
//! What the API says otherwise, or does not know, is withheld for good. While it can't be asked
//! nothing is decided: webhooks wait, and are kept like those whose app is down. On a thread of its
//! own, and told of them by the client itself: looking into files must not hold up deliveries, and
//! a terminal that is stuck must not hold up this.

mod room;
mod said;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use kreel_client::{CertificateDer, Command, DeliveryId, Match, Reader};
use kreel_krea::{Agenda, ApiAnswer, Asked, Asker, JobId, Keys, Ledger, Reading, ruling};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use self::room::{Becomes, Known, Room};
use self::said::{is_strange, key_missing, other_key, strange, unasked};
use super::gather::body_of;
use super::of_ledger;
use crate::limits::{DOOR_IDLE, DOOR_TICK, DOOR_WAITING, GATHER_BODY_BYTES, RADAR_STOP};
use crate::problem::{Code, Problem, Result, chain, of_history};
use crate::runtime;

/// How many webhooks may be on their way to the door; of those beyond the client tells again.
const TOLD: usize = 1024;

/// How much may wait to be said.
const SAID: usize = 16;

/// The way of webhooks that wait at the gate, from the client to the door.
pub(crate) fn way() -> (mpsc::Sender<DeliveryId>, mpsc::Receiver<DeliveryId>) {
    mpsc::channel(TOLD)
}

/// What a door is made of.
#[derive(Debug)]
pub(crate) struct DoorOptions {
    /// The history webhooks come into.
    pub(crate) history: PathBuf,
    /// What is known of jobs.
    pub(crate) ledger: Arc<Ledger>,
    /// The API.
    pub(crate) upstream: Uri,
    /// Certificates to trust for it.
    pub(crate) trusted: Vec<CertificateDer<'static>>,
    /// What to ask it with; some may become known later.
    pub(crate) keys: Keys,
    /// Those that wait at the gate.
    pub(crate) told: mpsc::Receiver<DeliveryId>,
}

/// A door that is watched.
#[derive(Debug)]
pub(crate) struct Door {
    said: mpsc::Receiver<Problem>,
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Door {
    /// Watches it from now on; what is decided goes to the client.
    pub(crate) fn watch(options: DoorOptions, commands: mpsc::Sender<Command>) -> Result<Self> {
        let runtime = runtime::on_this_thread()?;
        let asker = Asker::new(options.upstream.clone(), options.trusted.clone());
        let asker = asker.map_err(|error| {
            Problem::new(
                Code::ProxyUnusable,
                "the API can't be asked like this",
                chain(&error),
                "check --krea-upstream, the file of --krea-upstream-ca, and your system's \
                 ca-certificates",
            )
        })?;
        let (say, said) = mpsc::channel(SAID);
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel::<()>();
        let keeper = Keeper {
            options,
            asker,
            reader: None,
            commands,
            say,
            agenda: Agenda::default(),
            room: Room::default(),
            unread: Vec::new(),
            turn: 0,
            trouble: None,
        };
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // Whoever has dropped it wants it stopped, too.
                    _ = stopped => {}
                    () = keeper.run() => {}
                }
            });
            drop(end);
        });
        Ok(Self { said, stop, ended })
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
    agenda: Agenda,
    room: Room,
    /// Those whose bodies could not be read; it is tried again.
    unread: Vec<DeliveryId>,
    /// Whose turn it is among those that are not on the agenda.
    turn: usize,
    /// What was said to be in the way last; each is said once.
    trouble: Option<String>,
}

/// What the history has of a webhook.
enum Kept {
    /// It is not here any more.
    Gone,
    /// More than a job has.
    TooLarge,
    /// All of it.
    Whole(Bytes),
}

impl Keeper {
    async fn run(mut self) {
        let mut tick = Instant::now() + DOOR_TICK;
        loop {
            let next = self.agenda.next().map_or(tick, |next| next.min(tick));
            let has_room = self.room.len() + self.unread.len() < DOOR_WAITING;
            tokio::select! {
                id = self.options.told.recv(), if has_room => match id {
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
        // One that is told again waits once.
        if self.room.has(id) || self.unread.contains(&id) {
            return;
        }
        let body = match self.body(id) {
            Ok(Kept::Whole(body)) => body,
            // Nobody waits for it.
            Ok(Kept::Gone) => return,
            Ok(Kept::TooLarge) => {
                let why = "its body is over 1 MiB, more than any job of Krea's has";
                return self.refuse(id, why).await;
            }
            Err(problem) => {
                self.unread.push(id);
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
        self.room.enter(&job, id);
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
        for id in std::mem::take(&mut self.unread) {
            self.take(id).await;
        }
        let idle = self.room.jobs().filter(|job| !self.agenda.has(job));
        let mut idle: Vec<JobId> = idle.cloned().collect();
        let middle = self.turn.checked_rem(idle.len()).unwrap_or(0);
        idle.rotate_left(middle);
        for job in idle.iter().take(DOOR_IDLE) {
            self.enter(job);
        }
        self.turn = middle + DOOR_IDLE;
    }

    async fn ask(&mut self, job: &JobId) {
        let keys = self.options.keys.all_for(job);
        let asked = match self.asker.job_by_any(job, &keys).await {
            Ok(answer) if is_strange(&answer) => {
                self.trouble(strange());
                Asked::PutOff(None)
            }
            Ok(answer) => match self.options.ledger.answered(job, &answer) {
                Ok(()) => self.decide(job, &answer).await,
                Err(error) => {
                    self.trouble(of_ledger(&error));
                    Asked::Goes
                }
            },
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
    async fn decide(&mut self, job: &JobId, answer: &ApiAnswer) -> Asked {
        let known = match self.known(job, answer) {
            Ok(known) => known,
            Err(problem) => {
                self.trouble(problem);
                return Asked::Goes;
            }
        };
        match known {
            Known::ByAnotherKey => self.trouble(other_key(job)),
            Known::Told | Known::Nowhere | Known::Here => self.trouble = None,
        }
        let mut left = Vec::new();
        for mut visitor in self.room.take(job) {
            let becomes = match self.body(visitor.id) {
                Ok(Kept::Whole(body)) => {
                    visitor.judge(ruling(&body, answer), known, Instant::now())
                }
                // It is not here any more, so nobody waits for it.
                Ok(Kept::Gone | Kept::TooLarge) => continue,
                Err(problem) => {
                    self.trouble(problem);
                    Becomes::Waits
                }
            };
            match becomes {
                Becomes::Admitted => self.command(Command::Admit(visitor.id)).await,
                Becomes::Refused(why) => self.refuse(visitor.id, &why).await,
                Becomes::Waits => left.push(visitor),
            }
        }
        let asked = match left.is_empty() {
            true => Asked::Ended,
            false => Asked::Goes,
        };
        self.room.put_back(job, left);
        asked
    }

    fn known(&self, job: &JobId, answer: &ApiAnswer) -> Result<Known> {
        if answer.reading.is_some() {
            return Ok(Known::Told);
        }
        let found = self.options.ledger.find(job);
        let is_ours = found.map_err(|error| of_ledger(&error))?.is_some();
        Ok(match (is_ours, self.options.keys.has_that_of(job)) {
            (false, _) => Known::Nowhere,
            (true, true) => Known::Here,
            (true, false) => Known::ByAnotherKey,
        })
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
    fn body(&mut self, id: DeliveryId) -> Result<Kept> {
        if self.reader.is_none() {
            let opened = Reader::open(&self.options.history);
            self.reader = opened.map_err(|error| of_history(&error))?;
        }
        let Some(reader) = &self.reader else {
            return Ok(Kept::Gone);
        };
        let body = || {
            let Match::One(number) = reader.find(&id.to_string())? else {
                return Ok(Kept::Gone);
            };
            let row = reader.row(number)?;
            let size = row.and_then(|row| row.summary.size_bytes).unwrap_or(0);
            match size > GATHER_BODY_BYTES {
                true => Ok(Kept::TooLarge),
                false => body_of(reader, number).map(Kept::Whole),
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
