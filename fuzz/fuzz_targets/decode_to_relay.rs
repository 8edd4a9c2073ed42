//! What a client may send to a relay.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kreel_fuzz::check::<kreel_wire::ToRelay>(data));
