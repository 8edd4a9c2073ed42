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

/// The most an index over a tree may take: 44 MiB, so that it, a body of 50 MB and all the rest of
/// a client with a million deliveries stay within 150 MiB. A body of 50 MB with the usual 2.5 million
/// values takes about 40; what is beyond is shown as text, so that nothing is out of reach.
pub(crate) const INDEX_BYTES: usize = 44 * 1024 * 1024;

/// From this size on a body's index has its room from the start: 8 MiB, whose index may need more
/// than any allocator keeps for itself.
pub(crate) const LARGE_BYTES: usize = 8 * 1024 * 1024;

/// The most that is taken from the beginning of a large body to show at once: 64 KiB, several
/// screens of it, read in well under a millisecond.
pub(crate) const BEGINNING_BYTES: usize = 64 * 1024;

/// The most a compressed body may grow to: 64 MiB, above the largest body that is kept by default.
pub(crate) const DECODED_BYTES: u64 = 64 * 1024 * 1024;

/// The most that is unpacked of a body between two frames: 1 MiB, some milliseconds with the reading
/// of it.
pub(crate) const UNPACKED_AT_ONCE_BYTES: u64 = 1024 * 1024;

/// How much of a compressed body is unpacked to see what it is: 1 KiB.
pub(crate) const SNIFFED_BYTES: usize = 1024;

/// The longest row of text in bytes, before wrapping: 2 KiB, so that a line of 10 MB costs as
/// little to draw as many short ones.
pub(crate) const TEXT_ROW_BYTES: usize = 2 * 1024;

/// Each how-manieth row of text is noted: 64. A body of nothing but line ends then takes a
/// sixteenth of its size, and a row is found by looking at 128 KiB at the most.
pub(crate) const ROWS_PER_MARK: usize = 64;

/// The most parts of a multipart body that are told apart: 1,000, far above any form.
pub(crate) const PARTS: usize = 1_000;

/// The most header bytes of one part: 16 KiB; beyond it there is no header.
pub(crate) const PART_HEAD_BYTES: usize = 16 * 1024;

/// The most bytes a search may be for: 256, more than a line of any screen.
pub(crate) const NEEDLE_BYTES: usize = 256;

/// How much of what is inside a folded container is looked at for its row: 4 KiB, many widths.
pub(crate) const PREVIEW_BYTES: usize = 4 * 1024;

/// How many `%XX` are decoded at once: 1,024, so that of a field of 50 MB only that is decoded
/// which is seen.
pub(crate) const CODED_RUN: usize = 1_024;

/// How far one may go sideways: 1,000,000 columns, drawn in a few milliseconds.
pub(crate) const SIDEWAYS: usize = 1_000_000;

/// The most rows one movement goes: 10,000, some tens of milliseconds in wrapped text. The ends
/// are reached without counting.
pub(crate) const MOVE_ROWS: u64 = 10_000;

/// The deepest value whose path is told: 1,000 levels. It is built for every frame.
pub(crate) const PATH_LEVELS: u32 = 1_000;

/// The most characters that share one cell: 8. Living scripts need 4; floods of marks have more.
pub(crate) const CELL_CHARS: usize = 8;

/// How many bytes are looked at for one character with its marks: 128, ten times a usual one.
pub(crate) const CELL_BYTES: usize = 128;

/// A document of at most so many values starts unfolded: 200, ten small screens.
pub(crate) const SMALL_DOCUMENT: usize = 200;

/// In a larger one, containers of more values than this start folded: 50.
pub(crate) const LONG_CONTAINER: u32 = 50;

/// And so do those from this level on: 3.
pub(crate) const DEEP_LEVEL: u32 = 3;

/// How many steps of reading are taken between two looks at the cancel flag: 4,096.
pub(crate) const STEPS_PER_LOOK: usize = 4_096;

/// The largest body that is compared as JSON: 16 MiB, which takes about half a second to read.
pub(crate) const STRUCTURE_BYTES: usize = 16 * 1024 * 1024;

/// The most JSON values in one body that are compared one by one: 300,000.
///
/// At about 100 bytes each they take 30 MiB for either side, which an inspector may hold.
pub(crate) const STRUCTURE_VALUES: usize = 300_000;

/// How deep JSON may be nested to be compared by its structure: 128 levels.
///
/// Several times what webhooks have, and a fraction of what a thread's stack holds.
pub(crate) const STRUCTURE_DEPTH: usize = 128;

/// The largest text that is compared line by line: 8 MiB on either side.
pub(crate) const TEXT_BYTES: usize = 8 * 1024 * 1024;

/// The most lines that are compared, on either side: 100,000.
pub(crate) const TEXT_LINES: usize = 100_000;

/// How long the search for the smallest difference goes on: 300 ms.
///
/// After that a larger one is taken; it is as true, and the user does not wait.
pub(crate) const SEARCH: Duration = Duration::from_millis(300);

/// How much of one value is shown: 2 KiB, about a screen of 80 columns.
pub(crate) const SHOWN_BYTES: usize = 2 * 1024;

/// The most pairs of elements that are weighed against each other where an array has changed:
/// 10,000, that is a hundred by a hundred. Larger stretches are paired in order.
pub(crate) const PAIRINGS: usize = 10_000;

/// The longest body that a curl command carries as an argument: 96 KiB.
///
/// Linux takes at most 128 KiB in one argument; longer ones are piped in.
pub(crate) const ARGUMENT_BYTES: usize = 96 * 1024;

/// From which size on curl would ask before it sends a body: 1 KiB in its older versions.
pub(crate) const EXPECT_BYTES: usize = 1024;

/// How much of an answer's body is read for a cause: 64 KiB.
///
/// Error pages say what happened in their first screen; some carry a megabyte of sources.
pub(crate) const CAUSE_BYTES: usize = 64 * 1024;

/// How much of an app's own words is quoted: 160 characters, two lines of 80 columns.
pub(crate) const QUOTE_CHARS: usize = 160;

/// The most paths seen to work that are looked through for the one that was meant: 1,000.
pub(crate) const WORKED_PATHS: usize = 1_000;

/// The longest paths that are compared letter by letter: 512 bytes, since the work grows with
/// the square.
pub(crate) const LIKE_PATH_BYTES: usize = 512;

/// From when on an answer is slow: 5 s, half of what senders wait by default.
pub(crate) const SLOW: Duration = Duration::from_secs(5);

/// The largest JSON body in which a value is set: 16 MiB, as much as may be edited.
pub(crate) const SET_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The most steps of a path to a value that is set: 100; parsers go down to 128 levels.
pub(crate) const SET_STEPS: usize = 100;

/// From how many different keys on an object is taken for a map: 128. No type that somebody wrote
/// has as many fields; one with ids for keys soon has.
pub(crate) const TYPE_FIELDS: usize = 128;

/// The largest body that a type is found from: 16 MiB, read in well under a second.
pub(crate) const TYPE_BODY_BYTES: usize = 16 * 1024 * 1024;
