//! What every target checks: bytes are a message that survives its own encoding, or none.

use std::fmt::Debug;

use bytes::Bytes;
use kreel_wire::{Wire, limits};

/// Decodes; what comes out must encode within the limits, and decode to the same again.
pub fn check<M: Wire + Clone + PartialEq + Debug>(data: &[u8]) {
    let Ok(message) = M::decode(Bytes::copy_from_slice(data)) else {
        return;
    };
    let bytes = message.clone().encode();
    assert!(
        bytes.len() <= limits::MESSAGE_BYTES,
        "{} bytes",
        bytes.len()
    );
    let again = M::decode(bytes.clone()).expect("what was encoded decodes");
    assert_eq!(again, message);
    assert_eq!(again.encode(), bytes);
}
