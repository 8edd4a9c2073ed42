//! What several targets check, or what one checks at length.

use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use kreel_inspect::filter::{Filter, Flag, Flags, Subject};
use kreel_wire::{DeliveryId, HeadersBuilder, Wire, limits};

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

/// Asks a filter about deliveries of which all is known, and little: where it decides about the
/// second, it decides the same about the first.
pub fn filter(filter: &Filter) {
    let mut headers = HeadersBuilder::with_capacity(2);
    headers.push(b"content-type", b"application/json");
    headers.push(b"x-id", b"7");
    let headers = headers.build();
    let all = Subject {
        id: DeliveryId::from_bytes([7; 16]),
        seq: 12,
        tunnel: "my-app",
        method: "POST",
        target: b"/api/hook?x=1",
        headers: Some(&headers),
        body: Some(br#"{"status":"failed","n":[1,2.5,null,{"deep":[true]}]}"#),
        size_bytes: Some(52),
        received_at_us: 1_000_000_000,
        now_us: 1_300_000_000,
        status: Some(503),
        took: Some(Duration::from_millis(6500)),
        note: Some("look at this"),
        flags: Flags::default().with(Flag::Answered, true),
    };
    let little = Subject {
        headers: None,
        body: None,
        ..all
    };
    let (sure, unsure) = (filter.decide(&all), filter.decide(&little));
    assert_eq!(filter.matches(&all), sure == Some(true));
    assert!(
        unsure.is_none() || unsure == sure,
        "{unsure:?}, then {sure:?}"
    );
    assert!(filter.needs_body() || filter.needs_headers() || unsure == sure);
    let _ = (filter.required(), filter.without_required_words());
}
