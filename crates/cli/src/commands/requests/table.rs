//! Deliveries as rows for people.
//!
//! ```text
//! 12:01:02  019ab5f2-7c1e  POST    /api/hook?x=1               200    12 ms   1.2 kB
//! 12:01:04  019ab5f2-83a0  POST    /api/hook                   refused        1.2 kB
//! ```

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kreel_client::inert::{inert, inert_bytes};
use kreel_client::plain::{duration, fit, size};
use kreel_client::{Row, Standing, WITHHELD};

use crate::terminal::Paint;

/// The rows; `columns`: as wide as that, one line each; `digits`: of their ids, so many.
pub(super) fn table(rows: &[Row], digits: usize, columns: Option<usize>, paint: Paint) -> String {
    let zone = TimeZone::system();
    let ids = id_chars(digits);
    let today = zone.to_datetime(Timestamp::now()).date();
    let is_today = |row: &Row| {
        time(row.summary.received_at_us).is_some_and(|time| zone.to_datetime(time).date() == today)
    };
    let format = match rows.iter().all(is_today) {
        true => "%H:%M:%S",
        false => "%m-%d %H:%M:%S",
    };
    let mut text = String::new();
    for row in rows {
        let time = time(row.summary.received_at_us).map_or_else(
            || "--:--:--".to_owned(),
            |time| zone.to_datetime(time).strftime(format).to_string(),
        );
        let id = &row.summary.id.to_string()[..ids];
        let method = inert(&row.summary.method);
        let before = format!("{time}  {}  {method:<7} ", paint.dim(id));
        let end = end(row);
        let path = match row.summary.target.is_empty() {
            true => Cow::Borrowed("/"),
            false => inert_bytes(&row.summary.target),
        };
        let taken = time.len() + 2 + ids + 2 + method.chars().count().max(7) + 1 + 2 + END;
        let path = fit(
            &path,
            columns
                .unwrap_or(USUAL)
                .saturating_sub(taken)
                .max(LEAST_PATH),
        );
        let end = match row.standing {
            Standing::Failed | Standing::Lost => paint.red(&end),
            _ => end,
        };
        let made = if row.is_synthesised() {
            "  by kreel"
        } else {
            ""
        };
        text += format!("{before}{path}  {end}{made}").trim_end();
        text.push('\n');
    }
    text
}

/// What became of it, its duration and its size.
fn end(row: &Row) -> String {
    let last = row.last.as_ref();
    let size = size(row.summary.size_bytes);
    let is_withheld = last.is_some_and(|last| last.failure.as_deref() == Some(WITHHELD));
    let status = last.and_then(|last| last.status).filter(|_| !is_withheld);
    match (status, last) {
        (Some(status), Some(last)) => format!("{status} {:>9}{size:>8}", duration(last.total)),
        _ => {
            let word = match (row.standing, last) {
                _ if is_withheld => WITHHELD,
                (Standing::Failed, Some(last)) => last.failure.as_deref().unwrap_or("failed"),
                (standing, _) => standing.as_str(),
            };
            format!("{:<13}{size:>8}", inert(word).replace('_', " "))
        }
    }
}

/// How many characters of an id hold so many digits: the time, to the millisecond, or more.
fn id_chars(digits: usize) -> usize {
    match digits {
        0..=12 => 13,
        13..=16 => 18,
        17..=20 => 23,
        _ => 36,
    }
}

fn time(us_since_1970: u64) -> Option<Timestamp> {
    let us = i64::try_from(us_since_1970).ok()?;
    Timestamp::from_microsecond(us).ok()
}

/// How wide rows are where there is no terminal.
const USUAL: usize = 100;

/// How wide the last columns are: status or word, duration, size.
const END: usize = 21;

/// How narrow a path gets at the narrowest.
const LEAST_PATH: usize = 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kreel_client::{Last, Summary};
    use kreel_wire::{DeliveryId, Kind, Seq};

    use super::*;

    fn row(id: u8, standing: Standing, last: Option<Last>) -> Row {
        let mut bytes = [0x55; 16];
        bytes[6] = id;
        Row {
            number: 1,
            summary: Summary {
                id: DeliveryId::from_bytes(bytes),
                seq: Seq(1),
                kind: Kind::Live,
                method: "POST".into(),
                target: "/hook\x1b[31m".into(),
                size_bytes: Some(1_234),
                received_at_us: 1_790_000_000_000_000,
                signature: None,
            },
            relay: "https://relay.example".into(),
            tunnel: "my-app".into(),
            standing,
            attempts: 1,
            last,
            is_complete: true,
            is_marked: false,
            is_duplicate: false,
            note: None,
            replays: kreel_client::Replays::default(),
            content_type: None,
        }
    }

    fn ended(status: Option<u16>, failure: Option<&str>) -> Option<Last> {
        Some(Last {
            status,
            failure: failure.map(str::to_owned),
            total: Duration::from_millis(12),
        })
    }

    #[test]
    fn rows_line_up_and_are_inert() {
        let rows = [
            row(1, Standing::Answered, ended(Some(200), None)),
            row(2, Standing::Failed, ended(None, Some("died_mid_answer"))),
            row(3, Standing::BrokenOff, None),
        ];
        let table = table(&rows, 14, Some(80), Paint::Plain);
        assert!(!table.contains('\x1b'), "{table:?}");
        let ends: Vec<_> = table
            .lines()
            .map(|line| line.split("  ").last().unwrap())
            .collect();
        assert!(
            table.lines().all(|line| line.ends_with("1.2 kB")),
            "{ends:?}"
        );
        assert!(table.contains("55555555-5555-0155  POST"), "{table}");
        assert!(table.contains("200     12 ms  1.2 kB"), "{table}");
        assert!(table.contains("broken off"), "{table}");
        assert!(
            table.lines().all(|line| line.chars().count() <= 82),
            "{table}"
        );
    }
}
