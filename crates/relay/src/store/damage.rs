//! A file that is damaged: noticed, set aside as it is, and what can be read of it carried over
//! into a new one. Nothing here ever writes to the damaged file.

mod salvage;

use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode};
use tracing::{error, warn};

pub use self::salvage::Salvaged;
use super::folder::Folder;
use super::reader::open_to_read;
use super::{ring, rows, schema};
use crate::error::{RelayError, StoreError};

/// What happened to a damaged file.
#[derive(Debug, Clone)]
pub struct Damage {
    /// What is wrong with it.
    pub cause: String,
    /// Where it is now.
    pub set_aside: PathBuf,
    /// What was read from it.
    pub salvaged: Salvaged,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the relay's file is damaged ({}). It was set aside untouched as {}, and a new one goes \
             on with what could be read of it: {}. Check the disk; what is missing may be had with \
             `sqlite3 {} .recover`",
            self.cause,
            self.set_aside.display(),
            self.salvaged,
            self.set_aside.display(),
        )
    }
}

/// Looks at the file before it is used, and replaces it if it is damaged.
pub(crate) fn look(folder: &Folder) -> Result<Option<Damage>, RelayError> {
    let path = folder.file();
    adopt(&path).map_err(|source| file_error("use", &path, source))?;
    match examine(&path)? {
        None => Ok(None),
        Some(cause) => replace(&path, cause).map(Some),
    }
}

/// Whether an error means that the file itself is damaged.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    const SHORT_READ: i32 = rusqlite::ffi::SQLITE_IOERR_SHORT_READ;
    match error {
        rusqlite::Error::SqliteFailure(error, _) => {
            matches!(
                error.code,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase
            ) || error.extended_code == SHORT_READ
        }
        _ => false,
    }
}

/// Sets the file aside and makes a new one from what can be read of it. Complete before it takes
/// the old one's place: a crash in between leaves the one or the other.
pub(super) fn replace(path: &Path, cause: String) -> Result<Damage, RelayError> {
    let fresh = beside(path, FRESH);
    clear(&fresh).map_err(|source| file_error("remove", &fresh, source))?;
    let salvaged = salvage::salvage(path, &fresh).map_err(RelayError::Store)?;
    let set_aside = set_aside(path).map_err(|source| file_error("rename", path, source))?;
    adopt(path).map_err(|source| file_error("rename", &fresh, source))?;
    let damage = Damage {
        cause,
        set_aside,
        salvaged,
    };
    warn!(cause = damage.cause, set_aside = %damage.set_aside.display(),
        "the relay's file is damaged; a new one goes on");
    Ok(damage)
}

/// What is wrong with the file, if anything is.
pub(super) fn examine(path: &Path) -> Result<Option<String>, StoreError> {
    let log_bytes = fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    match fs::metadata(path) {
        // SQLite would take it for a new file, and throw the log away.
        Ok(file) if file.len() == 0 && log_bytes > 0 => {
            return Ok(Some("it is empty, though its log is not".to_owned()));
        }
        Ok(file) if file.len() > 0 => {}
        Ok(_) | Err(_) => return Ok(None),
    }
    if let Some(cause) = header(path) {
        return Ok(Some(cause));
    }
    match inspect(path) {
        Err(StoreError::Sqlite(error)) if is_damage(&error) => Ok(Some(error.to_string())),
        inspected => inspected,
    }
}

/// The first bytes (<https://www.sqlite.org/fileformat.html>, 1.3): with others, SQLite would
/// take it for another kind of file, and leave the log out.
fn header(path: &Path) -> Option<String> {
    let mut head = [0; 100];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    match read {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Some("it is too short to be a database".to_owned())
        }
        // Whether it may be read at all is told when it is opened.
        Err(_) => None,
        Ok(()) if !head.starts_with(b"SQLite format 3\0") => {
            Some("it is no SQLite database".to_owned())
        }
        Ok(()) => {
            let tables_known = head[60..64] != [0; 4];
            (head[18..20] != [2, 2] && tables_known)
                .then(|| "its header is not the one it was given".to_owned())
        }
    }
}

fn inspect(path: &Path) -> Result<Option<String>, StoreError> {
    let db = open_to_read(path)?;
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > schema::VERSION {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found: version,
            known: schema::VERSION,
        });
    }
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if version < 0 || (version == 0) != (tables == 0) {
        return Ok(Some("its version makes no sense".to_owned()));
    }
    if let Some(cause) = broken_pages(&db, path)? {
        return Ok(Some(cause));
    }
    // Each table with the columns that every version had.
    for sql in salvage::TABLES
        .iter()
        .filter(|table| table.since <= version)
    {
        if let Err(error) = db.prepare(&sql.select("", "")) {
            return Ok(Some(error.to_string()));
        }
    }
    if version == schema::VERSION {
        // An index that misleads shows only to who follows it, and a start does.
        rows::count_waiting(&db)?;
        ring::bytes(&db)?;
        ring::tunnels(&db)?;
    }
    Ok(None)
}

/// What SQLite finds wrong in the pages of a file that is small enough to be read at each start.
fn broken_pages(db: &Connection, path: &Path) -> Result<Option<String>, StoreError> {
    let bytes = fs::metadata(path).map_or(0, |file| file.len());
    if bytes > crate::limits::CHECK_BYTES {
        return Ok(None);
    }
    check(db).map_err(StoreError::from)
}

/// What SQLite finds wrong in the pages, each of which is read.
pub(super) fn check(db: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // The first line only names the database.
    let cause = found.lines().rfind(|line| !line.starts_with("***"));
    Ok((found != "ok").then(|| cause.unwrap_or(&found).to_owned()))
}

/// What a new file is called until it takes the damaged one's place.
const FRESH: &str = ".new";

/// Puts a new file in its place, if there is one and the place is free.
fn adopt(path: &Path) -> std::io::Result<()> {
    let fresh = beside(path, FRESH);
    if !fresh.exists() {
        return Ok(());
    }
    if path.exists() {
        // Not complete: the old one was still here.
        return clear(&fresh);
    }
    fs::rename(&fresh, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn clear(path: &Path) -> std::io::Result<()> {
    for end in ["", "-wal", "-shm", "-journal"] {
        match fs::remove_file(beside(path, end)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Renames the file with what belongs to it.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let names = (1..).map(|number: u32| match number {
        1 => beside(path, &format!(".damaged-{now}")),
        number => beside(path, &format!(".damaged-{now}-{number}")),
    });
    let mut free = names.filter(|name| !name.exists());
    let to = free.next().unwrap_or_else(|| beside(path, ".damaged"));
    for end in ["", "-wal", "-shm"] {
        let from = beside(path, end);
        match fs::rename(&from, beside(&to, end)) {
            Err(error) if error.kind() == ErrorKind::NotFound && !end.is_empty() => {}
            Err(error) => {
                error!(%error, file = %from.display(), "it could not be set aside");
                return Err(error);
            }
            Ok(()) => {}
        }
    }
    Ok(to)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn file_error(what: &'static str, path: &Path, source: std::io::Error) -> RelayError {
    RelayError::File {
        what,
        path: path.to_owned(),
        source,
    }
}
