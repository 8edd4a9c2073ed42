//! Colours by what they mean. Each theme is whole, and none is needed: signs and words carry all
//! meaning as well.

use kreel_inspect::document::Tone;
use ratatui::style::{Color, Modifier, Style};

/// A set of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// For dark terminals.
    #[default]
    Dark,
    /// For light terminals.
    Light,
    /// No colours at all: bold, dim, underlined and reversed text.
    None,
    /// Few, bright colours on black.
    Contrast,
}

impl Theme {
    /// All of them, with the names they have in settings.
    pub const ALL: [(&'static str, Self); 4] = [
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("none", Self::None),
        ("contrast", Self::Contrast),
    ];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(known, _)| *known == name)
            .map(|(_, theme)| *theme)
    }

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, theme)| *theme == self);
        found.map_or("dark", |(name, _)| name)
    }

    /// How something with this meaning looks.
    pub(crate) fn style(self, look: Look) -> Style {
        let (colour, modifier) = match self {
            Self::Dark => dark(look),
            Self::Light => light(look),
            Self::None => (None, without_colour(look)),
            Self::Contrast => contrast(look),
        };
        let style = Style::new().add_modifier(modifier);
        let style = match self.band().filter(|_| look == Look::Selected) {
            Some(band) => style.bg(band),
            None => style,
        };
        match colour {
            Some(colour) => style.fg(colour),
            None => style,
        }
    }

    /// What lies behind the selected line, where that is a colour.
    fn band(self) -> Option<Color> {
        match self {
            Self::Dark => Some(Color::Indexed(238)),
            Self::Light => Some(Color::Indexed(253)),
            Self::None | Self::Contrast => None,
        }
    }

    /// The colours of text and of what is behind it, where they are not the terminal's.
    pub(crate) fn ground(self) -> Option<(Color, Color)> {
        (self == Self::Contrast).then_some((Color::White, Color::Black))
    }

    /// How something looks on a line of this look. Where that line is reversed all of it is alike:
    /// each colour would be a patch of its own.
    pub(crate) fn on(self, line: Look, style: Style) -> Style {
        let line = self.style(line);
        match line.add_modifier.contains(Modifier::REVERSED) {
            true => line,
            false => style.patch(line),
        }
    }

    /// How a piece of a document looks.
    pub(crate) fn tone(self, tone: Tone) -> Style {
        self.style(match tone {
            Tone::Key | Tone::Name => Look::Key,
            Tone::String => Look::Text,
            Tone::Number => Look::Number,
            Tone::Literal | Tone::Escape => Look::Literal,
            Tone::Heading => Look::Strong,
            Tone::Punctuation | Tone::Dim | Tone::Aside => Look::Dim,
            Tone::Fault => Look::Bad,
            Tone::Found => Look::Found,
            Tone::Plain => Look::Plain,
        })
    }
}

/// What something on screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    Dim,
    /// What the eye should find first.
    Strong,
    /// Names of headers, keys of objects.
    Key,
    Text,
    Number,
    Literal,
    /// It went well.
    Good,
    /// Neither well nor badly: a redirect, a wait.
    Fair,
    /// It went wrong.
    Bad,
    /// What was searched for.
    Found,
    /// The row the keys act on.
    Selected,
    /// The tab that is shown.
    Shown,
    /// The same, while they act elsewhere.
    SelectedAside,
    /// The bars at top and bottom.
    Bar,
    /// A key in the bar or the help.
    Hint,
    Border,
    /// The border of the pane the keys act on.
    BorderHere,
}

// Greys are taken from the fixed part of the palette: among the first sixteen colours, which users
// change, there are schemes whose grey is that of the ground.

fn dark(look: Look) -> (Option<Color>, Modifier) {
    match look {
        Look::Plain | Look::Bar | Look::Selected => (None, Modifier::empty()),
        Look::Dim => (Some(Color::Indexed(245)), Modifier::empty()),
        Look::Border => (Some(Color::Indexed(240)), Modifier::empty()),
        Look::Strong => (None, Modifier::BOLD),
        Look::Key => (Some(Color::Cyan), Modifier::empty()),
        Look::Text | Look::Good => (Some(Color::Green), Modifier::empty()),
        Look::Number => (Some(Color::LightBlue), Modifier::empty()),
        Look::Literal => (Some(Color::Magenta), Modifier::empty()),
        Look::Fair => (Some(Color::Yellow), Modifier::empty()),
        Look::Bad => (Some(Color::LightRed), Modifier::BOLD),
        Look::Found => (Some(Color::Yellow), Modifier::REVERSED),
        Look::Shown => (None, Modifier::REVERSED),
        Look::SelectedAside => (None, Modifier::BOLD),
        Look::Hint => (Some(Color::Cyan), Modifier::BOLD),
        Look::BorderHere => (Some(Color::Cyan), Modifier::empty()),
    }
}

fn light(look: Look) -> (Option<Color>, Modifier) {
    match look {
        Look::Dim => (Some(Color::Indexed(241)), Modifier::empty()),
        Look::Border => (Some(Color::Indexed(249)), Modifier::empty()),
        Look::Key | Look::BorderHere => (Some(Color::Blue), Modifier::empty()),
        Look::Hint => (Some(Color::Blue), Modifier::BOLD),
        Look::Number => (Some(Color::Magenta), Modifier::empty()),
        Look::Literal => (Some(Color::Red), Modifier::empty()),
        Look::Fair => (Some(Color::Magenta), Modifier::empty()),
        Look::Bad => (Some(Color::Red), Modifier::BOLD),
        Look::Found => (Some(Color::Blue), Modifier::REVERSED),
        other => dark(other),
    }
}

fn contrast(look: Look) -> (Option<Color>, Modifier) {
    match look {
        Look::Dim | Look::Plain | Look::Bar | Look::Border => {
            (Some(Color::White), Modifier::empty())
        }
        Look::Key | Look::Hint | Look::BorderHere => (Some(Color::LightCyan), Modifier::BOLD),
        Look::Number | Look::Literal => (Some(Color::LightMagenta), Modifier::empty()),
        Look::Text | Look::Good => (Some(Color::LightGreen), Modifier::empty()),
        Look::Fair => (Some(Color::LightYellow), Modifier::BOLD),
        Look::Found => (Some(Color::LightYellow), Modifier::REVERSED),
        Look::Selected => (None, Modifier::REVERSED),
        other => dark(other),
    }
}

fn without_colour(look: Look) -> Modifier {
    match look {
        Look::Dim | Look::Border => Modifier::DIM,
        Look::Strong | Look::Bad | Look::Hint | Look::SelectedAside | Look::BorderHere => {
            Modifier::BOLD
        }
        Look::Found => Modifier::UNDERLINED,
        Look::Selected | Look::Shown => Modifier::REVERSED,
        _ => Modifier::empty(),
    }
}
