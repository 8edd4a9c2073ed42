//! A yardstick: the least that carries HTTP over one websocket to an app, without routing, limits,
//! deadlines or screen; with the least of a record if one is wanted, otherwise without.
//!
//! What it reaches on a machine is about what a tunnel of this kind can reach there. Its two ends
//! are processes of this program.

mod client;
mod message;
mod record;
mod relay;

pub(crate) use client::serve as client;
pub(crate) use relay::serve as relay;

use anyhow::Result;
use bytes::Bytes;
use futures_util::{Sink, SinkExt};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_tungstenite::tungstenite::{Error, Message};

/// What either end runs on: one thread that takes in as few sockets' news at a time as kreel's do.
pub(crate) fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .max_io_events_per_tick(EVENTS)
        .build()
}

/// How many: 8, which suits 64 senders best.
const EVENTS: usize = 8;

/// Writes what comes, as many messages as there are before each flush.
async fn write(
    mut link: impl Sink<Message, Error = Error> + Unpin,
    mut messages: UnboundedReceiver<Bytes>,
) -> Result<()> {
    while let Some(message) = messages.recv().await {
        link.feed(Message::Binary(message)).await?;
        // Others that are about to send have their turn first.
        tokio::task::yield_now().await;
        while let Ok(message) = messages.try_recv() {
            link.feed(Message::Binary(message)).await?;
        }
        link.flush().await?;
    }
    Ok(())
}
