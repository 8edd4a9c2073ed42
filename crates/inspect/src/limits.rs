//! Sizes, counts and deadlines of what is done with deliveries, each with its reason.

use std::time::Duration;

/// The longest filter: 4 KiB, fifty times what anybody types.
pub(crate) const FILTER_BYTES: usize = 4 * 1024;

/// How deep a filter may be nested, saved filters in it included: 64, far within any stack.
pub(crate) const FILTER_DEPTH: usize = 64;

/// How much of a body words are looked for in: 64 KiB, as much as the history's index holds.
pub(crate) const WORDS_BYTES: usize = 64 * 1024;

/// The largest body a jq program is run over: 1 MiB. Parsing it takes some 10 ms; webhooks with
/// more carry files, not facts.
pub(crate) const JQ_BODY_BYTES: usize = 1024 * 1024;

/// How deep JSON may be nested for a jq program: 128, as other parsers have it.
pub(crate) const JQ_BODY_DEPTH: usize = 128;

/// How many steps a jq program may take over one body: 200,000, a few tens of milliseconds.
pub(crate) const JQ_STEPS: u32 = 200_000;

/// How long a jq program may take over one body, whatever its steps do: 100 ms.
pub(crate) const JQ_TIME: Duration = Duration::from_millis(100);

/// After how many steps the clock is looked at: 256, some microseconds.
pub(crate) const JQ_CLOCK_STEPS: u32 = 256;

/// How much stack a jq program without loops may take: 256 KiB of the caller's, of which threads
/// have at least 2 MiB.
pub(crate) const JQ_STACK_BYTES: usize = 256 * 1024;

/// The stack on which programs are compiled and those with loops run: 64 MiB of addresses; only
/// what is used is taken from memory. The steps above can't nest values deeper than it bears.
pub(crate) const JQ_DEEP_STACK_BYTES: usize = 64 * 1024 * 1024;

/// The greatest number a jq program may multiply by: 1,000, since text times a number repeats it.
pub(crate) const JQ_FACTOR: u32 = 1_000;
