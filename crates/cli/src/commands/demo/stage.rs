//! The demo as it is seen: the scenes one after another, and the client's rows between them.

use std::time::Duration;

use hyper::Uri;
use kreel_client::{Client, Command, Ended, LinkError, Ready, RelayUrl, Update};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::app;
use super::script::{Scene, scenes};
use super::sender::{Fault, Sender};
use crate::args::Output;
use crate::embedded::Embedded;
use crate::problem::{Code, Problem, Result, of_link};
use crate::rows::Rows;
use crate::terminal::{Paint, quoted};

/// A running client, and what is shown of it.
pub(super) struct Stage {
    rows: Rows,
    updates: mpsc::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    client: JoinHandle<std::result::Result<Ended, LinkError>>,
    relay: RelayUrl,
    sender: std::result::Result<Sender, Fault>,
    certificate: String,
    /// How long the reader gets for each scene.
    pace: Duration,
}

/// How long a scene takes where someone watches: 700 ms, enough to read a line.
const PACE: Duration = Duration::from_millis(700);

/// How long a webhook may take there and back: 5 s, a thousand times what it does.
const THERE_AND_BACK: Duration = Duration::from_secs(5);

const OPENING: &str = "\
A sender, a relay, a client and a sample app, all in this process:

  sender ── HTTPS ──▶ relay ══ websocket ══▶ client ── HTTP ──▶ app
";

impl Stage {
    /// Starts the client of this relay.
    pub(super) fn open(client: Client, relay: &Embedded, is_watched: bool) -> Self {
        let (commands, commanded) = mpsc::channel(1);
        let (updating, updates) = mpsc::channel(64);
        Self {
            rows: Rows::new(Output::Compact),
            updates,
            commands,
            client: tokio::spawn(client.run(commanded, updating)),
            relay: relay.remote.url.clone(),
            sender: Sender::new(relay.remote.ca.clone().unwrap_or_default()),
            certificate: relay.certificate.to_string_lossy().into_owned(),
            pace: if is_watched { PACE } else { Duration::ZERO },
        }
    }

    /// Plays the scenes, and stays for the user's own webhooks if asked to.
    pub(super) async fn play(&mut self, stays: bool) -> Result<()> {
        self.rows.tell(OPENING);
        let url = self.ready().await?;
        let scenes = scenes();
        let mut came_through = 0;
        for (number, scene) in (1..).zip(&scenes) {
            sleep(self.pace).await;
            let story = format!("{number}. {}", scene.story);
            self.rows.tell(&Paint::of_stdout().bold(&story));
            match self.post(&url, scene).await {
                Ok(()) => came_through += 1,
                Err(fault) => self
                    .rows
                    .tell(&format!("   it did not come through: {fault}")),
            }
            self.rows.push();
        }
        self.close_with(came_through, scenes.len())?;
        if stays {
            self.stay(&url).await?;
        }
        Ok(())
    }

    /// Ends the client, and shows what it still has to say.
    pub(super) async fn close(mut self) {
        let _ = self.commands.send(Command::Stop).await;
        while let Some(update) = self.updates.recv().await {
            if matches!(update, Update::Counters(_)) {
                self.rows.show(&update);
            }
        }
        let _ = self.client.await;
        self.rows.finish();
    }

    /// The tunnel's public address, once it is open.
    async fn ready(&mut self) -> Result<String> {
        let is_ready = |update: &Update| match update {
            Update::Ready(ready) => Some(Ready::clone(ready).url),
            _ => None,
        };
        match timeout(THERE_AND_BACK, self.until(is_ready)).await {
            Ok(Some(url)) => Ok(url),
            Ok(None) => Err(self.ended().await),
            Err(_) => Err(incomplete("the tunnel did not open in time")),
        }
    }

    /// Posts a webhook, and sees it arrive and its answer come back as the app gave it.
    async fn post(&mut self, url: &str, scene: &Scene) -> std::result::Result<(), Fault> {
        let to: Uri = format!("{url}{}", scene.path).parse()?;
        let sender = std::mem::replace(&mut self.sender, Err("the sender is away".into()))?;
        let handed_over = |update: &Update| matches!(update, Update::Attempt(_)).then_some(());
        let (answer, _) = timeout(THERE_AND_BACK, async {
            tokio::join!(
                sender.post(&to, scene.body.clone()),
                self.until(handed_over)
            )
        })
        .await
        .map_err(|_| "no answer in time")?;
        self.sender = Ok(sender);
        let (status, body) = app::handler(scene.body.as_bytes());
        let answer = answer?;
        if answer.status != status || answer.body != body.to_string() {
            return Err(format!(
                "the app answered {status}, the sender got {}",
                answer.status
            )
            .into());
        }
        Ok(())
    }

    /// Shows updates until one is what is waited for; none if the client ends before.
    async fn until<T>(&mut self, mut wanted: impl FnMut(&Update) -> Option<T>) -> Option<T> {
        loop {
            let update = self.updates.recv().await?;
            self.rows.fit_terminal();
            self.rows.show(&update);
            self.rows.push();
            if let Some(found) = wanted(&update) {
                return Some(found);
            }
        }
    }

    fn close_with(&mut self, came_through: usize, all: usize) -> Result<()> {
        self.rows.tell("");
        let summary = format!(
            "{came_through} of {all} webhooks reached the app, and its answers their sender."
        );
        self.rows.tell(&Paint::of_stdout().bold(&summary));
        self.rows.push();
        match came_through == all {
            true => Ok(()),
            false => Err(incomplete("the rows above say which webhook it was")),
        }
    }

    async fn stay(&mut self, url: &str) -> Result<()> {
        self.rows.tell(&format!(
            "\nNow post something yourself, from another terminal:\n  \
             curl --cacert {} {} -d '{{\"hello\":\"world\"}}'\n\
             Ctrl-C ends the demo. `kreel listen PORT` does the same for an app of yours.\n",
            quoted(&self.certificate),
            quoted(url),
        ));
        self.rows.push();
        match self.until(|_| None::<()>).await {
            Some(()) => Ok(()),
            None => Err(self.ended().await),
        }
    }

    /// Why the client has ended before it was told to.
    async fn ended(&mut self) -> Problem {
        match (&mut self.client).await {
            Ok(Err(error)) => of_link(&error, &self.relay),
            Ok(Ok(_)) | Err(_) => incomplete("the client stopped by itself"),
        }
    }
}

fn incomplete(why: &str) -> Problem {
    Problem::new(
        Code::DemoIncomplete,
        "the demo did not come through",
        why,
        "look for a firewall or a proxy that is in the way of connections to 127.0.0.1",
    )
}
