//! Other programs: the user's editor, and a browser.

use std::fs;
use std::io::{self, Write as _};
use std::process::Command;
use std::thread;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use crate::inspector::deeds::quietly;

/// An editor that is open on a text, in a file only the user can read. It has the terminal, so that
/// must be given back before.
///
/// It stays among the processes of kreel, so that a shell stops and continues both as one.
#[derive(Debug)]
pub(crate) struct Editor {
    name: String,
    file: NamedTempFile,
    pid: Pid,
    turns: mpsc::Receiver<EditorTurn>,
}

/// What an editor does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EditorTurn {
    /// It was stopped, as by Ctrl-Z.
    Stopped,
    /// It has ended; none if that can't be told.
    Ended(Option<WaitStatus>),
}

impl Editor {
    pub(crate) fn open(editor: &str, text: &[u8]) -> Result<Self, String> {
        let problem = |what: &str, error: io::Error| format!("not edited: {what}: {error}");
        let mut file = tempfile::Builder::new()
            .prefix("kreel-")
            .suffix(".http")
            .tempfile()
            .map_err(|error| problem("a file can't be made", error))?;
        file.write_all(text)
            .and_then(|()| file.flush())
            .map_err(|error| problem("the file can't be written", error))?;
        let child = Command::new("sh")
            .arg("-c")
            .arg(command(editor))
            .arg("sh")
            .arg(file.path())
            .spawn()
            .map_err(|error| problem(editor, error))?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or("not edited: the editor has no process id")?;
        let (turn, turns) = mpsc::channel(TURNS);
        thread::Builder::new()
            .name("inspector-editor".into())
            .spawn(move || watch(pid, &turn))
            .map_err(|error| problem("it can't be waited for", error))?;
        Ok(Self {
            name: editor.to_owned(),
            file,
            pid,
            turns,
        })
    }

    /// What it does next. Cancelling the wait loses nothing.
    pub(crate) async fn turn(&mut self) -> EditorTurn {
        self.turns.recv().await.unwrap_or(EditorTurn::Ended(None))
    }

    /// Asks it to end, or ends it.
    pub(crate) fn end(&self, signal: Signal) {
        // One that has just ended needs no telling.
        let _ = kill_process(self.pid, signal);
    }

    /// What it has left in the file, once it has ended.
    pub(crate) fn text(&self, status: Option<WaitStatus>) -> Result<Vec<u8>, String> {
        let name = &self.name;
        let fault = match status.map(|status| (status.exit_status(), status.terminating_signal())) {
            Some((Some(0), _)) => None,
            Some((Some(code), _)) => Some(format!("ended with {code}")),
            Some((None, Some(signal))) => Some(format!("was ended by signal {signal}")),
            Some((None, None)) | None => Some("ended, nobody knows how".to_owned()),
        };
        if let Some(fault) = fault {
            return Err(format!("not sent: {name} {fault}"));
        }
        // Some editors write another file and put it in the place of this one.
        fs::read(self.file.path())
            .map_err(|error| format!("not edited: the file can't be read: {error}"))
    }
}

/// What the shell runs. An editor may come with options of its own, as in `code --wait`, and takes
/// the shell's place, so that a signal to it is one to the editor.
fn command(editor: &str) -> String {
    let sets_variables = editor
        .split_whitespace()
        .next()
        .is_some_and(|word| word.contains('='));
    let exec = if sets_variables { "" } else { "exec " };
    format!("{exec}{editor} \"$1\"")
}

/// An editor is stopped by hand, and ends once.
const TURNS: usize = 8;

/// Tells what becomes of it until it has ended.
fn watch(pid: Pid, turn: &mpsc::Sender<EditorTurn>) {
    loop {
        let now = match waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) if status.stopped() => EditorTurn::Stopped,
            Ok(Some((_, status))) => EditorTurn::Ended(Some(status)),
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(_) => EditorTurn::Ended(None),
        };
        let is_over = matches!(now, EditorTurn::Ended(_));
        if turn.blocking_send(now).is_err() || is_over {
            return;
        }
    }
}

/// Opens a link in the user's browser.
pub(crate) fn browse(url: &str) -> io::Result<()> {
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
    thread::spawn(move || {
        let mut child = child;
        let _ = child.wait();
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_editor_takes_the_place_of_the_shell_unless_it_sets_variables() {
        assert_eq!(command("code --wait"), "exec code --wait \"$1\"");
        assert_eq!(command("A=1 vim"), "A=1 vim \"$1\"");
    }

    #[tokio::test]
    async fn what_an_editor_leaves_is_read_and_how_it_ended_is_told() {
        for (script, left) in [
            ("A=1; printf more >>", Ok("textmore")),
            ("A=1; cat /dev/null >", Ok("")),
            ("false", Err("not sent: false ended with 1")),
            ("A=1; kill -9 $$ #", Err("was ended by signal 9")),
        ] {
            let mut editor = Editor::open(script, b"text").unwrap();
            let EditorTurn::Ended(status) = editor.turn().await else {
                panic!("it was not stopped");
            };
            match (editor.text(status), left) {
                (Ok(text), Ok(left)) => assert_eq!(text, left.as_bytes(), "{script}"),
                (Err(fault), Err(left)) => assert!(fault.contains(left), "{fault}"),
                (found, _) => panic!("{script}: {found:?}"),
            }
        }
    }
}
