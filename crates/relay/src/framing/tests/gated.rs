//! What comes out of a gate, read without hyper.

use std::io::{Cursor, IoSlice};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{ACCEPTED, LIMITS, Refusal, faults};
use crate::framing::gate::POISON;
use crate::framing::{Gate, GatedIo, Refused};

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";

/// Reads to the end through a gate, in pieces of so many bytes.
async fn read_all(socket: impl AsyncRead + Unpin, room: usize) -> (Vec<u8>, Gate) {
    let mut gated = GatedIo::new(socket, LIMITS);
    let mut all = Vec::new();
    let mut buffer = vec![0; room];
    loop {
        match gated.read(&mut buffer).await.unwrap() {
            0 => return (all, gated.gate()),
            bytes => all.extend_from_slice(&buffer[..bytes]),
        }
    }
}

#[tokio::test]
async fn good_bytes_pass_as_they_are() {
    for (raw, _) in ACCEPTED {
        for room in [1, 7, 4096] {
            let (passed, gate) = read_all(Cursor::new(raw), room).await;
            assert_eq!(&passed, raw);
            assert_eq!(gate.refused(), None);
        }
    }
}

#[tokio::test]
async fn poison_takes_the_place_of_what_is_refused() {
    for fault in faults() {
        for room in [1, 7, 4096] {
            let (passed, gate) = read_all(Cursor::new(&fault.raw), room).await;
            let sound = passed.strip_suffix(POISON).unwrap();
            assert!(fault.raw.starts_with(sound) && sound.len() < fault.raw.len());
            let refused = gate.refused().unwrap();
            assert_eq!(
                (refused.refusal, refused.message),
                (fault.refusal, fault.message)
            );
        }
    }
}

#[tokio::test]
async fn a_whole_read_passes_only_the_messages_before() {
    let good = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
    let raw = [good, HEAD, b"2\r\nhi\r\nx\r\n"].concat();
    let (passed, gate) = read_all(Cursor::new(raw), 4096).await;
    assert_eq!(passed, [good, POISON].concat());
    assert_eq!(
        gate.refused().unwrap().to_string(),
        "message 2: a chunk's size line is malformed"
    );
}

#[tokio::test]
async fn a_later_read_passes_what_comes_before_the_line() {
    let socket = HEAD.chain(&b"2\r\nhi\r\nx\r\nmore"[..]);
    let (passed, _) = read_all(socket, 4096).await;
    assert_eq!(passed, [HEAD, b"2\r\nhi\r\n", POISON].concat());
}

#[tokio::test]
async fn nothing_is_read_after_a_refusal() {
    let mut later = Cursor::new(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let socket = (&b"GET\n"[..]).chain(&mut later);
    let (passed, _) = read_all(socket, 4096).await;
    assert_eq!(passed, POISON);
    assert_eq!(later.position(), 0);
}

#[tokio::test]
async fn after_an_accepted_upgrade_all_passes() {
    let mut gated = GatedIo::new(UPGRADE.chain(&b"\0\n\r whatever"[..]), LIMITS);
    let mut head = vec![0; UPGRADE.len()];
    gated.read_exact(&mut head).await.unwrap();
    assert_eq!(gated.gate().accept_upgrade(), Ok(()));
    let mut rest = Vec::new();
    gated.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\0\n\r whatever");
}

#[tokio::test]
async fn an_upgrade_cannot_be_accepted_after_bytes_that_came_too_early() {
    let (passed, gate) = read_all(UPGRADE.chain(&b"\x81\x80"[..]), 4096).await;
    assert_eq!(passed, [UPGRADE, POISON].concat());
    assert_eq!(gate.accept_upgrade(), Err(Refusal::BeforeUpgrade));
    let (refusal, message) = (Refusal::BeforeUpgrade, 1);
    assert_eq!(gate.refused(), Some(Refused { refusal, message }));
}

#[tokio::test]
async fn a_claimed_upgrade_does_not_open_the_gate_for_other_messages() {
    let mut gated = GatedIo::new(HEAD.chain(&b"x\r\n"[..]), LIMITS);
    gated.gate().accept_upgrade().unwrap();
    let mut all = Vec::new();
    gated.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, [HEAD, POISON].concat());
}

#[tokio::test]
async fn writes_pass_through() {
    let (near, mut far) = tokio::io::duplex(64);
    let mut gated = GatedIo::new(near, LIMITS);
    assert!(gated.is_write_vectored());
    let parts = [IoSlice::new(b"one "), IoSlice::new(b"two")];
    assert_eq!(gated.write_vectored(&parts).await.unwrap(), 7);
    gated.write_all(b" three").await.unwrap();
    gated.shutdown().await.unwrap();
    let mut all = String::new();
    far.read_to_string(&mut all).await.unwrap();
    assert_eq!(all, "one two three");
}
