//! One attempt that the user asked for: the delivery as the history has it, or as it was edited,
//! to the app or to another target.

use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::{Delivery, Failure, Headers, HeadersBuilder, is_token};
use tokio::sync::oneshot;

use super::answer::Reply;
use super::app::App;
use super::body::Body;
use super::record::Record;
use super::{Clock, Forward, NotBegun, Report, Work, stored};
use crate::driver::lanes::{Lane, Outgoing};
use crate::engine::{Replayed, Run};
use crate::history::{Allotted, Changed, Job, Jobs, StoredAttempt};
use crate::limits::EDITED_KEPT_BYTES;
use crate::{AttemptEnd, Edited, Replay};

/// What is special about a request that the user asked for.
#[derive(Debug, Default)]
pub(crate) struct Special {
    /// The sender's header lines, if the user changed the request.
    pub(super) senders: Option<Headers>,
    /// It goes to another target than the app.
    pub(super) is_elsewhere: bool,
    /// Nobody sent it: kreel made it itself.
    pub(super) is_synthesised: bool,
}

/// What the user says about a replay that has no more time.
const STOPPED: &str = "the replay was stopped by hand";

/// Why nothing can be asked of a history.
const NOT_WRITTEN: &str = "the history can't be written at the moment";

impl Forward {
    /// Hands a delivery over again and reports what became of it. Ends early when `stopped` says so.
    pub(crate) async fn replay(
        self: Arc<Self>,
        history: Jobs,
        run: Run,
        replay: Arc<Replay>,
        stopped: oneshot::Receiver<()>,
    ) {
        let report = match self.try_replay(&history, run, &replay, stopped).await {
            Ok((ended, record)) => Report::Replayed { run, ended, record },
            Err(why) => Report::NotReplayed { run, why },
        };
        let outgoing = Outgoing {
            message: None,
            report: Some(report),
        };
        self.outlet.put(Lane::Urgent, outgoing).await;
    }

    async fn try_replay(
        &self,
        history: &Jobs,
        run: Run,
        replay: &Replay,
        stopped: oneshot::Receiver<()>,
    ) -> Result<(Replayed, Box<StoredAttempt>), String> {
        let app = self.app_of(replay)?;
        let head = stored::head(history, replay.delivery).await;
        let head = head.map_err(|cause| cause.to_string())?;
        let edited = match &replay.edited {
            Some(edited) => Some(apply(edited, &head)?),
            None => None,
        };
        let allotted = allot(history, replay).await?;
        let size_bytes = allotted.delivery.size_bytes.unwrap_or(0);
        let own = stored::body(history, replay.delivery, size_bytes).await;
        let own = own.map_err(|cause| cause.to_string())?;
        let mut record = Record::begin(allotted.attempt);
        record.replays(changed(replay, &head, &own));
        let others = replay.edited.as_ref().and_then(|it| it.senders.clone());
        let (delivery, body, senders) = match edited {
            Some((delivery, body)) => {
                let senders = others.unwrap_or(head.headers);
                (Box::new(delivery), Body::Whole(body), Some(senders))
            }
            None => (head, own, None),
        };
        let special = Special {
            senders,
            is_elsewhere: replay.to.is_some(),
            is_synthesised: allotted.is_synthesised,
        };
        let work = Work {
            delivery,
            run,
            attempt: allotted.attempt,
            body: Body::Whole(Bytes::new()),
            reply: None,
            special: Some(Box::new(special)),
            withheld: None,
        };
        Ok(self
            .hand_over_again(&app, &work, body, record, allotted, stopped)
            .await)
    }

    async fn hand_over_again(
        &self,
        app: &App,
        work: &Work,
        body: Body,
        mut record: Record,
        allotted: Allotted,
        stopped: oneshot::Receiver<()>,
    ) -> (Replayed, Box<StoredAttempt>) {
        let mut clock = Clock::start();
        let mut reply = Reply::new(None, self.outlet.clone());
        let handing = self.hand_over(app, work, body, &mut reply, (&mut clock, &mut record));
        let ended = tokio::select! {
            ended = handing => Some(ended),
            _ = stopped => None,
        };
        let end = match ended {
            Some(Ok(ending)) => ending.end,
            Some(Err(NotBegun { failure, .. })) => AttemptEnd::Failed(failure),
            None => AttemptEnd::Failed(Failure::GivenUp {
                cause: STOPPED.to_owned(),
            }),
        };
        let timings = clock.stop();
        let ended = Replayed {
            delivery: allotted.delivery,
            attempt: allotted.attempt,
            end: end.clone(),
            timings,
        };
        (ended, record.end(end, timings))
    }

    /// Where a replay goes.
    fn app_of(&self, replay: &Replay) -> Result<Arc<App>, String> {
        match (&replay.to, &self.app) {
            (Some(target), _) => self
                .elsewhere
                .app(target)
                .map_err(|error| error.to_string()),
            (None, Some(app)) => Ok(app.clone()),
            (None, None) => Err("there is no app to hand it to".to_owned()),
        }
    }
}

async fn allot(history: &Jobs, replay: &Replay) -> Result<Allotted, String> {
    let (reply, allotted) = oneshot::channel();
    let id = replay.delivery;
    history.put(Job::Allot { id, reply });
    let allotted = allotted.await.map_err(|_| NOT_WRITTEN.to_owned())?;
    allotted.map_err(|refused| refused.to_string())
}

/// The delivery as the user wants it, and its body.
fn apply(edited: &Edited, head: &Delivery) -> Result<(Delivery, Bytes), String> {
    if !is_token(edited.method.as_bytes()) {
        return Err(format!("{:?} is no method", edited.method));
    }
    let delivery = Delivery {
        method: edited.method.as_str().into(),
        target: edited.target.clone(),
        headers: framed(edited, head)?,
        body_bytes: Some(edited.body.len() as u64),
        ..head.clone()
    };
    Ok((delivery, edited.body.clone()))
}

/// The edited lines, with a length that is the body's. One that the user has set to something else
/// can't be sent: whoever reads it would take what follows for a part of this body, or wait for
/// ever.
fn framed(edited: &Edited, head: &Delivery) -> Result<Headers, String> {
    let length = edited.body.len().to_string();
    let is_chunked = edited.headers.first("transfer-encoding").is_some();
    let senders = edited.senders.as_ref().unwrap_or(&head.headers);
    let senders = senders.first("content-length");
    let mut lines = HeadersBuilder::with_capacity(edited.headers.len());
    let mut has_length = false;
    for line in &edited.headers {
        if !line.is("content-length") {
            lines.push(line.name, line.value);
            continue;
        }
        if Some(line.value) != senders && line.value != length.as_bytes() {
            let set = String::from_utf8_lossy(line.value);
            return Err(format!(
                "its Content-Length was set to {set}, and its body has {length} bytes: the app \
                 would wait for the rest or take it for another request; without that line the \
                 length follows the body"
            ));
        }
        if !is_chunked && !std::mem::replace(&mut has_length, true) {
            lines.push(line.name, length.as_bytes());
        }
    }
    Ok(lines.build())
}

/// What the history is told about how the request differs from its delivery.
fn changed(replay: &Replay, head: &Delivery, own: &Body) -> Changed {
    let Some(edited) = &replay.edited else {
        return Changed {
            to: replay.to.as_ref().map(ToString::to_string),
            ..Changed::default()
        };
    };
    let is_own_body = matches!(own, Body::Whole(own) if *own == edited.body);
    let kept = &edited.body[..edited.body.len().min(EDITED_KEPT_BYTES)];
    Changed {
        is_edited: true,
        method: (*edited.method != *head.method).then(|| edited.method.clone()),
        body: (!is_own_body).then(|| edited.body.slice_ref(kept)),
        to: replay.to.as_ref().map(ToString::to_string),
    }
}
