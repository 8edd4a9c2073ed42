//! A row for each delivery, for people: time, request, what the app said, how long, how much.
//!
//! ```text
//! 12:01:02  POST   /api/hook?x=1                     200    12 ms   1.2 kB
//! 12:01:04  POST   /api/hook                         refused the connection
//! 12:01:04  POST   /api/hook                  replay  200    12 ms   1.2 kB
//! 12:01:05  POST   /api/hook
//!           the app's answer could not be read: …
//! ```

pub(super) mod columns;
mod ending;

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use self::columns::{duration, fit, size};
use self::ending::brief;
use super::{Colored, wrap};
use crate::inert::{inert, inert_bytes};
use crate::{AnsweredBy, Attempt, AttemptEnd, Counters, Failure, Ready, Summary, Update};

/// Writes rows and notices.
#[derive(Debug)]
pub(super) struct Compact {
    /// Of the data.
    colors: Colors,
    /// Of the notices.
    notice_colors: Colors,
    /// How wide the terminal is; none where there is no terminal, and a row stays one line.
    width: Option<usize>,
    zone: TimeZone,
    was_ready: bool,
    /// The counters that come next, once it is known whether the cause of them follows.
    counted: Option<String>,
    /// The counters that were shown last.
    counted_last: String,
}

#[derive(Debug, Clone, Copy)]
struct Colors(bool);

/// How wide rows are where nobody has told.
const USUAL_WIDTH: usize = 80;

/// What stands in a row before the path, and between it and the rest: time and method.
const BEFORE_PATH: usize = 20;

/// What stands behind it: status, duration and size, or a few words.
const BEHIND_PATH: usize = 24;

/// How far lines that continue a row are indented: to the method.
const INDENT: usize = 10;

impl Compact {
    pub(super) fn new(colored: Colored) -> Self {
        Self {
            colors: Colors(colored.out),
            notice_colors: Colors(colored.err),
            width: None,
            zone: TimeZone::system(),
            was_ready: false,
            counted: None,
            counted_last: String::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn in_utc(mut self) -> Self {
        self.zone = TimeZone::UTC;
        self
    }

    pub(super) fn set_width(&mut self, columns: usize) {
        self.width = Some(columns.max(BEFORE_PATH + BEHIND_PATH + 10));
    }

    pub(super) fn show(
        &mut self,
        update: &Update,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<()> {
        if !matches!(update, Update::Reconnecting { .. }) {
            self.settle(err)?;
        }
        match update {
            Update::Ready(ready) => self.ready(ready, out, err),
            Update::Counters(counters) => {
                self.counted = counted(counters);
                Ok(())
            }
            Update::Attempt(attempt) => writeln!(out, "{}", self.attempt_row(attempt)),
            Update::Captured(delivery) => {
                let size = size(delivery.size_bytes);
                let row = self.row(delivery, &format!("{:<13}{size:>8}", "captured"));
                writeln!(out, "{row}")
            }
            Update::Withheld { delivery, why } => {
                let row = self.row(delivery, "withheld");
                writeln!(out, "{row}  {}", inert(why))
            }
            Update::Answered {
                delivery,
                status,
                by: AnsweredBy::Relay,
            } => writeln!(out, "{}", self.relay_row(delivery, *status)),
            other => match self.notice(other) {
                Some(notice) => writeln!(err, "{notice}"),
                None => Ok(()),
            },
        }
    }

    /// Shows the counters that wait for their cause.
    pub(super) fn settle(&mut self, err: &mut impl Write) -> io::Result<()> {
        match self.counted.take() {
            Some(counted) if counted != self.counted_last => {
                writeln!(err, "{counted}")?;
                self.counted_last = counted;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The readiness line, and notices.
    pub(super) fn show_quietly(
        &mut self,
        update: &Update,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<()> {
        match update {
            Update::Ready(ready) if !self.was_ready => {
                self.was_ready = true;
                writeln!(out, "{}", inert(&ready.url))
            }
            Update::Ready(_) => writeln!(err, "connected again"),
            other => match self.notice(other) {
                Some(notice) => writeln!(err, "{notice}"),
                None => Ok(()),
            },
        }
    }

    fn ready(
        &mut self,
        ready: &Ready,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<()> {
        if std::mem::replace(&mut self.was_ready, true) {
            return writeln!(err, "{}", self.notice_colors.green("connected again"));
        }
        let url = inert(&ready.url);
        writeln!(
            out,
            "{}  {}",
            self.colors.bold("ready"),
            self.colors.green(&url)
        )?;
        if let Some(url) = &ready.subdomain_url {
            writeln!(out, "       {}", inert(url))?;
        }
        match &ready.forward_to {
            Some(target) => writeln!(out, "  forwards to  {}", inert(target))?,
            None => writeln!(out, "  forwards to  nothing: deliveries are captured")?,
        }
        let (relay, version) = (inert(&ready.relay), inert(&ready.relay_version));
        writeln!(out, "  relay        {relay} ({version})")?;
        if ready.waiting > 0 {
            writeln!(
                out,
                "  waiting      {} kept for you, oldest first",
                ready.waiting
            )?;
        }
        writeln!(out, "  Ctrl-C stops")?;
        writeln!(out)
    }

    fn attempt_row(&self, attempt: &Attempt) -> String {
        match &attempt.end {
            AttemptEnd::Answered { status, .. } => {
                let end = format!(
                    "{} {:>9}{:>8}",
                    self.colors.status(*status),
                    duration(attempt.timings.total),
                    size(attempt.delivery.size_bytes)
                );
                self.marked_row(&attempt.delivery, mark(attempt), &end)
            }
            AttemptEnd::Failed(failure) => {
                self.failed_row(&attempt.delivery, mark(attempt), failure)
            }
        }
    }

    fn failed_row(&self, delivery: &Summary, mark: &str, failure: &Failure) -> String {
        let words = brief(failure);
        let words = inert(&words);
        let width = match self.width {
            Some(width) if words.width() > BEHIND_PATH => width,
            _ => return self.marked_row(delivery, mark, &self.colors.red(&words)),
        };
        let mut row = self.marked_row(delivery, mark, "").trim_end().to_owned();
        for line in wrap(&words, width - INDENT) {
            row.push_str(&format!("\n{:INDENT$}{}", "", self.colors.red(&line)));
        }
        row
    }

    fn relay_row(&self, delivery: &Summary, status: Option<u16>) -> String {
        let end = match status {
            Some(status) => format!("{} by the relay", self.colors.status(status)),
            None => "the sender left".to_owned(),
        };
        self.row(delivery, &end)
    }

    fn row(&self, delivery: &Summary, end: &str) -> String {
        self.marked_row(delivery, "", end)
    }

    /// A row with a word behind the path.
    fn marked_row(&self, delivery: &Summary, mark: &str, end: &str) -> String {
        let time = self.time(delivery.received_at_us);
        let method = inert(&delivery.method);
        let path = match delivery.target.is_empty() {
            true => Cow::Borrowed("/"),
            false => inert_bytes(&delivery.target),
        };
        let columns = self.width.unwrap_or(USUAL_WIDTH);
        let path = fit(&path, columns - BEFORE_PATH - BEHIND_PATH - mark.len());
        format!("{time}  {method:<7} {path}{mark}  {end}")
    }

    fn time(&self, us_since_1970: u64) -> String {
        i64::try_from(us_since_1970)
            .ok()
            .and_then(|us| Timestamp::from_microsecond(us).ok())
            .map_or_else(
                || "--:--:--".to_owned(),
                |time| self.zone.to_datetime(time).strftime("%H:%M:%S").to_string(),
            )
    }

    fn notice(&self, update: &Update) -> Option<String> {
        Some(match update {
            Update::Connecting { .. }
            | Update::Ready(_)
            | Update::Delivery(_)
            | Update::Attempt(_)
            | Update::Answered { .. }
            | Update::Captured(_)
            | Update::Gated(_)
            | Update::Withheld { .. }
            | Update::Latency(_)
            | Update::Counters(_) => return None,
            Update::Reconnecting {
                cause,
                in_,
                attempt,
                ..
            } => self.notice_colors.yellow(&format!(
                "{}; trying again in {} (try {attempt})",
                inert(cause),
                duration(*in_)
            )),
            Update::AppDown { failure, .. } => {
                let words = failure.to_string();
                let words = inert(&words);
                self.notice_colors
                    .yellow(&format!("{words}; deliveries wait for it"))
            }
            Update::AppUp { waiting } => self
                .notice_colors
                .green(&format!("the app is back, {waiting} waiting")),
            Update::Draining { done, total } => {
                format!("{done} of the {total} that had waited are handed over")
            }
            Update::Drained { total } => self
                .notice_colors
                .green(&format!("all {total} that had waited are handed over")),
            Update::Replaying { done, total, .. } if done < total => {
                format!("{done} of {total} replays are done")
            }
            // Its attempts have rows.
            Update::Replaying { total: 0 | 1, .. } => return None,
            Update::Replaying { failed, total, .. } => {
                format!("all {total} replays are done, {failed} failed")
            }
            Update::NotReplayed { delivery, why } => self
                .notice_colors
                .yellow(&format!("{delivery} is not replayed: {}", inert(why))),
            Update::Held {
                on: true, waiting, ..
            } => format!("deliveries are held, {waiting} wait"),
            Update::Held { on: false, .. } => "deliveries are held no longer".to_owned(),
            Update::HistoryFailing { cause } => self.notice_colors.red(&format!(
                "the history can't be written: {}; the relay keeps what it promised until it can",
                inert(cause)
            )),
            Update::HistoryMended => self.notice_colors.green("the history can be written again"),
            Update::Stopping { running: 0, .. } => "stopping".to_owned(),
            Update::Stopping { running, grace } => {
                format!(
                    "stopping: {running} running, for {} at most",
                    duration(*grace)
                )
            }
            Update::Skipped { count } => format!("{count} rows were left out"),
        })
    }
}

/// What tells an attempt that the user asked for from others.
fn mark(attempt: &Attempt) -> &'static str {
    match (attempt.replay, attempt.is_edited) {
        (false, _) => "",
        (true, false) => " replay",
        (true, true) => " edited",
    }
}

/// The counters in words, once there is something to count.
fn counted(counters: &Counters) -> Option<String> {
    let Counters {
        received,
        delivered,
        failed,
        broken_off,
        waiting,
        duplicates,
        lost,
    } = counters;
    if *received == 0 {
        return None;
    }
    let mut text = format!("received {received} · delivered {delivered} · waiting {waiting}");
    if *failed > 0 {
        text.push_str(&format!(" · failed {failed}"));
    }
    if *broken_off > 0 {
        text.push_str(&format!(" · broken off {broken_off}"));
    }
    if *duplicates > 0 {
        text.push_str(&format!(" · duplicates {duplicates}"));
    }
    text.push_str(&format!(" · lost {lost}"));
    Some(text)
}

impl Colors {
    fn paint(self, code: &str, text: &str) -> String {
        match self.0 {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    fn status(self, status: u16) -> String {
        let text = status.to_string();
        match status {
            ..300 => self.green(&text),
            300..400 => text,
            400..500 => self.yellow(&text),
            _ => self.red(&text),
        }
    }
}
