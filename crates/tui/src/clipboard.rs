//! Text into the user's clipboard, by whatever way there is.
//!
//! OSC 52 reaches the terminal in front of the user, over SSH too, but no terminal says whether it
//! took it. Inside tmux it is tmux that has to be asked. A terminal that can't do either leaves a
//! file.

use std::borrow::Cow;
use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use kreel_inspect::inert::is_inert;

use crate::limits::CLIPBOARD_BYTES;
use crate::terminal::Screen;

/// Copies a text; else says why not.
pub(crate) fn copy(screen: &mut Screen, text: &str) -> Result<(), String> {
    if text.len() > CLIPBOARD_BYTES {
        return Err("too much for a clipboard: export it to a file".to_owned());
    }
    if is_without_clipboard(env::var("TERM").ok().as_deref()) {
        return to_file(text);
    }
    // Where tmux is set not to listen to its programs, this is the way; where not, it does no harm.
    if env::var_os("TMUX").is_some() {
        pipe("tmux", &["load-buffer", "-w", "-"], text);
    } else if env::var_os("WAYLAND_DISPLAY").is_some() {
        pipe("wl-copy", &[], text);
    } else if env::var_os("DISPLAY").is_some() {
        pipe("xclip", &["-selection", "clipboard"], text);
    }
    screen
        .copy(text)
        .map_err(|error| format!("not copied: {error}"))
}

/// A text of others as it may be pasted anywhere: in a shell no byte of it is obeyed, and none turns
/// the direction of writing. Lines and tabs stay, and what emoji are joined by.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let is_line_end = |at: usize| text[at..].starts_with("\r\n");
    let stays = |at: usize, c: char| {
        is_inert(c)
            || matches!(
                c,
                '\n' | '\t' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}'
            )
            || is_line_end(at)
    };
    if text.char_indices().all(|(at, c)| stays(at, c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        match stays(at, c) {
            true => shown.push(c),
            false => {
                // Writing to a string can't fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(shown)
}

/// Terminals that are known to have none.
fn is_without_clipboard(term: Option<&str>) -> bool {
    matches!(term, None | Some("" | "dumb" | "linux" | "vt100" | "vt220"))
}

/// Gives the text to a program, if it is there.
fn pipe(program: &str, arguments: &[&str], text: &str) {
    let mut process = Command::new(program);
    process
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let Ok(mut child) = process.spawn() else {
        return;
    };
    let text = text.to_owned();
    std::thread::spawn(move || {
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(text.as_bytes());
        }
        let _ = child.wait();
    });
}

/// Where there is no clipboard, a file that only the user can read; its name is told.
fn to_file(text: &str) -> Result<(), String> {
    let kept = tempfile::Builder::new()
        .prefix("kreel-copied-")
        .suffix(".txt")
        .tempfile()
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.keep().map_err(|error| error.error)
        });
    match kept {
        Ok((_, path)) => Err(format!(
            "this terminal has no clipboard: it is in {}",
            path.display()
        )),
        Err(error) => Err(format!(
            "this terminal has no clipboard, and no file could be written: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_terminals_have_no_clipboard() {
        for (term, is_without) in [
            (Some("xterm-256color"), false),
            (Some("tmux-256color"), false),
            (Some("linux"), true),
            (Some("dumb"), true),
            (None, true),
        ] {
            assert_eq!(is_without_clipboard(term), is_without, "{term:?}");
        }
    }
}
