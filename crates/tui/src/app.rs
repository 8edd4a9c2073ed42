//! What the screen shows, as plain data. Drawing reads it; actions change it.

pub(crate) mod differences;
mod explaining;
pub(crate) mod lines;
pub(crate) mod list;
pub(crate) mod menu;
pub(crate) mod pane;
pub(crate) mod prompt;
pub(crate) mod sheet;
pub(crate) mod status;
pub(crate) mod subjects;
pub(crate) mod toast;

use std::time::Instant;

use kreel_client::{Marker, Row, Totals};
use kreel_inspect::document::Cursor;
use kreel_inspect::filter::Filter;
use kreel_inspect::inert::inert;

use self::differences::Differences;
use self::list::List;
use self::menu::Menu;
use self::pane::{Pane, Tab};
use self::prompt::{Prompt, Purpose};
use self::status::Status;
use self::subjects::Subjects;
use self::toast::{News, Toasts};
use crate::action::Action;
use crate::desk::{Picture, Which};
use crate::keys::KeyMap;
use crate::lens::Of;
use crate::limits::WORK_IS_SEEN;
use crate::setup::Facts;
use crate::theme::Theme;

/// All of the screen.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) facts: Facts,
    pub(crate) keys: KeyMap,
    pub(crate) theme: Theme,
    pub(crate) status: Status,
    pub(crate) totals: Option<Totals>,
    pub(crate) list: List,
    pub(crate) listing: Listing,
    pub(crate) view: Wanted,
    pub(crate) progress: Option<Progress>,
    pub(crate) pane: Option<Pane>,
    pub(crate) tab: Tab,
    pub(crate) focus: Focus,
    pub(crate) mode: Mode,
    pub(crate) needle: String,
    pub(crate) toasts: Toasts,
    pub(crate) shows_secrets: bool,
    pub(crate) has_mouse: bool,
    /// Whether images are shown as such.
    pub(crate) shows_images: bool,
    /// How many lines there are for rows and for the lines across them.
    pub(crate) lines: usize,
    /// Lines across the rows.
    pub(crate) markers: Vec<Marker>,
    /// The oldest rows are to be gone to once they are looked up.
    pub(crate) wants_oldest: bool,
    /// What is being done at a desk, and since when.
    pub(crate) working: Option<(&'static str, Instant)>,
    /// Where the eye was before a search inside the detail was begun.
    pub(crate) before_find: Option<Cursor>,
    pub(crate) now: Instant,
}

/// What the rows are.
#[derive(Debug)]
pub(crate) enum Listing {
    Deliveries,
    /// What deliveries are about, as the lens tells.
    Subjects(Subjects),
}

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The filter as it was typed, and as it is understood.
    pub(crate) typed: String,
    pub(crate) filter: Option<Filter>,
    pub(crate) only_marked: bool,
    /// Only those with higher numbers.
    pub(crate) since: Option<i64>,
}

impl Wanted {
    /// Whether any delivery may be missing on screen because of it.
    pub(crate) fn leaves_out(&self) -> bool {
        self.filter.is_some() || self.only_marked || self.since.is_some()
    }
}

/// How far a search has got.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Progress {
    /// Which part of the history was looked through, from 0 to 1.
    pub(crate) part: f64,
    /// How many of the newest are not in the index yet.
    pub(crate) unsearched: u64,
}

/// Where the keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Rows,
    Detail,
}

/// What has the user's attention.
#[derive(Debug)]
pub(crate) enum Mode {
    /// Rows and detail.
    Browse,
    /// A line is being typed.
    Prompt(Prompt),
    /// The help, scrolled so far.
    Help { scrolled: usize },
    /// A choice of a few things, each with its key.
    Menu(Menu),
    /// Two sides, compared.
    Compare(Box<Differences>),
}

impl App {
    pub(crate) fn new(facts: Facts, keys: KeyMap, theme: Theme, now: Instant) -> Self {
        Self {
            facts,
            keys,
            theme,
            status: Status::default(),
            totals: None,
            list: List::default(),
            listing: Listing::Deliveries,
            view: Wanted::default(),
            progress: None,
            pane: None,
            tab: Tab::Body,
            focus: Focus::Rows,
            mode: Mode::Browse,
            needle: String::new(),
            toasts: Toasts::default(),
            shows_secrets: false,
            has_mouse: false,
            shows_images: true,
            lines: 0,
            markers: Vec::new(),
            wants_oldest: false,
            working: None,
            before_find: None,
            now,
        }
    }

    /// Says something, for a while. Others' words may be in it.
    pub(crate) fn say(&mut self, news: News, text: impl Into<String>) {
        let text = inert(&text.into()).into_owned();
        self.toasts.add(news, text, self.now);
    }

    /// How an action is asked for, for what is told.
    pub(crate) fn key(&self, action: Action) -> String {
        self.keys.spelled(action)
    }

    /// When what is being done is to be told of: what is over at once would only flicker.
    pub(crate) fn tells_of_work_at(&self) -> Option<Instant> {
        self.working.map(|(_, since)| since + WORK_IS_SEEN)
    }

    /// What has been done for so long that it is to be told of.
    pub(crate) fn work(&self) -> Option<&'static str> {
        let is_seen = self.tells_of_work_at().is_some_and(|at| at <= self.now);
        self.working.filter(|_| is_seen).map(|(what, _)| what)
    }

    /// Shows only what comes after this one.
    pub(crate) fn only_after(&mut self, number: i64) {
        self.view.since = Some(number);
        self.list.reset();
        let (clear, back) = (self.key(Action::Clear), self.key(Action::Back));
        let text = format!("only what comes from now on; {clear} or {back} shows all again");
        self.say(News::Fair, text);
    }

    /// The image that is shown, if it is one, and which of the delivery's.
    pub(crate) fn picture(&mut self) -> Option<(i64, Which, &mut Picture)> {
        let (tab, shows) = (self.tab, self.shows_images);
        let pane = self.pane.as_mut().filter(|_| shows)?;
        let number = pane.number;
        match tab {
            Tab::Body => {
                let picture = pane.body.as_mut()?.picture.as_mut()?;
                Some((number, Which::Body, picture))
            }
            Tab::Answer => {
                let answer = pane.answer.as_mut()?;
                let which = Which::Answer(answer.attempt);
                Some((number, which, answer.picture.as_mut()?))
            }
            Tab::More => Some((number, Which::Link, pane.sheet.preview.as_mut()?)),
            _ => None,
        }
    }

    /// The tabs there are.
    pub(crate) fn tabs(&self) -> &'static [Tab] {
        match self.facts.lens.is_some() {
            true => &Tab::ALL,
            false => &Tab::ALL[..5],
        }
    }

    /// Whether something is being said or chosen about the selected delivery, which stays selected
    /// meanwhile.
    pub(crate) fn is_about_one(&self) -> bool {
        match &self.mode {
            Mode::Prompt(prompt) => !matches!(prompt.purpose, Purpose::Search),
            Mode::Menu(_) => true,
            Mode::Browse | Mode::Help { .. } | Mode::Compare(_) => false,
        }
    }

    /// Whether something else may take the whole screen now: nothing is being typed or chosen that
    /// would be lost.
    pub(crate) fn may_be_interrupted(&self) -> bool {
        match self.mode {
            Mode::Browse | Mode::Help { .. } | Mode::Compare(_) => true,
            Mode::Prompt(_) | Mode::Menu(_) => false,
        }
    }

    /// The delivery the keys act on.
    pub(crate) fn subject(&self) -> Option<i64> {
        match &self.listing {
            Listing::Deliveries => self.list.selected_number(),
            Listing::Subjects(subjects) => subjects.selected()?.deliveries.last().copied(),
        }
    }

    /// What is selected among the rows.
    pub(crate) fn selected(&self) -> Option<Of> {
        match &self.listing {
            Listing::Deliveries => self.list.selected_number().map(Of::Delivery),
            Listing::Subjects(subjects) => {
                subjects.selected().map(|row| Of::Subject(row.id.clone()))
            }
        }
    }

    /// The row of the delivery the keys act on, if it is at hand.
    pub(crate) fn row(&self) -> Option<&Row> {
        match &self.listing {
            Listing::Deliveries => self.list.selected(),
            Listing::Subjects(_) => self.shown()?.whole.as_ref().map(|whole| &whole.row),
        }
    }

    /// The detail, if it is that of the selected row.
    pub(crate) fn shown(&self) -> Option<&Pane> {
        let pane = self.pane.as_ref()?;
        (Some(&pane.of) == self.selected().as_ref()).then_some(pane)
    }
}
