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

/// What was brought quickly is worth a pause, and not days of holding on.
#[tokio::test(start_paused = true)]
async fn a_body_that_began_quickly_and_trickles_then_is_too_slow_as_soon() {
    let begun = Instant::now();
    let trickle = async |far: &mut DuplexStream| {
        far.write_all(b"content-length: 100000000\r\n\r\n")
            .await
            .unwrap();
        far.write_all(&vec![b'x'; CHUNK_BYTES * 16]).await.unwrap();
        for _ in 0..60 {
            if far.write_all(&[b'x'; 10]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let seen = serve(trickle, Duration::ZERO).await;
    assert_eq!(seen.problem, Some(Problem::TooSlow));
    assert!(seen.bytes.len() > CHUNK_BYTES * 16);
    assert!(seen.bytes.len() < CHUNK_BYTES * 16 + 600, "it goes on");
    assert!(begun.elapsed() < BODY_PAUSE * 3, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_over_after_an_hour() {
    let begun = Instant::now();
    let endless = async |far: &mut DuplexStream| {
        far.write_all(b"content-length: 100000000\r\n\r\n")
            .await
            .unwrap();
        for _ in 0..5_000 {
            // Twice as much as must be.
            if far.write_all(&[b'x'; 200]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let seen = serve(endless, Duration::ZERO).await;
    assert_eq!(seen.problem, Some(Problem::TooSlow));
    let hour = Limits::default().body_time;
    let brought = seen.bytes.len() as u64 / 200;
    assert!(
        (hour.as_secs() - 60..=hour.as_secs() + 1).contains(&brought),
        "{brought} s"
    );
    assert!(begun.elapsed() >= hour, "{:?}", begun.elapsed());
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
