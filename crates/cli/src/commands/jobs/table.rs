//! Jobs as rows for people.
//!
//! ```text
//! 08:15:30  0f6f4c1e  image     bfl/flux-1-dev      completed    7.8 s  +1.2 s  1x 200     1 result  billed  MISSED  a red fox
//! ```

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kreel_client::inert::inert;
use kreel_client::plain::{duration, fit};
use kreel_krea::{Flag, JobRow};

use crate::krea::words::{cost, deliveries, is_fault, results};
use crate::terminal::Paint;

/// The rows; `columns`: no wider than that, one line each. The prompt takes what is left.
pub(super) fn table(rows: &[&JobRow], columns: Option<usize>, paint: Paint) -> String {
    let zone = TimeZone::system();
    let ids = id_digits(rows);
    let today = zone.to_datetime(Timestamp::now()).date();
    let is_today = |row: &&JobRow| {
        row.created_at
            .is_none_or(|at| zone.to_datetime(at).date() == today)
    };
    let format = match rows.iter().all(is_today) {
        true => "%H:%M:%S",
        false => "%m-%d %H:%M:%S",
    };
    let mut text = String::new();
    for row in rows {
        let time = row
            .created_at
            .map(|at| zone.to_datetime(at).strftime(format).to_string());
        let status = row.status.as_ref().map_or("-", |status| status.as_str());
        let model = row.model.as_deref().unwrap_or("-");
        let cells = [
            time.unwrap_or_else(|| "--:--:--".to_owned()),
            // Cut without a sign, so that it can be typed again.
            format!(
                "{:<ids$}",
                inert(row.id.as_str()).chars().take(ids).collect::<String>()
            ),
            fit(row.kind.map_or("-", |kind| kind.as_str()), 8),
            fit(&inert(model), MODEL),
            fit(&inert(status), 11),
            format!("{:>7}", row.took.map_or_else(|| "-".to_owned(), duration)),
            format!(
                "{:>8}",
                row.delay
                    .map_or_else(|| "-".to_owned(), |delay| format!("+{}", duration(delay)))
            ),
            fit(&deliveries(row), 12),
            fit(&results(row), 10),
            fit(cost(row), 6),
        ];
        let mut line = cells.join("  ");
        if let Some(verdict) = &row.verdict {
            line = format!("{line}  {}", verdict.as_str());
        }
        for flag in &row.flags {
            let word = word(*flag);
            let word = if is_fault(*flag) {
                paint.red(&word)
            } else {
                word
            };
            line = format!("{line}  {word}");
        }
        if row.synthesised > 0 {
            line = format!("{line}  by kreel: {}", row.synthesised);
        }
        if let Some(prompt) = &row.prompt {
            let room = columns
                .unwrap_or(USUAL)
                .saturating_sub(visible(&line) + 2)
                .max(LEAST_PROMPT);
            line = format!(
                "{line}  {}",
                paint.dim(fit(&inert(prompt), room).trim_end())
            );
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// A flag as one word, so that rows can be cut at spaces.
pub(super) fn word(flag: Flag) -> String {
    flag.as_str().replace(' ', "-")
}

/// How many characters are seen of a line with colours.
fn visible(line: &str) -> usize {
    let mut inside = false;
    line.chars()
        .filter(|char| {
            let seen = !inside && *char != '\x1b';
            inside = match *char {
                '\x1b' => true,
                'm' if inside => false,
                _ => inside,
            };
            seen
        })
        .count()
}

/// How many characters tell these ids apart: 8 or more.
fn id_digits(rows: &[&JobRow]) -> usize {
    let is_enough = |digits: &usize| {
        let mut seen = std::collections::HashSet::new();
        rows.iter()
            .all(|row| seen.insert(row.id.as_str().chars().take(*digits).collect::<String>()))
    };
    [8, 13, 18, 23].into_iter().find(is_enough).unwrap_or(36)
}

/// How wide models are: the longest known is longer, and rare.
const MODEL: usize = 24;

/// How wide rows are where there is no terminal.
const USUAL: usize = 160;

/// How narrow a prompt gets at the narrowest.
const LEAST_PROMPT: usize = 12;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kreel_krea::{Evidence, JobId, Kind, Outcome, Status, Verdict, row};

    use super::*;

    fn one(id: &str) -> JobRow {
        let empty = row(
            &Evidence::of(JobId::new(id)),
            Timestamp::now(),
            Duration::ZERO,
        );
        JobRow {
            kind: Some(Kind::Image),
            model: Some("bfl/flux-1-dev\x1b[31m".to_owned()),
            prompt: Some("a red\nfox ".repeat(40)),
            status: Some(Status::Completed),
            created_at: Some(Timestamp::now()),
            took: Some(Duration::from_millis(7_800)),
            deliveries: 2,
            answers: vec![Outcome::Answered(200), Outcome::Failed],
            results: 1,
            ..empty
        }
    }

    #[test]
    fn a_row_has_it_all_on_one_inert_line() {
        let ended = JobRow {
            flags: vec![Flag::UnknownJob, Flag::HandlerVerySlow],
            verdict: Some(Verdict::Unknown),
            synthesised: 1,
            ..one("0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11")
        };
        let failed = JobRow {
            status: Some(Status::Failed),
            is_free: true,
            prompt: None,
            ..one("1")
        };
        let text = table(&[&ended, &failed], Some(150), Paint::Plain);
        assert!(!text.contains('\x1b'), "{text:?}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        for part in [
            "  0f6f4c1e  image     bfl/flux-1-dev",
            "completed      7.8 s",
            "2x 200 fail",
            "1 result    billed",
            "unknown to API",
            "UNKNOWN-JOB  HANDLER-VERY-SLOW",
            "by kreel: 1",
            "a red",
        ] {
            assert!(lines[0].contains(part), "{part:?} is not in {:?}", lines[0]);
        }
        assert!(
            lines[1].contains("failed") && lines[1].trim_end().ends_with("free"),
            "{}",
            lines[1]
        );
    }

    #[test]
    fn colours_take_no_room() {
        assert_eq!(visible("\x1b[31mMISSED\x1b[0m x"), 8);
    }
}
