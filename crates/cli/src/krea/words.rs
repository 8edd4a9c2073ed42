//! Words about jobs that lists, details and the inspector share.

use kreel_client::inert::inert;
use kreel_client::plain::duration;
use kreel_krea::{Difference, Flag, JobRow, Outcome, Step};

/// How many came, and what the app answered: `2x 200 500`.
pub(crate) fn deliveries(row: &JobRow) -> String {
    let answers: Vec<String> = row
        .answers
        .iter()
        .map(|answer| match answer {
            Outcome::Answered(status) => status.to_string(),
            Outcome::Failed => "failed".to_owned(),
        })
        .collect();
    format!("{}x {}", row.deliveries, answers.join(" "))
}

/// How many files there are.
pub(crate) fn results(row: &JobRow) -> String {
    match row.results {
        1 => "1 result".to_owned(),
        count => format!("{count} results"),
    }
}

/// Whether it costs: nobody knows before its end.
pub(crate) fn cost(row: &JobRow) -> &'static str {
    let is_over = row
        .status
        .as_ref()
        .is_some_and(|status| status.is_terminal());
    match (row.is_free, is_over) {
        (true, _) => "free",
        (false, true) => "billed",
        (false, false) => "-",
    }
}

/// What only the webhook says of a field, then what only the API says: one line each.
pub(crate) fn sides(one: &Difference) -> (Vec<&str>, Vec<&str>) {
    let only = |here: &str, there: &str| -> bool { there.lines().all(|line| line != here) };
    let delivered = one.delivered.lines().filter(|line| only(line, &one.asked));
    let asked = one.asked.lines().filter(|line| only(line, &one.delivered));
    let (delivered, asked): (Vec<&str>, Vec<&str>) = (delivered.collect(), asked.collect());
    match delivered.is_empty() && asked.is_empty() {
        // The same in another order, or more often.
        true => (one.delivered.lines().collect(), one.asked.lines().collect()),
        false => (delivered, asked),
    }
}

/// Whether something is wrong, and not only out of the ordinary.
pub(crate) fn is_fault(flag: Flag) -> bool {
    matches!(
        flag,
        Flag::Conflict | Flag::ShadowFail | Flag::Missed | Flag::HandlerVerySlow
    )
}

/// A moment in a job's life; `name` is what a delivery with this id is called.
pub(crate) fn step(step: &Step, name: impl Fn(&str) -> String) -> String {
    match step {
        Step::Started {
            webhook_url: Some(url),
        } => format!("started here, webhook to {}", inert(url)),
        Step::Started { webhook_url: None } => "started here, no webhook asked for".to_owned(),
        Step::Created => "created".to_owned(),
        Step::Ended(status) => format!("ended: {status}"),
        Step::Came {
            delivery,
            status,
            is_synthesised,
        } => {
            let status = status
                .as_ref()
                .map_or("no status", |status| status.as_str());
            let whose = if *is_synthesised {
                "made by kreel itself"
            } else {
                "webhook"
            };
            format!("{whose}: {} ({})", inert(status), name(delivery))
        }
        Step::HandedOver { outcome, took, .. } => match outcome {
            Outcome::Answered(status) => {
                format!("your app answered {status} after {}", duration(*took))
            }
            Outcome::Failed => "your app did not answer".to_owned(),
        },
        Step::Withheld { why, .. } => format!("withheld from your app: {}", inert(why)),
        Step::Asked(Some(status)) => format!("the API says {}", inert(status.as_str())),
        Step::Asked(None) => "the API knows no such job".to_owned(),
    }
}
