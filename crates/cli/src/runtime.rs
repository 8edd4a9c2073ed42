//! The threads that serve connections.

use std::thread;

use tokio::runtime::{Builder, Runtime};

use crate::problem::{Code, Problem, Result};

/// A runtime on this thread alone: nothing is handed from thread to thread, which is what costs
/// time when little is going on.
pub(crate) fn on_this_thread() -> Result<Runtime> {
    build(&mut Builder::new_current_thread())
}

/// A runtime with this many threads; with one it is this thread.
pub(crate) fn on_threads(count: usize) -> Result<Runtime> {
    match count {
        0 | 1 => on_this_thread(),
        count => build(Builder::new_multi_thread().worker_threads(count)),
    }
}

/// How many threads serve a relay best: half the processors, since the kernel's side of the
/// network needs the other half, and past 8 the locks between them cost more than they bring.
pub(crate) fn usual_threads() -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    (processors / 2).clamp(1, 8)
}

/// How many sockets' news are taken in before the tasks they concern have their turn: 8. With
/// more, a crowd's requests move as one wave, and sender, relay, client and app each wait while
/// the others work on all of it; 64 senders then see a tenth fewer answers a second.
const EVENTS: usize = 8;

fn build(builder: &mut Builder) -> Result<Runtime> {
    let builder = builder.enable_all().max_io_events_per_tick(EVENTS);
    builder.build().map_err(|error| {
        Problem::new(
            Code::SystemRefused,
            "kreel can't start",
            error,
            "check the limits on open files and processes (`ulimit -a`)",
        )
    })
}
