//! Sizes, counts and deadlines of the client's own, each with its reason.
//!
//! What both ends of a link hold each other to stands in [`kreel_wire::limits`].

use std::time::Duration;

/// How long a TCP connection to the relay (or a proxy) may take: 8 s.
///
/// Three tries of the system's SYN (at 0, 1 and 3 s) and their answers over a bad network.
pub(crate) const RELAY_CONNECT: Duration = Duration::from_secs(8);

/// How long the rest may take, up to the websocket: proxy, TLS and upgrade, 8 s in all.
pub(crate) const RELAY_UPGRADE: Duration = Duration::from_secs(8);

/// How long one address may keep the next one from being tried: 250 ms (RFC 8305, section 5).
pub(crate) const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// The most addresses of one name that are tried: 8, four of each family.
pub(crate) const ADDRESSES: usize = 8;

/// The largest head a proxy may answer `CONNECT` with: 8 KiB, many times what they send.
pub(crate) const PROXY_HEAD_BYTES: usize = 8 * 1024;

/// The largest answer about tunnels and their rules: 4 MiB, a thousand tunnels with some networks
/// each.
pub(crate) const RULES_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// The largest answer to `health` or `whoami` that is read: 16 KiB, a hundred times its size.
pub(crate) const PROBE_BYTES: usize = 16 * 1024;

/// How often the first connection is tried before the user is told to look: 3.
pub(crate) const FIRST_TRIES: u32 = 3;

/// How long the first connection is tried at the most: 5 s, before patience ends.
pub(crate) const FIRST_TRIES_TIME: Duration = Duration::from_secs(5);

/// The first pause before a reconnect: 100 ms, so that a relay's restart is hardly noticed.
pub(crate) const BACKOFF_FIRST: Duration = Duration::from_millis(100);

/// The longest pause before a reconnect: 10 s, so that a laptop waking up is soon back.
pub(crate) const BACKOFF_CAP: Duration = Duration::from_secs(10);

/// How long a link must have lasted for the pauses to start anew: 30 s.
pub(crate) const STABLE: Duration = Duration::from_secs(30);

/// How long saying goodbye to the relay may take: 1 s; it changes nothing any more.
pub(crate) const FAREWELL: Duration = Duration::from_secs(1);

/// How many heads and small answers wait for the link: 256, 16 MiB if all are full.
pub(crate) const URGENT_LANE: usize = 256;

/// How many body pieces wait for the link: 16, that is 1 MiB; beyond that apps wait.
pub(crate) const BULK_LANE: usize = 16;

/// How many grants of credit wait for the link. Each exchange can have a window's worth on its
/// way, one grant per step, so this can't be full while the relay keeps to its credit.
pub(crate) const CREDIT_LANE: usize = 2
    * kreel_wire::limits::EXCHANGES
    * (kreel_wire::limits::WINDOW_BYTES / kreel_wire::limits::CREDIT_STEP_BYTES) as usize;

/// How many messages are read from the link before attempts and writing have their turn: 16, so
/// that the app is at work on some of a crowd while the rest is still being read.
pub(crate) const READ_RUN: usize = 16;

/// The most attempts running at once: 512, half of the descriptors a shell usually grants.
pub(crate) const ATTEMPTS: usize = 512;

/// The most replays running at once, in all: 16. Enough to press an app on the same machine, and too
/// few to be in the way of live deliveries, which have [`ATTEMPTS`] of their own.
pub(crate) const REPLAYS_AT_ONCE: usize = 16;

/// The most replays running at once where there is nothing else to do, as in `kreel replay`: 128, as
/// many as [`IDLE_CONNECTIONS`], so that each finds a connection that was used before.
pub(crate) const MOST_REPLAYS_AT_ONCE: usize = 128;

/// How many commands to replay wait at the most, one delivery each: 256, more than anyone asks for
/// by hand; whoever replays a whole history asks for the next when one is done.
pub(crate) const REPLAYS: usize = 256;

/// How often one command replays a delivery at the most: 100,000, an hour of a quick app. Each is a
/// row in the history, where one delivery can have a million.
pub(crate) const REPLAY_TIMES: u32 = 100_000;

/// How much an edited body may have: 16 MiB, more than an editor is pleasant with. It is held in
/// memory, unlike a delivery's own.
pub(crate) const EDITED_BYTES: usize = 16 * 1024 * 1024;

/// How much edited bodies that wait may have in all: 64 MiB.
pub(crate) const EDITED_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// How much of an edited body is kept with each attempt: 1 MiB from its beginning, so that a
/// thousand replays of one do not fill the history.
pub(crate) const EDITED_KEPT_BYTES: usize = 1024 * 1024;

/// How often progress of replays, and the number of those held, are told: every 100 ms, as often as
/// an eye can follow.
pub(crate) const TOLD_AGAIN: Duration = Duration::from_millis(100);

/// How many other targets of replays keep their connections: 8.
pub(crate) const OTHER_TARGETS: usize = 8;

/// The most deliveries waiting for the app: as many as a link has exchanges, some 1 KB each; of
/// their bodies no more than [`HELD_BYTES`] is held. Further live ones are not taken, so that they
/// come again later; the queued ones are bounded by the exchanges of the link.
pub(crate) const WAITING: usize = kreel_wire::limits::EXCHANGES;

/// After how many deaths of the app a promised delivery no longer holds up those behind it: 5.
///
/// With the pauses that is 15 s: a development server has restarted. One that brings the app down
/// each time is attempted again and again, with longer pauses, while the others go on.
pub(crate) const TRIES: u32 = 5;

/// The pause before the second of these attempts: 1 s; each further one is twice as long.
pub(crate) const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The longest of these pauses: 1 min.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How many of those waiting in the history are taken into memory at a time: 512, half a second
/// of a quick app; a summary is some 200 bytes.
pub(crate) const BACKLOG_PAGE: usize = 512;

/// How few of them may be left before more are asked for: 128.
pub(crate) const BACKLOG_LOW: usize = 128;

/// How much may wait to be written into the history before the link is read no further: 8 MiB.
pub(crate) const HISTORY_QUEUED_BYTES: usize = 8 * 1024 * 1024;

/// How much of bodies that wait for the app is held in memory, in all: 8 MiB. Others are read
/// from the history when their turn comes.
pub(crate) const HELD_BYTES: usize = 8 * 1024 * 1024;

/// How much of an answer's body is kept in the history: 256 KiB from its beginning, which is more
/// than any webhook's answer that is worth looking at.
pub(crate) const ANSWER_KEPT_BYTES: usize = 256 * 1024;

/// How soon the relay is asked again for what the history could not take: 2 s, twice as long each
/// time it is in vain.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(2);

/// How long the history may take to write what is left at the end: 5 s.
pub(crate) const LAST_WRITES: Duration = Duration::from_secs(5);

/// How often it is tried to become the one who works on a tunnel's backlog: every 250 ms.
pub(crate) const LOCK_TRY: Duration = Duration::from_millis(250);

/// How many exchanges that this end has left are remembered: 1,024; the relay's word on one that
/// crosses ours is at most a round trip late.
pub(crate) const LEFT_EXCHANGES: usize = 1024;

/// How many deliveries that were broken off are remembered: 1,024, since only large uploads
/// can be, and those are few.
pub(crate) const BROKEN_OFF: usize = 1024;

/// How long a connection to the app may take: 5 s; a listening app on this machine or network
/// accepts at once, and whoever drops packets counts as down.
pub(crate) const APP_CONNECT: Duration = Duration::from_secs(5);

/// How often an app that is down is looked for: every 250 ms.
pub(crate) const APP_PROBE: Duration = Duration::from_millis(250);

/// In what pieces a body is kept that comes whole from elsewhere: 64 KiB, as from the link.
pub(crate) const TAKEN_IN_PIECE_BYTES: usize = 64 * 1024;

/// How many idle connections to the app are kept: 128, twice the load that is measured.
pub(crate) const IDLE_CONNECTIONS: usize = 128;

/// How long a connection to the app is kept idle: 1.5 s, since uvicorn, gunicorn and Node close
/// theirs after 2 to 5 s and a request sent just then is lost.
pub(crate) const IDLE: Duration = Duration::from_millis(1500);

/// How soon after a request its connection must be closed for that to count as the app's farewell
/// to an idle connection, which crossed the request: 100 ms. The two cross on the way, so this is
/// a round trip and some slowness of a busy machine; an app that works longer has the request.
pub(crate) const CROSSING: Duration = Duration::from_millis(100);

/// How often expired idle connections are looked for: each second.
pub(crate) const SWEEP: Duration = Duration::from_secs(1);

/// The most header lines in an app's answer, and the most trailers: 100, for which hyper has room without asking the
/// allocator at each head. An answer to a webhook has a dozen.
pub(crate) const APP_HEADER_LINES: usize = 100;

/// The largest read buffer of a connection to the app: 256 KiB, four chunks.
pub(crate) const APP_BUFFER_BYTES: usize = 256 * 1024;

/// How much of an answer nobody wants is still read, so that the app can finish: 1 MiB.
pub(crate) const UNWANTED_BYTES: u64 = 1024 * 1024;

/// How long an answer nobody wants is still read: 5 s. It may be an endless stream of events.
pub(crate) const UNWANTED: Duration = Duration::from_secs(5);

/// How many of those at the gate are told again at a time: 256, a quarter of what whoever decides
/// has room for, so that new ones find some.
pub(crate) const GATE_AT_ONCE: usize = 256;

/// How soon they are told again that were not heard: after 250 ms, a thousand a second.
pub(crate) const GATE_AGAIN: Duration = Duration::from_millis(250);

/// How many notices about the link wait for a reader of updates that is busy: 64.
pub(crate) const NOTICES: usize = 64;

/// How long a connection to the history waits for another process's transaction: 10 s. Groups are
/// short; only a disk that hangs takes longer.
pub(crate) const HISTORY_BUSY: Duration = Duration::from_secs(10);

/// How many jobs of the history share one transaction at the most: 1,024, that is 512 deliveries and
/// their attempts, so that other processes that write to it have their turn every few milliseconds.
pub(crate) const HISTORY_GROUP: usize = 1024;

/// How many bytes they may have together: 4 MiB, a few milliseconds of writing.
pub(crate) const HISTORY_GROUP_BYTES: usize = 4 * 1024 * 1024;

/// The largest piece of a body in the history: 64 KiB, a chunk of the link.
pub(crate) const HISTORY_PIECE_BYTES: usize = 64 * 1024;

/// How much of bodies in small chunks is gathered into pieces, in all: 8 MiB; beyond that they are
/// written as they are.
pub(crate) const HISTORY_TAILS_BYTES: usize = 8 * 1024 * 1024;

/// How many outcomes are remembered that could not be written: 65,536, some 5 MiB. When the disk
/// has room again they are written, and nothing that was answered is handed over twice.
pub(crate) const HISTORY_ARREARS: usize = 65_536;

/// How many deliveries one step of spare time indexes or forgets: 128, a few milliseconds in which
/// other processes wait.
pub(crate) const HISTORY_STEP: usize = 128;

/// How much text one step of spare time indexes: 256 KiB, some 10 ms.
pub(crate) const HISTORY_STEP_BYTES: usize = 256 * 1024;

/// How much of a body can be searched: 64 KiB. What webhooks say stands there; the rest is data.
pub(crate) const HISTORY_INDEXED_BYTES: usize = 64 * 1024;

/// The most deliveries a history keeps: 2 million, twice what is measured to be quick.
pub(crate) const HISTORY_DELIVERIES: i64 = 2_000_000;

/// How much of the disk a history takes: 8 GiB, which few laptops miss and which holds a year of a
/// busy team's webhooks.
pub(crate) const HISTORY_BYTES: i64 = 8 * 1024 * 1024 * 1024;

/// How long a search indexes what is new before it answers with what it has: 5 s.
pub(crate) const HISTORY_CATCH_UP: Duration = Duration::from_secs(5);

/// How much of a body is looked through for a filter: 8 MiB, some 20 ms. What is larger is a file,
/// and is looked for by its head or its beginning.
pub(crate) const HISTORY_FILTERED_BYTES: usize = 8 * 1024 * 1024;

/// How many numbers a look reads at first without looking at the clock: 2,048, some 2 ms; twice as
/// many each time, since a look that goes on is in no hurry to stop.
pub(crate) const HISTORY_SPAN: i64 = 2_048;

/// The same where a narrow index is read: 65,536.
pub(crate) const HISTORY_SPAN_INDEXED: i64 = 65_536;
