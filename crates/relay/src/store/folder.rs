//! The data folder: its owner's alone, and one relay's at a time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::RelayError;

/// What the file is called.
const FILE: &str = "relay.db";

/// A data folder that is this relay's until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder, making it if it is absent.
    pub(crate) fn take(data: &Path) -> Result<Self, RelayError> {
        make(data)?;
        let lock = lock(data)?;
        Ok(Self {
            path: data.to_owned(),
            _lock: lock,
        })
    }

    /// The store's file.
    pub(super) fn file(&self) -> PathBuf {
        file(&self.path)
    }
}

/// The store's file in this folder.
pub(super) fn file(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The path of the file, which is its owner's alone, in a folder that exists.
pub(super) fn database(data: &Path) -> Result<PathBuf, RelayError> {
    make(data)?;
    let path = file(data);
    let file = private().create(true).append(true).open(&path);
    file.map_err(|source| RelayError::File {
        what: "open",
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

/// Makes the folder, nobody else's to look into (mode 0700), and those above it.
fn make(data: &Path) -> Result<(), RelayError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).map_err(|source| RelayError::File {
        what: "make the folder",
        path: data.to_owned(),
        source,
    })
}

fn lock(data: &Path) -> Result<File, RelayError> {
    let path = data.join("relay.lock");
    let failed = |source| RelayError::File {
        what: "lock",
        path: path.clone(),
        source,
    };
    let file = private()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(RelayError::InUse {
            path: data.to_owned(),
        }),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Options for a file that is the owner's alone (mode 0600).
pub(crate) fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
