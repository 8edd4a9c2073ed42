//! Whole lines, compared with written-down ones.
