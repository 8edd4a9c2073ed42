//! The state of the connection to the relay, and how patient this client is with it.

use std::pin::Pin;
use std::time::Duration;

use kreel_socket::MessageSocket;
use kreel_wire::Welcome;
use tokio::time::{Instant, Sleep};

use crate::LinkError;
use crate::dial::Stream;
use crate::limits::{FIRST_TRIES, FIRST_TRIES_TIME};
use crate::link::Link;
use crate::link::backoff::Backoff;

type Connecting = dyn Future<Output = Result<(MessageSocket<Stream>, Welcome), LinkError>> + Send;

/// The connection to the relay.
pub(super) enum Line {
    /// None is wanted.
    Off,
    /// One is being made.
    Connecting(Pin<Box<Connecting>>),
    /// There is one.
    Up { link: Box<Link>, since: Instant },
    /// The last one failed or ended; the next is made when this is over.
    Pausing(Pin<Box<Sleep>>),
}

/// How often it was tried, and how long to wait.
#[derive(Debug)]
pub(super) struct Patience {
    started: Instant,
    was_ever_connected: bool,
    tries: u32,
    backoff: Backoff,
}

/// What to do about a fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Trying again can't help, or the user should look at it first.
    GiveUp,
    /// Trying again may help.
    Pause { pause: Duration, attempt: u32 },
}

impl Patience {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            started: now,
            was_ever_connected: false,
            tries: 0,
            backoff: Backoff::new(),
        }
    }

    /// A connection is being made: which try this is since the last link.
    pub(super) fn begin(&mut self) -> u32 {
        self.tries += 1;
        self.tries
    }

    /// It was made.
    pub(super) fn connected(&mut self) {
        self.was_ever_connected = true;
        self.tries = 0;
    }

    /// It ended after so long.
    pub(super) fn lost(&mut self, lasted: Duration) {
        self.backoff.note_link(lasted);
    }

    /// What to do about a fault. Before there was ever a link, the options are the likely
    /// cause, and their user still looks at the terminal: a few tries, then the fault is told.
    pub(super) fn judge(&mut self, error: &LinkError, now: Instant, random: u32) -> Verdict {
        let give_up = if self.was_ever_connected {
            error.is_fatal_later()
        } else {
            error.is_fatal()
                || self.tries >= FIRST_TRIES
                || now.duration_since(self.started) >= FIRST_TRIES_TIME
        };
        if give_up {
            return Verdict::GiveUp;
        }
        Verdict::Pause {
            pause: self.backoff.pause(random),
            attempt: self.tries + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untrusted() -> LinkError {
        let cause = "expired".to_owned();
        LinkError::CertificateNotTrusted { cause }
    }

    #[test]
    fn the_first_connection_is_tried_thrice() {
        let now = Instant::now();
        let mut patience = Patience::new(now);
        for attempt in [2, 3] {
            patience.begin();
            let verdict = patience.judge(&LinkError::Closed, now, 0);
            assert!(matches!(verdict, Verdict::Pause { attempt: a, .. } if a == attempt));
        }
        patience.begin();
        assert_eq!(patience.judge(&LinkError::Closed, now, 0), Verdict::GiveUp);
    }

    #[test]
    fn a_slow_fault_is_told_after_the_first_try() {
        let now = Instant::now();
        let mut patience = Patience::new(now);
        patience.begin();
        let later = now + FIRST_TRIES_TIME;
        assert_eq!(
            patience.judge(&LinkError::Closed, later, 0),
            Verdict::GiveUp
        );
    }

    #[test]
    fn what_has_worked_is_tried_for_ever_unless_it_is_forbidden() {
        let now = Instant::now();
        let mut patience = Patience::new(now);
        assert_eq!(patience.judge(&untrusted(), now, 0), Verdict::GiveUp);
        patience.begin();
        patience.connected();
        for _ in 0..100 {
            patience.begin();
            let verdict = patience.judge(&untrusted(), now, 0);
            assert!(matches!(verdict, Verdict::Pause { .. }));
        }
        assert_eq!(patience.judge(&LinkError::Revoked, now, 0), Verdict::GiveUp);
    }
}
