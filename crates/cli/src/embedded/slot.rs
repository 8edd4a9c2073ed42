//! Where a project's embedded relay keeps its files, and its port with them, so that the
//! address stays. A second `kreel listen` in the same project takes the next slot.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Embedded;
use crate::private_file;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;

/// A folder for one relay, ours as long as this is kept.
#[derive(Debug)]
pub(crate) struct Slot {
    folder: PathBuf,
    _lock: File,
}

/// The certificates of a project's embedded relays, as far as they have run.
pub(crate) fn certificates_of(root: &Path, project: &Project) -> Vec<PathBuf> {
    let files = (1..=SLOTS).map(|number| folder(root, project, number).join("cert.pem"));
    files.filter(|file| file.is_file()).collect()
}

/// The folder of a project's first, second, … relay.
fn folder(root: &Path, project: &Project, number: usize) -> PathBuf {
    let key = Sha256::digest(project.key());
    let key: String = key
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match number {
        1 => root.join(key),
        number => root.join(format!("{key}-{number}")),
    }
}

/// How many relays of one project may run at once: more is surely a loop gone wild.
const SLOTS: usize = 16;

impl Slot {
    /// The project's first free slot below this folder.
    pub(crate) fn claim(root: &Path, project: &Project) -> Result<Self> {
        for number in 1..=SLOTS {
            let folder = folder(root, project, number);
            let path = folder.join("lock");
            let lock = private_file::open_lock(&path)?;
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        folder,
                        _lock: lock,
                    });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(private_file::unusable("lock", &path, &error));
                }
            }
        }
        Err(Problem::new(
            Code::TooManyEmbedded,
            format!("{SLOTS} `kreel listen` run in this project already"),
            "each has a relay of its own, and there is an end to that",
            "stop some of them, or let them share one relay: `kreel relay`, then `kreel login`",
        ))
    }

    /// Starts the slot's relay, on the port it had the last time if that is free.
    pub(crate) async fn start(&self) -> Result<Embedded> {
        let known = self.port();
        let relay = Embedded::start(&self.folder, known).await?;
        if relay.port != known {
            let text = format!("{}\n", relay.port);
            private_file::replace(&self.folder.join("port"), &text)?;
        }
        Ok(relay)
    }

    /// The port of the last time, or 0 for any.
    fn port(&self) -> u16 {
        let text = private_file::read(&self.folder.join("port"));
        let text = text.ok().flatten().unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_running_relay_has_a_folder_of_its_own() {
        let root = tempfile::tempdir().unwrap();
        let app = Project::at(Path::new("/work/app"));
        let first = Slot::claim(root.path(), &app).unwrap();
        let second = Slot::claim(root.path(), &app).unwrap();
        assert_ne!(first.folder, second.folder);
        let folder = first.folder.clone();
        drop(first);
        assert_eq!(Slot::claim(root.path(), &app).unwrap().folder, folder);
        let other = Slot::claim(root.path(), &Project::at(Path::new("/work/other"))).unwrap();
        assert!(other.folder != folder && other.folder != second.folder);
    }

    #[test]
    fn there_is_an_end_to_slots() {
        let root = tempfile::tempdir().unwrap();
        let app = Project::at(Path::new("/work/app"));
        let claim = || Slot::claim(root.path(), &app);
        let _taken: Vec<_> = (0..SLOTS).map(|_| claim().unwrap()).collect();
        assert_eq!(claim().unwrap_err().code, Code::TooManyEmbedded);
    }

    #[tokio::test]
    async fn a_slot_remembers_its_port() {
        let root = tempfile::tempdir().unwrap();
        let app = Project::at(Path::new("/work/app"));
        let slot = Slot::claim(root.path(), &app).unwrap();
        let relay = slot.start().await.unwrap();
        let port = relay.port;
        relay.stop().await;
        drop(slot);
        assert_eq!(Slot::claim(root.path(), &app).unwrap().port(), port);
    }
}
