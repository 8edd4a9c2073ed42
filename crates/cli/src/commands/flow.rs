//! Deliveries one by one, those of the past and those that come, until there are enough: what
//! `kreel exec` and `kreel record` share.

use std::collections::VecDeque;
use std::path::PathBuf;

use futures_util::FutureExt as _;
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
                // Whoever has many to take hears of the user's wish in between.
                tokio::task::yield_now().await;
                if let Some(received) = self.signals.next().now_or_never() {
                    return Ok(Next::Stopped(received.exit()));
                }
                if self
                    .deadline
                    .is_some_and(|deadline| Instant::now() >= deadline)
                {
                    return Ok(self.time_is_up());
                }
                if let Some(row) = self.waiting.pop_front() {
                    self.taken += 1;
                    return Ok(Next::Row(Box::new(row)));
                }
                if !self.has_looked {
                    self.waiting.extend(self.watch.fresh()?);
                    self.has_looked = !self.watch.is_amid();
                    continue;
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use clap::Parser as _;

    use super::*;
    use crate::testing::{Home, arrive};

    /// What is typed behind a command that takes a flow.
    #[derive(Debug, clap::Parser)]
    struct Typed {
        #[command(flatten)]
        flow: Flow,
    }

    fn flowing(history: &Path, words: &[&str]) -> Flowing {
        let words = ["kreel"].iter().chain(words);
        let typed = Typed::try_parse_from(words).unwrap();
        Flowing::begin(history.to_owned(), &typed.flow).unwrap()
    }

    fn history(paths: &[&str]) -> (Home, PathBuf) {
        let home = Home::new();
        let path = home.path("data/history.db");
        let deliveries: Vec<_> = paths.iter().map(|path| (*path, 1_000_000)).collect();
        arrive(&path, &deliveries);
        (home, path)
    }

    /// How it goes on, in words.
    async fn next(flow: &mut Flowing) -> String {
        match flow.next(true).await.unwrap() {
            Next::Row(row) => String::from_utf8_lossy(&row.summary.target).into_owned(),
            Next::End => "end".to_owned(),
            Next::TimedOut(problem) => format!("{}: {}", problem.code, problem.what),
            Next::Stopped(exit) => format!("{exit:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_past_ends_where_no_more_is_wanted() {
        let (_home, path) = history(&["/a", "/b", "/c"]);
        let mut flow = flowing(&path, &["--since", "1970-01-01T00:00Z", "--no-follow"]);
        for expected in ["/a", "/b", "/c", "end", "end"] {
            assert_eq!(next(&mut flow).await, expected);
        }
        let since = ["--since", "1970-01-01T00:00Z"];
        let mut flow = flowing(&path, &[&since[..], &["--count", "2"]].concat());
        for expected in ["/a", "/b", "end"] {
            assert_eq!(next(&mut flow).await, expected);
        }
        let mut flow = flowing(
            &path,
            &[&since[..], &["--filter", "path:/b", "--for", "1s"]].concat(),
        );
        assert_eq!(next(&mut flow).await, "/b");
        assert_eq!(
            next(&mut flow).await,
            "end",
            "time is up, and nothing was missing"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_is_taken_when_there_is_room() {
        let (_home, path) = history(&["/old"]);
        let mut flow = flowing(&path, &["--count", "3", "--for", "1m"]);
        arrive(&path, &[("/new", 0), ("/newer", 0)]);
        let full = tokio::time::timeout(Duration::from_secs(5), flow.next(false));
        assert!(full.await.is_err(), "there is no room for it");
        assert_eq!(next(&mut flow).await, "/new");
        assert_eq!(next(&mut flow).await, "/newer");
        assert_eq!(next(&mut flow).await, "KR0340: only 2 of 3 came in time");
    }

    /// Time is up, however much is still to be taken.
    #[tokio::test(start_paused = true)]
    async fn the_end_of_time_comes_before_what_waits() {
        let (_home, path) = history(&["/a", "/b"]);
        let mut flow = flowing(&path, &["--since", "1970-01-01T00:00Z", "--for", "1s"]);
        assert_eq!(next(&mut flow).await, "/a");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(next(&mut flow).await, "end");
    }
}
