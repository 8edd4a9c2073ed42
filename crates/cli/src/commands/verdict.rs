//! Whether as many deliveries came as should, in the time they had: what `kreel wait` and
//! `kreel assert` share.

mod report;

pub(super) use self::report::Junit;

use std::time::Duration;

use futures_util::FutureExt as _;
use kreel_client::Row;
use kreel_client::inert::{inert, inert_bytes};
use tokio::time::Instant;

use crate::args::{Count, HistoryPlace, ReportArgs, When};
use crate::exit::Exit;
use crate::limits::SHOWN_MISFITS;
use crate::problem::Result;
use crate::signals::Signals;
use crate::terminal::say;
use crate::watch::{Start, Watch};
use crate::{filters, past, runtime};

/// What is asked.
pub(super) struct Question<'a> {
    /// The filter, as typed.
    pub(super) words: &'a [String],
    /// What came since then counts too.
    pub(super) since: Option<When>,
    /// How long deliveries may take.
    pub(super) within: Duration,
    /// How many are right.
    pub(super) count: Count,
    /// Which history.
    pub(super) place: &'a HistoryPlace,
}

/// How a watch ended.
pub(super) enum Ending {
    /// The question has an answer.
    Answered(Verdict),
    /// A signal came first.
    Stopped(Exit),
}

/// What was found.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The filter, as typed.
    pub(super) filter: String,
    /// How many were right.
    pub(super) count: Count,
    /// What it picked, in the order in which that came.
    pub(super) rows: Vec<Row>,
    /// How long it took to find out.
    pub(super) took: Duration,
    /// How long it might have taken.
    within: Duration,
    /// How many it did not pick.
    misfits: usize,
    /// The newest of those.
    newest_misfits: Vec<Row>,
}

/// The end of a command that has told its verdict; a report that could not be written comes second.
pub(super) fn end(verdict: Result<Exit>, reported: Result<()>) -> Result<Exit> {
    match (verdict, reported) {
        (Ok(exit), reported) => reported.map(|()| exit),
        (Err(broken), Ok(())) => Err(broken),
        (Err(broken), Err(unwritten)) => {
            say(&format!("{}: {}", unwritten.what, unwritten.why));
            Err(broken)
        }
    }
}

/// Watches until the answer can't change.
pub(super) fn ask(question: &Question<'_>) -> Result<Ending> {
    runtime::on_this_thread()?.block_on(watch(question))
}

async fn watch(question: &Question<'_>) -> Result<Ending> {
    let began = Instant::now();
    let text = filters::joined(question.words);
    let filter = filters::parse_alone(&text)?;
    let start = Start::of(question.since)?;
    let mut signals = Signals::take()?;
    let mut watch = Watch::begin(past::file(question.place)?, filter, start)?;
    let deadline = began + question.within;
    let count = question.count;
    let mut rows = Vec::new();
    let mut is_over = false;
    loop {
        // All that is there is looked at, however little time there is.
        is_over |= !watch.is_amid() && Instant::now() >= deadline;
        rows.extend(watch.fresh()?);
        let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let is_clear = match count.most {
            Some(most) => found > most,
            None => found >= count.least,
        };
        if is_clear || is_over && !watch.is_amid() {
            break;
        }
        if watch.is_amid() {
            // Whoever has much to look at hears of the user's wish in between.
            tokio::task::yield_now().await;
            match signals.next().now_or_never() {
                Some(received) => return Ok(Ending::Stopped(received.exit())),
                None => continue,
            }
        }
        tokio::select! {
            change = watch.change() => change?,
            () = tokio::time::sleep_until(deadline) => {}
            received = signals.next() => return Ok(Ending::Stopped(received.exit())),
        }
    }
    let mut verdict = Verdict {
        filter: text,
        count,
        rows,
        took: began.elapsed(),
        within: question.within,
        misfits: 0,
        newest_misfits: Vec::new(),
    };
    if !verdict.holds() {
        (verdict.misfits, verdict.newest_misfits) = watch.misfits(SHOWN_MISFITS)?;
    }
    Ok(Ending::Answered(verdict))
}

impl Verdict {
    /// Whether as many came as should.
    pub(super) fn holds(&self) -> bool {
        let is_over = |most: u32| self.found_count() > most;
        !self.is_short() && !self.count.most.is_some_and(is_over)
    }

    /// Whether too few came.
    pub(super) fn is_short(&self) -> bool {
        self.found_count() < self.count.least
    }

    /// What came and what should have, in words.
    pub(super) fn found(&self) -> String {
        let came = match self.rows.len() {
            1 => "1 delivery".to_owned(),
            count => format!("{count} deliveries"),
        };
        format!(
            "{came} for {:?}, where {} should be",
            inert(&self.filter),
            self.count
        )
    }

    /// How long was waited, and what came instead.
    pub(super) fn why(&self) -> String {
        let others = match self.misfits {
            0 => "nothing else came".to_owned(),
            count => {
                let shown: Vec<String> = self.newest_misfits.iter().map(brief).collect();
                format!("{count} came that do not fit: {}", shown.join("; "))
            }
        };
        format!("after {:.1?} of {:?}, {others}", self.took, self.within)
    }

    /// What reports call it.
    pub(super) fn name(&self, args: &ReportArgs) -> String {
        let usual = match self.filter.as_str() {
            "" => "a delivery",
            filter => filter,
        };
        inert(args.name.as_deref().unwrap_or(usual)).into_owned()
    }

    fn found_count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }
}

/// A delivery in a few words: `POST /hook 500`.
fn brief(row: &Row) -> String {
    let last = row.last.as_ref();
    let end = match last.and_then(|last| last.status) {
        Some(status) => status.to_string(),
        None => row.standing.as_str().replace('_', " "),
    };
    let target = match row.summary.target.is_empty() {
        true => "/".into(),
        false => inert_bytes(&row.summary.target),
    };
    format!("{} {target} {end}", inert(&row.summary.method))
}
