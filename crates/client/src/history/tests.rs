//! The history as the driver and readers use it.

mod crowd;
mod damage;
mod full;
mod looking;
mod model;
mod penned;
mod reading;
mod replays;
mod road;
mod speed;
mod support;
