//! Files that a command writes, and takes away again if nothing came into them: whoever mends the
//! command and runs it again shall not find one in the way.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// An open file.
#[derive(Debug)]
pub(crate) struct Made {
    file: File,
    path: PathBuf,
    /// It was not there before.
    is_new: bool,
    is_written: bool,
    is_given_up: bool,
    /// What is there ends within a line.
    lacks_line_end: bool,
    /// What is there goes once something is written.
    replaces: bool,
}

impl Made {
    /// A new file, which everybody may read; an error if there is one already.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self::of(file, path, true))
    }

    /// A new file that only its owner may read.
    pub(crate) fn private(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        Ok(Self::of(options.open(path)?, path, true))
    }

    /// A file to which lines are added behind those that are there.
    pub(crate) fn adding(path: &Path) -> io::Result<Self> {
        match Self::new(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut last = [b'\n'];
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        let mut made = Self::of(file, path, false);
        made.lacks_line_end = last != *b"\n";
        Ok(made)
    }

    /// A file whose text takes the place of what is there, once it is written.
    pub(crate) fn over(path: &Path) -> io::Result<Self> {
        match Self::new(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made,
        }
        let file = OpenOptions::new().write(true).open(path)?;
        let mut made = Self::of(file, path, false);
        made.replaces = true;
        Ok(made)
    }

    fn of(file: File, path: &Path, is_new: bool) -> Self {
        Self {
            file,
            path: path.to_owned(),
            is_new,
            is_written: false,
            is_given_up: false,
            lacks_line_end: false,
            replaces: false,
        }
    }

    /// Takes a new file away whatever is written: it is not what was asked for.
    pub(crate) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// Before the first write.
    fn begin(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.replaces) {
            // A pipe or a terminal has no length, and need not.
            if self.file.metadata()?.is_file() {
                self.file.set_len(0)?;
            }
        }
        if std::mem::take(&mut self.lacks_line_end) {
            self.file.write_all(b"\n")?;
        }
        self.is_written = true;
        Ok(())
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if self.is_new && (!self.is_written || self.is_given_up) {
            // Should that fail nothing is lost.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_was_written_into_is_gone_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for make in [Made::new, Made::private, Made::adding, Made::over] {
            let made = make(&path).unwrap();
            assert!(path.exists());
            drop(made);
            assert!(!path.exists());
            let mut made = make(&path).unwrap();
            made.write_all(b"x").unwrap();
            drop(made);
            assert_eq!(fs::read(&path).unwrap(), b"x");
            fs::remove_file(&path).unwrap();
        }
        let mut made = Made::new(&path).unwrap();
        made.write_all(b"half").unwrap();
        made.give_up();
        drop(made);
        assert!(!path.exists());
    }

    #[test]
    fn what_was_there_stays_until_something_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "old").unwrap();
        assert!(Made::new(&path).is_err() && Made::private(&path).is_err());
        for make in [Made::adding, Made::over] {
            drop(make(&path).unwrap());
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        }
        let mut made = Made::over(&path).unwrap();
        made.write_all(b"n").unwrap();
        made.write_all(b"ew").unwrap();
        drop(made);
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn lines_are_added_as_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for (before, after) in [("a", "a\nb\nc\n"), ("a\n", "a\nb\nc\n"), ("", "b\nc\n")] {
            fs::write(&path, before).unwrap();
            let mut made = Made::adding(&path).unwrap();
            made.write_all(b"b\n").unwrap();
            made.write_all(b"c\n").unwrap();
            drop(made);
            assert_eq!(fs::read_to_string(&path).unwrap(), after, "{before:?}");
        }
    }
}
