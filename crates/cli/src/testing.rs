//! A project and a user's folders for tests, with the files they say they have, and histories; random
//! texts of settings.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::builder::Resettable;
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use kreel_client::{DeliveryId, History, Kind, Row, Seq};
use kreel_wire::{Delivery, Headers, Scheme};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use tempfile::TempDir;

use crate::args::{Cli, ListenArgs};
use crate::paths::Paths;
use crate::problem::Result;
use crate::project::Project;
use crate::settings::{Layers, Settings};

/// A user with one project.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    /// The user's folders.
    pub(crate) paths: Paths,
    /// The project.
    pub(crate) project: Project,
}

impl Home {
    /// A user without any files.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in ["app", "config/kreel", "data"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        Self {
            paths: Paths::below(&root),
            project: Project::at(&root.join("app")),
            folder,
        }
    }

    /// With these settings of the user.
    pub(crate) fn user(self, text: &str) -> Self {
        fs::write(self.paths.user_settings(), text).unwrap();
        self
    }

    /// With these settings of the project.
    pub(crate) fn project(self, text: &str) -> Self {
        fs::write(self.project.settings(), text).unwrap();
        self
    }

    /// With this file, below the folder that holds everything.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.path(name), text).unwrap();
        self
    }

    /// The path of a file below the folder that holds everything.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    /// What counts when these words are typed after `kreel listen`.
    pub(crate) fn layers(&self, words: &[&str]) -> Result<Layers> {
        let (args, matches) = listen(words);
        let typed = |from| Settings::of_listen(&args, &matches, from);
        Layers::gather(typed, &self.project, &self.paths)
    }
}

/// Puts deliveries into a history, each with its path and when it was received.
pub(crate) fn arrive(history: &Path, deliveries: &[(&str, u64)]) {
    arrive_from("https://relay.example", history, deliveries);
}

/// The same, from a relay of this name.
pub(crate) fn arrive_from(relay: &str, history: &Path, deliveries: &[(&str, u64)]) {
    let tunnel = "my-app".parse().unwrap();
    let history = History::open(history).unwrap().history;
    let made = (1..).zip(deliveries).map(|(seq, (path, received_at_us))| {
        let delivery = Delivery {
            id: DeliveryId::generate(),
            seq: Seq(seq),
            received_at_us: *received_at_us,
            kind: Kind::Queued,
            method: "POST".into(),
            target: Bytes::copy_from_slice(path.as_bytes()),
            headers: Headers::default(),
            scheme: Scheme::Https,
            forwarded_for: "192.0.2.0".into(),
            body_bytes: Some(2),
            attempted: false,
            signature: None,
        };
        (delivery, Bytes::from_static(b"{}"))
    });
    history.take_in(relay, &tunnel, made).unwrap();
}

/// The paths of deliveries.
pub(crate) fn paths(rows: &[Row]) -> Vec<String> {
    let paths = rows
        .iter()
        .map(|row| String::from_utf8_lossy(&row.summary.target));
    paths.map(Cow::into_owned).collect()
}

/// What was typed after `kreel listen`.
pub(crate) fn listen(words: &[&str]) -> (ListenArgs, ArgMatches) {
    let matches = typed("listen", words);
    (ListenArgs::from_arg_matches(&matches).unwrap(), matches)
}

/// What was typed after a command. The environment of the tests has no say.
pub(crate) fn typed(name: &str, words: &[&str]) -> ArgMatches {
    let command = Cli::command().mut_subcommand(name, |command| {
        command.mut_args(|arg| arg.env(Resettable::Reset))
    });
    let words = ["kreel", name].into_iter().chain(words.iter().copied());
    let mut matches = command.try_get_matches_from(words).unwrap();
    matches.remove_subcommand().unwrap().1
}

/// Some of these parts of a file of settings in their order, and whether they are as they were: of
/// the others, characters are changed and lines put in.
pub(crate) fn text_like(parts: &'static [&'static str]) -> impl Strategy<Value = (String, bool)> {
    let lines = vec(
        (
            any::<Index>(),
            "[a-z_]{1,12} = [0-9\"a-z.{}\\[\\]-]{0,12}|\\PC{0,40}",
        ),
        0..2,
    );
    let characters = vec((any::<Index>(), any::<char>()), 0..2);
    (subsequence(parts, 0..=parts.len()), lines, characters).prop_map(
        |(parts, lines, characters)| {
            let is_untouched = lines.is_empty() && characters.is_empty();
            let mut parts: Vec<String> = parts.into_iter().map(str::to_owned).collect();
            for (place, line) in lines {
                parts.insert(place.index(parts.len() + 1), line);
            }
            let mut text: Vec<char> = parts.join("\n").chars().collect();
            for (place, character) in characters {
                if !text.is_empty() {
                    let place = place.index(text.len());
                    text[place] = character;
                }
            }
            (text.into_iter().collect(), is_untouched)
        },
    )
}
