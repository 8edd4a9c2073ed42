//! Tokens: 256 random bits each, kept as their SHA-256 and looked up by it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};

use super::folder::{database, file};
use super::{private, schema};
use crate::error::{RelayError, StoreError};

/// The tokens in a relay's data folder. Works beside a running relay, which notices within a
/// second.
#[derive(Debug)]
pub struct Tokens {
    connection: Connection,
}

/// A token as it may be shown: without the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub id: i64,
    /// Its name, unique among those not revoked.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a client last opened a link with it.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// What it may do.
    pub scope: Scope,
    /// When it stops being good by itself.
    pub expires_at: Option<Timestamp>,
}

/// What a token may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Open tunnels.
    #[default]
    Listen,
    /// That, and read the relay's metrics.
    Admin,
}

impl Scope {
    /// Its name, in the file and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Admin => "admin",
        }
    }

    /// The scope of this name in the file. What nobody knows may do least.
    pub(super) fn kept(name: Option<&str>) -> Self {
        match name {
            Some("admin") => Self::Admin,
            _ => Self::Listen,
        }
    }
}

/// What is asked of a token's row, in this order.
const COLUMNS: &str = "id, name, created_at, last_used_at, revoked_at,
    (SELECT scope FROM token_terms WHERE token_id = id),
    (SELECT expires_at FROM token_terms WHERE token_id = id)";

impl Tokens {
    /// Opens the relay's file in this folder, making both if they are absent.
    pub fn open(data: &Path) -> Result<Self, RelayError> {
        let path = database(data)?;
        Ok(Self {
            connection: schema::open(&path)?,
        })
    }

    /// The same, but makes nothing: a folder that was mistyped shall not come into being.
    pub fn open_existing(data: &Path) -> Result<Self, RelayError> {
        match file(data).exists() {
            true => Self::open(data),
            false => Err(RelayError::Absent {
                path: data.to_owned(),
            }),
        }
    }

    /// Makes a token for listening and returns its text, which nothing can tell a second time.
    pub fn create(&self, name: &str) -> Result<String, RelayError> {
        self.create_with(name, Scope::Listen, None)
    }

    /// Makes a token that may do this, until then.
    pub fn create_with(
        &self,
        name: &str,
        scope: Scope,
        expires_at: Option<Timestamp>,
    ) -> Result<String, RelayError> {
        if name.is_empty() || name.chars().any(is_invisible) {
            return Err(RelayError::TokenName {
                name: name.to_owned(),
            });
        }
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(|error| RelayError::File {
            what: "read random bits from",
            path: PathBuf::from("the system"),
            source: error.into(),
        })?;
        let token = format!("kreel_{}", BASE64_URL_SAFE_NO_PAD.encode(bits));
        if scope == Scope::Listen && expires_at.is_none() {
            self.add(name, &token)?;
            return Ok(token);
        }
        // Both or nothing: a token shall never be more than it was made for.
        let both = self.connection.unchecked_transaction();
        let both = both.map_err(StoreError::from)?;
        self.add(name, &token)?;
        let terms = both.execute(
            "INSERT INTO token_terms (token_id, scope, expires_at)
             SELECT id, ?2, ?3 FROM token WHERE hash = ?1",
            params![
                hash(&token),
                scope.as_str(),
                expires_at.map(Timestamp::as_millisecond)
            ],
        );
        terms
            .and_then(|_| both.commit())
            .map_err(StoreError::from)?;
        Ok(token)
    }

    /// Every token, revoked ones too, oldest first.
    pub fn list(&self) -> Result<Vec<TokenRow>, RelayError> {
        let mut statement = self
            .connection
            .prepare(&format!("SELECT {COLUMNS} FROM token ORDER BY id"))
            .map_err(StoreError::from)?;
        let rows = statement.query_map([], row).map_err(StoreError::from)?;
        Ok(rows.collect::<Result<_, _>>().map_err(StoreError::from)?)
    }

    /// Revokes the token with this name or number. Links that use it end within a second.
    pub fn revoke(&self, name_or_id: &str) -> Result<TokenRow, RelayError> {
        let revoked = self
            .connection
            .query_row(
                &format!(
                    "UPDATE token SET revoked_at = ?2
                     WHERE revoked_at IS NULL AND (name = ?1 OR CAST(id AS TEXT) = ?1)
                     RETURNING {COLUMNS}"
                ),
                params![name_or_id, Timestamp::now().as_millisecond()],
                row,
            )
            .optional()
            .map_err(StoreError::from)?;
        revoked.ok_or_else(|| RelayError::NoSuchToken {
            name: name_or_id.to_owned(),
        })
    }

    pub(super) fn db(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn db_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Adds a token whose text is known, unless it is there already.
    pub(crate) fn add(&self, name: &str, token: &str) -> Result<(), RelayError> {
        let added = self.connection.execute(
            "INSERT INTO token (name, hash, created_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (hash) DO NOTHING",
            params![name, hash(token), Timestamp::now().as_millisecond()],
        );
        match added {
            Ok(_) => Ok(()),
            Err(error) if is_conflict(&error) => Err(RelayError::TokenExists {
                name: name.to_owned(),
            }),
            Err(error) => Err(StoreError::from(error).into()),
        }
    }

    /// This name, or the first of `name-2`, `name-3`… that no valid token has.
    pub(crate) fn free_name(&self, name: &str) -> Result<String, RelayError> {
        let rows = self.list()?;
        let taken = |name: &String| {
            rows.iter()
                .any(|row| row.revoked_at.is_none() && row.name == *name)
        };
        let numbered = (2..).map(|number: u32| format!("{name}-{number}"));
        let free = std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| !taken(name));
        Ok(free.unwrap_or_default())
    }

    /// Whether there is no token at all, not even a revoked one.
    pub(crate) fn is_empty(&self) -> Result<bool, RelayError> {
        let any = self
            .connection
            .query_row("SELECT EXISTS (SELECT 1 FROM token)", [], |row| row.get(0));
        Ok(!any.map_err(StoreError::from)?)
    }
}

/// Makes the token in this file valid. Makes the file, and a token for it, if it is absent.
pub(crate) fn token_from_file(tokens: &Tokens, name: &str, path: &Path) -> Result<(), RelayError> {
    let failed = |what| {
        move |source| RelayError::File {
            what,
            path: path.to_owned(),
            source,
        }
    };
    match std::fs::read_to_string(path) {
        Ok(text) => {
            let token = text.trim();
            let visible = token.bytes().all(|byte| byte.is_ascii_graphic());
            if token.len() < 20 || !visible {
                return Err(RelayError::TokenFile {
                    path: path.to_owned(),
                });
            }
            tokens.add(&tokens.free_name(name)?, token)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut file = private()
                .write(true)
                .create_new(true)
                .open(path)
                .map_err(failed("make"))?;
            let token = tokens.create(&tokens.free_name(name)?)?;
            writeln!(file, "{token}")
                .and_then(|()| file.sync_all())
                .map_err(failed("write"))
        }
        Err(error) => Err(failed("read")(error)),
    }
}

/// What a token is looked up by.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

fn row(row: &Row<'_>) -> rusqlite::Result<TokenRow> {
    let time =
        |millis: Option<i64>| millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    Ok(TokenRow {
        id: row.get(0)?,
        name: row.get(1)?,
        created_at: time(row.get(2)?).unwrap_or_default(),
        last_used_at: time(row.get(3)?),
        revoked_at: time(row.get(4)?),
        scope: Scope::kept(row.get::<_, Option<String>>(5)?.as_deref()),
        expires_at: time(row.get(6)?),
    })
}

/// Whether a character would make a list of names lie: controls, and those that turn the
/// direction of a text or take no room (Unicode 16, section 23.2).
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        )
}

fn is_conflict(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_shown_once_and_kept_as_a_hash() {
        let folder = std::env::temp_dir().join(format!("kreel-tokens-{}", std::process::id()));
        let absent = Tokens::open_existing(&folder);
        assert!(matches!(absent, Err(RelayError::Absent { .. })) && !folder.exists());
        let tokens = Tokens::open(&folder).unwrap();
        assert!(tokens.is_empty().unwrap());
        Tokens::open_existing(&folder).unwrap();
        let token = tokens.create("laptop").unwrap();
        assert_eq!(token.len(), "kreel_".len() + 43);
        assert!(matches!(
            tokens.create("laptop"),
            Err(RelayError::TokenExists { .. })
        ));
        let file = std::fs::read(folder.join("relay.db")).unwrap();
        let log = std::fs::read(folder.join("relay.db-wal")).unwrap_or_default();
        for bytes in [file, log] {
            assert!(
                !bytes
                    .windows(token.len())
                    .any(|part| part == token.as_bytes())
            );
        }
        for name in ["", "a\u{1b}[31m", "a\nb", "a\u{202e}b"] {
            let refused = tokens.create(name);
            assert!(
                matches!(refused, Err(RelayError::TokenName { .. })),
                "{name:?}"
            );
        }
        let revoked = tokens.revoke("laptop").unwrap();
        assert!(revoked.revoked_at.is_some());
        assert!(matches!(
            tokens.revoke("laptop"),
            Err(RelayError::NoSuchToken { .. })
        ));
        tokens.create("laptop").unwrap();
        assert_eq!(tokens.list().unwrap().len(), 2);
        assert_eq!(tokens.revoke("2").unwrap().name, "laptop");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
