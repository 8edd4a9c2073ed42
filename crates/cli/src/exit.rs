//! How the program ends, as a number for scripts.

use std::process::ExitCode;

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what it was asked to.
    Success,
    /// It failed for a reason of its own.
    Failure,
    /// What was typed or configured makes no sense.
    Usage,
    /// The token is missing, wrong, or not the owner.
    Auth,
    /// What was named does not exist.
    NotFound,
    /// The network or the relay is in the way.
    Network,
    /// Time was up.
    TimedOut,
    /// Ctrl-C, after work under way was finished.
    Interrupted,
    /// SIGTERM, after work under way was finished.
    Terminated,
}

impl Exit {
    /// The number itself; 128 plus the signal's number for signals, as shells have it.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Auth => 3,
            Self::NotFound => 4,
            Self::Network => 5,
            Self::TimedOut => 6,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.number().into()
    }
}
