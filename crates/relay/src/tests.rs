//! A whole relay on loopback, with senders and clients that are scripted byte for byte.

mod edges;
mod hostile;
mod past;
mod senders;
mod support;
