//! Sizes and deadlines of the link protocol, each with its reason.
//!
//! Both ends hold each other to these; what only one end limits stands in that crate.

use std::time::Duration;

/// The largest piece of a body in one message: 64 KiB.
///
/// Small enough that a webhook behind it on a 10 Mbit/s uplink waits 50 ms, large enough that
/// the cost of a frame vanishes against the cost of copying it.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// The credit a receiver grants each exchange at its start: 256 KiB.
///
/// Four chunks on their way keep a loopback or a continental link (20 ms) busy at 100 Mbit/s;
/// it is also all that a stalled reader can make the other end hold for it.
pub const WINDOW_BYTES: u32 = 256 * 1024;

/// What a body message costs beside its bytes: 64 bytes of credit.
///
/// Without it a peer could send a window's worth of one-byte messages, each of which takes
/// about this much memory while it waits.
pub const MESSAGE_COST_BYTES: u32 = 64;

/// How much consumed credit a receiver gathers before it grants it again: a quarter window.
///
/// Fewer messages than one per chunk, and the sender still never runs dry while it is read.
pub const CREDIT_STEP_BYTES: u32 = WINDOW_BYTES / 4;

/// The largest head (method, target, names and values together): 128 KiB.
///
/// Twice what the relay takes from senders, since an app's answer may carry more cookies
/// than any webhook carries headers.
pub const HEAD_BYTES: usize = 128 * 1024;

/// The most header lines in one head: 512, several times what browsers and proxies send.
pub const HEADER_COUNT: usize = 512;

/// The largest websocket message: a full head, a full chunk and the framing around them.
pub const MESSAGE_BYTES: usize = HEAD_BYTES + CHUNK_BYTES + 16 * 1024;

/// The largest text a peer may send for people to read (reasons, versions): 1 KiB.
pub const TEXT_BYTES: usize = 1024;

/// The most acknowledgements in one message: 4,096, that is at most 40 KiB.
pub const ACKS: usize = 4096;

/// The most exchanges open on one link: 16,384.
///
/// Ten thousand senders that wait for one slow app, and some room. Each costs little until a body
/// is under way on it; what bodies may hold at once is a budget of either end's own.
pub const EXCHANGES: usize = 16_384;

/// The longest time a client may have senders wait for its app: a day.
///
/// No sender waits so long; it keeps deadlines within what a clock can count.
pub const WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long either end waits for the other's part of the handshake: 10 s.
///
/// Two round trips over a bad mobile network, and short enough that a silent peer is told of
/// before its user gives up.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

/// How often each end pings the other: 4 s.
pub const HEARTBEAT: Duration = Duration::from_secs(4);

/// How long a link may be silent before it counts as dead: 11 s.
///
/// Two lost pings and the time for a third; a dead link must be noticed within 15 s.
pub const SILENCE: Duration = Duration::from_secs(11);
