//! `kreel types`: a type for the JSON of deliveries.

use kreel_inspect::types::{Lang, Samples};

use crate::args::{Language, TypesArgs};
use crate::exit::Exit;
use crate::limits::TYPE_SAMPLES;
use crate::past::{Past, not_found, nothing_yet};
use crate::problem::{Code, Problem, Result};
use crate::terminal::{print, say};

/// Reads the samples, and prints the type.
pub(crate) fn run(args: &TypesArgs) -> Result<Exit> {
    let picked = &args.picked;
    let past = match (Past::open(&args.place)?, picked.ids.first()) {
        (Some(past), _) => past,
        (None, Some(id)) => return Err(not_found(id)),
        (None, None) => {
            nothing_yet(&args.place);
            return Err(nothing_typed("the history is empty"));
        }
    };
    let mut samples = Samples::default();
    let mut others = 0_u32;
    let mut picks = past.pick(&picked.ids, &picked.filtered)?;
    if picks.is_empty() {
        return Err(nothing_typed("the filter picks nothing"));
    }
    if picks.len() > TYPE_SAMPLES {
        say(&format!("only the newest {TYPE_SAMPLES} are read"));
        picks.drain(..picks.len() - TYPE_SAMPLES);
    }
    for pick in picks {
        let taken = past.take(pick.number, &pick.id.to_string())?;
        if samples.add(&taken.body).is_err() {
            others += 1;
        }
    }
    let count = samples.count();
    if count == 0 {
        return Err(nothing_typed("none of them has a body that is JSON"));
    }
    if others > 0 {
        say(&format!("{others} left out: their bodies are no JSON"));
    }
    let lang = match args.lang {
        Language::Rust => Lang::Rust,
        Language::Ts => Lang::TypeScript,
        Language::Python => Lang::Python,
        Language::JsonSchema => Lang::JsonSchema,
    };
    let text = samples.write(lang, &args.name);
    match args.place.json {
        true => super::requests::print_objects(&[serde_json::json!({
            "type": "types",
            "samples": count,
            "skipped": others,
            "source": text,
        })])?,
        false => print(&text)?,
    }
    Ok(Exit::Success)
}

fn nothing_typed(why: &str) -> Problem {
    Problem::new(
        Code::NothingTyped,
        "there is nothing to find a type from",
        why,
        "pick deliveries with a JSON body: see `kreel requests list`",
    )
}
