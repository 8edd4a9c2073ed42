//! Deliveries one by one, those of the past and those that come, until there are enough: what
//! `kreel exec` and `kreel record` share.

use std::collections::VecDeque;
use std::path::PathBuf;

use kreel_client::Row;
use kreel_client::filter::Filter;
use tokio::time::Instant;

use crate::args::Flow;
use crate::exit::Exit;
use crate::filters;
use crate::problem::{Problem, Result};
use crate::signals::{Received, Signals};
use crate::watch::{Start, Watch, not_in_time};

/// Deliveries on their way to a command.
#[derive(Debug)]
pub(super) struct Flowing {
    watch: Watch,
    signals: Signals,
    waiting: VecDeque<Row>,
    taken: u32,
    count: Option<u32>,
    deadline: Option<Instant>,
    follows: bool,
    has_looked: bool,
}

/// What is next.
#[derive(Debug)]
pub(super) enum Next {
    /// A delivery.
    Row(Box<Row>),
    /// There were as many as were asked for.
    End,
    /// Time was up before there were.
    TimedOut(Box<Problem>),
    /// A signal asks for the end.
    Stopped(Exit),
}

impl Flowing {
    /// Begins to watch a history, within a runtime.
    pub(super) fn begin(path: PathBuf, args: &Flow) -> Result<Self> {
        let filter = args.filter.as_deref().map(filters::parse_alone);
        let filter = match filter {
            Some(filter) => filter?,
            None => Filter::parse("").expect("nothing at all is a filter"),
        };
        Ok(Self {
            watch: Watch::begin(path, filter, Start::of(args.since)?)?,
            signals: Signals::take()?,
            waiting: VecDeque::new(),
            taken: 0,
            count: args.count,
            deadline: args.lasting.map(|lasting| Instant::now() + lasting.0),
            follows: !args.no_follow,
            has_looked: false,
        })
    }

    /// What is next; `takes`: whether that may be a delivery. Cancelling the wait loses none.
    pub(super) async fn next(&mut self, takes: bool) -> Result<Next> {
        loop {
            if self.count.is_some_and(|count| self.taken >= count) {
                return Ok(Next::End);
            }
            if takes {
                if !self.has_looked {
                    self.waiting.extend(self.watch.fresh()?);
                    self.has_looked = true;
                }
                if let Some(row) = self.waiting.pop_front() {
                    self.taken += 1;
                    return Ok(Next::Row(Box::new(row)));
                }
                if !self.follows {
                    return Ok(Next::End);
                }
            }
            let (watch, deadline) = (&mut self.watch, self.deadline);
            tokio::select! {
                change = watch.change(), if takes => {
                    change?;
                    self.has_looked = false;
                }
                () = until(deadline) => return Ok(self.time_is_up()),
                received = self.signals.next() => return Ok(Next::Stopped(received.exit())),
            }
        }
    }

    /// The next signal.
    pub(super) async fn signal(&mut self) -> Received {
        self.signals.next().await
    }

    /// The watch itself.
    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    fn time_is_up(&self) -> Next {
        match self.count {
            None => Next::End,
            Some(count) => Next::TimedOut(Box::new(not_in_time(
                format!("only {} of {count} came in time", self.taken),
                String::new(),
            ))),
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
