//! What must hold for each command there is, found by walking from help to help, so that none can
//! be forgotten: streams that close, manual pages, and completion in real shells.

mod completion;
mod pages;
mod streams;
mod tree;
