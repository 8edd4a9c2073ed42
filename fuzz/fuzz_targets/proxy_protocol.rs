//! What a proxy may say before a connection's first byte.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kreel_relay::fuzz::proxy_protocol(data));
