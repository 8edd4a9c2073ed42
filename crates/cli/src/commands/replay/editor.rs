//! `--edit`: a request in the user's editor, again and again until it makes sense.

use std::env;
use std::fs;
use std::io::Write as _;
use std::process::Command;

use kreel_client::Edited;
use kreel_inspect::edit::{self, Request};

use crate::problem::{Code, Problem, Result};
use crate::shape::Original;
use crate::terminal::{can_ask, say};

/// What is started if the user has named no editor.
const USUAL: &str = "vi";

/// What the user made of the request.
pub(super) fn edit(source: &Original) -> Result<Edited> {
    let original = &source.request;
    let mut file = edit::write(original).map_err(|error| failed(&error))?;
    if !source.is_whole {
        return Err(failed(&"its body is not all here"));
    }
    loop {
        let edited = in_editor(&file)?;
        match edit::read(&edited, original) {
            Ok(request) => return Ok(told(original, request)),
            // Unchanged after a fault, or nobody there to mend it: it is given up.
            Err(fault) if edited == file || !can_ask() => return Err(failed(&fault)),
            Err(fault) => file = edit::with_fault(&edited, &fault),
        }
    }
}

fn told(original: &Request, request: Request) -> Edited {
    let changes = edit::changes(original, &request);
    match changes.is_empty() {
        true => say("nothing was changed: it goes as it came"),
        false => say(&format!("changed: {}", changes.join(", "))),
    }
    request.into()
}

/// Has the user edit a text, in a file only they can read.
fn in_editor(text: &[u8]) -> Result<Vec<u8>> {
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| {
        let editor = env::var(name).ok();
        editor.filter(|editor| !editor.trim().is_empty())
    });
    let editor = editor.unwrap_or_else(|| USUAL.to_owned());
    let mut file = tempfile::Builder::new()
        .prefix("kreel-")
        .suffix(".http")
        .tempfile()
        .map_err(|error| failed(&error))?;
    file.write_all(text).map_err(|error| failed(&error))?;
    file.flush().map_err(|error| failed(&error))?;
    // The editor may come with options of its own, as in `code --wait`.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(file.path())
        .status()
        .map_err(|error| failed(&error))?;
    if !status.success() {
        return Err(failed(&format!("{editor} ended with {status}")));
    }
    // Some editors write another file and put it in the place of this one.
    fs::read(file.path()).map_err(|error| failed(&error))
}

fn failed(why: &dyn std::fmt::Display) -> Problem {
    Problem::new(
        Code::EditingFailed,
        "the request could not be edited, and nothing was sent",
        why,
        "set EDITOR to an editor that waits until the file is closed, as in code --wait",
    )
}
