//! Sizes, counts and deadlines of the inspector, each with its reason.

use std::time::Duration;

/// How often news are drawn at the most, keys aside: 25 times a second, which looks like at once
/// and leaves the processor to the deliveries.
pub(crate) const FRAME: Duration = Duration::from_millis(40);

/// How long after a key what it has asked for is drawn as soon as it is found, and how often at the
/// most: somebody waits for it. 8 ms is half of what a key may take.
pub(crate) const AWAITED: Duration = Duration::from_millis(150);
pub(crate) const AWAITED_FRAME: Duration = Duration::from_millis(8);

/// How often the rows are looked up while news come in: as often as they are drawn, or so seldom
/// that looking takes a fifth of a processor.
pub(crate) const REFRESH: Duration = FRAME;
pub(crate) const REFRESH_REST: u32 = 4;

/// How often it is asked whether another process has written the history: a user who marks a row in
/// one window looks at the other a moment later.
pub(crate) const OTHERS: Duration = Duration::from_millis(250);

/// How long something is done at a desk before that is told: 100 ms, below which it is at once.
pub(crate) const WORK_IS_SEEN: Duration = Duration::from_millis(100);

/// How long a toast stays: long enough to be read, short enough to be of the present.
pub(crate) const TOAST: Duration = Duration::from_secs(5);

/// Rows looked up on either side of those on screen: ten screens of 40, so that leafing through
/// finds the next page at hand.
pub(crate) const MARGIN: usize = 400;

/// How long one look into the history may take before it says how far it got.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// Bodies up to this size are read before anything of them is shown: 1 MiB, some milliseconds.
pub(crate) const AT_ONCE_BYTES: u64 = 1024 * 1024;

/// How much of a large body stays while it is read again: 64 KiB, several screens.
pub(crate) const BEGINNING_BYTES: usize = 64 * 1024;

/// From this size on a body has pages of its own: 4 MiB, a thousand pages. Below it, what an
/// allocator keeps for later does not count.
pub(crate) const OWN_PAGES_BYTES: usize = 4 * 1024 * 1024;

/// The largest body that is read into memory to be looked at: 64 MiB, above the 50 MiB a relay
/// takes by default. Of a larger one the beginning is shown.
pub(crate) const SHOWN_BYTES: u64 = 64 * 1024 * 1024;

/// How much is read of the system's list of sockets: 1 MiB, some 7,000 of them. Those that listen
/// stand at its head.
pub(crate) const SOCKETS_BYTES: u64 = 1024 * 1024;

/// What goes to the clipboard: 512 KiB; several terminals cut or ignore longer sequences.
pub(crate) const CLIPBOARD_BYTES: usize = 512 * 1024;

/// How many found things may wait for the screen: it takes all of them each turn.
pub(crate) const FOUND: usize = 64;

/// The longest text that is typed on a line: 4 KiB, more than a person types.
pub(crate) const TYPED_BYTES: usize = 4096;

/// How long an editor may take to end once kreel does: 500 ms, enough to restore a terminal. Then it
/// is killed.
pub(crate) const EDITOR_ENDS: Duration = Duration::from_millis(500);

/// How long after an editor has ended a Ctrl-C counts as meant for it: 250 ms. The signal that has
/// ended it comes to kreel, too, on another thread.
pub(crate) const AFTER_LENDING: Duration = Duration::from_millis(250);

/// How long after kreel was woken a stop counts as the one before: 250 ms. Editor and kreel are
/// stopped by one Ctrl-Z, which is told twice.
pub(crate) const AFTER_WAKING: Duration = Duration::from_millis(250);

/// Toasts shown one above the other.
pub(crate) const TOASTS: usize = 3;

/// Rows a search keeps at the most, those nearest to the user: 2,000, some screens on either side.
pub(crate) const FOUND_ROWS: usize = 2000;

/// Rows on either side of the user that a search looks at again each time: 48, what is on screen.
pub(crate) const NEAR_ROWS: usize = 48;

/// How many of the newest deliveries a search looks at again when something has changed: 500, more
/// than can be running at once. Older ones have had their answers.
pub(crate) const UNSETTLED: i64 = 500;

/// The longest side of an image that is decoded: 8,192 pixels, twice that of large screens.
pub(crate) const PICTURE_SIDE: u32 = 8192;

/// The longest side of an image as it is kept: 1,024 pixels. That is 4 MiB at the most, and 6 MiB on
/// the way to a terminal, which takes them in while the user waits.
pub(crate) const PICTURE_KEPT_SIDE: u32 = 1024;

/// How much memory decoding an image may take: 64 MiB. A small file can claim any size.
pub(crate) const PICTURE_BYTES: u64 = 64 * 1024 * 1024;

/// How many deliveries that wait to be decided about are remembered for their sign: 8,192, twice as
/// many as a client lets wait.
pub(crate) const GATED: usize = 8192;
