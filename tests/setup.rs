//! The first steps: without any set-up, with a login, in a shell and in a pipe.

mod alone;
mod demo;
mod inert;
mod login;
mod streams;
