//! Krea's jobs on this machine: the ledger, the keys of the environment, and what the history adds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kreel_krea::{Key, Keys, Ledger, LedgerError};

use crate::paths::Paths;
use crate::private_file;
use crate::problem::{Code, Problem, Result, chain};

pub(crate) mod asking;
pub(crate) mod deliver;
pub(crate) mod door;
pub(crate) mod front;
pub(crate) mod gather;
pub(crate) mod lens;
pub(crate) mod told;
pub(crate) mod watch;
pub(crate) mod words;

pub(crate) use gather::Gather;

/// The variables Krea's own tools read a key from, the first that is set counts.
const KEY_VARIABLES: [&str; 2] = ["KREA_API_KEY", "KREA_API_TOKEN"];

/// Opens the ledger in this file, or in the usual one.
pub(crate) fn ledger(file: Option<&Path>) -> Result<Arc<Ledger>> {
    let path = match file {
        Some(path) => path.to_owned(),
        None => Paths::find()?.krea_jobs(),
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        private_file::make_folder(folder)
            .map_err(|error| private_file::unusable("make", folder, &error))?;
    }
    Ledger::open(&path)
        .map(Arc::new)
        .map_err(|error| unusable(&path, &error))
}

/// The keys that are known from the beginning: that of the environment.
pub(crate) fn keys() -> Result<Keys> {
    let set = |name: &&str| {
        std::env::var(name)
            .ok()
            .filter(|text| !text.trim().is_empty())
    };
    let Some((name, text)) = KEY_VARIABLES
        .iter()
        .find_map(|name| Some((name, set(name)?)))
    else {
        return Ok(Keys::default());
    };
    let key = Key::bearer(&text).ok_or_else(|| {
        Problem::new(
            Code::OptionUnusable,
            format!("{name} can't be a key"),
            "it has characters no header can have",
            "copy it anew from Krea's settings; it is not shown here",
        )
    })?;
    Ok(Keys::new(Some(key)))
}

/// The ledger can't be used.
fn unusable(path: &Path, error: &LedgerError) -> Problem {
    Problem::new(
        Code::FileUnusable,
        format!("can't note jobs in {}", path.display()),
        chain(error),
        "check who may write there, or name another file with --jobs",
    )
}

/// The ledger failed while it was in use.
pub(crate) fn of_ledger(error: &LedgerError) -> Problem {
    Problem::new(
        Code::FileUnusable,
        "the file of Krea's jobs can't be used",
        chain(error),
        "check the disk and who may write there; --jobs (--krea-jobs of listen) names another file",
    )
}

/// Where the history is, under the name the ledger knows it by.
fn name_of(history: &Path) -> String {
    let whole = std::path::absolute(history).unwrap_or_else(|_| PathBuf::from(history));
    whole.to_string_lossy().into_owned()
}
