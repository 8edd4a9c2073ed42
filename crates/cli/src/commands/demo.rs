//! `kreel demo`: an app that asks Krea for things, with everyone it takes in one process: a stand-in
//! for Krea's API, the proxy in front of it, a relay, a client and the app's handler.
//!
//! Nothing is faked between them: the calls go through the proxy, and the webhooks over HTTPS to
//! the relay's public address and all the way to the handler. All of it is gone at the end.

mod app;
mod caller;
mod cast;
mod lines;
mod screen;

use std::io;

use self::cast::Cast;
use crate::args::DemoArgs;
use crate::exit::Exit;
use crate::log;
use crate::problem::{Code, Problem, Result};
use crate::runtime;
use crate::signals::Signals;
use crate::terminal::has_screen;

/// How much faster than life jobs are where someone watches: an image takes a quarter of a second,
/// a training half a minute.
const WATCHED: f64 = 40.0;

/// The same where nobody does: a training takes 3 s.
const UNWATCHED: f64 = 500.0;

/// Plays the demo: on a terminal in the inspector, until it is left.
pub(crate) fn run(args: &DemoArgs) -> Result<Exit> {
    let has_screen = has_screen();
    let in_inspector = has_screen && !args.no_tui && !args.once;
    let stays = has_screen && !args.once;
    log::start("error");
    runtime::on_this_thread()?.block_on(demo(in_inspector, stays))
}

async fn demo(in_inspector: bool, stays: bool) -> Result<Exit> {
    let mut signals = Signals::take()?;
    let speed = if stays { WATCHED } else { UNWATCHED };
    let folder = tempfile::tempdir().map_err(|error| refused(&error))?;
    let mut cast = Cast::gather(folder.path(), speed).await?;
    let result = match in_inspector {
        true => screen::play(&mut cast, &mut signals).await,
        false => lines::play(&mut cast, stays, &mut signals).await,
    };
    tokio::select! {
        () = cast.leave() => {}
        _ = signals.next() => {}
    }
    result
}

fn refused(error: &io::Error) -> Problem {
    Problem::new(
        Code::SystemRefused,
        "the demo can't start",
        error,
        "check that there is room in the folder for temporary files, and a free port",
    )
}

fn incomplete(why: &str) -> Problem {
    Problem::new(
        Code::DemoIncomplete,
        "the demo did not come through",
        why,
        "look for a firewall or a proxy that is in the way of connections to 127.0.0.1",
    )
}
