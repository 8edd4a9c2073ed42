//! One attempt: a delivery to the app, and its answer on the way back to the relay.
//!
//! Goes only to the configured target, whatever the webhook says. Decides nothing about
//! deliveries: how an attempt ended is reported, and the engine draws the conclusions.

mod answer;
mod app;
mod body;
mod capture;
mod connection;
mod elsewhere;
mod head;
mod order;
mod pool;
mod record;
mod replay;
mod stored;
mod strict;
mod watched;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use kreel_wire::{Delivery, DeliveryId, Failure, ToRelay};
use tokio::time::{Instant, timeout};

use self::answer::Reply;
use self::app::App;
pub(crate) use self::body::Body;
use self::body::RequestBody;
use self::connection::Connection;
use self::elsewhere::Elsewhere;
use self::head::HeadRules;
use self::order::Order;
use self::record::Record;
use self::replay::Special;
pub(crate) use self::stored::{Stored, Unreadable};
use crate::driver::lanes::{Lane, Outgoing, Outlet};
use crate::engine::{Replayed, Run};
use crate::history::{Jobs, StoredAttempt};
use crate::limits::CROSSING;
use crate::link::exchange::Exchange;
use crate::{AttemptEnd, ConfigError, ReplayConfig, Timings};

/// What hands deliveries to the app. One for all attempts.
#[derive(Debug)]
pub(crate) struct Forward {
    app: Option<Arc<App>>,
    /// Other targets that the user has replays go to.
    elsewhere: Elsewhere,
    rules: HeadRules,
    timeout: Option<Duration>,
    outlet: Outlet,
}

/// A delivery ready to be handed over.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) delivery: Box<Delivery>,
    /// Which running this is.
    pub(crate) run: Run,
    /// Which attempt this is, from 1.
    pub(crate) attempt: u32,
    pub(crate) body: Body,
    /// Where the answer goes, if a sender waits for it.
    pub(crate) reply: Option<Arc<Exchange>>,
    /// What is special about it, if the user asked for it.
    pub(crate) special: Option<Box<Special>>,
    /// Why the app may not have it: then it is taken as if there were none.
    pub(crate) withheld: Option<Arc<str>>,
}

/// What became of something this module was asked to do.
#[derive(Debug)]
pub(crate) enum Report {
    /// There was no connection, so the app has seen nothing of this delivery.
    NoConnection {
        failure: Failure,
        work: Box<Work>,
        record: Box<StoredAttempt>,
    },
    /// The attempt is over.
    Finished {
        id: DeliveryId,
        run: Run,
        record: Box<StoredAttempt>,
    },
    /// What the attempt needs can't be read from the history.
    Unreadable {
        id: DeliveryId,
        run: Run,
        cause: Unreadable,
    },
    /// A replay is over.
    Replayed {
        run: Run,
        ended: Replayed,
        record: Box<StoredAttempt>,
    },
    /// A replay can't begin.
    NotReplayed { run: Run, why: String },
    /// The app was looked for.
    Probed(Result<(), Failure>),
}

/// How an attempt ended, and what is still to be said about it.
struct Ending {
    end: AttemptEnd,
    /// The last message, and the lane on which it overtakes none before it.
    last: Option<ToRelay>,
    lane: Lane,
}

/// An attempt that never began.
struct NotBegun {
    failure: Failure,
    body: Body,
}

impl Work {
    /// The same work with this body, for another attempt.
    fn with(mut self: Box<Self>, body: Body) -> Box<Self> {
        self.body = body;
        self
    }
}

impl Forward {
    pub(crate) fn new(config: &ReplayConfig, outlet: Outlet) -> Result<Self, ConfigError> {
        let app = config
            .target
            .clone()
            .map(|target| App::new(target, config.insecure))
            .transpose()?;
        Ok(Self {
            app: app.map(Arc::new),
            elsewhere: Elsewhere::new(config.insecure),
            rules: HeadRules::new(config)?,
            timeout: config.timeout,
            outlet,
        })
    }

    /// Hands one delivery over that waits in the history.
    pub(crate) async fn attempt_stored(
        self: Arc<Self>,
        history: Jobs,
        id: DeliveryId,
        run: Run,
        attempt: u32,
        withheld: Option<Arc<str>>,
    ) {
        match stored::load(&history, id).await {
            Ok((delivery, body)) => {
                let work = Work {
                    delivery,
                    run,
                    attempt,
                    body,
                    reply: None,
                    special: None,
                    withheld,
                };
                // Boxed: the rest is small, and is moved before it first runs.
                Box::pin(self.attempt(Box::new(work))).await;
            }
            Err(cause) => {
                let outgoing = Outgoing {
                    message: None,
                    report: Some(Report::Unreadable { id, run, cause }),
                };
                self.outlet.put(Lane::Urgent, outgoing).await;
            }
        }
    }

    /// Hands one delivery over and reports what became of it.
    pub(crate) async fn attempt(self: Arc<Self>, mut work: Box<Work>) {
        let mut clock = Clock::start();
        let mut record = Record::begin(work.attempt);
        let body = std::mem::replace(&mut work.body, Body::Whole(bytes::Bytes::new()));
        let mut reply = Reply::new(work.reply.clone(), self.outlet.clone());
        let run = match self.app.as_ref().filter(|_| work.withheld.is_none()) {
            Some(app) => {
                let trace = (&mut clock, &mut record);
                self.hand_over(app, &work, body, &mut reply, trace).await
            }
            None => {
                if let Some(why) = work.withheld.take() {
                    record.withheld(why);
                }
                let captured = capture::capture(work.delivery.id, body, &mut reply, &mut record);
                Ok(Box::pin(captured).await)
            }
        };
        let timings = clock.stop();
        let (lane, message, report) = match run {
            Ok(ending) => {
                let report = Report::Finished {
                    id: work.delivery.id,
                    run: work.run,
                    record: record.end(ending.end, timings),
                };
                (ending.lane, ending.last, report)
            }
            Err(NotBegun { failure, body }) => {
                let record = record.end(AttemptEnd::Failed(failure.clone()), timings);
                let work = work.with(body);
                let report = Report::NoConnection {
                    failure,
                    work,
                    record,
                };
                (Lane::Urgent, None, report)
            }
        };
        let outgoing = Outgoing {
            message: message.and_then(|message| reply.addressed(message)),
            report: Some(report),
        };
        self.outlet.put(lane, outgoing).await;
    }

    async fn hand_over(
        &self,
        app: &App,
        work: &Work,
        body: Body,
        reply: &mut Reply,
        (clock, record): (&mut Clock, &mut Record),
    ) -> Result<Ending, NotBegun> {
        // A request that finds its connection closed is sent again only if its body is at hand.
        let is_at_risk = work.special.is_some() && matches!(body, Body::Stored(_));
        let connection = match is_at_risk {
            true => Box::pin(app.connect()).await,
            false => app.connection().await,
        };
        let connection = match connection {
            Ok(connection) => connection,
            Err(failure) => return Err(NotBegun { failure, body }),
        };
        clock.connected(&connection);
        let ended = {
            let trace = (clock, record);
            // Pinned, or room would be kept for it once bare and once within its timeout.
            let exchange = pin!(self.exchange(app, connection, work, body, reply, trace));
            match self.timeout {
                Some(after) => timeout(after, exchange).await.map_err(|_| after),
                None => Ok(exchange.await),
            }
        };
        match ended {
            Ok(ended) => ended,
            Err(after) => Ok(reply.failed(Failure::TimedOut { after })),
        }
    }

    /// Sends the request and takes the answer, once more on a new connection if a used one
    /// turned out to be closed: at once, for else the app has worked on the request and died.
    async fn exchange(
        &self,
        app: &App,
        mut connection: Connection,
        work: &Work,
        mut body: Body,
        reply: &mut Reply,
        (clock, record): (&mut Clock, &mut Record),
    ) -> Result<Ending, NotBegun> {
        let mut attempt = work.attempt;
        loop {
            let spare = match &body {
                Body::Whole(bytes) => Some(bytes.clone()),
                Body::Streamed(_) | Body::Stored(_) => None,
            };
            let request = match self.rules.request(work, attempt, app.target(), body) {
                Ok(request) => request,
                Err(cause) => return Ok(reply.failed(Failure::GivenUp { cause })),
            };
            let order = request.extensions().get::<Order>();
            let url = app.url_of(request.uri());
            record.sent(url, request.headers(), order);
            let sent_at = Instant::now();
            let unsent = match connection.send(request).await {
                Ok(response) => {
                    clock.answered();
                    return Ok(
                        answer::relay(response, connection, app.pool(), reply, record).await,
                    );
                }
                Err(unsent) => unsent,
            };
            let was_written = unsent.body.is_none();
            let has_crossed = unsent.is_untouched && sent_at.elapsed() < CROSSING;
            let again = unsent.body.map(RequestBody::into_body);
            body = match again.or(spare.map(Body::Whole)) {
                Some(body) if connection.is_reused() && (has_crossed || !was_written) => body,
                _ => return Ok(reply.failed(unsent.failure)),
            };
            // The app may have had it: it is told so.
            attempt = work.attempt + u32::from(was_written);
            connection = match Box::pin(app.connect()).await {
                Ok(connection) => connection,
                // It may have been the request that brought the app down.
                Err(_) if was_written => return Ok(reply.failed(Failure::Died)),
                Err(failure) => return Err(NotBegun { failure, body }),
            };
        }
    }

    /// Looks whether the app can be reached, and keeps the connection if so.
    pub(crate) async fn probe(self: Arc<Self>) {
        let found = match &self.app {
            Some(app) => app
                .connect()
                .await
                .map(|connection| app.pool().put(connection)),
            None => Ok(()),
        };
        let outgoing = Outgoing {
            message: None,
            report: Some(Report::Probed(found)),
        };
        self.outlet.put(Lane::Urgent, outgoing).await;
    }

    /// Closes connections that have been idle for too long.
    pub(crate) fn sweep(&self) {
        if let Some(app) = &self.app {
            app.pool().sweep(Instant::now());
        }
        self.elsewhere.sweep(Instant::now());
    }
}

/// Takes the times of an attempt.
struct Clock {
    start: Instant,
    timings: Timings,
}

impl Clock {
    fn start() -> Self {
        Self {
            start: Instant::now(),
            timings: Timings::default(),
        }
    }

    fn connected(&mut self, connection: &Connection) {
        if !connection.is_reused() {
            self.timings.connect = Some(self.start.elapsed());
        }
    }

    fn answered(&mut self) {
        self.timings.first_byte = Some(self.start.elapsed());
    }

    fn stop(mut self) -> Timings {
        self.timings.total = self.start.elapsed();
        self.timings
    }
}

#[cfg(fuzzing)]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;
