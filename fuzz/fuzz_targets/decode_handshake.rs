//! The first message of either end.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    kreel_fuzz::check::<kreel_wire::Hello>(data);
    kreel_fuzz::check::<kreel_wire::WelcomeOrReject>(data);
});
