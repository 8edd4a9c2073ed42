//! The inspector on a terminal: real keys go in, and what is on the screen is looked at.

mod acting;
mod comparing;
pub(crate) mod detail;
mod editing;
mod escapes;
mod frame;
mod images;
mod leaving;
mod newcomer;
mod rows;
mod searching;
mod settings;
mod taking;
mod why;
