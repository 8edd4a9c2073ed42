//! `kreel diff`: two deliveries, or the answers of two attempts, side by side.

use std::io;
use std::sync::LazyLock;

use kreel_client::KeptAttempt;
use kreel_client::inert::inert;
use kreel_client::plain::inert_line;
use kreel_inspect::compare::{Change, Comparison, DiffLine, Ignore, Section, Side, Sign, compare};
use kreel_wire::Headers;
use serde_json::{Value, json};

use crate::args::DiffArgs;
use crate::exit::Exit;
use crate::past::{Past, Taken, is_whole};
use crate::problem::{Code, Problem, Result};
use crate::secrets;
use crate::terminal::{Paint, print};

/// How wide lines are where there is no terminal: never broken.
const UNBROKEN: u16 = u16::MAX;

/// Compares, and says what differs.
pub(crate) fn run(args: &DiffArgs) -> Result<Exit> {
    let ignore = rules(&args.ignore)?;
    let (left, right) = (One::parse(&args.left), One::parse(&args.right));
    let past = Past::with(&args.place, left.id)?;
    let (left_taken, right_taken) = (left.take(&past)?, right.take(&past)?);
    let comparison = compare(
        &left.side(&left_taken)?,
        &right.side(&right_taken)?,
        &ignore,
    );
    let masking = secrets::masking(args.show_secrets)?;
    let comparison = comparison.mask(&masking);
    match args.place.json {
        true => {
            let line = inert_line(&object(&comparison)).unwrap_or_default();
            print(&String::from_utf8_lossy(&line))?;
        }
        false => print(&text(&comparison, args.all, Paint::of_stdout()))?,
    }
    Ok(match comparison.is_equal {
        true => Exit::Success,
        false => Exit::Failure,
    })
}

/// Rules for what does not count.
pub(crate) fn rules(rules: &[String]) -> Result<Ignore> {
    Ignore::parse(rules).map_err(|error| {
        Problem::new(
            Code::IgnoreInvalid,
            "a rule of --ignore can't be understood",
            error,
            "write $.created_at, $..id, .items[*].at, or header:date",
        )
    })
}

/// What was typed for one side.
struct One<'a> {
    typed: &'a str,
    id: &'a str,
    attempt: Option<&'a str>,
}

impl<'a> One<'a> {
    fn parse(typed: &'a str) -> Self {
        let (id, attempt) = match typed.split_once(':') {
            Some((id, attempt)) => (id, Some(attempt)),
            None => (typed, None),
        };
        Self { typed, id, attempt }
    }

    fn take(&self, past: &Past) -> Result<Taken> {
        past.take(past.find(self.id)?, self.id)
    }

    fn side<'t>(&self, taken: &'t Taken) -> Result<Side<'t>> {
        let Some(number) = self.attempt else {
            return Ok(Side {
                label: self.typed.to_owned(),
                method: Some(&taken.whole.delivery.method),
                target: Some(&taken.whole.delivery.target),
                status: None,
                failure: None,
                headers: &taken.whole.delivery.headers,
                body: &taken.body,
                is_whole: taken.is_whole(),
                took: None,
                at_us: Some(taken.whole.delivery.received_at_us),
            });
        };
        let wanted: Option<u32> = number.parse().ok();
        let mut attempts = taken.whole.attempts.iter();
        let found = attempts.find(|attempt| Some(attempt.number) == wanted);
        let found = found.ok_or_else(|| self.no_attempt(taken))?;
        Ok(answer_side(self.typed.to_owned(), found))
    }

    fn no_attempt(&self, taken: &Taken) -> Problem {
        let numbers = taken.whole.attempts.iter();
        let numbers: Vec<String> = numbers.map(|attempt| attempt.number.to_string()).collect();
        let why = match numbers.is_empty() {
            true => "no attempt at it is over".to_owned(),
            false => format!("those that are over: {}", numbers.join(", ")),
        };
        let (id, number) = (self.id, self.attempt.unwrap_or_default());
        Problem::new(
            Code::AttemptNotFound,
            format!("the delivery {id:?} has no attempt {number:?}"),
            why,
            "see `kreel requests get ID`",
        )
    }
}

/// The answer to an attempt, to be compared.
pub(crate) fn answer_side(label: String, attempt: &KeptAttempt) -> Side<'_> {
    static NO_HEADERS: LazyLock<Headers> = LazyLock::new(Headers::default);
    let (headers, body) = match &attempt.answer {
        Some((headers, body)) => (headers, &body[..]),
        None => (&*NO_HEADERS, &[][..]),
    };
    Side {
        label,
        method: None,
        target: None,
        status: attempt.status,
        failure: attempt.failure.as_ref().map(|(_, words)| words.as_str()),
        headers,
        body,
        is_whole: is_whole(attempt),
        took: Some(attempt.timings.total),
        at_us: Some(attempt.began_at_us),
    }
}

fn text(comparison: &Comparison, all: bool, paint: Paint) -> String {
    let columns = terminal_size::terminal_size_of(io::stdout());
    let width = columns.map_or(UNBROKEN, |(width, _)| width.0);
    let mut text = format!("- {}\n+ {}\n", comparison.left, comparison.right);
    for line in comparison.lines(width, all) {
        text += &painted(&line, paint);
        text.push('\n');
    }
    if comparison.is_equal {
        text += "no difference\n";
    }
    text
}

fn painted(line: &DiffLine, paint: Paint) -> String {
    let words = line.text();
    let words = words.trim_end();
    match line.sign {
        Sign::Title => paint.bold(words),
        Sign::Removed | Sign::Changed => paint.red(words),
        Sign::Note => paint.dim(words),
        Sign::Added | Sign::Moved | Sign::Same => words.to_owned(),
    }
}

fn object(comparison: &Comparison) -> Value {
    let section = |section: &Section| {
        let changes = section.changes.iter();
        let changes = changes.filter(|change| change.is_difference());
        json!({
            "title": section.title,
            "equal": section.is_equal,
            "changes": changes.map(change).collect::<Vec<_>>(),
            "notes": section.notes,
        })
    };
    json!({
        "type": "diff",
        "left": comparison.left,
        "right": comparison.right,
        "equal": comparison.is_equal,
        "sections": comparison.sections.iter().map(section).collect::<Vec<_>>(),
    })
}

fn change(change: &Change) -> Value {
    match change {
        Change::Added { path, value } => json!({ "change": "added", "path": path, "to": value }),
        Change::Removed { path, value } => {
            json!({ "change": "removed", "path": path, "from": value })
        }
        Change::Changed { path, from, to, .. } => {
            json!({ "change": "changed", "path": path, "from": from, "to": to })
        }
        Change::Moved {
            from_path,
            to_path,
            value,
        } => json!({ "change": "moved", "from_path": from_path, "path": to_path, "to": value }),
        Change::Lines(lines) => {
            let lines = lines.iter().filter(|line| line.sign != Sign::Same);
            json!({ "change": "lines", "lines": lines.map(DiffLine::text).collect::<Vec<_>>() })
        }
        Change::Same { path, value } => json!({ "change": "same", "path": path, "to": value }),
    }
}

/// The title of the section about bodies.
pub(crate) const BODY: &str = "Body";

/// Leaves of a comparison of two answers what they mean: status and body. Headers have the time of
/// day in them, and more that is new each time.
pub(crate) fn of_answers(comparison: &mut Comparison) {
    let means = |section: &Section| ["Status", BODY].contains(&section.title);
    comparison.sections.retain(means);
}

/// What is compared, in a few words, where answers differ: `$.id: 1 → 2`.
pub(crate) fn first_difference(comparison: &Comparison) -> Option<String> {
    let sections = comparison
        .sections
        .iter()
        .filter(|section| !section.is_equal);
    let mut changes = sections.flat_map(|section| &section.changes);
    let change = changes.find(|change| change.is_difference())?;
    Some(match change {
        Change::Changed { path, from, to, .. } => format!("{path}: {from} → {to}"),
        Change::Added { path, value } => format!("{path}: {value} only in the second"),
        Change::Removed { path, value } => format!("{path}: {value} only in the first"),
        Change::Moved {
            from_path, to_path, ..
        } => format!("{from_path} → {to_path}"),
        Change::Lines(_) => "their text".to_owned(),
        Change::Same { path, .. } => inert(path).into_owned(),
    })
}
