//! Locks on files, which the system frees when their process dies however it dies.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use kreel_wire::TunnelName;

/// The right to work on what waits in a tunnel; others don't have it meanwhile.
#[derive(Debug)]
pub(crate) struct WorkerLock {
    path: PathBuf,
    held: Arc<Mutex<HashSet<PathBuf>>>,
    _file: File,
}

impl WorkerLock {
    pub(super) fn take(
        path: PathBuf,
        held: &Arc<Mutex<HashSet<PathBuf>>>,
    ) -> io::Result<Option<Self>> {
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {
                super::lock(held).insert(path.clone());
                Ok(Some(Self {
                    path,
                    held: held.clone(),
                    _file: file,
                }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for WorkerLock {
    fn drop(&mut self) {
        super::lock(&self.held).remove(&self.path);
    }
}

/// Holds up every process that opens this history, until it is dropped.
pub(super) fn opening(history: &Path) -> io::Result<File> {
    let file = open(&folder(history).join("open.lock"))?;
    file.lock()?;
    Ok(file)
}

/// The file of a tunnel's lock.
pub(super) fn path(history: &Path, relay: &str, tunnel: &TunnelName) -> PathBuf {
    let name = history.file_name().unwrap_or_default();
    let parts = [
        name.as_encoded_bytes(),
        relay.as_bytes(),
        tunnel.as_str().as_bytes(),
    ];
    folder(history).join(format!("{tunnel}-{:016x}.lock", digest(&parts)))
}

fn folder(history: &Path) -> PathBuf {
    history.parent().unwrap_or(Path::new(".")).join("locks")
}

/// FNV-1a, the same in every version of kreel. That two tunnels share a lock is no harm, only
/// unlikely.
fn digest(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    private()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
}

/// Makes a folder and those above it, for the owner only.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Options for a file that is the owner's alone (mode 0600).
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
