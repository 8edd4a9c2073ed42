//! The client against a scripted relay.
