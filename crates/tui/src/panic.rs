//! A hidden way to make the inspector panic, so that what happens then can be tested. Not there in
//! a release.

/// Panics if `KREEL_TEST_PANIC` names this place.
pub(crate) fn if_asked_to(place: &str) {
    if cfg!(debug_assertions)
        && std::env::var_os("KREEL_TEST_PANIC").is_some_and(|asked| asked == place)
    {
        panic!("KREEL_TEST_PANIC asked for it: {place}");
    }
}
