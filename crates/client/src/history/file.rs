//! Opening the file: made if it is absent, set aside if it is damaged, left alone if it is of a
//! newer kreel.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::is_damage;
use super::lock::{make_folder, opening, private};
use super::{HistoryError, schema};

/// A connection, and which file it is to.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) db: Connection,
    /// The file in use.
    pub(super) path: PathBuf,
    /// The file the user wants, the same unless that is of a newer kreel.
    pub(super) wanted: PathBuf,
    identity: Option<Identity>,
}

/// A damaged file that was set aside, untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it was.
    pub from: PathBuf,
    /// Where it is now.
    pub to: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// A file of a newer kreel that was left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// The file.
    pub path: PathBuf,
    /// Its version.
    pub found: i64,
    /// The newest version this program knows.
    pub known: i64,
    /// The file that is used instead.
    pub used: PathBuf,
}

/// What was found on opening that the user should be told.
#[derive(Debug, Default)]
pub(super) struct Notice {
    pub(super) set_aside: Option<SetAside>,
    pub(super) newer: Option<Newer>,
}

/// Which file a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

/// Why a file can't be used as it is.
enum Unfit {
    Damaged(String),
    Newer(i64),
    Error(HistoryError),
}

impl OpenFile {
    /// Opens the history a user wants.
    pub(super) fn open(wanted: &Path) -> Result<(Self, Notice), HistoryError> {
        let folder = wanted.parent().unwrap_or(Path::new("."));
        make_folder(folder).map_err(failed("make the folder", folder))?;
        let lock = opening(wanted).map_err(failed("lock", wanted))?;
        let mut notice = Notice::default();
        let mut path = wanted.to_owned();
        let db = loop {
            match fit(&path) {
                Ok(db) => break db,
                Err(Unfit::Damaged(why)) if notice.set_aside.is_none() => {
                    notice.set_aside = Some(set_aside(&path, why)?);
                }
                Err(Unfit::Newer(found)) if notice.newer.is_none() => {
                    let used = own_version(wanted);
                    notice.newer = Some(Newer {
                        path,
                        found,
                        known: schema::VERSION,
                        used: used.clone(),
                    });
                    path = used;
                }
                Err(unfit) => return Err(unfit.into_error(&path)),
            }
        };
        drop(lock);
        let open = Self {
            db,
            identity: identity(&path),
            wanted: wanted.to_owned(),
            path,
        };
        Ok((open, notice))
    }

    /// Whether its path leads to another file by now, or to none: somebody has set it aside.
    pub(super) fn is_gone(&self) -> bool {
        self.identity.is_some() && identity(&self.path) != self.identity
    }

    /// Opens the history anew. If it is damaged and nobody has set it aside, that is done first.
    pub(super) fn reopen(self, why: &str) -> Result<(Self, Notice), HistoryError> {
        let Self {
            db,
            path,
            wanted,
            identity: was,
        } = self;
        // As it is: closing it would fold its log in. What can't be closed is closed all the same.
        keep_log(&db);
        let _ = db.close();
        let lock = opening(&wanted).map_err(failed("lock", &wanted))?;
        let set_aside = match was.is_some() && identity(&path) == was {
            true => Some(set_aside(&path, why.to_owned())?),
            false => None,
        };
        drop(lock);
        let (open, mut notice) = Self::open(&wanted)?;
        notice.set_aside = set_aside.or(notice.set_aside);
        Ok((open, notice))
    }
}

/// Opens a history to read it, if there is one. Nothing is set aside. If it is of a newer kreel,
/// it is the one this program has beside it.
pub(super) fn existing(wanted: &Path) -> Result<Option<(Connection, PathBuf)>, HistoryError> {
    match readable(wanted) {
        Err(Unfit::Newer(found)) => match readable(&own_version(wanted)) {
            Ok(Some(db)) => Ok(Some((db, own_version(wanted)))),
            Ok(None) => Err(Unfit::Newer(found).into_error(wanted)),
            Err(unfit) => Err(unfit.into_error(&own_version(wanted))),
        },
        Ok(db) => Ok(db.map(|db| (db, wanted.to_owned()))),
        Err(unfit) => Err(unfit.into_error(wanted)),
    }
}

fn readable(path: &Path) -> Result<Option<Connection>, Unfit> {
    match fs::metadata(path) {
        Ok(file) if file.len() > 0 => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed("read", path)(source).into()),
    }
    if let Some(why) = broken_header(path).map_err(failed("read", path))? {
        return Err(Unfit::Damaged(why));
    }
    let looked = || {
        let db = Connection::open_with_flags(path, flags())?;
        schema::prepare(&db)?;
        let version = schema::version(&db)?;
        Ok((db, version))
    };
    match looked() {
        Ok((_, version)) if version > schema::VERSION => Err(Unfit::Newer(version)),
        // Somebody is just making it.
        Ok((_, 0)) => Ok(None),
        Ok((db, version)) if version == schema::VERSION => Ok(Some(db)),
        Ok((mut db, _)) => {
            let migrated = schema::migrate(&mut db);
            migrated.map_err(|error| HistoryError::of(path, error))?;
            Ok(Some(db))
        }
        Err(error) => Err(HistoryError::of(path, error).into()),
    }
}

/// The file beside a newer one that this program uses.
pub(super) fn own_version(wanted: &Path) -> PathBuf {
    wanted.with_extension(format!("v{}.db", schema::VERSION))
}

/// Opens a file that is as it should be. The caller keeps others from doing the same.
fn fit(path: &Path) -> Result<Connection, Unfit> {
    private()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| Unfit::Error(failed("open", path)(source)))?;
    if let Some(why) = broken_header(path).map_err(failed("read", path))? {
        return Err(Unfit::Damaged(why));
    }
    let checked = || {
        let mut db = Connection::open_with_flags(path, flags())?;
        keep_log(&db);
        schema::prepare(&db)?;
        let version = schema::version(&db)?;
        if version > schema::VERSION {
            return Ok(Err(Unfit::Newer(version)));
        }
        if version == 0 && has_tables(&db)? {
            let why = "it holds tables that are not kreel's".to_owned();
            return Ok(Err(Unfit::Damaged(why)));
        }
        schema::migrate(&mut db)?;
        schema::glance(&db)?;
        // It is sound: whoever closes it last may tidy up.
        let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        Ok(Ok(db))
    };
    match checked() {
        Ok(result) => result,
        Err(error) if is_damage(&error) || is_foreign(&error) => {
            Err(Unfit::Damaged(error.to_string()))
        }
        Err(error) => Err(HistoryError::of(path, error).into()),
    }
}

/// A file that may be damaged, or is another's, is left as it is, and its log beside it.
fn keep_log(db: &Connection) {
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

/// Each connection is used by one thread at a time; the file is there.
fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn has_tables(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| {
        row.get(0)
    })
}

/// A table or column is not there: the file is none of ours, or a part of one.
fn is_foreign(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::Unknown)
        || matches!(error, rusqlite::Error::QueryReturnedNoRows)
}

/// What is wrong with the file's first bytes or its length, if anything is. The length is only
/// known to be wrong while there is no log that may hold the rest.
fn broken_header(path: &Path) -> io::Result<Option<String>> {
    let mut head = Vec::with_capacity(HEADER_BYTES);
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.take(HEADER_BYTES as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(None);
    }
    if head.len() < HEADER_BYTES || !head.starts_with(MAGIC) {
        return Ok(Some("it does not begin like a SQLite file".to_owned()));
    }
    let page_bytes = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let pages = u32::from_be_bytes([head[28], head[29], head[30], head[31]]);
    let log = fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    let expected = u64::from(pages) * page_bytes;
    if log == 0 && length < expected {
        return Ok(Some(format!(
            "it is cut off: {length} of {expected} bytes are left"
        )));
    }
    Ok(None)
}

/// Gives a file another name, with what belongs to it. Its log goes first: without its file it
/// does no harm, the other way round SQLite would throw it away.
fn set_aside(path: &Path, why: String) -> Result<SetAside, HistoryError> {
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut to = beside(path, &format!(".damaged-{now}"));
    for again in 2.. {
        if !to.exists() {
            break;
        }
        to = beside(path, &format!(".damaged-{now}-{again}"));
    }
    for part in ["-wal", "-shm", ""] {
        let from = beside(path, part);
        match fs::rename(&from, beside(&to, part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("set aside", &from)(error));
            }
            _ => {}
        }
    }
    Ok(SetAside {
        from: path.to_owned(),
        to,
        why,
    })
}

/// The path with something behind its name.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> HistoryError {
    let path = path.to_owned();
    move |source| HistoryError::File { what, path, source }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(path).ok()?;
    Some(Identity(file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}

impl Unfit {
    fn into_error(self, path: &Path) -> HistoryError {
        let path = path.to_owned();
        match self {
            Self::Damaged(why) => HistoryError::Damaged { path, why },
            Self::Newer(found) => HistoryError::Newer {
                path,
                found,
                known: schema::VERSION,
            },
            Self::Error(error) => error,
        }
    }
}

impl From<HistoryError> for Unfit {
    fn from(error: HistoryError) -> Self {
        Self::Error(error)
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the history {} is damaged: {}; it is {} now, and a new one is begun; `sqlite3 {} .recover` saves what can be saved",
            self.from.display(),
            self.why,
            self.to.display(),
            self.to.display(),
        )
    }
}

impl fmt::Display for Newer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the history {} is of a newer kreel (version {}, this kreel knows {}); it is left alone, and {} is used; update kreel to have them in one",
            self.path.display(),
            self.found,
            self.known,
            self.used.display(),
        )
    }
}

/// How every SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// The size of the header of a SQLite file.
const HEADER_BYTES: usize = 100;
