//! The files of settings: the project's `kreel.toml`, the user's `config.toml`.
//!
//! A key nobody knows is an error, with its line: a typing error must not pass for a setting.

use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, value};

use super::{Layer, Settings, Source, expand};
use crate::private_file;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;

/// What the project's file says, if there is one.
///
/// It may come from a repository that others wrote, so it may not hold a token, nor name a file
/// outside of the project as one: the token would go to a relay of their choice.
pub(super) fn project(project: &Project) -> Result<Option<Layer>> {
    let path = project.settings();
    let Some(settings) = load(&path)? else {
        return Ok(None);
    };
    let refuse = |what: &str, next: &str| {
        Problem::new(
            Code::SecretInProject,
            format!("{} {what}", path.display()),
            "this file is made to be shared, with people and with relays it names",
            next,
        )
    };
    if settings.token.is_some() {
        return Err(refuse(
            "holds a token",
            "remove it from there and revoke it if the file was shared; use `kreel login` or KREEL_TOKEN",
        ));
    }
    let inside = |file: &Path| {
        fs::canonicalize(file).map_or(true, |file| file.starts_with(project.folder()))
    };
    if settings
        .token_file
        .as_deref()
        .is_some_and(|file| !inside(file))
    {
        return Err(refuse(
            "names a token file outside of its folder",
            "use `kreel login`, --token-file or KREEL_TOKEN_FILE",
        ));
    }
    let source = Source::Project(path);
    Ok(Some(Layer { source, settings }))
}

/// What the user's file says, if there is one.
pub(super) fn user(path: &Path) -> Result<Option<Layer>> {
    let source = Source::User(path.to_owned());
    Ok(load(path)?.map(|settings| Layer { source, settings }))
}

/// What `kreel login` saves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login<'a> {
    /// The relay's address.
    pub(crate) relay: &'a str,
    /// The token for it.
    pub(crate) token: &'a str,
    /// The certificates to trust for it, if not the system's.
    pub(crate) relay_ca: Option<&'a Path>,
}

impl Login<'_> {
    /// Writes these into the user's file. What else is in there stays, comments too.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let mut document = edit(path)?;
        forget(&mut document);
        document["relay"] = value(self.relay);
        document["token"] = value(self.token);
        if let Some(relay_ca) = self.relay_ca {
            document["relay_ca"] = value(relay_ca.to_string_lossy().as_ref());
        }
        private_file::replace(path, &document.to_string())
    }

    /// Takes a saved login out of the user's file. Says whether there was one.
    pub(crate) fn remove(path: &Path) -> Result<bool> {
        let mut document = edit(path)?;
        let any = forget(&mut document);
        if any {
            private_file::replace(path, &document.to_string())?;
        }
        Ok(any)
    }
}

fn forget(document: &mut DocumentMut) -> bool {
    let keys = ["relay", "token", "token_file", "relay_ca"];
    let removed = keys.map(|key| document.remove(key).is_some());
    removed.contains(&true)
}

fn edit(path: &Path) -> Result<DocumentMut> {
    let text = read(path)?.unwrap_or_default();
    text.parse::<DocumentMut>()
        .map_err(|error| invalid(path, &text, error.span(), error.message()))
}

fn load(path: &Path) -> Result<Option<Settings>> {
    let Some(text) = read(path)? else {
        return Ok(None);
    };
    let mut settings: Settings = toml::from_str(&text)
        .map_err(|error| invalid(path, &text, error.span(), error.message()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    for file in [&mut settings.token_file, &mut settings.relay_ca] {
        *file = file.take().map(|file| expand(&file, folder));
    }
    Ok(Some(settings))
}

fn read(path: &Path) -> Result<Option<String>> {
    private_file::read(path).map_err(|error| {
        Problem::new(
            Code::SettingsUnreadable,
            format!("can't read {}", path.display()),
            error,
            "check that the file is yours and is UTF-8 text",
        )
    })
}

fn invalid(
    path: &Path,
    text: &str,
    span: Option<std::ops::Range<usize>>,
    message: &str,
) -> Problem {
    let place = match span {
        Some(span) => format!("{}:{}", path.display(), line_of(text, span.start)),
        None => path.display().to_string(),
    };
    Problem::new(
        Code::SettingsInvalid,
        format!("{place} is not what kreel understands"),
        message.replace('\n', " "),
        "correct the line; `kreel listen --help` names the options, with _ for - in files",
    )
}

/// The line this byte is on, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
