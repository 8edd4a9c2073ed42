//! The inspector: deliveries on a full screen.
//!
//! Reads from the history and from the updates of a running client, writes commands to it, and
//! keeps no truth of its own.
