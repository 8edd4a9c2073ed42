//! Takes the picture of the inspector that the README shows: a relay, a client and an app really
//! run, webhooks go through, keys are pressed, and the screen is written as an SVG.
//!
//! `just capture` runs it.

mod app;
mod stage;
mod svg;

use std::num::NonZeroU16;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use self::app::App;
use self::stage::{Relay, Screen};

/// Columns and rows of the picture.
const SIZE: (NonZeroU16, NonZeroU16) = (
    NonZeroU16::new(138).expect("it is not zero"),
    NonZeroU16::new(34).expect("it is not zero"),
);

fn main() -> Result<()> {
    let to = std::env::args_os().nth(1).map(PathBuf::from);
    let to = to.context("say where the picture goes: capture FILE.svg")?;
    let home = tempfile::tempdir()?;
    let app = App::start()?;
    let relay = Relay::start(home.path())?;
    let mut screen = Screen::listen(home.path(), &relay, &app, SIZE)?;
    screen.wait_for("● up")?;
    for (path, body) in WEBHOOKS {
        relay.post(path, body)?;
    }
    screen.wait_for(&format!("delivered {}", WEBHOOKS.len()))?;
    // The newest went well; the one that failed is second.
    screen.press("j")?;
    screen.wait_for("why:")?;
    screen.press("m")?;
    screen.wait_for("marked")?;
    screen.press("\t")?;
    screen.wait_for("Esc back")?;
    let picture = svg::picture(&screen.seen());
    screen.press("q")?;
    std::fs::write(&to, picture).with_context(|| format!("{} can't be written", to.display()))
}

/// What is posted, oldest first.
const WEBHOOKS: [(&str, &str); 9] = [
    (
        "/github",
        r#"{"action":"opened","number":7,"pull_request":{"title":"Retry webhooks"}}"#,
    ),
    (
        "/api/webhooks/krea",
        r#"{"job_id":"0b6e","status":"completed","result":{"urls":["https://gen.example/a.png"]}}"#,
    ),
    (
        "/stripe",
        r#"{"id":"evt_1","type":"invoice.paid","data":{"object":{"amount_paid":1900}}}"#,
    ),
    (
        "/api/webhooks/krea?job=2f10",
        r#"{"job_id":"2f10","status":"completed","result":{"urls":["https://gen.example/b.png"]}}"#,
    ),
    ("/moved", r#"{"event":"ping"}"#),
    ("/nowhere", r#"{"event":"ping"}"#),
    (
        "/api/webhooks/krea?job=41aa",
        r#"{"job_id":"41aa","status":"completed","result":{"urls":["https://gen.example/c.png"]}}"#,
    ),
    (
        "/api/webhooks/krea?job=8f53",
        r#"{"job_id":"7c1f3b0e-9d0a-4a51-8f53-2f4f3f9f2f10","status":"failed","type":"image","created_at":"2026-11-23T07:59:41Z","prompt":"a lighthouse in a storm, oil on canvas","result":{"error":{"code":"content_policy","message":"the prompt was refused"},"urls":[]},"cost":{"units":12.5}}"#,
    ),
    (
        "/api/webhooks/krea?job=93bd",
        r#"{"job_id":"93bd","status":"completed","result":{"urls":["https://gen.example/d.png"]}}"#,
    ),
];
