//! The program; all of it is in the library beside, where tests reach it.

use std::process::ExitCode;

// A delivery takes and frees some sixty pieces of memory, on two threads in the client: the
// system's allocator is a tenth of the processor time, and its lock keeps the threads waiting for
// each other. Without huge pages, which make a resting relay 7 MiB larger.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    kreel_cli::main()
}
