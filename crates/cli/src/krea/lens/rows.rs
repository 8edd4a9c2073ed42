//! A job as a row of the inspector.
//!
//! ```text
//! ✓ 08:15:30 0f6f4c1e image bfl/flux-1-dev    completed   7.8 s  +1.2 s 2x 200 500  1 billed matches API, DUPLICATE
//! ```

use std::collections::HashMap;

use jiff::tz::TimeZone;
use kreel_client::plain::duration;
use kreel_krea::{Evidence, Flag, JobRow, Outcome, Status, Verdict};
use kreel_tui::lens::{Column, Mood, SubjectRow};

use crate::krea::words::{cost, deliveries, is_fault};

/// What is told of each; those with the highest ranks go first where there is little room.
pub(super) const COLUMNS: [Column; 9] = [
    column("time", 9, false, 3),
    column("job", 9, false, 1),
    column("kind and model", 24, false, 4),
    column("status", 11, false, 0),
    column("took", 8, true, 2),
    column("delay", 9, true, 6),
    column("webhooks", 11, false, 5),
    column("files", 6, true, 7),
    column("cost", 7, false, 8),
];

const fn column(title: &'static str, width: usize, is_right: bool, rank: u8) -> Column {
    Column {
        title,
        width,
        is_right,
        rank,
    }
}

/// The row; `numbers` are those of its webhooks in the history.
pub(super) fn of(
    evidence: &Evidence,
    row: &JobRow,
    numbers: &HashMap<String, i64>,
    zone: &TimeZone,
) -> SubjectRow {
    let (sign, mood) = sign(row);
    let time = row
        .created_at
        .map(|at| zone.to_datetime(at).strftime("%H:%M:%S").to_string());
    let span = |span: Option<std::time::Duration>, sign: &str| {
        span.map_or_else(
            || "-".to_owned(),
            |span| format!("{sign}{}", duration(span)),
        )
    };
    let came = evidence.deliveries.iter();
    SubjectRow {
        id: row.id.as_str().to_owned(),
        sign,
        mood,
        cells: vec![
            time.unwrap_or_else(|| "--:--:--".to_owned()),
            row.id.as_str().chars().take(8).collect(),
            kind_and_model(row),
            row.status
                .as_ref()
                .map_or_else(|| "-".to_owned(), ToString::to_string),
            span(row.took, ""),
            span(row.delay, "+"),
            deliveries(row).trim_end().to_owned(),
            row.results.to_string(),
            cost(row).to_owned(),
        ],
        flags: flags(row),
        deliveries: came
            .filter_map(|one| numbers.get(&one.id).copied())
            .collect(),
    }
}

/// What kind of job it is, and of which model.
pub(super) fn kind_and_model(row: &JobRow) -> String {
    let kind = row.kind.map(|kind| kind.as_str());
    match (kind, row.model.as_deref()) {
        (Some(kind), Some(model)) => format!("{kind} {model}"),
        (one, other) => one.or(other).unwrap_or("-").to_owned(),
    }
}

/// What stands out, what the API says first.
pub(super) fn flags(row: &JobRow) -> Vec<String> {
    let verdict = row
        .verdict
        .as_ref()
        .map(|verdict| verdict.as_str().to_owned());
    let flags = row.flags.iter().map(|flag| flag.as_str().to_owned());
    let made = (row.synthesised > 0).then(|| format!("by kreel: {}", row.synthesised));
    verdict.into_iter().chain(flags).chain(made).collect()
}

/// How a job stands: what is wrong with its webhooks counts more than how it ended.
fn sign(row: &JobRow) -> (&'static str, Mood) {
    let is_untrue = matches!(row.verdict, Some(Verdict::Differs(_) | Verdict::Unknown));
    if is_untrue || row.flags.iter().copied().any(|flag: Flag| is_fault(flag)) {
        return ("!", Mood::Bad);
    }
    let is_handled = !matches!(
        row.answers.last(),
        Some(Outcome::Failed | Outcome::Answered(..=199 | 300..))
    );
    match &row.status {
        Some(Status::Completed) if is_handled => ("✓", Mood::Good),
        Some(Status::Completed) => ("!", Mood::Fair),
        Some(Status::Failed) => ("✗", Mood::Bad),
        Some(Status::Cancelled) => ("○", Mood::Fair),
        _ => ("…", Mood::Plain),
    }
}
