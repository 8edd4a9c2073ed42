//! What the fuzz targets may throw bytes at. Built for them alone (`--cfg fuzzing`).

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::framing::{Framing, FramingLimits, Refusal};
use crate::proxies::read_protocol;

/// Small, so that a fuzzer reaches them.
const LIMITS: FramingLimits = FramingLimits {
    max_head_bytes: 1024,
    max_header_lines: 16,
};

/// Reads them as what a sender sends: however reads split it, the verdict is the same.
pub fn framing(bytes: &[u8]) {
    let whole = verdict(bytes, bytes.len().max(1));
    for run in [1, 2, 7] {
        assert_eq!(verdict(bytes, run), whole, "in runs of {run}");
    }
}

fn verdict(bytes: &[u8], run: usize) -> (Result<(), Refusal>, u64) {
    let mut framing = Framing::new(LIMITS);
    for piece in bytes.chunks(run) {
        let verdict = framing.advance(piece);
        assert!(framing.passable() <= piece.len(), "more passes than came");
        if verdict.is_err() {
            assert_eq!(framing.advance(b"x"), verdict, "what is refused stays so");
            return (verdict, framing.messages());
        }
        framing.orders().for_each(drop);
    }
    (Ok(()), framing.messages())
}

/// Reads them as the beginning of a proxy's connection: no byte behind the header is taken.
pub fn proxy_protocol(bytes: &[u8]) {
    let (end, used) = header(bytes);
    if end {
        let (again, used_again) = header(&bytes[..used]);
        assert!(again && used_again == used, "a header is one by itself");
    }
}

/// Whether there is one, and how many bytes were taken.
fn header(bytes: &[u8]) -> (bool, usize) {
    let mut rest = bytes;
    let is_one = {
        let read = pin!(read_protocol(&mut rest));
        match read.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read.is_ok(),
            Poll::Pending => unreachable!("bytes at hand are never waited for"),
        }
    };
    (is_one, bytes.len() - rest.len())
}
