//! Attempts against apps that behave well, badly, or not at all.

mod answers;
mod faults;
mod reuse;

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use kreel_wire::{Answer, ExchangeId, Kind, ToRelay};
use tokio::task::JoinHandle;

use super::{Forward, Report, Work};
use crate::driver::lanes::{Lanes, Outgoing, lanes};
use crate::engine::Run;
use crate::forward::Body;
use crate::link::LinkNumber;
use crate::link::exchange::Exchange;
use crate::testing::{config, delivery, soon};
use crate::{AttemptEnd, Config, Failure};

/// A forwarder, and what comes out of it.
struct Bench {
    forward: Arc<Forward>,
    lanes: Lanes,
}

impl Bench {
    fn to(target: &str) -> Self {
        Self::with(&config("http://relay.example", Some(target)))
    }

    fn with(config: &Config) -> Self {
        let (lanes, outlet, _) = lanes();
        let forward = Arc::new(Forward::new(&config.of_app(), outlet).unwrap());
        Self { forward, lanes }
    }

    /// Starts an attempt at a live delivery with this method and body.
    fn start(&self, method: &str, body: &'static str) -> (JoinHandle<()>, Arc<Exchange>) {
        let exchange = Arc::new(Exchange::new(ExchangeId(1), LinkNumber(1), 256 * 1024));
        let mut work = work(Body::Whole(Bytes::from_static(body.as_bytes())));
        work.delivery.method = method.into();
        work.delivery.body_bytes = (!body.is_empty()).then_some(body.len() as u64);
        work.reply = Some(exchange.clone());
        (self.start_work(work), exchange)
    }

    fn start_work(&self, work: Work) -> JoinHandle<()> {
        tokio::spawn(self.forward.clone().attempt(Box::new(work)))
    }

    async fn next(&mut self) -> Outgoing {
        soon(poll_fn(|cx| self.lanes.poll_next(cx))).await
    }

    /// The next message, which is not the last.
    async fn message(&mut self) -> ToRelay {
        let Outgoing { message, report } = self.next().await;
        assert!(report.is_none(), "{report:?}");
        message.expect("a message or a report").1
    }

    /// The last message, and how the attempt ended.
    async fn end(&mut self) -> (Option<ToRelay>, AttemptEnd) {
        let Outgoing { message, report } = self.next().await;
        match report {
            Some(Report::Finished { record, .. }) => {
                (message.map(|(_, message)| message), record.end)
            }
            other => panic!("an end was expected, not {other:?} with {message:?}"),
        }
    }

    /// The whole answer, which comes in one message.
    async fn answer(&mut self) -> Answer {
        match self.end().await {
            (Some(ToRelay::Answer(answer)), AttemptEnd::Answered { status, .. }) => {
                assert!(answer.end);
                assert_eq!(status, answer.response.status);
                answer
            }
            other => panic!("an answer was expected, not {other:?}"),
        }
    }

    /// The failure, which the relay is told as well.
    async fn failure(&mut self) -> Failure {
        match self.end().await {
            (Some(ToRelay::Failed { failure, .. }), AttemptEnd::Failed(same)) => {
                assert_eq!(failure, same);
                failure
            }
            other => panic!("a failure was expected, not {other:?}"),
        }
    }
}

fn work(body: Body) -> Work {
    Work {
        delivery: Box::new(delivery(7, Kind::Live)),
        run: Run(1),
        attempt: 1,
        body,
        reply: None,
        special: None,
        withheld: None,
    }
}

/// The header lines of an answer, in order.
fn lines(answer: &Answer) -> Vec<String> {
    let line = |line: kreel_wire::Header<'_>| {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        format!("{}: {}", text(line.name), text(line.value))
    };
    answer.response.headers.iter().map(line).collect()
}
