//! Files that only their owner may read, replaced as a whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::problem::{Code, Problem, Result};

/// The text of a file, or none if there is no such file.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file, so that whoever reads it sees the old text or the new one, also after a
/// crash. The file has mode 0600, folders made on the way 0700.
pub(crate) fn replace(path: &Path, text: &str) -> Result<()> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        make_folder(folder)?;
        // tempfile makes its files with mode 0600.
        let mut fresh = NamedTempFile::new_in(folder)?;
        fresh.write_all(text.as_bytes())?;
        fresh.as_file().sync_all()?;
        fresh.persist(path)?;
        Ok(())
    };
    write().map_err(|error| unusable("write", path, &error))
}

/// Makes a folder and those above it, for the owner only.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file to lock it, and makes it if it is absent.
pub(crate) fn open_lock(path: &Path) -> Result<File> {
    let open = || {
        make_folder(path.parent().unwrap_or(Path::new(".")))?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)
    };
    open().map_err(|error| unusable("open", path, &error))
}

/// A file of kreel's own that can't be used.
pub(crate) fn unusable(what: &str, path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        Code::FileUnusable,
        format!("can't {what} {}", path.display()),
        error,
        "check who owns the folder and whether the disk is full",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_the_whole_text_and_makes_folders() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        assert_eq!(read(&path).unwrap(), None);
        replace(&path, "a longer text").unwrap();
        replace(&path, "short").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), "short");
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "nothing temporary is left");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kreel/secret");
        replace(&path, "x").unwrap();
        let lock = folder.path().join("kreel/lock");
        open_lock(&lock).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&lock), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
    }

    #[test]
    fn says_which_file_could_not_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let blocked = folder.path().join("file");
        fs::write(&blocked, "in the way").unwrap();
        let problem = replace(&blocked.join("inner"), "x").unwrap_err();
        assert_eq!(problem.code, Code::FileUnusable);
        assert!(problem.what.contains("inner"), "{}", problem.what);
    }
}
