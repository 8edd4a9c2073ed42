//! What the user wants of the client: the last of it waits until there is room for it.

use std::future::pending;

use kreel_client::Command;
use tokio::sync::mpsc;

/// The way of such commands, which others use as well, so that it may be full.
#[derive(Debug)]
pub(super) struct Orders {
    commands: mpsc::Sender<Command>,
    given: Option<Command>,
}

impl Orders {
    pub(super) fn to(commands: mpsc::Sender<Command>) -> Self {
        Self {
            commands,
            given: None,
        }
    }

    /// Gives a command, in place of one that was not taken yet.
    pub(super) fn give(&mut self, command: Command) {
        self.given = Some(command);
    }

    /// Waits until what was given is taken; never without anything. Cancelling the wait loses
    /// nothing.
    pub(super) async fn taken(&mut self) {
        if self.given.is_none() {
            return pending().await;
        }
        // A client that has ended needs no telling.
        let room = self.commands.reserve().await.ok();
        let given = self.given.take();
        if let (Some(room), Some(command)) = (room, given) {
            room.send(command);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_room_and_the_later_one_counts() {
        let (commands, mut commanded) = mpsc::channel(2);
        for _ in 0..2 {
            commands.try_send(Command::Hold).unwrap();
        }
        let mut orders = Orders::to(commands);
        orders.give(Command::Stop);
        let soon = timeout(Duration::from_millis(20), orders.taken()).await;
        assert!(soon.is_err(), "there is no room");
        orders.give(Command::StopNow);
        assert_eq!(commanded.recv().await, Some(Command::Hold));
        orders.taken().await;
        assert_eq!(commanded.recv().await, Some(Command::Hold));
        assert_eq!(commanded.recv().await, Some(Command::StopNow));
        drop(commanded);
        orders.give(Command::Stop);
        orders.taken().await;
        let nothing = timeout(Duration::from_millis(20), orders.taken()).await;
        assert!(nothing.is_err(), "nothing was given");
    }
}
