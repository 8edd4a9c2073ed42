//! The kinds of traffic that are measured, as one table.

use std::time::Duration;

use crate::figures::Metric;
use crate::load::Load;

/// One kind of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    /// One sender, one connection, one webhook after the other.
    Seq,
    /// One sender, a new connection for each webhook: how webhooks come.
    SeqNew,
    /// One sender with bodies of 64 KiB, where a leg without `TCP_NODELAY` shows.
    Seq64K,
    /// One sender with bodies of 1 MiB.
    Seq1M,
    /// One sender, a new connection for each body of 64 KiB.
    Seq64KNew,
    /// One sender, a new connection for each body of 1 MiB.
    Seq1MNew,
    /// One webhook each 10 ms: everything has gone to sleep in between.
    Paced,
    /// 64 senders, each with its connection.
    Many,
    /// 64 senders, a new connection for each webhook.
    ManyNew,
    /// 64 senders with bodies of 64 KiB.
    Many64K,
    /// 64 senders with bodies of 1 MiB.
    Many1M,
    /// 64 senders, a new connection for each body of 64 KiB.
    Many64KNew,
    /// 64 senders, a new connection for each body of 1 MiB.
    Many1MNew,
    /// One sender over HTTPS, a full handshake for each webhook.
    Tls,
    /// 64 senders over HTTPS, a full handshake for each webhook.
    TlsMany,
}

use Scenario::{
    Many, Many1M, Many1MNew, Many64K, Many64KNew, ManyNew, Paced, Seq, Seq1M, Seq1MNew, Seq64K,
    Seq64KNew, SeqNew, Tls, TlsMany,
};

impl Scenario {
    /// Every scenario, in the order of the report.
    pub(crate) const ALL: [Self; 15] = [
        Seq, SeqNew, Seq64K, Seq64KNew, Seq1M, Seq1MNew, Paced, Many, ManyNew, Many64K, Many64KNew,
        Many1M, Many1MNew, Tls, TlsMany,
    ];

    /// What one types.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Seq => "seq",
            SeqNew => "seq-new",
            Seq64K => "seq-64k",
            Seq64KNew => "seq-64k-new",
            Seq1M => "seq-1m",
            Seq1MNew => "seq-1m-new",
            Paced => "paced",
            Many => "many",
            ManyNew => "many-new",
            Many64K => "many-64k",
            Many64KNew => "many-64k-new",
            Many1M => "many-1m",
            Many1MNew => "many-1m-new",
            Tls => "tls",
            TlsMany => "tls-many",
        }
    }

    /// What one reads.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Seq => "1 sender, kept, 600 B",
            SeqNew => "1 sender, new conn. each",
            Seq64K => "1 sender, kept, 64 KiB",
            Seq64KNew => "1 sender, new each, 64 KiB",
            Seq1M => "1 sender, kept, 1 MiB",
            Seq1MNew => "1 sender, new each, 1 MiB",
            Paced => "one each 10 ms",
            Many => "64 senders, kept, 600 B",
            ManyNew => "64 senders, new conn. each",
            Many64K => "64 senders, kept, 64 KiB",
            Many64KNew => "64 senders, new each, 64 KiB",
            Many1M => "64 senders, kept, 1 MiB",
            Many1MNew => "64 senders, new each, 1 MiB",
            Tls => "1 sender, full handshake each",
            TlsMany => "64 senders, full handshake each",
        }
    }

    /// Whether it speaks HTTPS.
    pub(crate) fn tls(self) -> bool {
        matches!(self, Tls | TlsMany)
    }

    /// The traffic itself. The counts keep a fast variant from running out of ports; a slow one
    /// meets the time limit first.
    pub(crate) fn load(self) -> Load {
        let (senders, body_bytes, fresh, requests) = match self {
            Seq => (1, 600, false, 6_000),
            SeqNew => (1, 600, true, 4_000),
            Seq64K => (1, 64 * KIB, false, 2_000),
            Seq64KNew => (1, 64 * KIB, true, 2_000),
            Seq1M => (1, 1024 * KIB, false, 400),
            Seq1MNew => (1, 1024 * KIB, true, 400),
            Paced => (1, 600, false, 150),
            Many => (64, 600, false, 40_000),
            ManyNew => (64, 600, true, 15_000),
            Many64K => (64, 64 * KIB, false, 10_000),
            Many64KNew => (64, 64 * KIB, true, 8_000),
            Many1M => (64, 1024 * KIB, false, 1_000),
            Many1MNew => (64, 1024 * KIB, true, 1_000),
            Tls => (1, 600, true, 1_000),
            TlsMany => (64, 600, true, 6_000),
        };
        Load {
            senders,
            body_bytes,
            fresh,
            requests,
            pace: (self == Paced).then_some(Duration::from_millis(10)),
        }
    }

    /// What is worth a line in the report.
    pub(crate) fn metrics(self) -> &'static [Metric] {
        match self {
            Paced => &[Metric::P50],
            Seq | SeqNew | Seq64K | Seq64KNew | Seq1M | Seq1MNew | Tls => {
                &[Metric::P50, Metric::P99]
            }
            Many | ManyNew | TlsMany => &[Metric::PerSecond, Metric::P50, Metric::P99, Metric::Cpu],
            Many64K | Many64KNew | Many1M | Many1MNew => {
                &[Metric::PerSecond, Metric::P50, Metric::Cpu]
            }
        }
    }
}

const KIB: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_has_no_gaps() {
        let loads: Vec<Load> = Scenario::ALL.map(Scenario::load).into();
        for body_bytes in [600, 64 * KIB, 1024 * KIB] {
            for senders in [1, 64] {
                for fresh in [false, true] {
                    let is_it = |load: &&Load| {
                        (load.body_bytes, load.senders, load.fresh) == (body_bytes, senders, fresh)
                    };
                    assert!(
                        loads.iter().any(|load| is_it(&load)),
                        "{body_bytes} bytes, {senders} senders, fresh: {fresh}"
                    );
                }
            }
        }
    }
}
