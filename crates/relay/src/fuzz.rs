//! What the fuzz targets may throw bytes at. Built for them alone (`--cfg fuzzing`).

use std::net::{IpAddr, Ipv4Addr};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderMap, HeaderName, HeaderValue};
use kreel_signatures::Key;
use kreel_wire::rules::{RulesChange, Scheme};
use kreel_wire::{Scheme as Way, Verdict};

use crate::framing::{Framing, FramingLimits, Refusal};
use crate::proxies::{ForwardedHeader, Origin, Proxies, read_protocol};
use crate::rules::{Kept, Posting};

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

/// Reads them as what decides who may post: signatures, rules, or who a proxy says it is; which of
/// them the first byte tells.
pub fn rules(bytes: &[u8]) {
    match bytes.split_first() {
        Some((0, head)) => signatures(&lines(head)),
        Some((1, change)) => change_of_rules(change),
        Some((2, head)) => origin(&lines(head)),
        _ => {}
    }
}

/// Lines of a head: `name: value`. What can't be one is left out.
fn lines(bytes: &[u8]) -> HeaderMap {
    let mut head = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            head.append(name, value);
        }
    }
    head
}

/// Nobody who lacks the secret comes to a good verdict, and the same head always comes to the same.
fn signatures(head: &HeaderMap) {
    for scheme in Scheme::ALL {
        // Base64 for the one that wants that; a key nobody could write a signature of by chance.
        let Ok(key) = Key::new(scheme, "c2VjcmV0IG9mIHRoZSBmdXp6ZXIgYWxvbmU=") else {
            unreachable!("it is a secret");
        };
        let verdict = || {
            let mut check = match key.check(head, 1_700_000_000) {
                Ok(check) => check,
                Err(verdict) => return verdict,
            };
            check.update(b"a body");
            check.finish()
        };
        assert_ne!(verdict(), Verdict::Good, "{scheme:?}");
        assert_eq!(verdict(), verdict(), "{scheme:?}");
    }
}

/// A change that is taken is kept, read again as it was, and shows no secret.
fn change_of_rules(bytes: &[u8]) {
    let Ok(change) = serde_json::from_slice::<RulesChange>(bytes) else {
        // Nor is it what the file has.
        if let Ok(text) = str::from_utf8(bytes) {
            Posting::default().set(Some(text));
        }
        return;
    };
    if change.check().is_err() {
        return;
    }
    let kept = Kept::default().changed(&change, [[1; 16], [2; 16]]);
    let Some(text) = kept.write() else {
        assert_eq!(kept, Kept::default(), "nothing is set");
        return;
    };
    assert_eq!(Kept::read(&text), Some(kept), "{text}");
    let posting = Posting::default();
    posting.set(Some(&text));
    assert!(posting.rules().is_some(), "it is in force");
}

/// Whoever is not listed is believed nothing, and no other header than the one that counts.
fn origin(head: &HeaderMap) {
    let peer = Origin {
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        scheme: Way::Http,
    };
    let nobody = Proxies::default();
    assert_eq!(nobody.origin(peer, head), peer);
    let Ok(network) = "10.0.0.0/8".parse() else {
        unreachable!("it is a network");
    };
    for (header, others) in [
        (ForwardedHeader::XForwardedFor, &["forwarded"][..]),
        (
            ForwardedHeader::Forwarded,
            &["x-forwarded-for", "x-forwarded-proto"],
        ),
    ] {
        let proxies = Proxies {
            networks: vec![network],
            header,
            ..Proxies::default()
        };
        let found = proxies.origin(peer, head);
        let mut less = head.clone();
        for other in others {
            less.remove(*other);
        }
        assert_eq!(found, proxies.origin(peer, &less), "{header:?}");
    }
}
