//! Files of settings, the user's and a relay's.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(text) = str::from_utf8(data) {
        kreel_cli::fuzz::settings(text);
    }
});
