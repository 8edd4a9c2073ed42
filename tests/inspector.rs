//! The inspector on a terminal: real keys go in, and what is on the screen is looked at.

mod frame;
