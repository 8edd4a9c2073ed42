//! Files that were cut off, overwritten or written by a newer kreel, on either side: it is said,
//! the bytes stay as they were under a name that is told, and the service goes on.

mod history;
mod relay;

use std::path::{Path, PathBuf};

/// Noise that is the same each time.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}

/// The file that was set aside from here; there must be one, and only one.
fn set_aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap().to_str().unwrap();
    let prefix = format!("{name}.damaged-");
    let files = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let names = files.map(|file| file.unwrap().path());
    let mut aside: Vec<PathBuf> = names
        .filter(|file| {
            let name = file.file_name().unwrap().to_str().unwrap();
            name.starts_with(&prefix) && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .collect();
    assert_eq!(aside.len(), 1, "{aside:?}");
    aside.remove(0)
}
