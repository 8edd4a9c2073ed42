//! Servers that run until they are told to stop, and tell what they do.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::exit::Exit;
use crate::signals::Signals;
use crate::terminal::print;

/// How long the last lines have to be printed: 500 ms. A reader that stands still gets no more.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Whoever prints what happens.
#[derive(Debug)]
pub(crate) struct Teller(oneshot::Receiver<()>);

impl Teller {
    /// Prints each event on a thread of its own: a terminal that stands still must not hold up
    /// calls.
    pub(crate) fn start<E: Send + 'static>(
        mut events: mpsc::Receiver<E>,
        line: impl Fn(&E) -> String + Send + 'static,
    ) -> Self {
        let (end, ended) = oneshot::channel();
        std::thread::spawn(move || {
            while let Some(event) = events.blocking_recv() {
                if print(&line(&event)).is_err() {
                    break;
                }
            }
            drop(end);
        });
        Self(ended)
    }

    /// Waits for what is still to be printed, but not for ever.
    pub(crate) async fn finish(self) {
        let _ = tokio::time::timeout(LAST_LINES, self.0).await;
    }
}

/// Serves until the first signal, then lets what is under way end, unless a second one comes.
/// What serving came to, if it came to its end, and how the program ends.
pub(crate) async fn until_stopped<T>(
    serving: impl Future<Output = T>,
    stop: oneshot::Sender<()>,
    signals: &mut Signals,
) -> (Option<T>, Exit) {
    tokio::pin!(serving);
    let signal = tokio::select! {
        served = &mut serving => return (Some(served), Exit::Success),
        signal = signals.next() => signal,
    };
    let _ = stop.send(());
    tokio::select! {
        served = &mut serving => (Some(served), signal.exit()),
        _ = signals.next() => (None, signal.exit()),
    }
}
