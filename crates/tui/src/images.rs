//! How images reach the terminal: what the user says, else what the environment tells.
//!
//! The terminal itself is never asked: an answer would come as keys, and one that never comes
//! would hold them up.

use std::fmt;
use std::str::FromStr;

use crate::theme::Theme;

/// How images are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// As well as the terminal is known to be able to.
    #[default]
    Auto,
    /// By the protocol of kitty, which Ghostty has too.
    Kitty,
    /// By that of iTerm2, which WezTerm has too.
    Iterm2,
    /// As sixels.
    Sixel,
    /// As half blocks of characters: coarse, and everywhere.
    Blocks,
    /// Not at all: their bytes are shown.
    Off,
}

/// It is the name of no such way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownImages;

/// A way that was settled on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Kitty,
    Iterm2,
    Sixel,
    Blocks,
}

impl Images {
    /// All of them, with the names they have in settings.
    pub const ALL: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("kitty", Self::Kitty),
        ("iterm2", Self::Iterm2),
        ("sixel", Self::Sixel),
        ("blocks", Self::Blocks),
        ("off", Self::Off),
    ];

    /// The way to show images in front of this process; none if they are not to be shown.
    pub(crate) fn here(self, theme: Theme) -> Option<Way> {
        let way = self.way(|name| std::env::var(name).ok(), cell_size())?;
        // Blocks are coloured text, which somebody without colours has not asked for.
        let is_unasked = self == Self::Auto && theme == Theme::None && way == Way::Blocks;
        (!is_unasked).then_some(way)
    }

    /// The same, given the environment and how many pixels a cell has, as far as that is known.
    fn way(
        self,
        variable: impl Fn(&str) -> Option<String>,
        cell: Option<(u16, u16)>,
    ) -> Option<Way> {
        match self {
            Self::Off => None,
            Self::Kitty => Some(Way::Kitty),
            Self::Iterm2 => Some(Way::Iterm2),
            Self::Sixel => Some(Way::Sixel),
            Self::Blocks => Some(Way::Blocks),
            // Without the size of a cell images would stand in the wrong place.
            Self::Auto if cell.is_none() => Some(Way::Blocks),
            Self::Auto => Some(guessed(variable)),
        }
    }
}

/// How many pixels a cell has, if the terminal tells.
pub(crate) fn cell_size() -> Option<(u16, u16)> {
    let size = crossterm::terminal::window_size().ok()?;
    let cell = |pixels: u16, cells: u16| pixels.checked_div(cells).filter(|pixels| *pixels > 0);
    Some((
        cell(size.width, size.columns)?,
        cell(size.height, size.rows)?,
    ))
}

/// What the environment tells of the terminal.
fn guessed(variable: impl Fn(&str) -> Option<String>) -> Way {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (term, program) = (
        set("TERM").unwrap_or_default(),
        set("TERM_PROGRAM").unwrap_or_default(),
    );
    let is_inside = ["tmux", "screen"]
        .iter()
        .any(|name| term.starts_with(name) || program == *name);
    if is_inside || set("TMUX").is_some() || set("STY").is_some() {
        // What stands between passes only what it understands; the rest may be stale.
        return Way::Blocks;
    }
    if program == "ghostty" || term.contains("kitty") || term.contains("ghostty") {
        return Way::Kitty;
    }
    if set("KITTY_WINDOW_ID").is_some() && program.is_empty() {
        return Way::Kitty;
    }
    let outer = set("LC_TERMINAL").unwrap_or_default();
    let is_like_iterm2 = ["iTerm.app", "WezTerm", "mintty", "rio"].contains(&program.as_str());
    if is_like_iterm2 || outer == "iTerm2" {
        return Way::Iterm2;
    }
    if ["foot", "mlterm", "contour"]
        .iter()
        .any(|name| term.starts_with(name))
    {
        return Way::Sixel;
    }
    Way::Blocks
}

impl FromStr for Images {
    type Err = UnknownImages;

    fn from_str(text: &str) -> Result<Self, UnknownImages> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, images)| *images).ok_or(UnknownImages)
    }
}

impl fmt::Display for UnknownImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Images::ALL.iter().map(|(name, _)| *name).collect();
        write!(f, "images are shown as {}", names.join(", "))
    }
}

impl std::error::Error for UnknownImages {}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(environment: &[(&str, &str)]) -> Option<Way> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Images::Auto.way(variable, Some((10, 20)))
    }

    #[test]
    fn terminals_are_known_by_their_environment() {
        for (environment, way) in [
            (&[("TERM", "xterm-256color")][..], Way::Blocks),
            (
                &[("TERM", "xterm-kitty"), ("KITTY_WINDOW_ID", "1")],
                Way::Kitty,
            ),
            (
                &[("TERM", "xterm-ghostty"), ("TERM_PROGRAM", "ghostty")],
                Way::Kitty,
            ),
            (&[("TERM_PROGRAM", "iTerm.app")], Way::Iterm2),
            (
                &[("LC_TERMINAL", "iTerm2"), ("TERM", "xterm-256color")],
                Way::Iterm2,
            ),
            (
                &[("TERM_PROGRAM", "WezTerm"), ("KITTY_WINDOW_ID", "3")],
                Way::Iterm2,
            ),
            (&[("TERM", "foot")], Way::Sixel),
            (
                &[("TERM", "tmux-256color"), ("KITTY_WINDOW_ID", "1")],
                Way::Blocks,
            ),
            (
                &[("TERM", "xterm-kitty"), ("TMUX", "/tmp/tmux-0")],
                Way::Blocks,
            ),
            (&[], Way::Blocks),
        ] {
            assert_eq!(guess(environment), Some(way), "{environment:?}");
        }
    }

    #[test]
    fn somebody_without_colours_is_shown_coloured_blocks_only_on_demand() {
        let here = |images: Images| images.here(Theme::None);
        assert_eq!(here(Images::Blocks), Some(Way::Blocks));
        assert_ne!(here(Images::Auto), Some(Way::Blocks));
    }

    #[test]
    fn what_the_user_says_counts() {
        let nothing = |_: &str| None;
        for (name, images) in Images::ALL {
            assert_eq!(name.parse(), Ok(images));
        }
        assert_eq!(Images::Off.way(nothing, Some((10, 20))), None);
        assert_eq!(Images::Sixel.way(nothing, None), Some(Way::Sixel));
        let kitty = |name: &str| (name == "TERM").then(|| "xterm-kitty".to_owned());
        assert_eq!(Images::Auto.way(kitty, None), Some(Way::Blocks));
        assert_eq!(
            "gif".parse::<Images>().unwrap_err().to_string(),
            "images are shown as auto, kitty, iterm2, sixel, blocks, off"
        );
    }
}
