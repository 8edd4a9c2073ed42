//! What a relay may send to a client.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kreel_fuzz::check::<kreel_wire::ToClient>(data));
