//! The list of webhooks there are.

use kreel_krea::Fixture;
use serde_json::json;

use super::samples;
use super::saved::Saved;
use crate::exit::Exit;
use crate::problem::Result;
use crate::terminal::print;

/// Prints every webhook with its line.
pub(super) fn show(as_json: bool) -> Result<Exit> {
    let krea = Fixture::ALL
        .iter()
        .map(|fixture| (fixture.name(), fixture.about()));
    let others = samples::ALL
        .iter()
        .map(|sample| (sample.name, sample.about));
    let saved = Saved::names()?;
    let saved = saved
        .iter()
        .map(|name| (name.as_str(), "saved from the history"));
    let text: String = krea
        .chain(others)
        .chain(saved)
        .map(|(name, about)| match as_json {
            true => format!(
                "{}\n",
                json!({"type": "event", "name": name, "about": about})
            ),
            false => format!("{name:<32} {about}\n"),
        })
        .collect();
    print(&text)?;
    Ok(Exit::Success)
}
