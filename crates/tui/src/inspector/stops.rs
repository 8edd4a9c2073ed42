//! Telling the client to stop: first in peace, then at once, and each of it for certain.

use kreel_client::Command;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

/// How often the client was told to stop.
#[derive(Debug, Default)]
pub(super) struct Stops {
    told: u32,
    /// It is to be told, and there was no room.
    is_due: bool,
}

impl Stops {
    /// The user wants it to stop, or not to wait any more.
    pub(super) fn ask(&mut self, commands: &Sender<Command>) {
        self.is_due = true;
        self.tell(commands);
    }

    /// Tells it what it could not be told before.
    pub(super) fn tell(&mut self, commands: &Sender<Command>) {
        if !self.is_due {
            return;
        }
        let command = match self.told {
            0 => Command::Stop,
            _ => Command::StopNow,
        };
        match commands.try_send(command) {
            Err(TrySendError::Full(_)) => return,
            // A client that is gone needs no telling.
            Ok(()) | Err(TrySendError::Closed(_)) => self.told += 1,
        }
        self.is_due = false;
    }

    /// Whether it is still to be told.
    pub(super) fn is_due(&self) -> bool {
        self.is_due
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    #[test]
    fn a_stop_for_which_there_is_no_room_is_told_later_and_counts_once() {
        let (commands, mut told) = mpsc::channel(1);
        commands.try_send(Command::Hold).unwrap();
        let mut stops = Stops::default();
        stops.ask(&commands);
        stops.ask(&commands);
        assert!(stops.is_due());
        assert_eq!(told.try_recv(), Ok(Command::Hold));
        stops.tell(&commands);
        assert_eq!(told.try_recv(), Ok(Command::Stop), "in peace at first");
        stops.tell(&commands);
        assert!(told.try_recv().is_err(), "and not again by itself");
        stops.ask(&commands);
        assert_eq!(told.try_recv(), Ok(Command::StopNow));
        drop(told);
        stops.ask(&commands);
        assert!(!stops.is_due(), "nobody is left to be told");
    }
}
