//! Makes up for a webhook that never came: what the API says of the job is put into the history as
//! a delivery of kreel's own, and handed to the app.
//!
//! Once for each job, however many processes watch: the ledger says whose turn it is. The app is
//! told by `Kreel-Synthesised: 1`, lists by where the history keeps it.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use kreel_client::{
    AttemptEnd, DeliveryId, History, Kind, MADE_HERE, Reader, Replay, ReplayConfig, Replayer, Seq,
    Update,
};
use kreel_krea::{Claim, Evidence, JobId, Status};
use kreel_wire::{Delivery, HeadersBuilder, Scheme, TunnelName};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::time::interval;

use super::{Gather, of_ledger};
use crate::limits::{MADE_UP_MOST, MADE_UP_RENEW};
use crate::problem::{Code, Problem, Result, of_client_config, of_history};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handed {
    /// The app answered.
    Answered {
        /// With this status.
        status: u16,
        /// After so long.
        took: Duration,
        /// To the delivery with this id.
        delivery: DeliveryId,
    },
    /// It did not; why.
    Failed {
        /// In words.
        why: String,
        /// The delivery, which is in the history.
        delivery: DeliveryId,
    },
    /// It was handed over before.
    Before(DeliveryId),
    /// Another process is at it.
    Taken,
    /// The API has not said that the job has ended, so there is nothing to hand over.
    NotOver,
}

/// What the history has as the tunnel of these deliveries.
const TUNNEL: &str = "krea-missed";

/// Hands the webhook of a job over that never came. `again`: also if that was done before.
pub(crate) async fn deliver(
    gather: &mut Gather,
    history: &History,
    config: ReplayConfig,
    evidence: &Evidence,
    again: bool,
) -> Result<Handed> {
    let Some(body) = end(evidence) else {
        return Ok(Handed::NotOver);
    };
    let id = made_id(&evidence.id);
    let ledger = gather.ledger().clone();
    let claimed = ledger.claim(&evidence.id, Timestamp::now());
    match claimed.map_err(|error| of_ledger(&error))? {
        Claim::Done if !again => return Ok(Handed::Before(id)),
        Claim::Taken => return Ok(Handed::Taken),
        Claim::Yours | Claim::Done => {}
    }
    let config = within_bounds(config);
    let handed = hand_over(gather, history, config, evidence, (id, body)).await;
    let is_done = matches!(handed, Ok(Handed::Answered { .. }));
    let settled = ledger.settle(&evidence.id, is_done);
    settled.map_err(|error| of_ledger(&error))?;
    handed
}

/// Only what never came is made up for, unless it is wanted nevertheless.
pub(crate) fn check(evidence: &Evidence, again: bool) -> Result<()> {
    let refused = |why: String, next: &'static str| {
        let what = format!("there is nothing to hand over for job {}", evidence.id);
        Err(Problem::new(Code::JobNotDue, what, why, next))
    };
    let Some(job) = evidence.of_api() else {
        let asked = evidence.api.is_some();
        return match asked {
            true => refused(
                "the API knows no such job, or not for this key".to_owned(),
                "check KREA_API_KEY: a job belongs to one workspace",
            ),
            false => Err(super::asking::key_missing()),
        };
    };
    match &job.status {
        Some(status) if status.is_terminal() => {}
        Some(status) => {
            return refused(
                format!("the API says it is {status}"),
                "wait until it has ended; `kreel jobs get ID --verify` asks",
            );
        }
        None => {
            return refused(
                "the API's answer has no status".to_owned(),
                "see `kreel jobs get ID --verify --json`",
            );
        }
    }
    match evidence.has_come() && !again {
        true => refused(
            "its webhook came".to_owned(),
            "`kreel replay` hands that one over again; --again makes one nevertheless",
        ),
        false => Ok(()),
    }
}

/// An app that hangs must not be waited for until another process thinks that this one has died.
fn within_bounds(config: ReplayConfig) -> ReplayConfig {
    ReplayConfig {
        timeout: Some(config.timeout.unwrap_or(MADE_UP_MOST)),
        ..config
    }
}

/// Why a job could not be asked about, unless that does not matter: the API has told its end before, and
/// an end stays one.
pub(crate) fn or_known(problem: Problem, evidence: &Evidence) -> Result<()> {
    match end(evidence) {
        Some(_) => Ok(()),
        None => Err(problem),
    }
}

/// The API's answer, if it says that the job has ended.
fn end(evidence: &Evidence) -> Option<Bytes> {
    let status = evidence.of_api()?.status.as_ref()?;
    let body = &evidence.api.as_ref()?.body;
    Status::is_terminal(status).then(|| body.clone())
}

async fn hand_over(
    gather: &mut Gather,
    history: &History,
    config: ReplayConfig,
    evidence: &Evidence,
    (id, body): (DeliveryId, Bytes),
) -> Result<Handed> {
    let tunnel: TunnelName = TUNNEL.parse().expect("it is a name of a tunnel");
    let target = gather.path_of(evidence.known.as_ref())?;
    let seq = next_seq(gather.reader()?, &tunnel)?;
    let made = delivery(id, seq, target, body.len());
    let taken = history.take_in(MADE_HERE, &tunnel, [(made, body)]);
    taken.map_err(|error| of_history(&error))?;
    let replayer = Replayer::new(config, history.clone());
    let replayer = replayer.map_err(|error| of_client_config(&error))?;
    let (_commands, commanded) = mpsc::channel(1);
    let (updating, mut updates) = mpsc::channel(16);
    let replays = Box::pin(stream::iter([Replay::once(id)]));
    let mut running = pin!(replayer.run(replays, commanded, updating));
    let mut handed = Handed::Failed {
        why: "nothing came of it".to_owned(),
        delivery: id,
    };
    let mut renewal = interval(MADE_UP_RENEW);
    loop {
        tokio::select! {
            biased;
            Some(update) = updates.recv() => take(update, id, &mut handed),
            _ = &mut running => break,
            // Whatever the user has set as the most it may take.
            _ = renewal.tick() => {
                // Should that fail another process may hand the same over, which harms less than
                // to give this up.
                let _ = gather.ledger().renew(&evidence.id, Timestamp::now());
            }
        }
    }
    while let Ok(update) = updates.try_recv() {
        take(update, id, &mut handed);
    }
    Ok(handed)
}

fn take(update: Update, delivery: DeliveryId, handed: &mut Handed) {
    *handed = match update {
        Update::Attempt(attempt) => match attempt.end {
            AttemptEnd::Answered { status, .. } => Handed::Answered {
                status,
                took: attempt.timings.total,
                delivery,
            },
            AttemptEnd::Failed(failure) => Handed::Failed {
                why: failure.to_string(),
                delivery,
            },
        },
        Update::NotReplayed { why, .. } => Handed::Failed { why, delivery },
        _ => return,
    };
}

/// The number the next of these deliveries has.
fn next_seq(reader: Option<&Reader>, tunnel: &TunnelName) -> Result<Seq> {
    let counters = reader.map(|reader| reader.counters(MADE_HERE, tunnel));
    let counters = counters.transpose().map_err(|error| of_history(&error))?;
    Ok(Seq(counters
        .flatten()
        .map_or(1, |totals| totals.received + 1)))
}

fn delivery(id: DeliveryId, seq: Seq, target: Bytes, size: usize) -> Delivery {
    let mut headers = HeadersBuilder::with_capacity(2);
    headers.push(b"content-type", b"application/json");
    headers.push(
        b"user-agent",
        concat!("kreel/", env!("CARGO_PKG_VERSION")).as_bytes(),
    );
    let now = Timestamp::now().as_microsecond();
    Delivery {
        id,
        seq,
        received_at_us: u64::try_from(now).unwrap_or(0),
        kind: Kind::Queued,
        method: "POST".into(),
        target,
        headers: headers.build(),
        scheme: Scheme::Https,
        forwarded_for: "127.0.0.1".into(),
        body_bytes: Some(size as u64),
        attempted: false,
        signature: None,
    }
}

/// The same id for the same job in every process: the history takes it in once. A UUID of our own
/// making (RFC 9562, version 8).
pub(crate) fn made_id(job: &JobId) -> DeliveryId {
    let digest = Sha256::digest(format!("kreel made this webhook of {job}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    DeliveryId::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_has_a_minute_for_it_unless_the_user_says_otherwise() {
        let config = |timeout| ReplayConfig {
            target: None,
            timeout,
            headers: Vec::new(),
            host_header: kreel_client::HostHeader::Rewrite,
            insecure: false,
            grace: Duration::ZERO,
            at_once: 1,
        };
        let bounded = |timeout| within_bounds(config(timeout)).timeout;
        assert_eq!(bounded(None), Some(MADE_UP_MOST));
        let set = Some(Duration::from_secs(600));
        assert_eq!(bounded(set), set);
    }

    #[test]
    fn a_job_s_own_webhook_has_one_id_everywhere() {
        let id = |job: &str| made_id(&JobId::new(job)).to_string();
        assert_eq!(id("a"), id("a"));
        assert_ne!(id("a"), id("b"));
        assert_eq!(&id("a")[14..15], "8");
    }
}
