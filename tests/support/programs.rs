//! Programs and abilities that a story needs and a machine may lack.

use std::env;
use std::io::{Write as _, stderr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

static SKIPPED: AtomicUsize = AtomicUsize::new(0);

/// Where the program is, if it is there.
pub(crate) fn look(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Where the program is. Without it the story must end, which has been said then.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let found = look(name);
    if found.is_none() {
        missing(&format!("{name}, which is not installed"));
    }
    found
}

/// Says that a story can't go on for want of this. CI must run every story, so there it fails.
pub(crate) fn missing(needs: &str) {
    assert!(
        env::var_os("CI").is_none(),
        "CI must run every story, and this one needs {needs}"
    );
    skipped(needs);
}

/// Says that a story is skipped for want of this, past libtest's capture, and counts it.
pub(crate) fn skipped(needs: &str) {
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    let thread = std::thread::current();
    let story = thread.name().unwrap_or("a story");
    let _ = writeln!(
        stderr(),
        "\n*** SKIPPED ({count} so far): {story} needs {needs} ***\n"
    );
}
