//! What decides who may post: heads with signatures, rules, and what proxies say.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kreel_relay::fuzz::rules(data));
