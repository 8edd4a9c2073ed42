//! Heads in either direction, of whatever bytes.

use std::time::Duration;

use bytes::Bytes;
use kreel_wire::{ToClient, Wire as _};

use super::head::HeadRules;
use super::strict::{Answers, Fault};
use super::{Body, Work};
use crate::engine::Run;
use crate::{HostHeader, ReplayConfig};

/// Reads them as what an app sends: however reads split it, the same passes.
pub fn answers(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let to_head = first & 1 == 1;
    let whole = reading(bytes, bytes.len().max(1), to_head);
    for run in [1, 2, 7] {
        let (passed, fault) = reading(bytes, run, to_head);
        assert_eq!(fault, whole.1, "in runs of {run}");
        assert!(passed <= bytes.len() && whole.0 <= bytes.len());
    }
}

fn reading(bytes: &[u8], run: usize, to_head: bool) -> (usize, Option<Fault>) {
    let mut answers = Answers::default();
    answers.expect(to_head);
    let mut passed = 0;
    for piece in bytes.chunks(run) {
        let (bytes, fault) = answers.advance(piece);
        passed += bytes;
        if fault.is_some() {
            return (passed, fault);
        }
    }
    (passed, None)
}

/// Makes a request for the app of what may have come over a link, and looks at what it became.
pub fn head(bytes: &[u8]) {
    let Ok(ToClient::Request(request)) = ToClient::decode(Bytes::copy_from_slice(bytes)) else {
        return;
    };
    let work = Work {
        delivery: request.delivery,
        run: Run(1),
        attempt: 1,
        body: Body::Whole(Bytes::new()),
        reply: None,
        special: None,
        withheld: None,
    };
    let config = ReplayConfig {
        target: Some("http://127.0.0.1:3000/base".parse().expect("a target")),
        timeout: None,
        headers: Vec::new(),
        host_header: HostHeader::Preserve,
        insecure: false,
        grace: Duration::ZERO,
        at_once: 1,
    };
    let target = config.target.as_ref().expect("it has one");
    let rules = HeadRules::new(&config).expect("it is in order");
    let Ok(made) = rules.request(&work, 1, target, Body::Whole(request.body)) else {
        return;
    };
    assert!(made.uri().path().starts_with("/base"), "{:?}", made.uri());
    let headers = made.headers();
    assert!(headers.get_all("host").iter().count() <= 1);
    assert_eq!(headers.get_all("kreel-delivery-id").iter().count(), 1);
    assert!(headers.get_all("content-length").iter().count() <= 1);
    let is_framed_twice =
        headers.contains_key("content-length") && headers.contains_key("transfer-encoding");
    assert!(!is_framed_twice, "two lengths: {headers:?}");
    for value in headers.values() {
        assert!(!value.as_bytes().iter().any(|byte| b"\r\n\0".contains(byte)));
    }
}
