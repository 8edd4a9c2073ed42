//! The demo as lines: what is asked for, the client's rows, and what there is to say about them.

use std::time::Duration;

use kreel_client::inert::inert;
use kreel_client::{AttemptEnd, Command, Update};
use kreel_krea::{Example, Note};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::app::Told;
use super::caller::{self, Asked};
use super::cast::{Cast, Running};
use super::incomplete;
use crate::args::Output;
use crate::exit::Exit;
use crate::problem::{Result, of_link};
use crate::rows::Rows;
use crate::signals::Signals;
use crate::terminal::{Paint, quoted};

/// How long after one call the next is made where someone watches: 700 ms, enough to read a line.
const PACE: Duration = Duration::from_millis(700);

/// How long all may take: 60 s, twice a training at the watched speed.
const ALL: Duration = Duration::from_secs(60);

/// How long the last thing an app says may be behind its answer: 1 s.
const LAST_WORD: Duration = Duration::from_secs(1);

const OPENING: &str = "\
An app asks Krea for things, and Krea's webhooks come to it. Everyone is in this process:

  app ── HTTP ──▶ proxy ── HTTP ──▶ Krea (a stand-in)
   ▲                                  │
   └── client ◀══ websocket ══ relay ◀── HTTPS
";

/// What has come so far.
#[derive(Debug, Default)]
struct Tally {
    asked: usize,
    refused: usize,
    handed: usize,
    not_2xx: usize,
    told: usize,
    twice: usize,
}

/// Plays it, and stays for the user's own webhooks if asked to.
pub(super) async fn play(cast: &mut Cast, stays: bool, signals: &mut Signals) -> Result<Exit> {
    let mut rows = Rows::new(Output::Compact);
    rows.tell(OPENING);
    rows.push();
    let mut running = cast.listen()?;
    let result = tokio::select! {
        result = acts(cast, &mut running, &mut rows, stays) => result.map(|()| Exit::Success),
        signal = signals.next() => Ok(signal.exit()),
    };
    close(running, &mut rows).await;
    result
}

async fn acts(cast: &mut Cast, running: &mut Running, rows: &mut Rows, stays: bool) -> Result<()> {
    let pace = if stays { PACE } else { Duration::ZERO };
    let (asking, mut asked) = mpsc::channel(16);
    let url = opened(cast, running, rows).await?;
    let caller = tokio::spawn(caller::ask(cast.api.clone(), pace, asking));
    let mut tally = Tally::default();
    let deadline = Instant::now() + ALL;
    while !tally.is_complete() {
        tokio::select! {
            // What was asked for stands before what came of it.
            biased;
            Some(asked) = asked.recv() => tally.ask(&asked, rows),
            update = running.updates.recv() => match update {
                Some(update) => tally.show(&update, rows),
                None => break,
            },
            Some(told) = cast.told.recv() => tally.tell(&told, rows),
            () = sleep_until(deadline) => break,
        }
        rows.push();
    }
    caller.abort();
    while tally.told < tally.handed {
        let Ok(Some(told)) = timeout(LAST_WORD, cast.told.recv()).await else {
            break;
        };
        tally.tell(&told, rows);
    }
    tally.close_with(rows)?;
    match stays {
        true => stay(cast, running, rows, &url).await,
        false => Ok(()),
    }
}

impl Tally {
    /// Whether all calls were made and all webhooks came: one for each job, and one twice.
    fn is_complete(&self) -> bool {
        self.asked == Example::all().len() && self.handed > self.asked - self.refused
    }

    fn ask(&mut self, asked: &Asked, rows: &mut Rows) {
        self.asked += 1;
        let story = format!("{}. The app asks for {}.", asked.number, asked.about);
        rows.tell(&Paint::of_stdout().bold(&story));
        if let Some(fault) = &asked.fault {
            self.refused += 1;
            rows.tell(&format!("   it was refused: {}", inert(fault)));
        }
    }

    fn show(&mut self, update: &Update, rows: &mut Rows) {
        rows.fit_terminal();
        rows.show(update);
        if let Update::Attempt(attempt) = update {
            self.handed += 1;
            let is_2xx = matches!(
                attempt.end,
                AttemptEnd::Answered {
                    status: 200..=299,
                    ..
                }
            );
            self.not_2xx += usize::from(!is_2xx);
        }
    }

    fn tell(&mut self, told: &Told, rows: &mut Rows) {
        self.told += 1;
        let job = told
            .job
            .as_ref()
            .map(|job| job.as_str())
            .unwrap_or_default();
        let job: String = job.chars().take(8).collect();
        if told.is_repeated {
            self.twice += 1;
            rows.tell(&format!(
                "   DUPLICATE  {}: {}",
                inert(&job),
                Note::DuplicateDelivery
            ));
        }
        for note in told.notes.iter().filter(|note| is_telling(note)) {
            rows.tell(&format!("   {}: {}", inert(&job), inert(&note.to_string())));
        }
    }

    fn close_with(&self, rows: &mut Rows) -> Result<()> {
        let summary = format!(
            "\n{} jobs, {} webhooks: {} was answered with an error by the app, {} came twice.",
            self.asked, self.handed, self.not_2xx, self.twice
        );
        rows.tell(&Paint::of_stdout().bold(&summary));
        rows.push();
        match (self.is_complete(), self.refused) {
            (true, 0) => Ok(()),
            _ => Err(incomplete("the lines above say which webhook did not come")),
        }
    }
}

/// Whether a note is worth a line here: that the stand-in's files are not at Krea's is not.
fn is_telling(note: &Note) -> bool {
    !matches!(note, Note::ResultHostNotKrea(_))
}

/// The tunnel's public address, once it is open.
async fn opened(cast: &Cast, running: &mut Running, rows: &mut Rows) -> Result<String> {
    let ready = async {
        while let Some(update) = running.updates.recv().await {
            rows.show(&update);
            rows.push();
            if let Update::Ready(ready) = update {
                return Some(ready.url.clone());
            }
        }
        None
    };
    match timeout(ALL, ready).await {
        Ok(Some(url)) => Ok(url),
        Ok(None) => Err(ended(cast, running).await),
        Err(_) => Err(incomplete("the tunnel did not open in time")),
    }
}

async fn stay(cast: &mut Cast, running: &mut Running, rows: &mut Rows, url: &str) -> Result<()> {
    rows.tell(&format!(
        "\nNow post something yourself, from another terminal:\n  \
         curl --cacert {} {} -d '{{\"hello\":\"world\"}}'\n\
         or ask for a job, at KREA_API_BASE_URL={}\n\
         Ctrl-C ends the demo. `kreel listen PORT` does the same for an app of yours.\n",
        quoted(&cast.relay.certificate.to_string_lossy()),
        quoted(url),
        cast.api,
    ));
    rows.push();
    let mut tally = Tally::default();
    loop {
        tokio::select! {
            update = running.updates.recv() => match update {
                Some(update) => tally.show(&update, rows),
                None => return Err(ended(cast, running).await),
            },
            Some(told) = cast.told.recv() => tally.tell(&told, rows),
        }
        rows.push();
    }
}

/// Ends the client, and shows what it still has to say.
async fn close(mut running: Running, rows: &mut Rows) {
    let _ = running.commands.send(Command::Stop).await;
    while let Some(update) = running.updates.recv().await {
        if matches!(update, Update::Counters(_)) {
            rows.show(&update);
        }
    }
    let _ = running.ended.await;
    rows.finish();
}

/// Why the client has ended before it was told to.
async fn ended(cast: &Cast, running: &mut Running) -> crate::problem::Problem {
    match (&mut running.ended).await {
        Ok(Err(error)) => of_link(&error, &cast.relay.remote.url),
        Ok(Ok(_)) | Err(_) => incomplete("the client stopped by itself"),
    }
}
