//! The senders: each posts, waits for the answer and puts both down.

mod post;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::post::Line;
use crate::ledger::{By, Ended, SenderLine, Sent};
use crate::message::Message;
use crate::progress::{Progress, REFUSED};

/// Where to post.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The relay's socket.
    pub(crate) address: SocketAddr,
    /// The tunnel's path, without a slash at its end.
    pub(crate) path: String,
}

/// Senders at work. Stopped on drop.
#[derive(Debug)]
pub(crate) struct Senders(JoinSet<Result<()>>);

impl Senders {
    /// Starts so many, who together post about so many messages a second.
    pub(crate) fn start(
        target: &Target,
        progress: &Arc<Progress>,
        senders: usize,
        per_second: usize,
    ) -> Self {
        let mut tasks = JoinSet::new();
        for number in 0..senders {
            let sender = Sender {
                target: target.clone(),
                progress: Arc::clone(progress),
                rng: Rng::with_seed(progress.seed ^ (number as u64 + 1) << 32),
                pause: Duration::from_secs(1) * u32::try_from(senders).unwrap_or(1)
                    / u32::try_from(per_second).unwrap_or(u32::MAX),
                line: None,
            };
            tasks.spawn(sender.run());
        }
        Self(tasks)
    }

    /// Waits until all have their last answer.
    pub(crate) async fn end(mut self) -> Result<()> {
        while let Some(ended) = self.0.join_next().await {
            ended.map_err(|lost| anyhow!("a sender died: {lost}"))??;
        }
        Ok(())
    }
}

struct Sender {
    target: Target,
    progress: Arc<Progress>,
    rng: Rng,
    pause: Duration,
    /// The connection at hand.
    line: Option<Line>,
}

impl Sender {
    async fn run(mut self) -> Result<()> {
        let mut in_a_row = 0;
        while !self.progress.is_over() {
            if in_a_row == 0 {
                let part = self.rng.u32(0..200);
                sleep(self.pause * part / 100).await;
                // Webhooks come in bursts, too.
                in_a_row = if self.rng.u8(..) < 8 {
                    self.rng.u32(2..40)
                } else {
                    1
                };
            }
            in_a_row -= 1;
            let answered = self.post().await?;
            if !answered {
                sleep(AFTER_A_FAILURE).await;
            }
        }
        Ok(())
    }

    /// Sends one message; whether there was an answer.
    async fn post(&mut self) -> Result<bool> {
        let progress = Arc::clone(&self.progress);
        let message = Message::new(progress.seed, progress.next_id());
        if message.fresh {
            self.line = None;
        }
        let line = match self.line.take() {
            Some(line) if line.is_usable().await => Ok(line),
            _ => Line::open(self.target.address).await,
        };
        progress.ledger.put(&SenderLine::Sent(Sent {
            at_us: progress.clock.now_us(),
            id: message.id,
            bytes: message.body.len() as u64,
            sha: message.sha,
        }))?;
        let (by, status, note) = match line {
            Err(error) => (By::Nobody, 0, word(&error.to_string())),
            Ok(line) => self.exchange(line, &message).await,
        };
        let ended = Ended {
            at_us: progress.clock.now_us(),
            id: message.id,
            by,
            status,
            note,
        };
        if ended.is_acknowledged() {
            progress.acknowledge();
        } else if ended.status == 503 {
            progress.add(REFUSED);
        }
        let answered = ended.status != 0;
        progress.ledger.put(&SenderLine::Ended(ended))?;
        Ok(answered)
    }

    async fn exchange(&mut self, mut line: Line, message: &Message) -> (By, u16, String) {
        let posted = line.post(&self.target, message);
        let answer = match timeout(ANSWER_WITHIN, posted).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return (By::Nobody, 0, word(&format!("{error:#}"))),
            Err(_) => {
                return (
                    By::Silence,
                    0,
                    format!("nothing_within_{}_s", ANSWER_WITHIN.as_secs()),
                );
            }
        };
        self.line = Some(line);
        let (by, note) = answer.meaning(message.id);
        (by, answer.status, word(&note))
    }
}

/// Text as one word of a ledger.
fn word(text: &str) -> String {
    let text: String = text.chars().take(120).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join("_")
    }
}

/// Far longer than the tunnel's own `--wait`; whoever waits so long has been forgotten.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// So that a relay that is down does not eat the numbers.
const AFTER_A_FAILURE: Duration = Duration::from_millis(40);
