//! A copy of a relay's file, taken while the relay may be running: whole, and as it was at one
//! moment.

use std::path::Path;

use super::folder::file;
use super::{private, schema};
use crate::error::{RelayError, StoreError};

/// Copies the file of the relay in this folder to a new file, its owner's alone; returns its size
/// in bytes.
pub fn backup(data: &Path, to: &Path) -> Result<u64, RelayError> {
    let from = file(data);
    if !from.exists() {
        return Err(RelayError::Absent {
            path: data.to_owned(),
        });
    }
    let failed = |what| {
        move |source| RelayError::File {
            what,
            path: to.to_owned(),
            source,
        }
    };
    // SQLite writes into an empty file; this one nobody else can read.
    let made = private().write(true).create_new(true).open(to);
    let made = made.map_err(failed("make"))?;
    let copied = copy(&from, to).inspect_err(|_| {
        let _ = std::fs::remove_file(to);
    });
    copied?;
    made.sync_all().map_err(failed("write"))?;
    Ok(made.metadata().map_err(failed("read"))?.len())
}

fn copy(from: &Path, to: &Path) -> Result<(), RelayError> {
    let db = schema::open(from)?;
    let to = to.to_string_lossy();
    let copied = db.execute("VACUUM INTO ?1", [to.as_ref()]);
    copied
        .map(|_| ())
        .map_err(|error| StoreError::from(error).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Tokens;

    #[test]
    fn a_copy_is_a_relays_file_of_its_own() {
        let data = std::env::temp_dir().join(format!("kreel-backup-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&data);
        let (to, elsewhere) = (data.join("copy.db"), data.join("elsewhere"));
        assert!(matches!(backup(&data, &to), Err(RelayError::Absent { .. })));
        let tokens = Tokens::open(&data).unwrap();
        tokens.create("laptop").unwrap();
        let bytes = backup(&data, &to).unwrap();
        assert_eq!(std::fs::metadata(&to).unwrap().len(), bytes);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&to).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(
            matches!(backup(&data, &to), Err(RelayError::File { .. })),
            "nothing is written over"
        );
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::rename(&to, elsewhere.join("relay.db")).unwrap();
        let rows = Tokens::open_existing(&elsewhere).unwrap().list().unwrap();
        assert_eq!(rows, tokens.list().unwrap());
        std::fs::remove_dir_all(&data).unwrap();
    }
}
