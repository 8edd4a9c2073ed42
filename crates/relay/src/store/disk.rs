//! Whether the disk has room. Some of it is left free, so that what waits can leave again: to
//! settle a delivery takes room in the file's log, and to fold the log in takes room in the file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::limits::{DISK_FREE_BYTES, DISK_FREE_SHARE, DISK_LOOK};

/// The disk a folder is on.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
    began: Instant,
    /// When it was looked at last, in milliseconds from the beginning, and one.
    looked_at_ms: AtomicU64,
    is_low: AtomicBool,
}

impl Disk {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            began: Instant::now(),
            looked_at_ms: 0.into(),
            is_low: false.into(),
        }
    }

    /// Whether something may be put on it. Looks from time to time only.
    pub(super) fn has_room(&self) -> bool {
        let now = millis(self.began.elapsed()) + 1;
        let looked_at = self.looked_at_ms.load(Ordering::Relaxed);
        if looked_at == 0 || now.saturating_sub(looked_at) >= millis(DISK_LOOK) {
            self.looked_at_ms.store(now, Ordering::Relaxed);
            self.is_low.store(self.look(), Ordering::Relaxed);
        }
        !self.is_low.load(Ordering::Relaxed)
    }

    /// Whether too little is free. A system that does not say is taken at its word when it writes.
    #[cfg(unix)]
    fn look(&self) -> bool {
        rustix::fs::statvfs(&self.folder).is_ok_and(|disk| {
            let share = disk.f_blocks / DISK_FREE_SHARE;
            disk.f_bavail.saturating_mul(disk.f_frsize)
                < DISK_FREE_BYTES.min(share.saturating_mul(disk.f_frsize))
        })
    }

    /// How much of it is free, if the system says.
    #[cfg(unix)]
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.folder).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    #[cfg(not(unix))]
    pub(super) fn free_bytes(&self) -> Option<u64> {
        None
    }

    #[cfg(not(unix))]
    fn look(&self) -> bool {
        let _ = &self.folder;
        false
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
