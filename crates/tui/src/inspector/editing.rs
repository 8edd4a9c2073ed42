//! A request in the user's editor: the terminal is the editor's, and the loop goes on beside it.
//!
//! Keys, Ctrl-C and Ctrl-Z are the editor's until it ends; what ends kreel ends the editor.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use kreel_client::{Command, Edited, Replay};
use kreel_inspect::edit;
use rustix::process::{Signal, WaitStatus, getpid, kill_process};
use tokio::time::timeout;

use super::Inspector;
use crate::action::Action;
use crate::app::Mode;
use crate::app::menu::Menu;
use crate::app::prompt::About;
use crate::app::toast::News;
use crate::desk::ToEdit;
use crate::editor::{Editor, EditorTurn};
use crate::limits::{AFTER_LENDING, AFTER_WAKING, EDITOR_ENDS};
use crate::terminal::Lent;

/// A request that is being edited.
#[derive(Debug)]
pub(super) struct Editing {
    pub(super) editor: Editor,
    request: ToEdit,
    lent: Lent,
}

/// Whether another program has the terminal, for whoever hears signals.
#[derive(Debug, Default)]
pub(crate) struct Lending(Mutex<Option<State>>);

#[derive(Debug, Clone, Copy)]
enum State {
    Lent,
    Since(Instant),
}

impl Lending {
    /// Whether another program has the terminal, or had it a moment ago: Ctrl-C was meant for it.
    pub(crate) fn is_on(&self) -> bool {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state {
            None => false,
            Some(State::Lent) => true,
            Some(State::Since(end)) => end.elapsed() < AFTER_LENDING,
        }
    }

    fn set(&self, state: State) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
    }
}

impl Inspector {
    /// Opens the user's editor on a request.
    pub(super) fn edit(&mut self, request: ToEdit) -> io::Result<()> {
        if self.editing.is_some() {
            return Ok(());
        }
        self.keys = None;
        let lent = self.screen.lend()?;
        self.lent.set(State::Lent);
        match Editor::open(&self.app.facts.editor, &request.file) {
            Ok(editor) => {
                self.editing = Some(Editing {
                    editor,
                    request,
                    lent,
                });
            }
            Err(fault) => {
                self.take_from(&lent)?;
                self.app.say(News::Bad, fault);
            }
        }
        Ok(())
    }

    /// The editor was stopped, or has ended.
    pub(super) fn editor(&mut self, turn: EditorTurn) -> io::Result<()> {
        match turn {
            // One that stops itself alone would leave a terminal on which nobody does anything.
            EditorTurn::Stopped => self.suspend(),
            EditorTurn::Ended(status) => match self.editing.take() {
                Some(editing) => self.edited(editing, status),
                None => Ok(()),
            },
        }
    }

    /// Ends an editor that is still open, and takes the terminal from it.
    pub(super) async fn close_editor(&mut self) -> io::Result<()> {
        let Some(mut editing) = self.editing.take() else {
            return Ok(());
        };
        for signal in [Signal::TERM, Signal::KILL] {
            editing.editor.end(signal);
            // One that is stopped hears of it once it goes on.
            editing.editor.end(Signal::CONT);
            if timeout(EDITOR_ENDS, end_of(&mut editing.editor))
                .await
                .is_ok()
            {
                break;
            }
        }
        self.take_from(&editing.lent)?;
        self.app
            .say(News::Bad, "not sent: kreel ends, and the editor with it");
        Ok(())
    }

    /// Gives the terminal to the shell until it gives it back.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        let is_again = self.woken_at.is_some_and(|at| at.elapsed() < AFTER_WAKING);
        match self.editing {
            // A stop of editor and kreel is told twice.
            _ if self.is_suspended => return Ok(()),
            Some(_) if is_again => return Ok(()),
            Some(_) => {}
            None => {
                self.keys = None;
                self.screen.give_back()?;
            }
        }
        // The whole process stops, but maybe not this thread at once: the terminal is taken again
        // once it is told that the process was woken.
        self.is_suspended = true;
        kill_process(getpid(), Signal::STOP)?;
        Ok(())
    }

    /// It goes on; while an editor is open, the editor does.
    pub(super) fn wake(&mut self) -> io::Result<()> {
        self.is_suspended = false;
        self.woken_at = Some(Instant::now());
        match &self.editing {
            None => self.take_again(),
            Some(editing) => {
                editing.editor.end(Signal::CONT);
                Ok(())
            }
        }
    }

    fn take_from(&mut self, lent: &Lent) -> io::Result<()> {
        self.screen.take_from(lent)?;
        self.lent.set(State::Since(Instant::now()));
        self.forget_picture();
        self.draw_is_due = true;
        self.look_is_due = true;
        Ok(())
    }

    /// Sends what was edited, if it can be sent.
    fn edited(&mut self, editing: Editing, status: Option<WaitStatus>) -> io::Result<()> {
        self.take_from(&editing.lent)?;
        let request = editing.request;
        let text = match editing.editor.text(status) {
            Ok(text) => text,
            Err(fault) => {
                self.app.say(News::Bad, fault);
                return Ok(());
            }
        };
        match edit::read(&text, &request.original) {
            Ok(changed) => {
                if !self.send_edited(&request, changed) {
                    self.keep_edited(request, text);
                }
            }
            Err(fault) => {
                self.app.say(News::Bad, fault.to_string());
                let file = edit::with_fault(&text, &fault);
                self.keep_edited(request, file);
            }
        }
        Ok(())
    }

    /// Keeps what was typed, and asks what is to become of it.
    fn keep_edited(&mut self, request: ToEdit, file: Vec<u8>) {
        self.app.mode = Mode::Menu(Menu::faulty(About {
            number: request.number,
            id: request.id,
        }));
        self.edited = Some(ToEdit { file, ..request });
    }

    /// Sends it, if there is anything to send; false if it can't be sent now.
    fn send_edited(&mut self, request: &ToEdit, changed: edit::Request) -> bool {
        let changes = edit::changes(&request.original, &changed);
        if changes.is_empty() {
            let key = self.app.key(Action::Replay);
            let text =
                format!("nothing was changed, so nothing is sent; {key} replays it as it is");
            self.app.say(News::Fair, text);
            return true;
        }
        let replay = Replay {
            edited: Some(Arc::new(Edited {
                method: changed.method,
                target: changed.target,
                headers: changed.headers,
                body: changed.body,
                senders: None,
            })),
            ..Replay::once(request.id)
        };
        let is_sent = self.tell(Command::Replay(Box::new(replay)));
        if is_sent {
            let text = format!("sent with another {}", changes.join(", "));
            self.app.say(News::Good, text);
        }
        is_sent
    }
}

async fn end_of(editor: &mut Editor) {
    while let EditorTurn::Stopped = editor.turn().await {}
}
