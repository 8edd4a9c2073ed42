//! A link against a scripted relay.
