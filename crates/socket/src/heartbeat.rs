//! When to ping, and when a peer counts as dead: one that is silent, or one that reads nothing.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use kreel_wire::limits::{HEARTBEAT, SILENCE};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Pings every [`HEARTBEAT`], and gives up when nothing was heard for [`SILENCE`].
#[derive(Debug)]
pub(crate) struct Heartbeat {
    beat: Interval,
    heard: bool,
    last_heard: Instant,
    last_beat: Instant,
    sent: Option<(u64, Instant)>,
    count: u64,
    latency: Option<Duration>,
    /// How much the peer has taken when it last took something, and when that was.
    taken: (u64, Instant),
}

/// How a peer fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dead {
    /// Nothing was heard from it for so long.
    Silent(Duration),
    /// It has taken nothing of what is written to it for so long.
    Stalled(Duration),
}

/// What is written to the peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Whether some of it still waits.
    pub(crate) waits: bool,
    /// How much has been taken in all.
    pub(crate) taken_bytes: u64,
}

impl Heartbeat {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        // Every second, so that silence is noticed within one second of its limit.
        let mut beat = interval_at(now + Duration::from_secs(1), Duration::from_secs(1));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            beat,
            heard: false,
            last_heard: now,
            last_beat: now,
            sent: None,
            count: 0,
            latency: None,
            taken: (0, now),
        }
    }

    /// Something came from the peer. Reads no clock: it is called for every message.
    pub(crate) fn heard(&mut self) {
        self.heard = true;
    }

    /// A pong came with this payload.
    pub(crate) fn answered(&mut self, payload: &[u8]) {
        if let Some((count, at)) = self.sent
            && payload == count.to_be_bytes()
        {
            self.latency = Some(at.elapsed());
            self.sent = None;
        }
    }

    /// The last round trip measured.
    pub(crate) fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// Ready with the payload of a ping to send, or with how the peer has failed.
    pub(crate) fn poll_beat(
        &mut self,
        output: Output,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, Dead>> {
        loop {
            let now = ready!(self.beat.poll_tick(cx));
            // A process that was stopped (SIGSTOP, a closed laptop) has heard nothing because
            // it read nothing: what is in the socket's buffer counts, so look once more.
            let slept = now.elapsed() > SILENCE / 2;
            if std::mem::take(&mut self.heard) || slept {
                self.last_heard = Instant::now();
            }
            let silent = self.last_heard.elapsed();
            if silent > SILENCE {
                return Poll::Ready(Err(Dead::Silent(silent)));
            }
            if !output.waits || output.taken_bytes != self.taken.0 || slept {
                self.taken = (output.taken_bytes, Instant::now());
            }
            let stalled = self.taken.1.elapsed();
            if stalled > SILENCE {
                return Poll::Ready(Err(Dead::Stalled(stalled)));
            }
            if self.last_beat.elapsed() >= HEARTBEAT {
                return Poll::Ready(Ok(self.ping()));
            }
        }
    }

    fn ping(&mut self) -> Bytes {
        let now = Instant::now();
        self.count += 1;
        self.last_beat = now;
        self.sent = Some((self.count, now));
        Bytes::copy_from_slice(&self.count.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const NOTHING: Output = Output {
        waits: false,
        taken_bytes: 0,
    };

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_cut_off_though_it_speaks() {
        let mut heartbeat = Heartbeat::new();
        let start = Instant::now();
        let mut taken_bytes = 0;
        let dead = loop {
            if start.elapsed() < Duration::from_secs(30) {
                taken_bytes += 1;
            }
            let output = Output {
                waits: true,
                taken_bytes,
            };
            heartbeat.heard();
            match poll_fn(|cx| heartbeat.poll_beat(output, cx)).await {
                Ok(_) => {}
                Err(dead) => break dead,
            }
        };
        assert!(matches!(dead, Dead::Stalled(_)), "{dead:?}");
        let elapsed = start.elapsed();
        assert!(elapsed > Duration::from_secs(40), "{elapsed:?}");
        assert!(elapsed < Duration::from_secs(50), "{elapsed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_noticed_within_fifteen_seconds() {
        let mut heartbeat = Heartbeat::new();
        let start = Instant::now();
        let mut pings = 0;
        let silent = loop {
            match poll_fn(|cx| heartbeat.poll_beat(NOTHING, cx)).await {
                Ok(_) => pings += 1,
                Err(dead) => break dead,
            }
        };
        assert!(matches!(silent, Dead::Silent(silent) if silent > SILENCE));
        assert!(
            start.elapsed() < Duration::from_secs(15),
            "{:?}",
            start.elapsed()
        );
        assert_eq!(pings, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_speaks_stays_alive_and_is_timed() {
        let mut heartbeat = Heartbeat::new();
        for _ in 0..20 {
            let payload = poll_fn(|cx| heartbeat.poll_beat(NOTHING, cx))
                .await
                .unwrap();
            tokio::time::advance(Duration::from_millis(30)).await;
            heartbeat.heard();
            heartbeat.answered(&payload);
            assert_eq!(heartbeat.latency(), Some(Duration::from_millis(30)));
        }
        heartbeat.answered(b"an old one");
        assert_eq!(heartbeat.latency(), Some(Duration::from_millis(30)));
    }
}
