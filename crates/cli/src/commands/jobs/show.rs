//! One job for people: what it is, what happened when, what is worth knowing, its results.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kreel_client::inert::inert;
use kreel_client::plain::duration;
use kreel_krea::{Evidence, JobRow, Verdict, Weight, timeline};

use super::table::word;
use crate::krea::words::{cost, sides, step};
use crate::terminal::Paint;

/// All that is known of it. What others wrote is inert.
pub(super) fn text(evidence: &Evidence, row: &JobRow, paint: Paint) -> String {
    let mut text = String::new();
    head(&mut text, row, paint);
    section(&mut text, "What happened", paint);
    for moment in timeline(evidence) {
        line(
            &mut text,
            &format!(
                "{}  {}",
                time(moment.at),
                step(&moment.step, |id| format!("delivery {id}"))
            ),
        );
    }
    if let Some(verdict) = &row.verdict {
        section(&mut text, "The API", paint);
        line(&mut text, verdict.as_str());
        if let Verdict::Differs(differences) = verdict {
            for one in differences {
                let (delivered, asked) = sides(one);
                for (sign, lines) in [("-", delivered), ("+", asked)] {
                    for said in lines {
                        line(&mut text, &format!("{sign} {}: {}", one.field, inert(said)));
                    }
                }
            }
        }
    }
    if !row.notes.is_empty() {
        section(&mut text, "Worth knowing", paint);
        for note in &row.notes {
            let sign = match note.weight() {
                Weight::Fact => " ",
                Weight::Caution => "!",
                Weight::Fault => "x",
            };
            line(
                &mut text,
                &format!("{sign} {} ({})", inert(&note.to_string()), note.code()),
            );
        }
    }
    let files = evidence.job().map_or(&[][..], |job| &job.results.files[..]);
    if !files.is_empty() {
        section(&mut text, "Results", paint);
        for file in files {
            let role = file
                .role
                .as_deref()
                .map(|role| format!("{}: ", inert(role)));
            line(
                &mut text,
                &format!("{}{}", role.unwrap_or_default(), inert(&file.url)),
            );
        }
    }
    text
}

fn head(text: &mut String, row: &JobRow, paint: Paint) {
    let status = row
        .status
        .as_ref()
        .map_or("no status yet", |status| status.as_str());
    let _ = writeln!(
        text,
        "{}  {}",
        paint.bold(&inert(row.id.as_str())),
        inert(status)
    );
    let kind = row.kind.map_or("job", |kind| kind.as_str());
    let model = row.model.as_deref().unwrap_or_default();
    line(text, format!("{kind} {}", inert(model)).trim_end());
    if let Some(prompt) = &row.prompt {
        line(text, &format!("\"{}\"", inert(prompt)));
    }
    let took = row.took.map(|took| format!("took {}", duration(took)));
    let delay = row
        .delay
        .map(|delay| format!("webhook {} after its end", duration(delay)));
    let count = format!("{} delivered", row.deliveries);
    let made = (row.synthesised > 0).then(|| format!("{} by kreel itself", row.synthesised));
    let cost = Some(cost(row))
        .filter(|cost| *cost != "-")
        .map(str::to_owned);
    let parts: Vec<String> = [took, delay, Some(count), made, cost]
        .into_iter()
        .flatten()
        .collect();
    line(text, &parts.join(" · "));
    if !row.flags.is_empty() {
        let flags: Vec<String> = row.flags.iter().map(|flag| word(*flag)).collect();
        line(text, &paint.bold(&flags.join("  ")));
    }
}

fn section(text: &mut String, title: &str, paint: Paint) {
    let _ = writeln!(text, "\n{}", paint.dim(title));
}

fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "  {line}");
}

fn time(at: Timestamp) -> String {
    let zone = TimeZone::system();
    zone.to_datetime(at)
        .strftime("%m-%d %H:%M:%S%.3f")
        .to_string()
}
