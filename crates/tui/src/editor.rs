//! Other programs: the user's editor, and a browser.

use std::io::Write as _;
use std::process::Command;

use crate::inspector::deeds::quietly;

/// Has the user edit a text, in a file only they can read. The terminal must be given back before.
pub(crate) fn edit(editor: &str, text: &[u8]) -> Result<Vec<u8>, String> {
    let problem = |what: &str, error: std::io::Error| format!("not edited: {what}: {error}");
    let mut file = tempfile::Builder::new()
        .prefix("kreel-")
        .suffix(".http")
        .tempfile()
        .map_err(|error| problem("a file can't be made", error))?;
    file.write_all(text)
        .map_err(|error| problem("the file can't be written", error))?;
    file.flush()
        .map_err(|error| problem("the file can't be written", error))?;
    // The editor may come with options of its own, as in `code --wait`.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(file.path())
        .status()
        .map_err(|error| problem(editor, error))?;
    if !status.success() {
        return Err(format!("not sent: {editor} ended with {status}"));
    }
    // Some editors write another file and put it in the place of this one.
    std::fs::read(file.path()).map_err(|error| problem("the file can't be read", error))
}

/// Opens a link in the user's browser.
pub(crate) fn browse(url: &str) -> std::io::Result<()> {
    let own = std::env::var("BROWSER")
        .ok()
        .filter(|own| !own.is_empty() && !own.contains(':'));
    let known = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    let program = own.as_deref().unwrap_or(known);
    let mut process = Command::new(program);
    let child = quietly(&mut process).arg(url).spawn()?;
    // It may stay as long as the browser does.
    std::thread::spawn(move || {
        let mut child = child;
        let _ = child.wait();
    });
    Ok(())
}
