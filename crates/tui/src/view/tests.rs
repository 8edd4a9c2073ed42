//! Whole frames: as pictures, and as what must hold of any.

mod frames;
mod paint;
