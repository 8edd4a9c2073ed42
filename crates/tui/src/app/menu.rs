//! A choice of a few things, each with its key.

use super::prompt::About;
use crate::desk::ExportFormat;

/// A choice of a few things.
#[derive(Debug)]
pub(crate) struct Menu {
    pub(crate) title: &'static str,
    pub(crate) items: Vec<Item>,
    /// The delivery it is about, if it is about one.
    pub(crate) about: Option<About>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) key: char,
    pub(crate) says: &'static str,
    pub(crate) choice: Choice,
}

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Export(ExportFormat),
    /// Find out whether the selected link works.
    Check,
    /// Show the image behind it.
    Preview,
    /// Open it in a browser.
    Browse,
    /// Edit the file again that had a fault.
    EditAgain,
    /// Drop it.
    Drop,
}

impl Menu {
    /// In which format to export.
    pub(crate) fn export(about: About) -> Self {
        let item = |key, says, format| Item {
            key,
            says,
            choice: Choice::Export(format),
        };
        Self {
            title: "Export as",
            items: vec![
                item('c', "curl command", ExportFormat::Curl),
                item('h', "HAR 1.2, for browsers", ExportFormat::Har),
                item('j', "JSON", ExportFormat::Json),
                item('r', "raw HTTP request", ExportFormat::Raw),
                item(
                    'f',
                    "fixture: one line for a cassette",
                    ExportFormat::Fixture,
                ),
            ],
            about: Some(about),
        }
    }

    /// What to do with a link.
    pub(crate) fn link() -> Self {
        let item = |key, says, choice| Item { key, says, choice };
        Self {
            title: "This link",
            items: vec![
                item('c', "check whether it works", Choice::Check),
                item('p', "preview the image here", Choice::Preview),
                item('o', "open in a browser", Choice::Browse),
            ],
            about: None,
        }
    }

    /// What to do with an edited file that has a fault.
    pub(crate) fn faulty(about: About) -> Self {
        Self {
            title: "That can't be sent",
            items: vec![
                Item {
                    key: 'e',
                    says: "edit it again",
                    choice: Choice::EditAgain,
                },
                Item {
                    key: 'x',
                    says: "drop it",
                    choice: Choice::Drop,
                },
            ],
            about: Some(about),
        }
    }

    /// What this key chooses.
    pub(crate) fn choice(&self, key: char) -> Option<Choice> {
        let found = self.items.iter().find(|item| item.key == key);
        found.map(|item| item.choice)
    }
}
