//! The inspector on a terminal: real keys go in, and what is on the screen is looked at.

mod acting;
mod comparing;
mod detail;
mod escapes;
mod frame;
mod leaving;
mod rows;
mod searching;
mod taking;
mod why;
