//! A row for each delivery, for people: time, request, what the app said, how long, how much.
//!
//! ```text
//! 12:01:02  POST   /api/hook?x=1                     200    12 ms   1.2 kB
//! 12:01:04  POST   /api/hook                         the app refused the connection at …
//! ```

mod columns;

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::columns::{duration, fit, size};
use crate::inert::{inert, inert_bytes};
use crate::{AnsweredBy, Attempt, AttemptEnd, Counters, Ready, Summary, Update};

/// Writes rows and notices.
#[derive(Debug)]
pub(super) struct Compact {
    colors: Colors,
    columns: usize,
    zone: TimeZone,
    was_ready: bool,
}

#[derive(Debug, Clone, Copy)]
struct Colors(bool);

/// What stands in a row beside the path: time, method, status, duration and size.
const BESIDE_PATH: usize = 44;

impl Compact {
    pub(super) fn new(color: bool) -> Self {
        Self {
            colors: Colors(color),
            columns: 80,
            zone: TimeZone::system(),
            was_ready: false,
        }
    }

    #[cfg(test)]
    pub(super) fn in_utc(mut self) -> Self {
        self.zone = TimeZone::UTC;
        self
    }

    pub(super) fn set_width(&mut self, columns: usize) {
        self.columns = columns.max(BESIDE_PATH + 10);
    }

    pub(super) fn show(
        &mut self,
        update: &Update,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> io::Result<()> {
        match update {
            Update::Ready(ready) => self.ready(ready, out, err),
            Update::Attempt(attempt) => writeln!(out, "{}", self.attempt_row(attempt)),
            Update::Captured(delivery) => {
                let size = size(delivery.size_bytes);
                let row = self.row(delivery, &format!("{:<13}{size:>8}", "captured"));
                writeln!(out, "{row}")
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
            return writeln!(err, "{}", self.colors.green("connected again"));
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
        let end = match &attempt.end {
            AttemptEnd::Answered { status, .. } => format!(
                "{} {:>9}{:>8}",
                self.colors.status(*status),
                duration(attempt.timings.total),
                size(attempt.delivery.size_bytes)
            ),
            AttemptEnd::Failed(failure) => {
                let words = failure.to_string();
                self.colors.red(&inert(&words))
            }
        };
        self.row(&attempt.delivery, &end)
    }

    fn relay_row(&self, delivery: &Summary, status: Option<u16>) -> String {
        let end = match status {
            Some(status) => format!("{} by the relay, for the app", self.colors.status(status)),
            None => "the sender left before the app answered".to_owned(),
        };
        self.row(delivery, &end)
    }

    fn row(&self, delivery: &Summary, end: &str) -> String {
        let time = self.time(delivery.received_at_us);
        let method = inert(&delivery.method);
        let path = match delivery.target.is_empty() {
            true => Cow::Borrowed("/"),
            false => inert_bytes(&delivery.target),
        };
        let path = fit(&path, self.columns - BESIDE_PATH);
        format!("{time}  {method:<7} {path}  {end}")
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
            | Update::Captured(_) => return None,
            Update::Reconnecting {
                cause,
                in_,
                attempt,
                ..
            } => self.colors.yellow(&format!(
                "{}; trying again in {} (try {attempt})",
                inert(cause),
                duration(*in_)
            )),
            Update::AppDown { failure, .. } => {
                let words = failure.to_string();
                let words = inert(&words);
                self.colors
                    .yellow(&format!("{words}; deliveries wait for it"))
            }
            Update::AppUp { waiting } => self
                .colors
                .green(&format!("the app is back, {waiting} waiting")),
            Update::Counters(counters) => counted(counters)?,
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

/// The counters in words, once there is something to count.
fn counted(counters: &Counters) -> Option<String> {
    let Counters {
        received,
        delivered,
        failed,
        broken_off,
        waiting,
        duplicates: _,
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
