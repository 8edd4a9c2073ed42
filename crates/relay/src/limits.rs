//! Sizes, counts and deadlines the relay holds senders and clients to, each with its reason.
//!
//! Those an operator may want otherwise are fields of [`Limits`], each with its name in settings,
//! its bound and its reason in one table; the rest are constants. What
//! both ends of a link hold each other to stands in `kreel_wire::limits`.

mod table;

use std::time::Duration;

pub use self::table::{Limit, LimitKind, LimitRefused};
use self::table::{Number, limits};

limits! {
    /// The largest body of a webhook; more is answered 413. 100 MiB: the uploads of every sender
    /// we know of stay below, and a tunnel is no file transfer.
    max_body_bytes: u64 = 100 * MIB, Bytes <= TIB;
    /// The most links at once. 10,000 of them fit a 512 MiB server with room to spare.
    max_links: usize = 10_000, Count <= MANY;
    /// The most links one token may have at once; more are answered 429. 100: a team on one token,
    /// each with some projects open.
    max_links_per_token: usize = 100, Count <= MANY;
    /// The most tunnels one token may have, listened on or not. 1,000: one for each project folder,
    /// for years.
    max_tunnels_per_token: usize = 1_000, Count <= MANY;
    /// How long a name that was given up is nobody else's: 30 days, in which whoever posts there
    /// notices that it is gone.
    quarantine: Duration = Duration::from_secs(30 * 24 * 60 * 60), Time <= 3650 * DAY;
    /// The most exchanges a link has open at once; what is beyond waits on disk. As many as the
    /// protocol allows.
    max_exchanges_per_link: usize = kreel_wire::limits::EXCHANGES, Count <= kreel_wire::limits::EXCHANGES as u64;
    /// The most deliveries waiting for one client; more are answered 429. 250,000: weeks of a
    /// busy developer's webhooks, and a position and a row each, which is little.
    max_waiting: u64 = 250_000, Count <= 1000 * MANY;
    /// The most bytes waiting for one client; more are answered 429. 512 MiB: half of what there
    /// is in all, so that no tunnel takes it from all others.
    max_waiting_bytes_of_one: u64 = 512 * MIB, Bytes <= 1024 * TIB;
    /// The most bytes of waiting deliveries in all; more are answered 503. 1 GiB, which the
    /// smallest server's disk has.
    max_waiting_bytes: u64 = 1024 * MIB, Bytes <= 1024 * TIB;
    /// How many settled deliveries of a tunnel are remembered, for a client that asks for the
    /// past (`--since`). 500, a day's worth for most; 0 remembers none.
    retain_count: u64 = 500, CountOrNone <= 1000 * MANY;
    /// How long they are remembered. 24 h: a day later one looks into the client's history.
    retain_age: Duration = Duration::from_secs(24 * 60 * 60), Time <= 3650 * DAY;
    /// The most bytes of them in all. 1 GiB, as much again as may wait.
    retain_bytes: u64 = 1024 * MIB, Bytes <= 1024 * TIB;
    /// The most connections from senders and clients at once. 16,384, below the usual limit of
    /// open files once that has been raised for a server.
    max_connections: usize = 16_384, Count <= MANY;
    /// The most connections of one address at once (of one /64 network under IPv6); more are
    /// closed at once. 512: a large sender's pool behind one address. This machine and trusted
    /// proxies are not counted.
    max_connections_per_address: usize = 512, Count <= MANY;
    /// How many TLS handshakes and connections one address may begin each second; 0 does
    /// not count. 50: each webhook on a connection of its own.
    connections_per_second_per_address: u32 = 50, Rate <= MANY;
    /// The most TLS handshakes of one address under way at once (of one /64 network under IPv6);
    /// more are closed at once. 64: they are over in one round trip, and who begins more than that
    /// does not mean to end them.
    max_handshakes_per_address: usize = 64, Count <= MANY;
    /// The most TLS handshakes under way in all; more are closed at once. 2,048, some 50 MiB at the
    /// worst.
    max_handshakes: usize = 2_048, Count <= MANY;
    /// How many times one address may ask for a link, or show a token elsewhere, each second; more
    /// are answered 429. 0 does not count. 10: clients that come back after a restart, and few
    /// guesses at tokens.
    links_per_second_per_address: u32 = 10, Rate <= MANY;
    /// How many requests one address may make each second; more are answered 429. 0
    /// does not count. 200: more than any sender we know of keeps up.
    requests_per_second_per_address: u32 = 200, Rate <= MANY;
    /// The most requests of one address to one tunnel that wait for an answer at once (of one /64
    /// network under IPv6); what is beyond is kept on disk for the app's next free moment, or
    /// answered 429 under `--strict`. 100, a fifth of what a client hands to its app at once, so
    /// that nobody who is slow takes all of it. This machine is not counted.
    max_requests_per_address: usize = 100, Count <= MANY;
    /// How many requests one tunnel takes each second; more are answered 429. 0, as it is, does not count: backlog and addresses have limits of their own,
    /// and senders of many addresses are what a busy tunnel has.
    requests_per_second_per_tunnel: u32 = 0, Rate <= MANY;
    /// How many seconds' worth of a rate may come at once. 5, a sender's catching up after a pause.
    burst: u32 = 5, Count <= 3600;
    /// The largest head of a sender's request; more is answered 431. 64 KiB, twice what nginx and
    /// Node take. What a client takes is the most it can be.
    max_head_bytes: usize = 64 * 1024, Bytes <= kreel_wire::limits::HEAD_BYTES as u64;
    /// The most header lines in a sender's request; more are answered 431. 100, as many
    /// as Apache takes and as there is room for without asking the allocator at each head; proxies
    /// in front add a dozen at most. What a client takes is the most it can be.
    max_header_lines: usize = 100, Count <= kreel_wire::limits::HEADER_COUNT as u64;
    /// How long a sender may take from its first byte to the end of its head: 15 s, a slow
    /// phone's worst case and a slow-loris's best.
    head_time: Duration = Duration::from_secs(15), Time <= DAY;
    /// How long a TLS handshake, or a proxy's word on who connects, may take: 10 s, ten bad round
    /// trips.
    tls_handshake_time: Duration = Duration::from_secs(10), Time <= DAY;
    /// How long a connection may stay without a request, before its first or between two. 60 s,
    /// longer than the keep-alive of the usual webhook senders' pools. In HTTP/2 answered pings are
    /// no request.
    idle_time: Duration = Duration::from_secs(60), Time <= DAY;
    /// How long a sender may pause in the middle of a body: 30 s, after which it gets 408.
    body_pause: Duration = Duration::from_secs(30), Time <= DAY;
    /// How long a body may take at any rate: 30 s. Most webhooks are over in one; a slow start is
    /// no fault.
    body_grace: Duration = Duration::from_secs(30), Time <= DAY;
    /// What a body must bring each second on average once it takes longer than its grace: 100
    /// bytes, a tenth of the slowest modem. Below it a sender does not send, it holds on. What it
    /// brings beyond that is worth one pause (above) at the most.
    body_bytes_per_second: u64 = 100, Bytes <= 1024 * MIB;
    /// How long a body may take in all: 1 h, in which the largest comes at 30 KB each second. What
    /// a body has brought takes others' room until it is over.
    body_time: Duration = Duration::from_secs(60 * 60), Time <= DAY;
    /// How long a reader may take none of what is written to it: 60 s. Nothing in
    /// a minute is gone.
    write_pause: Duration = Duration::from_secs(60), Time <= DAY;
    /// What a reader must take each second on average, of each minute (the pause above) it is
    /// waited for. 500 bytes, below the slowest phone; who takes less holds on to memory.
    write_bytes_per_second: u64 = 500, Bytes <= 1024 * MIB;
    /// What of one body is held in memory while its sender waits. 1 MiB: most webhooks are a
    /// thousandth of that, and what is larger goes to disk in pieces.
    body_memory_bytes_of_one: usize = 1024 * 1024, Bytes <= 1024 * MIB;
    /// What of all bodies together is held in memory while their senders wait. 8 MiB, so that the
    /// relay stays small whatever is sent to it.
    body_memory_bytes: usize = 8 * 1024 * 1024, Bytes <= 64 * 1024 * MIB;
    /// What of answers under way may be held for those who read slowly. 8 MiB: what one of them may
    /// be sent ahead grows from 16 to 256 KiB only while there is room. While more is held, who takes
    /// nothing for 5 s is cut off, and not only after the pause above.
    answer_memory_bytes: usize = 8 * 1024 * 1024, Bytes <= 64 * 1024 * MIB;
    /// The most streams of one HTTP/2 connection at once: 128, the usual figure; each may hold a
    /// body.
    http2_streams: u32 = 128, Count <= MANY;
    /// The most streams a peer may have reset before the relay had looked at them; one more ends
    /// the connection. 20, what h2 takes for an honest hurry.
    http2_resets: usize = 20, Count <= MANY;
    /// The most CONTINUATION frames of one head in HTTP/2; one more ends the connection. 64: the
    /// largest head takes four of the usual size.
    http2_continuations: u32 = 64, Count <= MANY;
    /// How many frames that carry nothing a peer may send each second in HTTP/2: PING, SETTINGS,
    /// PRIORITY, empty ones, and kinds nobody knows. One more ends the connection. 200, far more
    /// than anybody needs, and little to answer.
    http2_idle_frames_per_second: u32 = 200, Count <= MANY;
    /// The most connections to a small port beside, for challenges or metrics. 64: authorities ask
    /// from five places, and one or two collect metrics.
    side_connections: usize = 64, Count <= MANY;
    /// How long such a connection may last in all. 10 s, for one small request.
    side_time: Duration = Duration::from_secs(10), Time <= DAY;
    /// How long a relay that is stopping waits for requests under way. 8 s: Docker kills after 10,
    /// and links and store need what is left.
    stop_grace: Duration = Duration::from_secs(8), Time <= DAY;
}

const MIB: u64 = 1024 * 1024;

const TIB: u64 = 1024 * 1024 * MIB;

/// A day in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// More of anything than one machine has.
const MANY: u64 = 1_000_000;

/// How much of an answer may be handed over to be written before the next piece of it: 16 KiB, a
/// window's beginning. Small pieces still go together.
pub(crate) const ANSWER_UNWRITTEN_BYTES: usize = 16 * 1024;

/// How much of what is written to a sender under TLS may wait for it to be read: 8 KiB, half of what
/// a record may hold (RFC 8446, section 5.1). rustls would hold eight times that for each slow reader.
pub(crate) const TLS_SEND_BUFFER: usize = 8 * 1024;

/// The same of what is written to a client: 64 KiB, what a link writes at a time.
pub(crate) const TLS_LINK_BUFFER: usize = 64 * 1024;

/// How many addresses the rates know at once: 65,536, some 10 MiB. More at once is a flood from
/// everywhere, against which no limit by address helps; all are forgotten then.
pub(crate) const ADDRESSES: usize = 65_536;

/// How often addresses that have been quiet are forgotten: every 10 s.
pub(crate) const FORGET_ADDRESSES: Duration = Duration::from_secs(10);

/// How many kept deliveries may be with a client unacknowledged: 32, enough to keep the app
/// busy across a slow link and few enough to stay cheap to send again.
pub(crate) const DRAIN_WINDOW: usize = 32;

/// How many opened exchanges may wait for a link to write them: 256. A link that can't keep up
/// makes senders wait here, where it costs nothing.
pub(crate) const OPENS_QUEUED: usize = 256;

/// How many body pieces may wait for a link to write them: 8 of 64 KiB.
pub(crate) const PIECES_QUEUED: usize = 8;

/// How many jobs may wait for the store: 1,024, about what one group commit takes in.
pub(crate) const STORE_JOBS: usize = 1024;

/// How many jobs share one transaction at the most: 512; what waits longer than one fsync joins
/// the next anyway.
pub(crate) const STORE_GROUP: usize = 512;

/// How soon it is tried again to read what a link is to be sent: after 1 s.
pub(crate) const READ_AGAIN: Duration = Duration::from_secs(1);

/// How much of the disk stays free: 48 MiB, room for the log at its largest (16 MiB), for what it
/// grows by while it is folded in, and for the file that takes it.
pub(crate) const DISK_FREE_BYTES: u64 = 48 * 1024 * 1024;

/// On a small disk it is this part of it: a quarter.
pub(crate) const DISK_FREE_SHARE: u64 = 4;

/// How often the disk is looked at while things are put on it: every 100 ms.
pub(crate) const DISK_LOOK: Duration = Duration::from_millis(100);

/// How long the file's log grows before it is folded in: 4,000 pages, 16 MiB. That takes two syncs
/// and holds up whoever waits for a commit, at SQLite's usual 1,000 pages several times a second.
pub(crate) const LOG_PAGES: u32 = 4000;

/// What is read ahead of a drain: 64 deliveries, two windows, so that reading and sending
/// overlap …
pub(crate) const DRAIN_AHEAD: usize = 64;

/// … and 256 KiB, or one delivery if it is larger.
pub(crate) const DRAIN_AHEAD_BYTES: usize = 256 * 1024;

/// What of deliveries that apps answered waits in memory to be logged: 4 MiB in all, beyond
/// which the log has gaps. It is no promise, and must stay small beside what is.
pub(crate) const LOG_BYTES: usize = 4 * 1024 * 1024;

/// The same of one tunnel, twice: 1 MiB, room for 500 webhooks of 2 KiB.
pub(crate) const LOG_HALF_BYTES: usize = 1024 * 1024;

/// How long the log gathers before it is written: 1 s. What the ring would drop again within it
/// is not written at all, so that no more than its count is written a second, which is below a
/// hundredth of a processor.
pub(crate) const LOG_PAUSE: Duration = Duration::from_secs(1);

/// The same while more comes than the ring holds, and each writing replaces all of the last: 2 s.
pub(crate) const LOG_PAUSE_BUSY: Duration = Duration::from_secs(2);

/// How many settled deliveries are forgotten at once: 1,000, some 10 ms during which others wait.
pub(crate) const TRIM_ROWS: usize = 1000;

/// How soon the next of them follow: 20 ms, faster than anything settles.
pub(crate) const TRIM_PAUSE: Duration = Duration::from_millis(20);

/// How often settled deliveries are looked at that may have become too old: every minute.
pub(crate) const TRIM_EVERY: Duration = Duration::from_secs(60);

/// How soon it is tried again to replace a damaged file: after 10 s. It is read through each time.
pub(crate) const MEND_AGAIN: Duration = Duration::from_secs(10);

/// Up to which size a file is read through at the start to see whether it is whole: 64 MiB, a
/// tenth of a second. Damage in a larger one is noticed where it is met.
pub(crate) const CHECK_BYTES: u64 = 64 * 1024 * 1024;

/// How many positions of a tunnel are claimed on disk at once: 4,096. A crash skips at most so
/// many numbers; taking one is free in between.
pub(crate) const SEQ_BLOCK: u64 = 4096;

/// How often the relay looks whether another process changed its tokens: every 250 ms, so that
/// a revoked token's links end within a second, also on a busy machine.
pub(crate) const TOKENS_CHECK: Duration = Duration::from_millis(250);

/// How many refusals are told one by one each second: 50, as many as anyone reads; of the others
/// there is a count.
pub(crate) const REFUSALS_TOLD: u32 = 50;

/// How often certificate files are looked at for changes: every second.
pub(crate) const CERTIFICATE_CHECK: Duration = Duration::from_secs(1);

/// How long those a relay let in last have to say what they want before it hands over: 1 s, a slow
/// handshake's time; a successor serves all who come after them.
pub(crate) const LAST_LET_IN: Duration = Duration::from_secs(1);

/// How long a link gets to say goodbye: 2 s; a peer that doesn't listen is cut off.
pub(crate) const GOODBYE: Duration = Duration::from_secs(2);

/// The most a client may have sent ahead on one exchange: 16 MiB, whatever window it names.
pub(crate) const MAX_WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// How many messages a link takes in before others have their turn: 8. Senders, relay, client
/// and app then work side by side on parts of a crowd, instead of one after another on all of it.
pub(crate) const TURN: u32 = 8;

/// How long an order for a certificate may take in all: 5 min; authorities take seconds.
pub(crate) const ACME_ORDER: Duration = Duration::from_secs(5 * 60);

/// How long to wait after the first order that came to nothing: 5 s, and five times as long after
/// each further one, which makes five tries in the first hour: as many as Let's Encrypt allows.
pub(crate) const ACME_FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest such wait: 1 h, soon enough for any certificate that is not over yet.
pub(crate) const ACME_LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// The longest header of the PROXY protocol: 2 KiB. Proxies send 28 to 500 bytes.
pub(crate) const PROXY_HEADER_BYTES: usize = 2048;

/// How long the store may take to answer for the relay to be ready: 2 s.
pub(crate) const READY: Duration = Duration::from_secs(2);

/// The largest change of a tunnel's rules: 64 KiB, a thousand networks and room to spare.
pub(crate) const RULES_BYTES: usize = 64 * 1024;

/// How often measured values are put into their buckets: every 5 s, so that a flood's are not held
/// one by one.
pub(crate) const METRICS_UPKEEP: Duration = Duration::from_secs(5);

/// How long to wait when a connection can't be taken: 50 ms. What fails is usually the limit of
/// open files, which others must free.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a client may send ahead of an answer's reader at first: 16 KiB, a TLS record.
pub(crate) const ANSWER_WINDOW_BYTES: u32 = 16 * 1024;

/// How long a reader may take nothing while answers have no room: 5 s.
pub(crate) const SHORT_PAUSE: Duration = Duration::from_secs(5);

/// How many header lines hyper takes of a head unless it is told: 100.
pub(crate) const HYPER_HEADER_LINES: usize = 100;

/// What one HTTP/2 stream may be sent ahead of being read: 256 KiB, as an exchange of a link.
pub(crate) const HTTP2_STREAM_WINDOW: u32 = 256 * 1024;

/// The same of a whole connection: 1 MiB, enough for 100 Mbit/s over 80 ms.
pub(crate) const HTTP2_WINDOW: u32 = 1024 * 1024;

/// What of an answer waits in one HTTP/2 stream to be written: 64 KiB, a piece of a link's.
pub(crate) const HTTP2_SEND_BUFFER: usize = 64 * 1024;

/// The most streams of an HTTP/2 connection that h2 may have had to reset itself: 1,024, h2's own
/// figure. One more, and the peer does nothing but provoke it.
pub(crate) const H2_ERRORS: usize = 1024;

/// The most tokens an open relay takes in: 10,000, as many as there are links.
pub(crate) const OPEN_TOKENS: usize = 10_000;
