//! Webhooks that came once and can be triggered again: a file each, which only its owner can read.
//!
//! They are sent as they came, byte for byte, with the headers that are not about the way.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use kreel_client::Whole;
use serde::{Deserialize, Serialize};

use super::event::Event;
use super::post::Posting;
use super::sign::Scheme;
use crate::exit::Exit;
use crate::past::{Past, Taken, not_found};
use crate::paths::Paths;
use crate::private_file;
use crate::problem::{Code, Problem, Result};
use crate::terminal::say;

/// A webhook, as its file has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Saved {
    /// Header lines, in order.
    headers: Vec<(String, String)>,
    /// The body in Base64, since it need not be text.
    body: String,
}

/// Headers that are about the way here and not about what came.
const OF_THE_WAY: [&str; 8] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "upgrade",
    "expect",
];

impl Saved {
    /// The webhook saved under this name, if there is one.
    pub(super) fn named(name: &str) -> Result<Option<Self>> {
        if !is_name(name) {
            return Ok(None);
        }
        let path = file(&Paths::find()?, name);
        let text = private_file::read(&path)
            .map_err(|error| private_file::unusable("read", &path, &error))?;
        let Some(text) = text else {
            return Ok(None);
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            Problem::new(
                Code::FileUnusable,
                format!("{} is no saved webhook", path.display()),
                error,
                "save it again with `kreel trigger --save NAME --from ID`, or remove the file",
            )
        })
    }

    /// The names of all that are saved, in order.
    pub(super) fn names() -> Result<Vec<String>> {
        let folder = Paths::find()?.fixtures();
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(Vec::new());
        };
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".json")?.to_owned()))
            .filter(|name| is_name(name))
            .collect();
        names.sort();
        Ok(names)
    }

    /// It, ready to go.
    pub(super) fn posting(&self) -> Posting {
        let lines = self.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            // Values were taken from bytes one by one, since not all of them are text.
            let value: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
            Some((name, HeaderValue::from_bytes(&value?).ok()?))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        Posting {
            headers,
            body: STANDARD.decode(&self.body).unwrap_or_default().into(),
            scheme: Scheme::None,
        }
    }

    fn of(whole: &Whole, body: &Bytes) -> Self {
        let lines = whole.delivery.headers.iter();
        let lines = lines.map(|line| {
            let name = String::from_utf8_lossy(line.name).into_owned();
            (
                name,
                line.value.iter().map(|byte| char::from(*byte)).collect(),
            )
        });
        Self {
            headers: lines
                .filter(|(name, _): &(String, String)| !OF_THE_WAY.contains(&name.as_str()))
                .collect(),
            body: STANDARD.encode(body),
        }
    }
}

/// Saves a delivery of the history under a name.
pub(super) fn save(name: &str, id: &str) -> Result<Exit> {
    if !is_name(name) || Event::is_built_in(name) {
        return Err(Problem::new(
            Code::OptionUnusable,
            format!("{name:?} can't be the name of a saved webhook"),
            "names are letters, digits, dots, dashes and underscores, 64 at the most, and not those \
             of ready-made ones",
            "choose another, like my-order",
        ));
    }
    let paths = Paths::find()?;
    let past = Past::at(paths.history())?.ok_or_else(|| not_found(id))?;
    let Taken { whole, body, .. } = past.take(past.find(id)?, id)?;
    let saved = Saved::of(&whole, &body);
    let text = serde_json::to_string_pretty(&saved).expect("strings can be written as JSON");
    private_file::replace(&file(&paths, name), &(text + "\n"))?;
    say(&format!("saved; `kreel trigger {name}` sends it again"));
    Ok(Exit::Success)
}

fn file(paths: &Paths, name: &str) -> PathBuf {
    paths.fixtures().join(format!("{name}.json"))
}

/// Whether a text can be a name, and a file's name with it.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(fits) && !text.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["my-order", "a.b_c", "1"] {
            assert!(is_name(name), "{name}");
        }
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            ".hidden",
            "ü",
            "a b",
            &"x".repeat(65),
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let saved = Saved {
            headers: vec![("x-odd".to_owned(), "\u{fc}\u{e9}".to_owned())],
            body: STANDARD.encode(b"\x00\xff{\r\n"),
        };
        let posting = saved.posting();
        assert_eq!(posting.headers["x-odd"].as_bytes(), b"\xfc\xe9");
        assert_eq!(&posting.body[..], b"\x00\xff{\r\n");
    }
}
