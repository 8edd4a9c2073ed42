//! The filter language, against one delivery.
#![no_main]

use kreel_inspect::filter::Filter;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match Filter::parse(text) {
        Ok(filter) => kreel_fuzz::filter(&filter),
        Err(error) => assert!(!error.pointed_at(text).is_empty()),
    }
});
