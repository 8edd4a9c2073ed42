//! A body of 50 MB in the inspector: opened, scrolled, folded, searched.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::sight::{about, bar, content, is_for, is_inside, painted};
use super::terminal::Terminal;
use super::times::Times;
use crate::load::{REQUEST_ID, Target};

/// What came of it.
#[derive(Debug)]
pub(super) struct Opened {
    /// From the key that selects it to a frame with some of it.
    pub(super) first: Vec<Duration>,
    /// The same, to a frame with all of it at hand.
    pub(super) whole: Vec<Duration>,
    /// From a key inside of it to its frame.
    pub(super) keys: Times,
    /// From a key of what is searched for to its frame, while all of it is looked through.
    pub(super) searches: Times,
    /// From the last of them until it is found.
    pub(super) found: Duration,
}

/// Posts it.
pub(super) async fn post(target: &Target) -> Result<()> {
    send(target, "/large", "application/json", body().as_bytes()).await
}

/// Posts a body that is larger than most.
pub(super) async fn send(target: &Target, path: &str, kind: &str, body: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect(target.addr).await?;
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: {kind}\r\n\
         content-length: {}\r\n{REQUEST_ID}: large\r\n\r\n",
        target.host,
        body.len(),
        PATH = target.path.replace("/hook", path),
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let expected = format!("large {}", body.len());
    if !answer.starts_with("HTTP/1.1 200") || !answer.ends_with(&expected) {
        bail!("the large body was answered so: {answer}");
    }
    Ok(())
}

/// Opens what was posted last again and again, and looks around in it.
pub(super) fn open(terminal: &mut Terminal) -> Result<Opened> {
    let mut opened = Opened {
        first: Vec::new(),
        whole: Vec::new(),
        keys: Times::default(),
        searches: Times::default(),
        found: Duration::ZERO,
    };
    terminal.press("g", Box::new(|screen| is_for(screen, " /large")))?;
    for _ in 0..OPENINGS {
        let left = terminal.press("j", Box::new(|screen| is_for(screen, " /hook")))?;
        opened.keys.note("j, away from it", left);
        terminal.shows(Box::new(|screen| about(screen).contains("JSON")))?;
        let has_some =
            |screen: &_| is_for(screen, " /large") && content(screen).contains("item number");
        let first = terminal.press("k", Box::new(has_some))?;
        let rest = terminal.shows(Box::new(is_whole))?;
        opened.first.push(first);
        opened.whole.push(first + rest);
    }
    look_around(terminal, &mut opened).context("inside the large body")?;
    Ok(opened)
}

fn is_whole(screen: &vt100::Screen) -> bool {
    let about = about(screen);
    is_for(screen, " /large") && about.contains("MiB") && !about.contains("read…")
}

fn look_around(terminal: &mut Terminal, opened: &mut Opened) -> Result<()> {
    let keys = &mut opened.keys;
    terminal.press("\t", Box::new(is_inside))?;
    let mut press = |what, key: &str| {
        let before = terminal.look(painted);
        let took = terminal.press(key, Box::new(move |screen| painted(screen) != before))?;
        keys.note(what, took);
        anyhow::Ok(())
    };
    for _ in 0..30 {
        press("PgDn, PgUp", "\x1b[6~")?;
    }
    press("G, g", "G")?;
    for _ in 0..30 {
        press("PgDn, PgUp", "\x1b[5~")?;
    }
    press("G, g", "g")?;
    for key in ["-", "+", "G", "g"] {
        press("fold and unfold all", key)?;
    }
    for _ in 0..10 {
        press("PgDn, PgUp", "\x1b[6~")?;
    }
    press("G, g", "g")?;
    terminal.press("/", Box::new(|screen| !bar(screen).contains("help")))?;
    for end in 1..=SOUGHT.len() {
        let typed = SOUGHT[..end].to_owned();
        let effect = move |screen: &_| bar(screen).contains(&typed);
        let took = terminal.press(&SOUGHT[end - 1..end], Box::new(effect))?;
        opened.searches.note("typing what is searched for", took);
    }
    opened.found = terminal.shows(Box::new(|screen| content(screen).contains(SOUGHT)))?;
    let is_told = |screen: &_| bar(screen).contains("help");
    terminal.press("\r", Box::new(is_told))?;
    // Back to the rows: what comes next is opened from there.
    terminal.press("\t", Box::new(|screen| !is_inside(screen)))?;
    Ok(())
}

/// Many small values, and at the end a word that is nowhere else.
fn body() -> String {
    let mut body = String::with_capacity(LENGTH);
    body.push('[');
    let mut at = 0;
    while body.len() < LENGTH - 300 {
        // Writing to a string can't fail.
        let _ = write!(
            body,
            r#"{{"id": {at}, "name": "item number {at}", "ok": true, "price": 12.50, "tags": ["a", "b"], "at": {{"x": 1, "y": null}}}},"#
        );
        at += 1;
    }
    let _ = write!(body, "\"{SOUGHT}\"]");
    body
}

const SOUGHT: &str = "needle";

/// 50 MB.
const LENGTH: usize = 50_000_000;

/// Enough for a median, and to see memory grow if it is not given back.
const OPENINGS: usize = 11;
