//! Whole frames: as pictures, and as what must hold of any.

mod any;
mod frames;
mod paint;
