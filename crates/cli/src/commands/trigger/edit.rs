//! The body in the user's editor.

use std::env;
use std::fs;
use std::io::Write;
use std::process::Command;

use serde_json::Value;

use crate::problem::{Code, Problem, Result};
use crate::terminal::quoted;

/// What the body is after `$VISUAL` or `$EDITOR` is done with it. It is laid out for reading;
/// what leaves the editor is sent as it is.
pub(super) fn in_editor(body: &[u8]) -> Result<Vec<u8>> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let readable = serde_json::from_slice::<Value>(body)
        .map(|value| format!("{value:#}\n").into_bytes())
        .unwrap_or_else(|_| body.to_owned());
    let failed = |why: String| {
        Problem::new(
            Code::EditorFailed,
            format!("the editor {editor:?} did not work"),
            why,
            "set EDITOR to an editor that waits, like `vim` or `code --wait`",
        )
    };
    let refused = |error: std::io::Error| failed(error.to_string());
    let mut file = tempfile::Builder::new()
        .prefix("kreel-")
        .suffix(".json")
        .tempfile()
        .map_err(refused)?;
    file.write_all(&readable).map_err(refused)?;
    let path = file.into_temp_path();
    // EDITOR holds a command line, as in `code --wait`.
    let line = format!("{editor} {}", quoted(&path.to_string_lossy()));
    let status = Command::new("/bin/sh").arg("-c").arg(line).status();
    let status = status.map_err(refused)?;
    if !status.success() {
        return Err(failed(format!("it ended with {status}")));
    }
    fs::read(&path).map_err(refused)
}
