//! Bodies that are made to be too much: whatever they hold, a key is answered with a frame.

use anyhow::{Context, Result};

use super::large::send;
use super::sight::{about, bar, is_for, is_inside};
use super::terminal::Terminal;
use super::times::Times;
use crate::load::Target;

/// A body that is made to be too much.
pub(super) struct Hostile {
    /// What it is called in the report.
    pub(super) what: &'static str,
    path: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

/// All of them.
pub(super) fn all() -> Vec<Hostile> {
    let deep = ["[".repeat(100_000), "]".repeat(100_000)].concat();
    let keys: Vec<String> = (0..100_000)
        .map(|key| format!("\"k{key}\":{key}"))
        .collect();
    let digits = "9".repeat(10_000);
    let hostile = |what, path, kind, body| Hostile {
        what,
        path,
        kind,
        body,
    };
    vec![
        hostile(
            "a line of 10 MB",
            "/line",
            "text/plain",
            vec![b'x'; 10_000_000],
        ),
        hostile(
            "100,000 levels",
            "/deep",
            "application/json",
            deep.into_bytes(),
        ),
        hostile(
            "100,000 keys",
            "/keys",
            "application/json",
            format!("{{{}}}", keys.join(",")).into_bytes(),
        ),
        hostile(
            "numbers of 10,000 digits",
            "/digits",
            "application/json",
            format!("[{digits},-{digits}e{digits},0.{digits}]").into_bytes(),
        ),
    ]
}

impl Hostile {
    /// Posts it.
    pub(super) async fn post(&self, target: &Target) -> Result<()> {
        send(target, self.path, self.kind, &self.body).await
    }

    /// Opens what was posted last and walks through all of it: from a key to its frame.
    pub(super) fn walk(&self, terminal: &mut Terminal) -> Result<Times> {
        let mut times = Times::default();
        let path = format!(" {} ", self.path);
        // Its row is there, or told of: that it is read from the history is no key's doing.
        let row = path.clone();
        terminal.shows(Box::new(move |screen| {
            let shown = screen.contents();
            shown.contains(&row) || shown.contains(" newer ")
        }))?;
        let opened = terminal.press("g", Box::new(move |screen| is_for(screen, &path)))?;
        times.note("g, to it", opened);
        terminal.shows(Box::new(|screen| {
            let about = about(screen);
            about.contains(", ") && !about.contains("read…")
        }))?;
        let inside = terminal.press("\t", Box::new(is_inside))?;
        times.note("Tab", inside);
        for (what, keys) in KEYS {
            for _ in 0..TIMES {
                // Where a key changes nothing it is answered with a frame all the same.
                let took = terminal.press(keys, Box::new(|_| true));
                times.note(what, took.with_context(|| self.what.to_owned())?);
            }
        }
        terminal.press("/", Box::new(|screen| !bar(screen).contains("help")))?;
        for letter in ["n", "o", "w", "h"] {
            let took = terminal.press(letter, Box::new(|_| true))?;
            times.note("typing what is searched for", took);
        }
        terminal.press("\x1b[27u", Box::new(|screen| bar(screen).contains("help")))?;
        let left = terminal.press("\t", Box::new(|screen| !is_inside(screen)))?;
        times.note("Tab", left);
        for tab in ["5", "2", "1"] {
            times.note("1 to 5", terminal.press(tab, Box::new(|_| true))?);
        }
        Ok(times)
    }
}

/// What is pressed inside of one.
const KEYS: [(&str, &str); 9] = [
    ("PgDn, PgUp", "\x1b[6~"),
    ("G, g", "G"),
    ("j, k", "k"),
    ("PgDn, PgUp", "\x1b[5~"),
    ("fold and unfold all", "-"),
    ("fold and unfold all", "+"),
    ("G, g", "g"),
    ("left, right", "\x1b[C"),
    ("left, right", "\x1b[D"),
];

/// How often each, one behind the other.
const TIMES: usize = 5;
