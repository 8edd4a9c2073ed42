//! A line that is being typed, and what it is for.

use crossterm::event::{Event, KeyEvent};
use kreel_client::{DeliveryId, Row};
use kreel_inspect::filter::Filter;
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler as _;

use crate::limits::TYPED_BYTES;

/// A line that is being typed.
#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) purpose: Purpose,
    /// The delivery that was selected when the line was begun: what is done is done with it,
    /// whatever has come meanwhile.
    pub(crate) about: Option<About>,
    pub(crate) input: Input,
    /// What may be typed, if it is one of a few.
    pub(crate) choices: Vec<String>,
    /// What is wrong with it: a sentence, and the column at fault.
    pub(crate) fault: Option<(String, usize)>,
    /// What was there before, for Esc.
    pub(crate) before: String,
    /// And how it was understood, if it is a filter.
    pub(crate) filter: Option<Box<Filter>>,
}

/// A delivery that something is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) number: i64,
    pub(crate) id: DeliveryId,
}

impl About {
    pub(crate) fn row(row: &Row) -> Self {
        Self {
            number: row.number,
            id: row.summary.id,
        }
    }
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
    /// A note for the delivery.
    Note,
    /// The text on a line across the rows.
    Marker,
    /// How often to replay it, and how many at once.
    ReplayMany,
    /// Where to replay it to.
    ReplayElsewhere,
    /// Which ready-made webhook to post.
    Trigger,
    /// Where to write an export of it to.
    ExportTo(crate::desk::ExportFormat),
}

impl Purpose {
    /// What stands before the line.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Search => "/",
            Self::Find => "find: ",
            Self::Command => ":",
            Self::Note => "note: ",
            Self::Marker => "line: ",
            Self::ReplayMany => "replay how often: ",
            Self::ReplayElsewhere => "replay to: ",
            Self::Trigger => "trigger: ",
            Self::ExportTo(_) => "write to: ",
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
            Self::ReplayMany => "10 is ten times, 100 at 5 a hundred times, five at once",
            Self::ReplayElsewhere => "4000, localhost:4000/hook or a URL",
            Self::Trigger => "a webhook by its name; Tab completes",
            Self::Note | Self::ExportTo(_) => "",
        }
    }
}

impl Prompt {
    pub(crate) fn new(purpose: Purpose, about: Option<About>, text: &str) -> Self {
        Self {
            purpose,
            about,
            input: Input::new(text.to_owned()),
            choices: Vec::new(),
            fault: None,
            before: text.to_owned(),
            filter: None,
        }
    }

    pub(crate) fn text(&self) -> &str {
        self.input.value()
    }

    /// Those of the choices that what is typed may become, all of them at first.
    pub(crate) fn fitting(&self) -> impl Iterator<Item = &str> {
        let typed = self.text().trim();
        let choices = self.choices.iter().map(String::as_str);
        choices.filter(move |choice| choice.contains(typed))
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
