//! A sender's body, piece by piece, within its size and its time. What is held of it costs
//! about its size, however small the pieces it is sent in.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use kreel_wire::limits::CHUNK_BYTES;
use tokio::time::{Instant, timeout};

use super::problem::Problem;
use crate::config::Limits;

/// What is still to come of a sender's body.
#[derive(Debug)]
pub(super) struct SenderBody {
    incoming: Incoming,
    /// hyper does not say that a chunked body is over before one asked it for more.
    ended: bool,
    pace: Pace,
    left_bytes: u64,
    limit_bytes: u64,
    /// Small runs, copied together.
    small: BytesMut,
    /// A run that came while small ones were gathered.
    ahead: Option<Bytes>,
}

impl SenderBody {
    /// A body of at most this many bytes, within the limits of time. One that says it is larger
    /// is refused at once.
    pub(super) fn new(
        incoming: Incoming,
        limit_bytes: u64,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        if incoming.size_hint().lower() > limit_bytes {
            return Err(Problem::TooLarge(limit_bytes));
        }
        Ok(Self {
            incoming,
            ended: false,
            pace: Pace::within(limits),
            left_bytes: limit_bytes,
            limit_bytes,
            small: BytesMut::new(),
            ahead: None,
        })
    }

    /// The body's size in bytes, where the sender told it.
    pub(super) fn told_bytes(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// Whether nothing is to come any more.
    pub(super) fn is_complete(&self) -> bool {
        self.ahead.is_none() && self.is_read()
    }

    /// The next run of bytes; nothing when the body is complete. Small runs that are at hand
    /// come as one.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let Some(first) = self.receive().await? else {
            return Ok(None);
        };
        if first.len() >= SMALL_BYTES || self.is_read() {
            return Ok(Some(first));
        }
        self.gather(&first);
        while self.small.len() < SMALL_BYTES && !self.is_read() {
            match self.receive_at_hand().await? {
                Some(run) if run.len() < SMALL_BYTES => self.gather(&run),
                large_or_none => {
                    self.ahead = large_or_none;
                    break;
                }
            }
        }
        Ok(self.gathered())
    }

    /// The beginning of the body: all of it if it fits one message, or at least a message's
    /// worth. So a small webhook is handed on complete or not at all.
    pub(super) async fn beginning(&mut self) -> Result<Vec<Bytes>, Problem> {
        let (mut runs, mut bytes) = (Vec::new(), 0);
        while bytes < CHUNK_BYTES && !self.is_read() {
            let Some(run) = self.receive().await? else {
                break;
            };
            let only = bytes == 0 && self.is_read();
            bytes += run.len();
            let small = run.len() < SMALL_BYTES && !only;
            if small {
                self.gather(&run);
            }
            if !small || self.small.len() >= SMALL_BYTES {
                runs.extend(self.gathered());
            }
            if !small {
                runs.push(run);
            }
        }
        runs.extend(self.gathered());
        Ok(runs)
    }

    fn is_read(&self) -> bool {
        self.ended || self.incoming.is_end_stream()
    }

    /// Copies a small run: it costs no handle of its own then, and does not keep the buffer
    /// alive that it was read into.
    fn gather(&mut self, run: &[u8]) {
        if self.small.capacity() - self.small.len() < run.len() {
            self.small.reserve(SMALL_BYTES);
        }
        self.small.extend_from_slice(run);
    }

    /// What was gathered, if anything. The room left behind it is for the next small runs.
    fn gathered(&mut self) -> Option<Bytes> {
        (!self.small.is_empty()).then(|| self.small.split().freeze())
    }

    /// What hyper hands out next, in the sender's time.
    async fn receive(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.ended {
            let asked = Instant::now();
            let frame = timeout(self.pace.patience(), self.incoming.frame()).await;
            self.pace.spent += asked.elapsed();
            let frame = frame.map_err(|_| Problem::TooSlow)?;
            if let Some(data) = self.take(frame)? {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// What hyper hands out within a moment.
    async fn receive_at_hand(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.ended {
            let asked = Instant::now();
            let frame = timeout(MOMENT, self.incoming.frame()).await;
            self.pace.spent += asked.elapsed();
            let Ok(frame) = frame else { return Ok(None) };
            if let Some(data) = self.take(frame)? {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The bytes of a frame, if it has any. Trailers are not carried on.
    fn take(
        &mut self,
        frame: Option<Result<http_body::Frame<Bytes>, hyper::Error>>,
    ) -> Result<Option<Bytes>, Problem> {
        let Some(frame) = frame else {
            self.ended = true;
            return Ok(None);
        };
        let frame = frame.map_err(|_| Problem::BadRequest("the request broke off"))?;
        let Some(data) = frame.into_data().ok().filter(|data| !data.is_empty()) else {
            return Ok(None);
        };
        let bytes = data.len() as u64;
        self.pace.bytes += bytes;
        self.left_bytes = self
            .left_bytes
            .checked_sub(bytes)
            .ok_or(Problem::TooLarge(self.limit_bytes))?;
        Ok(Some(data))
    }
}

/// How fast a sender is. What the relay waits for itself, credit or the disk, is not counted.
#[derive(Debug)]
struct Pace {
    bytes: u64,
    spent: Duration,
    grace: Duration,
    pause: Duration,
    bytes_per_second: u64,
}

impl Pace {
    fn within(limits: &Limits) -> Self {
        Self {
            bytes: 0,
            spent: Duration::ZERO,
            grace: limits.body_grace,
            pause: limits.body_pause,
            bytes_per_second: limits.body_bytes_per_second.max(1),
        }
    }

    /// How long the sender may be silent now.
    fn patience(&self) -> Duration {
        let earned = Duration::from_secs(self.bytes / self.bytes_per_second);
        earned
            .max(self.grace)
            .saturating_sub(self.spent)
            .min(self.pause)
    }
}

/// Runs below this size are copied together: 4 KiB, a memory page. Larger ones are few enough.
const SMALL_BYTES: usize = 4 * 1024;

/// How long a small run waits for the next: 1 ms. hyper hands out one chunk at a time, each
/// after its own task had a turn; and nobody notices a millisecond in a body that trickles.
const MOMENT: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};

    use http::{Request, Response};
    use http_body_util::Empty;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

    use super::*;

    const BODY_PAUSE: Duration = Duration::from_secs(30);
    const BODY_BYTES_PER_SECOND: u64 = 100;

    /// What was made of a body: the sizes of its beginning's runs and of those after it.
    #[derive(Debug, Default)]
    struct Seen {
        beginning: Vec<usize>,
        rest: Vec<usize>,
        bytes: Vec<u8>,
        complete_at_first: bool,
        problem: Option<Problem>,
    }

    async fn read(incoming: Incoming, pause: Duration) -> Seen {
        let mut seen = Seen::default();
        let mut body = SenderBody::new(incoming, u64::MAX, &Limits::default()).unwrap();
        let read = async {
            let beginning = body.beginning().await?;
            seen.beginning = beginning.iter().map(Bytes::len).collect();
            seen.bytes = beginning.concat();
            seen.complete_at_first = body.is_complete();
            while let Some(run) = body.next().await? {
                seen.rest.push(run.len());
                seen.bytes.extend_from_slice(&run);
                tokio::time::sleep(pause).await;
            }
            Ok(())
        };
        let ended: Result<(), Problem> = read.await;
        seen.problem = ended.err();
        seen
    }

    /// Serves one request that `send` writes, with so much of a pause after each run read.
    async fn serve(send: impl AsyncFnOnce(&mut DuplexStream), pause: Duration) -> Seen {
        let (near, mut far) = tokio::io::duplex(256 * 1024);
        let seen = Arc::new(Mutex::new(Seen::default()));
        let service = service_fn(|request: Request<Incoming>| {
            let seen = seen.clone();
            async move {
                // In a task of its own, as an upload is.
                let read = tokio::spawn(read(request.into_body(), pause))
                    .await
                    .unwrap();
                *seen.lock().unwrap() = read;
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        });
        let connection = http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(near), service);
        let sender = async {
            far.write_all(b"POST / HTTP/1.1\r\nhost: x\r\n")
                .await
                .unwrap();
            send(&mut far).await;
            let mut answer = [0; 12];
            far.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 200");
            drop(far);
        };
        let (_, ()) = tokio::join!(connection, sender);
        let mut seen = seen.lock().unwrap();
        std::mem::take(&mut *seen)
    }

    async fn chunked(chunks: &[&[u8]]) -> Seen {
        let mut bytes = b"transfer-encoding: chunked\r\n\r\n".to_vec();
        for chunk in chunks {
            bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        serve(
            async |far| far.write_all(&bytes).await.unwrap(),
            Duration::ZERO,
        )
        .await
    }

    #[tokio::test]
    async fn a_small_chunked_body_is_complete_at_its_beginning() {
        let seen = chunked(&[b"a", b"small", b"webhook"]).await;
        assert_eq!(seen.beginning, [13]);
        assert!(seen.complete_at_first && seen.rest.is_empty() && seen.problem.is_none());
    }

    #[tokio::test]
    async fn runs_large_and_small_keep_their_order_and_bytes() {
        let (begin, large, small) = ([b'b'; CHUNK_BYTES], [b'l'; 9000], [b's'; 100]);
        let chunks: [&[u8]; 8] = [&small, &large, b"1", &small, &begin, &small, &large, b"2"];
        let seen = chunked(&chunks).await;
        assert!(!seen.rest.is_empty() && seen.problem.is_none());
        assert!(seen.bytes == chunks.concat());
    }

    #[tokio::test]
    async fn one_byte_chunks_come_as_few_runs() {
        let seen = chunked(&vec![&b"x"[..]; 10_000]).await;
        assert_eq!(seen.beginning.iter().sum::<usize>(), 10_000);
        assert!(seen.beginning.len() <= 3, "{}", seen.beginning.len());

        // The same after the beginning.
        let begin = vec![b'b'; CHUNK_BYTES];
        let mut chunks = vec![&b"x"[..]; 10_000];
        chunks.insert(0, &begin);
        let seen = chunked(&chunks).await;
        assert_eq!(seen.rest.iter().sum::<usize>(), 10_000);
        assert!(seen.rest.len() < 100, "{}", seen.rest.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_too_slow_after_a_while() {
        let begun = Instant::now();
        let trickle = async |far: &mut DuplexStream| {
            far.write_all(b"content-length: 1000\r\n\r\n")
                .await
                .unwrap();
            for _ in 0..2 {
                far.write_all(b"x").await.unwrap();
                tokio::time::sleep(BODY_PAUSE - Duration::from_secs(1)).await;
            }
        };
        let seen = serve(trickle, Duration::ZERO).await;
        assert_eq!(seen.problem, Some(Problem::TooSlow));
        assert!(begun.elapsed() < BODY_PAUSE * 2, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_slow_but_steady_is_read_to_its_end() {
        let bytes = 200 * BODY_BYTES_PER_SECOND;
        let steady = async |far: &mut DuplexStream| {
            let head = format!("content-length: {bytes}\r\n\r\n");
            far.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..bytes / 200 {
                far.write_all(&[b'x'; 200]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1900)).await;
            }
        };
        let seen = serve(steady, Duration::ZERO).await;
        assert_eq!(seen.problem, None);
        assert_eq!(seen.beginning.iter().sum::<usize>() as u64, bytes);
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_relay_waits_for_itself_is_not_the_senders_time() {
        let body = vec![b'x'; CHUNK_BYTES * 3];
        let send = async |far: &mut DuplexStream| {
            let head = format!("content-length: {}\r\n\r\n", body.len());
            far.write_all(head.as_bytes()).await.unwrap();
            far.write_all(&body).await.unwrap();
        };
        let begun = Instant::now();
        let seen = serve(send, Duration::from_secs(3600)).await;
        assert_eq!(seen.problem, None);
        assert!(seen.bytes == body);
        let slowest = Duration::from_secs(body.len() as u64 / BODY_BYTES_PER_SECOND);
        assert!(begun.elapsed() > slowest, "{:?}", begun.elapsed());
    }
}
