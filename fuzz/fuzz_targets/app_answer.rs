//! What an app may answer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kreel_client::fuzz::answers(data));
