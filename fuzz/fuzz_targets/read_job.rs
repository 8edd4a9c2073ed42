//! A webhook's body, read as a job and annotated.
#![no_main]

use kreel_krea::{Reading, annotate};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let reading = Reading::of(data);
    for note in annotate(&reading) {
        assert!(!note.to_string().is_empty() && !note.code().is_empty());
    }
    // What any parser takes for JSON is never told to be none.
    if serde_json::from_slice::<serde_json::Value>(data).is_ok() {
        assert!(!matches!(reading, Reading::NotJson(_) | Reading::Empty));
    }
    assert_eq!(reading, Reading::of(data), "the same bytes read the same");
});
