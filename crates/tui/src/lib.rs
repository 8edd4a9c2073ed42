//! The inspector: deliveries on a full screen.
//!
//! Reads from the history and from the updates of a running client, writes commands to it, and
//! keeps no truth of its own. Runs on threads of its own: nothing it does holds up a delivery.

mod action;
mod app;
mod apply;
mod clipboard;
mod command;
mod desk;
mod editor;
mod images;
mod inspector;
mod keys;
pub mod lens;
mod limits;
mod panic;
mod setup;
mod terminal;
#[cfg(test)]
mod testing;
mod theme;
mod view;

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use kreel_client::{Command, Update};
use tokio::sync::{mpsc, oneshot};

pub use images::{Images, UnknownImages};
use inspector::Lending;
pub use keys::{InvalidBinding, Key, KeyMap};
pub use setup::{Facts, Setup, Trigger};
pub use theme::Theme;

/// The inspector, on screen.
#[derive(Debug)]
pub struct Inspector {
    ended: oneshot::Receiver<io::Result<End>>,
    lent: Arc<Lending>,
    thread: Option<JoinHandle<()>>,
}

/// How the user left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By asking to quit, or because the client ended.
    Quit,
    /// By Ctrl-C.
    Interrupted,
    /// Something in the inspector itself went wrong; the terminal is as it was before.
    Failed,
}

impl Inspector {
    /// Takes over the terminal of standard input and output. It is given back when the channel of
    /// updates is closed, or when this is dropped.
    pub fn open(
        setup: Setup,
        commands: mpsc::Sender<Command>,
        updates: mpsc::Receiver<Update>,
    ) -> io::Result<Self> {
        let (end, ended) = oneshot::channel();
        let lent = Arc::<Lending>::default();
        let lending = lent.clone();
        let thread = thread::Builder::new()
            .name("inspector".into())
            .spawn(move || {
                // Nobody waits for the end any more: then nobody need know.
                let _ = end.send(inspector::run(setup, commands, updates, lending));
            })?;
        Ok(Self {
            ended,
            lent,
            thread: Some(thread),
        })
    }

    /// Whether another program has the terminal, so that Ctrl-C is meant for that: an editor.
    pub fn has_lent_terminal(&self) -> bool {
        self.lent.is_on()
    }

    /// Waits for its end. Cancelling the wait loses nothing.
    pub async fn ended(&mut self) -> io::Result<End> {
        let ended = (&mut self.ended).await;
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so, and sent nothing.
            let _ = thread.join();
        }
        ended.unwrap_or(Ok(End::Failed))
    }
}
