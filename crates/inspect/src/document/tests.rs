//! Whole documents, as they are seen.
