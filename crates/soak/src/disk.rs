//! A disk of the relay's own that is small enough to be filled: a tmpfs with a filler file.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

/// A mounted tmpfs. Unmounted on drop.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts one here; `None`, with the reason said aloud, where that can't be done.
    pub(crate) fn mount(at: &Path) -> Result<Option<Self>> {
        std::fs::create_dir_all(at).with_context(|| format!("cannot make {}", at.display()))?;
        let flags = MountFlags::NODEV | MountFlags::NOSUID | MountFlags::NOEXEC;
        match mount("tmpfs", at, "tmpfs", flags, SIZE) {
            Ok(()) => Ok(Some(Self { at: at.to_owned() })),
            Err(error) => {
                eprintln!("\n*** full disk SKIPPED: no tmpfs can be mounted here ({error}) ***");
                eprintln!("*** (it takes root: try `sudo -E just soak`)                     ***\n");
                Ok(None)
            }
        }
    }

    /// Takes all the room there is.
    pub(crate) fn fill(&self) -> Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.filler())?;
        for piece in [64 * 1024, 4 * 1024, 1] {
            loop {
                match file.write(&vec![0; piece]) {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error).context("cannot fill the small disk"),
                }
            }
        }
        Ok(())
    }

    /// Gives it back.
    pub(crate) fn make_room(&self) -> Result<()> {
        File::create(self.filler()).context("cannot empty the small disk")?;
        Ok(())
    }

    fn filler(&self) -> PathBuf {
        self.at.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Detached: whoever still has a file open there keeps it, and nobody else sees it.
        if let Err(error) = unmount(&self.at, UnmountFlags::DETACH) {
            eprintln!("{} is still mounted: {error}", self.at.display());
        }
    }
}

/// Room for a few seconds of backlog.
const SIZE: &std::ffi::CStr = c"size=64m,mode=0700";
