//! All that is known of a job, line by line: what it is, what happened when, what is worth knowing,
//! and its results.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use kreel_client::plain::duration;
use kreel_krea::{
    Evidence, JobRow, Note, Outcome, Reading, Step, Verdict, Weight, annotate, timeline,
};
use kreel_tui::lens::{Mood, Sheet, SheetLine};

use super::rows;
use super::seen::Links;
use crate::krea::words::{cost, sides, step};

/// What a sheet is made of.
pub(super) struct Of<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) row: &'a JobRow,
    /// The numbers of its webhooks in the history.
    pub(super) numbers: &'a HashMap<String, i64>,
    /// What the webhook says that is looked at, where the ledger has none.
    pub(super) own: Option<&'a Reading>,
    /// What links have answered.
    pub(super) links: &'a Links,
    pub(super) zone: &'a TimeZone,
}

/// A webhook that names no job.
pub(super) fn of_no_job(reading: &Reading) -> Sheet {
    let mut lines = vec![SheetLine::heading("It names no job of Krea's.")];
    lines.extend(annotate(reading).iter().map(note));
    Sheet { lines }
}

/// One of which nothing can be said yet.
pub(super) fn arriving() -> Sheet {
    let text = "it is still arriving";
    Sheet {
        lines: vec![SheetLine::of("", text, Mood::Dim)],
    }
}

impl Of<'_> {
    /// Its lines.
    pub(super) fn lines(&self) -> Sheet {
        let mut lines = self.head();
        lines.extend(self.verdict());
        lines.extend(self.what_happened());
        lines.extend(self.notes());
        lines.extend(self.results());
        Sheet { lines }
    }

    fn head(&self) -> Vec<SheetLine> {
        let row = self.row;
        let known = self.evidence.known.as_ref();
        let mut lines = vec![
            SheetLine::of("job", row.id.as_str(), Mood::Strong),
            SheetLine::of("model", rows::kind_and_model(row), Mood::Plain),
        ];
        let mut add = |label: &str, text: Option<String>, mood| {
            lines.extend(text.map(|text| SheetLine::of(label, text, mood)));
        };
        add("prompt", row.prompt.clone(), Mood::Plain);
        add("path", known.map(|known| known.path.clone()), Mood::Dim);
        let status = row.status.as_ref().map(ToString::to_string);
        let status = [
            status,
            Some(cost(row))
                .filter(|cost| *cost != "-")
                .map(str::to_owned),
        ];
        let status: Vec<String> = status.into_iter().flatten().collect();
        add(
            "status",
            Some(status.join(" · ")).filter(|text| !text.is_empty()),
            Mood::Plain,
        );
        let took = row.took.map(|took| format!("took {}", duration(took)));
        let delay = row
            .delay
            .map(|delay| format!("first webhook {} after its end", duration(delay)));
        let times: Vec<String> = [took, delay].into_iter().flatten().collect();
        add(
            "time",
            Some(times.join(" · ")).filter(|text| !text.is_empty()),
            Mood::Plain,
        );
        let made = match row.synthesised {
            0 => String::new(),
            count => format!(" · {count} by kreel itself"),
        };
        add(
            "webhooks",
            Some(format!("{} came{made}", row.deliveries)),
            Mood::Plain,
        );
        let flags: Vec<&str> = row.flags.iter().map(|flag| flag.as_str()).collect();
        add(
            "flags",
            Some(flags.join(", ")).filter(|text| !text.is_empty()),
            Mood::Fair,
        );
        lines
    }

    /// Whether the API tells the same, and what it tells instead.
    fn verdict(&self) -> Vec<SheetLine> {
        let Some(verdict) = &self.row.verdict else {
            let text = match &self.evidence.api {
                None => "not asked yet",
                Some(_) => "asked; there is no webhook to compare",
            };
            return vec![SheetLine::of("API", text, Mood::Dim)];
        };
        let mood = match verdict {
            Verdict::Matches => Mood::Good,
            Verdict::NotYet => Mood::Fair,
            Verdict::Differs(_) | Verdict::Unknown => Mood::Bad,
        };
        let mut lines = vec![SheetLine::of("API", verdict.as_str(), mood)];
        if let Verdict::Differs(differences) = verdict {
            for one in differences {
                let (delivered, asked) = sides(one);
                let delivered = delivered
                    .iter()
                    .map(|line| (format!("- {line}"), Mood::Bad));
                let asked = asked.iter().map(|line| (format!("+ {line}"), Mood::Good));
                let labels = std::iter::once(one.field).chain(std::iter::repeat(""));
                let sides = delivered.chain(asked).zip(labels);
                lines.extend(sides.map(|((text, mood), label)| SheetLine::of(label, text, mood)));
            }
        }
        lines
    }

    fn what_happened(&self) -> Vec<SheetLine> {
        let mut lines = vec![SheetLine::heading("Timeline")];
        let name = |id: &str| match self.numbers.get(id) {
            Some(number) => format!("#{number}"),
            None => "not in the history any more".to_owned(),
        };
        for moment in timeline(self.evidence) {
            let mood = match &moment.step {
                Step::HandedOver {
                    outcome: Outcome::Answered(200..=299),
                    ..
                } => Mood::Good,
                Step::HandedOver { .. } | Step::Withheld { .. } => Mood::Bad,
                _ => Mood::Plain,
            };
            let time = self.zone.to_datetime(moment.at);
            let time = time.strftime("%H:%M:%S%.2f").to_string();
            lines.push(SheetLine::of(time, step(&moment.step, name), mood));
        }
        lines
    }

    fn notes(&self) -> Vec<SheetLine> {
        let own = self.own.map(annotate).unwrap_or_default();
        let all: Vec<SheetLine> = self.row.notes.iter().chain(&own).map(note).collect();
        match all.is_empty() {
            true => Vec::new(),
            false => [vec![SheetLine::heading("Worth knowing")], all].concat(),
        }
    }

    fn results(&self) -> Vec<SheetLine> {
        let Some(job) = self.evidence.job() else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        if let Some(style) = &job.style_id {
            lines.push(SheetLine::of("style", style, Mood::Good));
        }
        if let Some(error) = &job.error {
            lines.push(SheetLine::of("error", error.words(), Mood::Bad));
        }
        for (place, file) in (1..).zip(&job.results.files) {
            let label = file.role.clone().unwrap_or_else(|| place.to_string());
            lines.push(SheetLine {
                link: Some(file.url.clone()),
                ..SheetLine::of(label, &file.url, Mood::Plain)
            });
            let answered = self.links.of(&file.url);
            lines.extend(answered.map(|(said, mood)| SheetLine::of("", said, mood)));
        }
        let left = job.results.count.saturating_sub(job.results.files.len());
        if left > 0 {
            lines.push(SheetLine::of("", format!("and {left} more"), Mood::Dim));
        }
        match lines.is_empty() {
            true => lines,
            false => [vec![SheetLine::heading("Results")], lines].concat(),
        }
    }
}

fn note(note: &Note) -> SheetLine {
    let mood = match note.weight() {
        Weight::Fact => Mood::Dim,
        Weight::Caution => Mood::Fair,
        Weight::Fault => Mood::Bad,
    };
    SheetLine::of("", format!("{note} ({})", note.code()), mood)
}
