//! The command line: what may be typed after `:`.

use kreel_client::Target;

use crate::action::Action;
use crate::desk::ExportFormat;
use crate::keys::BINDINGS;
use crate::theme::Theme;

/// A command with words of its own. Besides, every action can be typed by its name.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) name: &'static str,
    pub(crate) usage: &'static str,
    pub(crate) says: &'static str,
}

pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "filter",
        usage: "filter status:5xx",
        says: "Show only these; nothing after it shows all",
    },
    Command {
        name: "goto",
        usage: "goto 019ab5 | last~2",
        says: "To a delivery, by the begin of its id",
    },
    Command {
        name: "replay",
        usage: "replay [100 [at 5]]",
        says: "Hand it over again, so often, so many at once",
    },
    Command {
        name: "to",
        usage: "to 4000/hook",
        says: "Replay to another app",
    },
    Command {
        name: "export",
        usage: "export har [FILE]",
        says: "As curl, har, json, raw or fixture",
    },
    Command {
        name: "note",
        usage: "note TEXT",
        says: "Write a note to it; no text takes it away",
    },
    Command {
        name: "line",
        usage: "line TEXT",
        says: "Draw a line across the rows; no text takes the newest away",
    },
    Command {
        name: "trigger",
        usage: "trigger krea.completed",
        says: "Post a ready-made webhook to the public address",
    },
    Command {
        name: "theme",
        usage: "theme light",
        says: "dark, light, contrast or none",
    },
    Command {
        name: "quit",
        usage: "quit",
        says: "Quit, as does every action by its name: mark, hold, edit…",
    },
];

/// What was typed, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    Act(Action),
    Filter(String),
    Goto(String),
    Replay {
        times: u32,
        at_once: u32,
    },
    ReplayTo(Target),
    Export {
        format: ExportFormat,
        to: Option<String>,
    },
    Note(String),
    Marker(String),
    EraseMarker,
    Trigger(String),
    Theme(Theme),
    Nothing,
}

/// Understands a command; else a sentence about what is wrong.
pub(crate) fn parse(text: &str) -> Result<Typed, String> {
    let text = text.trim();
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    Ok(match name {
        "" => Typed::Nothing,
        "q" | "q!" | "quit" | "exit" => Typed::Act(Action::Quit),
        "h" | "?" => Typed::Act(Action::Help),
        "filter" | "search" => Typed::Filter(rest.to_owned()),
        "goto" if rest.is_empty() => return Err("goto which? An id, its begin, or last~2".into()),
        "goto" => Typed::Goto(rest.to_owned()),
        "replay" if rest.is_empty() => Typed::Act(Action::Replay),
        "replay" => {
            let (times, at_once) = times(rest)?;
            Typed::Replay { times, at_once }
        }
        "to" => Typed::ReplayTo(target(rest)?),
        "note" => Typed::Note(rest.to_owned()),
        "line" if rest.is_empty() => Typed::EraseMarker,
        "line" => Typed::Marker(rest.to_owned()),
        "trigger" if rest.is_empty() => Typed::Act(Action::Trigger),
        "trigger" => Typed::Trigger(rest.to_owned()),
        "export" => export(rest)?,
        "theme" => Typed::Theme(Theme::named(rest).ok_or_else(|| {
            let names: Vec<&str> = Theme::ALL.iter().map(|(name, _)| *name).collect();
            format!("no such theme; there are {}", names.join(", "))
        })?),
        name => {
            let found = BINDINGS.iter().find(|binding| binding.name == name);
            Typed::Act(found.ok_or_else(|| unknown(name))?.action)
        }
    })
}

fn export(rest: &str) -> Result<Typed, String> {
    let (name, to) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let found = ExportFormat::ALL.iter().find(|(known, _)| *known == name);
    let (_, format) = found.ok_or("export as what? curl, har, json, raw or fixture")?;
    let to = to.trim();
    Ok(Typed::Export {
        format: *format,
        to: (!to.is_empty()).then(|| to.to_owned()),
    })
}

/// `N`, `N at K`, `NxK`.
pub(crate) fn times(text: &str) -> Result<(u32, u32), String> {
    let wrong = || "say how often, like 10, or 100 at 5 for five at once".to_owned();
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == '@' || c == 'x')
        .filter(|word| !word.is_empty() && *word != "at")
        .collect();
    let number = |word: &str| {
        word.parse::<u32>()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(wrong)
    };
    match words[..] {
        [times] => Ok((number(times)?, 1)),
        [times, at_once] => Ok((number(times)?, number(at_once)?)),
        _ => Err(wrong()),
    }
}

/// Where to replay to.
pub(crate) fn target(text: &str) -> Result<Target, String> {
    text.trim()
        .parse()
        .map_err(|error: kreel_client::InvalidTarget| error.to_string())
}

/// The only way to go on, or as far as all ways agree.
pub(crate) fn complete(text: &str) -> Option<String> {
    let (before, word, choices): (&str, &str, Vec<&str>) = match text.rsplit_once(' ') {
        None => ("", text, names().collect()),
        Some(("export", word)) => (
            "export ",
            word,
            ExportFormat::ALL.iter().map(|(name, _)| *name).collect(),
        ),
        Some(("theme", word)) => (
            "theme ",
            word,
            Theme::ALL.iter().map(|(name, _)| *name).collect(),
        ),
        Some(_) => return None,
    };
    let fitting: Vec<&str> = choices
        .into_iter()
        .filter(|name| name.starts_with(word))
        .collect();
    let first = fitting.first()?;
    let agreed = fitting.iter().fold(first.len(), |agreed, name| {
        let same = first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b);
        agreed.min(same.count())
    });
    let end = if fitting.len() == 1 { " " } else { "" };
    Some(format!("{before}{}{end}", &first[..agreed]))
}

fn names() -> impl Iterator<Item = &'static str> {
    let commands = COMMANDS.iter().map(|command| command.name);
    let actions = BINDINGS.iter().map(|binding| binding.name);
    commands.chain(actions.filter(|name| !COMMANDS.iter().any(|command| command.name == *name)))
}

fn unknown(name: &str) -> String {
    let near = |known: &&str| strsim::damerau_levenshtein(known, name);
    let nearest = names().min_by_key(near).filter(|known| near(known) <= 2);
    let hint = nearest.map_or_else(
        || "? lists them".to_owned(),
        |known| format!("did you mean {known}?"),
    );
    format!("no such command; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_understood() {
        for (text, typed) in [
            ("q", Typed::Act(Action::Quit)),
            ("  mark ", Typed::Act(Action::Mark)),
            (
                "filter status:5xx or x",
                Typed::Filter("status:5xx or x".into()),
            ),
            ("replay", Typed::Act(Action::Replay)),
            (
                "replay 100 at 5",
                Typed::Replay {
                    times: 100,
                    at_once: 5,
                },
            ),
            (
                "replay 3x2",
                Typed::Replay {
                    times: 3,
                    at_once: 2,
                },
            ),
            (
                "export har a b.har",
                Typed::Export {
                    format: ExportFormat::Har,
                    to: Some("a b.har".into()),
                },
            ),
            ("theme none", Typed::Theme(Theme::None)),
            ("?", Typed::Act(Action::Help)),
            ("line here", Typed::Marker("here".into())),
            ("line", Typed::EraseMarker),
            ("", Typed::Nothing),
        ] {
            assert_eq!(parse(text), Ok(typed), "{text}");
        }
        for (text, says) in [
            ("relpay", "did you mean replay?"),
            ("replay 0", "say how often"),
            ("replay many", "say how often"),
            ("export pdf", "export as what?"),
            ("theme pink", "there are dark, light, none, contrast"),
            ("to", "target"),
            ("goto", "goto which?"),
        ] {
            let fault = parse(text).unwrap_err();
            assert!(fault.contains(says) || says == "target", "{text}: {fault}");
        }
    }

    #[test]
    fn a_command_is_completed_as_far_as_it_is_clear() {
        assert_eq!(complete("fil").as_deref(), Some("filter "));
        assert_eq!(complete("copy-").as_deref(), Some("copy-"));
        assert_eq!(complete("copy-c").as_deref(), Some("copy-curl "));
        assert_eq!(complete("export h").as_deref(), Some("export har "));
        assert_eq!(
            complete("theme "),
            Some(String::new()).map(|_| "theme ".into())
        );
        assert_eq!(complete("xyz"), None);
    }
}
