//! The verdicts on many raw requests: whole, split, at random, and in front of a real hyper.

mod accepted;
mod end_to_end;
mod faults;
mod gated;
mod generated;
mod random;

use super::{Framing, FramingLimits, Refusal, State};

use accepted::ACCEPTED;
use faults::faults;

/// Small, so that the tests can exceed them.
const LIMITS: FramingLimits = FramingLimits {
    max_head_bytes: 1024,
    max_header_lines: 16,
};

/// What a slow reading makes of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Reading {
    verdict: Result<(), Refusal>,
    /// How many messages began.
    messages: u64,
    /// The bodies of those that ended.
    bodies: Vec<Vec<u8>>,
}

/// Reads byte by byte, and gathers the bodies on the way.
fn read_slowly(raw: &[u8]) -> Reading {
    let mut framing = Framing::new(LIMITS);
    let mut bodies = Vec::new();
    let mut body = Vec::new();
    let mut verdict = Ok(());
    for byte in raw {
        if let State::Data { .. } = framing.state {
            body.push(*byte);
        }
        verdict = framing.advance(&[*byte]);
        if verdict.is_err() {
            break;
        }
        if framing.is_between_messages() || framing.is_awaiting_upgrade() {
            bodies.push(std::mem::take(&mut body));
        }
    }
    Reading {
        verdict,
        messages: framing.messages(),
        bodies,
    }
}

#[test]
fn whole_messages_are_accepted() {
    for (raw, bodies) in ACCEPTED {
        let reading = read_slowly(raw);
        assert_eq!(reading.verdict, Ok(()), "{}", raw.escape_ascii());
        assert_eq!(&reading.bodies, bodies, "{}", raw.escape_ascii());
        assert_eq!(reading.messages, bodies.len() as u64);
    }
}

#[test]
fn the_beginnings_of_messages_are_accepted() {
    for (raw, _) in ACCEPTED {
        for end in 0..raw.len() {
            assert_eq!(read_slowly(&raw[..end]).verdict, Ok(()));
        }
    }
}

#[test]
fn each_fault_has_its_refusal() {
    for fault in faults() {
        let reading = read_slowly(&fault.raw);
        let raw = fault.raw.escape_ascii();
        assert_eq!(reading.verdict, Err(fault.refusal), "{raw}");
        assert_eq!(reading.messages, fault.message, "{raw}");
    }
}

#[test]
fn what_just_fits_is_accepted() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    let rest = LIMITS.max_head_bytes - head.len() - b"\r\n\r\n".len();
    let full = format!("{head}{}\r\n\r\n", "x".repeat(rest));
    assert_eq!(full.len(), LIMITS.max_head_bytes);
    assert_eq!(read_slowly(full.as_bytes()).verdict, Ok(()));
    let more = format!("{head}{}\r\n\r\n", "x".repeat(rest + 1));
    assert!(read_slowly(more.as_bytes()).verdict.is_err());

    let others = "X: 1\r\n".repeat(LIMITS.max_header_lines - 1);
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{others}\r\n");
    assert_eq!(read_slowly(many.as_bytes()).verdict, Ok(()));
}
