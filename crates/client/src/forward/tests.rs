//! Attempts against small apps.
