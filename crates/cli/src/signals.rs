//! Ctrl-C and SIGTERM: the first asks for a clean end, the second for an end at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;
use crate::problem::{Code, Problem, Result};

/// The signals that end the program.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// Ctrl-C, or SIGINT from elsewhere.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signals {
    /// Takes the signals over from the system's default, within a runtime.
    pub(crate) fn take() -> Result<Self> {
        let take = |kind| signal(kind);
        let both = take(SignalKind::interrupt()).and_then(|interrupt| {
            Ok(Self {
                interrupt,
                terminate: take(SignalKind::terminate())?,
            })
        });
        both.map_err(unavailable)
    }

    /// SIGHUP: read the settings again.
    pub(crate) fn hangups() -> Result<Signal> {
        signal(SignalKind::hangup()).map_err(unavailable)
    }

    /// SIGUSR2: hand over to the program that is installed now.
    pub(crate) fn upgrades() -> Result<Signal> {
        signal(SignalKind::user_defined2()).map_err(unavailable)
    }

    /// The next one. Cancelling the wait loses none.
    pub(crate) async fn next(&mut self) -> Received {
        tokio::select! {
            _ = self.interrupt.recv() => Received::Interrupt,
            _ = self.terminate.recv() => Received::Terminate,
        }
    }
}

fn unavailable(error: std::io::Error) -> Problem {
    Problem::new(
        Code::SystemRefused,
        "kreel can't listen for signals",
        error,
        "report this, with the name of your operating system",
    )
}

impl Received {
    /// How the program ends because of it.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::Terminate => Exit::Terminated,
        }
    }
}
