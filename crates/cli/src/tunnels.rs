//! The tunnels kreel chose, one for each relay and project, so that a project's public address
//! stays the same from run to run.
//!
//! One JSON file for all projects; several processes may change it at once.

pub(crate) mod address;

use std::fs::File;
use std::path::{Path, PathBuf};

use kreel_wire::TunnelName;
use serde::{Deserialize, Serialize};

use crate::paths::Paths;
use crate::private_file;
use crate::problem::Result;
use crate::project::Project;
use crate::terminal::say;

/// The file of remembered tunnels.
#[derive(Debug, Clone)]
pub(crate) struct Tunnels {
    path: PathBuf,
}

/// A remembered tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// Its name.
    pub(crate) tunnel: TunnelName,
    /// Its public address, once a relay has told it.
    pub(crate) url: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Contents {
    tunnels: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    relay: String,
    folder: String,
    tunnel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Tunnels {
    /// The tunnels of this user.
    pub(crate) fn of(paths: &Paths) -> Self {
        Self {
            path: paths.tunnels(),
        }
    }

    /// The tunnel of a project at a relay, if there is one.
    pub(crate) fn recall(&self, relay: &str, project: &Project) -> Result<Option<Remembered>> {
        let contents = self.load()?;
        let entry = contents
            .tunnels
            .iter()
            .find(|entry| entry.is(relay, project));
        Ok(entry.and_then(Entry::remembered))
    }

    /// The public addresses of all tunnels, as far as relays have told them.
    pub(crate) fn addresses(&self) -> Result<Vec<String>> {
        let entries = self.load()?.tunnels.into_iter();
        Ok(entries.filter_map(|entry| entry.url).collect())
    }

    /// The tunnel of a project at a relay; where there is none, a new one is made and kept.
    pub(crate) fn recall_or_make(&self, relay: &str, project: &Project) -> Result<TunnelName> {
        if let Some(known) = self.recall(relay, project)? {
            return Ok(known.tunnel);
        }
        let _lock = self.lock()?;
        // Another process may have made it in the meantime.
        match self.recall(relay, project)? {
            Some(known) => Ok(known.tunnel),
            None => self.keep(relay, project, random_name()?, None),
        }
    }

    /// A new tunnel for a project at a relay, kept in place of the one before.
    pub(crate) fn make(&self, relay: &str, project: &Project) -> Result<TunnelName> {
        let _lock = self.lock()?;
        self.keep(relay, project, random_name()?, None)
    }

    /// Notes the public address of a project's tunnel, if this is its tunnel.
    pub(crate) fn note_url(
        &self,
        relay: &str,
        project: &Project,
        tunnel: &TunnelName,
        url: &str,
    ) -> Result<()> {
        let is_news =
            |known: &Remembered| known.tunnel == *tunnel && known.url.as_deref() != Some(url);
        if !self
            .recall(relay, project)?
            .is_some_and(|known| is_news(&known))
        {
            return Ok(());
        }
        let _lock = self.lock()?;
        self.keep(relay, project, tunnel.clone(), Some(url.to_owned()))?;
        Ok(())
    }

    /// Writes one entry. The caller holds the lock.
    fn keep(
        &self,
        relay: &str,
        project: &Project,
        tunnel: TunnelName,
        url: Option<String>,
    ) -> Result<TunnelName> {
        let mut contents = self.load()?;
        contents.tunnels.retain(|entry| !entry.is(relay, project));
        contents.tunnels.push(Entry {
            relay: relay.to_owned(),
            folder: project.key(),
            tunnel: tunnel.to_string(),
            url,
        });
        let text = serde_json::to_string_pretty(&contents).expect("strings can be written as JSON");
        private_file::replace(&self.path, &(text + "\n"))?;
        Ok(tunnel)
    }

    fn load(&self) -> Result<Contents> {
        let text = private_file::read(&self.path)
            .map_err(|error| private_file::unusable("read", &self.path, &error))?;
        let Some(text) = text else {
            return Ok(Contents::default());
        };
        match serde_json::from_str(&text) {
            Ok(contents) => Ok(contents),
            Err(error) => self.set_aside(&error),
        }
    }

    /// A damaged file is kept beside a new one, and said so.
    fn set_aside(&self, error: &serde_json::Error) -> Result<Contents> {
        let aside = self.path.with_extension("json.damaged");
        std::fs::rename(&self.path, &aside)
            .map_err(|error| private_file::unusable("rename", &self.path, &error))?;
        say(&format!(
            "warning: {} is damaged ({error}); it is {} now, and projects get new addresses",
            self.path.display(),
            aside.display(),
        ));
        Ok(Contents::default())
    }

    fn lock(&self) -> Result<File> {
        let path = self.path.with_extension("json.lock");
        let file = private_file::open_lock(&path)?;
        file.lock()
            .map_err(|error| private_file::unusable("lock", &path, &error))?;
        Ok(file)
    }
}

impl Entry {
    fn is(&self, relay: &str, project: &Project) -> bool {
        self.relay == relay && self.folder == project.key()
    }

    fn remembered(&self) -> Option<Remembered> {
        Some(Remembered {
            tunnel: self.tunnel.parse().ok()?,
            url: self.url.clone(),
        })
    }
}

/// A name nobody can guess.
pub(crate) fn random_name() -> Result<TunnelName> {
    let mut bits = [0; 10];
    getrandom::fill(&mut bits)
        .map_err(|error| private_file::unusable("read", Path::new("random bits"), &error.into()))?;
    Ok(TunnelName::from_random(bits))
}

#[cfg(test)]
mod tests;
