//! Heads for the app, of what came over a link.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kreel_client::fuzz::head(data));
