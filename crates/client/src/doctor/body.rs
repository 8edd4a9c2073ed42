//! What a public address takes: a body that is only offered, and one that is posted.

use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::dialer;
use crate::dial::Stream;
use crate::limits::{PROBE_BYTES, RELAY_UPGRADE};
use crate::link::PROGRAM;
use crate::{LinkError, ProbeConfig};

/// What an address says to a body of some size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyAnswer {
    /// It would be taken.
    Taken,
    /// It is too large, for the relay itself.
    TooLarge {
        /// How many bytes the relay takes, if it said so.
        limit_bytes: Option<u64>,
    },
    /// Something else answered, or something in front of the relay.
    Refused {
        /// With this status.
        status: u16,
    },
}

/// A webhook that was posted, and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// How long the connection took: name, TCP, proxy and TLS.
    pub connecting: Duration,
    /// From the first byte of the request to the head of the answer.
    pub answered: Duration,
    /// The status of the answer.
    pub status: u16,
}

/// What the relay says when it refuses.
#[derive(Debug, Deserialize)]
struct Told {
    code: String,
    limit_bytes: Option<u64>,
}

/// Asks an address whether it would take so many bytes, and sends none of them (RFC 9110, section
/// 10.1.1).
pub async fn offer(config: &ProbeConfig, bytes: u64) -> Result<BodyAnswer, LinkError> {
    let head = format!("content-length: {bytes}\r\nexpect: 100-continue\r\n");
    let (_, _, answer) = exchange(config, &head, b"").await?;
    let (status, rest) = answer;
    Ok(match status {
        100 | 200..=299 => BodyAnswer::Taken,
        413 => match serde_json::from_slice(&rest) {
            Ok(Told { code, limit_bytes }) if code == "too_large" => {
                BodyAnswer::TooLarge { limit_bytes }
            }
            _ => BodyAnswer::Refused { status },
        },
        status => BodyAnswer::Refused { status },
    })
}

/// Posts a webhook to an address, as its sender would.
pub async fn post(config: &ProbeConfig, body: &[u8]) -> Result<Posted, LinkError> {
    let head = format!("content-length: {}\r\nconnection: close\r\n", body.len());
    let (connecting, answered, (status, _)) = exchange(config, &head, body).await?;
    Ok(Posted {
        connecting,
        answered,
        status,
    })
}

/// One request on a connection of its own: how long connecting and answering took, the status, and
/// as much of the body as is at hand with the head.
async fn exchange(
    config: &ProbeConfig,
    lines: &str,
    body: &[u8],
) -> Result<(Duration, Duration, (u16, Vec<u8>)), LinkError> {
    let dialer = dialer(config)?;
    let began = Instant::now();
    let mut stream = dialer.connect().await?;
    let connecting = began.elapsed();
    let relay = dialer.relay();
    let mut request = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\nuser-agent: {PROGRAM}\r\ncontent-type: text/plain\r\n{lines}\r\n",
        relay.path_of("/"),
        relay.authority(),
    )
    .into_bytes();
    request.extend_from_slice(body);
    let began = Instant::now();
    let answered = async {
        stream.write_all(&request).await?;
        stream.flush().await?;
        read_answer(&mut stream).await
    };
    let answer = match timeout(RELAY_UPGRADE, answered).await {
        Ok(Ok(Some(answer))) => answer,
        Ok(_) => return Err(dialer.not_a_relay(None)),
        Err(_) => {
            return Err(LinkError::HandshakeTimedOut {
                address: dialer.address(),
                after: RELAY_UPGRADE,
            });
        }
    };
    Ok((connecting, began.elapsed(), answer))
}

/// The status of an answer, and what comes with its head; none if it is none.
async fn read_answer(stream: &mut Stream) -> std::io::Result<Option<(u16, Vec<u8>)>> {
    let mut answer = Vec::with_capacity(1024);
    loop {
        if let Some(end) = find(&answer, b"\r\n\r\n") {
            let head = &answer[..end];
            let length = content_length(head);
            let body = answer.len() - end - 4;
            if body >= length {
                return Ok(status(head).map(|status| (status, answer[end + 4..].to_vec())));
            }
        }
        if answer.len() >= PROBE_BYTES || stream.read_buf(&mut answer).await? == 0 {
            let end = find(&answer, b"\r\n\r\n");
            let found =
                end.and_then(|end| Some((status(&answer[..end])?, answer[end + 4..].to_vec())));
            return Ok(found);
        }
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(head.get(..12)?).ok()?;
    line.strip_prefix("HTTP/1.")?.get(2..)?.parse().ok()
}

/// How much of a body is worth waiting for: what a relay says when it refuses tells its length.
fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head);
    let mut values = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok()).flatten()
    });
    values.next_back().unwrap_or(0)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_a_head_and_from_nothing_else() {
        assert_eq!(status(b"HTTP/1.1 413 Payload Too Large"), Some(413));
        assert_eq!(status(b"HTTP/1.1 100"), Some(100));
        assert_eq!(status(b"SSH-2.0-OpenSSH_9.2"), None);
        assert_eq!(status(b"HTTP/1.1 4"), None);
        assert_eq!(
            content_length(b"HTTP/1.1 413 X\r\nContent-Length: 12\r\nx: y"),
            12
        );
        assert_eq!(content_length(b"HTTP/1.1 100 Continue"), 0);
    }
}
