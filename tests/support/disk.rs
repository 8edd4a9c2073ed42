//! A disk of a few MiB: it can be filled up, and made read-only also for root.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::programs;

/// A mounted disk. Unmounted on drop.
#[derive(Debug)]
pub(crate) struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one with room for this many bytes. Without the right to, the story must end, which
    /// has been said then.
    pub(crate) fn mount(bytes: u64) -> Option<Self> {
        let disk = Self(tempfile::tempdir().unwrap());
        let options = format!("size={bytes},mode=700");
        let mounted = disk.run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"]);
        match mounted {
            Ok(done) if done.status.success() => Some(disk),
            other => {
                programs::skipped(&format!("a small disk ({other:?})"));
                None
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills it up to the last byte.
    pub(crate) fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for block in [64 * 1024, 4096, 1] {
            let full = loop {
                if let Err(error) = filler.write_all(&vec![b'.'; block]) {
                    break error;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
    }

    /// Takes away what [`fill`](Self::fill) put there.
    pub(crate) fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    /// Lets nobody write any more. What is open for writing must be closed before.
    pub(crate) fn becomes_read_only(&self) {
        let done = self.run("mount", &["-o", "remount,ro"]).unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    fn run(&self, program: &str, args: &[&str]) -> std::io::Result<Output> {
        Command::new(program).args(args).arg(self.path()).output()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is being killed may hold a file of it.
        let _ = self.run("umount", &["--lazy"]);
    }
}
