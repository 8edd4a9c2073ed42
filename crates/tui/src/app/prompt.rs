//! A line that is being typed, and what it is for.

use crossterm::event::{Event, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::limits::TYPED_BYTES;

/// A line that is being typed.
#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) purpose: Purpose,
    pub(crate) input: Input,
    /// What is wrong with it: a sentence, and the column at fault.
    pub(crate) fault: Option<(String, usize)>,
    /// What was there before, for Esc.
    pub(crate) before: String,
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Filters the rows, as it is typed.
    Search,
    /// Searches inside the detail, as it is typed.
    Find,
    /// A command.
    Command,
    /// A note for this row.
    Note(i64),
    /// The text on a line across the rows.
    Marker,
    /// How often to replay this row, and how many at once.
    ReplayMany(i64),
    /// Where to replay this row to.
    ReplayElsewhere(i64),
    /// Where to write an export of this row to.
    ExportTo(i64, crate::desk::ExportFormat),
}

impl Purpose {
    /// What stands before the line.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Search => "/",
            Self::Find => "find: ",
            Self::Command => ":",
            Self::Note(_) => "note: ",
            Self::Marker => "line: ",
            Self::ReplayMany(_) => "replay how often: ",
            Self::ReplayElsewhere(_) => "replay to: ",
            Self::ExportTo(..) => "write to: ",
        }
    }

    /// What may be typed, while nothing is.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Search => {
                "words, or status:5xx  method:post  path:/hook  body:text  is:failed  age<10m  (? lists all)"
            }
            Self::Find => "text to find in what is shown; n finds the next",
            Self::Command => "Tab completes; ? lists all commands",
            Self::Marker => "what begins here, or nothing",
            Self::ReplayMany(_) => "10 is ten times, 100 at 5 a hundred times, five at once",
            Self::ReplayElsewhere(_) => "4000, localhost:4000/hook or a URL",
            Self::Note(_) | Self::ExportTo(..) => "",
        }
    }
}

impl Prompt {
    pub(crate) fn new(purpose: Purpose, text: &str) -> Self {
        Self {
            purpose,
            input: Input::new(text.to_owned()),
            fault: None,
            before: text.to_owned(),
        }
    }

    pub(crate) fn text(&self) -> &str {
        self.input.value()
    }

    /// Takes a key; whether the text is another one now.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        if self.text().len() >= TYPED_BYTES
            && let crossterm::event::KeyCode::Char(_) = key.code
        {
            return false;
        }
        let changed = self.input.handle_event(&Event::Key(key));
        changed.is_some_and(|changed| changed.value)
    }

    /// Takes what was pasted, on one line and without what terminals obey.
    pub(crate) fn paste(&mut self, text: &str) {
        let room = TYPED_BYTES.saturating_sub(self.text().len());
        let mut taken = 0;
        for c in text.chars() {
            taken += c.len_utf8();
            if taken > room {
                break;
            }
            let c = if c.is_control() { ' ' } else { c };
            self.input.handle(tui_input::InputRequest::InsertChar(c));
        }
    }

    /// Puts another text in the place of what was typed.
    pub(crate) fn set(&mut self, text: String) {
        self.input = Input::new(text);
    }
}
