//! Ports for programs that can't be told to take any.

use std::net::TcpListener;
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Where they are: below those that Linux gives to whoever asks for any, which would be taken by
/// somebody else before a program that starts slowly has its own.
const PORTS: Range<u16> = 12_000..32_000;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A port nobody has, and nobody else is given.
pub(crate) fn free_port() -> u16 {
    let count = PORTS.end - PORTS.start;
    // Another run at the same time begins elsewhere.
    let begin = (std::process::id() * 67 % u32::from(count)) as u16;
    for _ in 0..count {
        let next = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start + begin.wrapping_add(next) % count;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("none of the ports {PORTS:?} is free");
}
