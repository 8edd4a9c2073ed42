//! Who may use the machine: most stories run side by side, those that measure run alone.
//!
//! libtest gives each story a thread; a story holds its place for as long as that thread lives.

use std::cell::RefCell;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

static MACHINE: RwLock<()> = RwLock::new(());

thread_local! {
    static PLACE: RefCell<Place> = const { RefCell::new(Place::None) };
}

#[expect(dead_code, reason = "the guards are held, not read")]
enum Place {
    None,
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// Takes a place beside other stories, unless this one has a place already.
///
/// Whatever starts a process does this. It blocks the story's thread, on which nothing else runs.
pub(crate) fn share() {
    PLACE.with_borrow_mut(|place| {
        if matches!(place, Place::None) {
            *place = Place::Shared(MACHINE.read().unwrap_or_else(PoisonError::into_inner));
        }
    });
}

/// Waits until no other story runs, and keeps it so until this one ends.
pub(crate) fn alone() {
    PLACE.with_borrow_mut(|place| {
        if !matches!(place, Place::Alone(_)) {
            *place = Place::None;
            *place = Place::Alone(MACHINE.write().unwrap_or_else(PoisonError::into_inner));
        }
    });
}

/// How many files a story and each program it starts may have open: as many as the system lets it.
pub(crate) fn open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // What could not be raised is not.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
