//! What a sender may send, as HTTP/1.1.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kreel_relay::fuzz::framing(data));
