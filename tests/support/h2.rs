//! HTTP/2 to the byte (RFC 9113): frames and heads as no library would send them.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{DEADLINE, TestRelay, Tls, within};

/// What a client sends before its first frame.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The kinds of frames stories send.
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const CONTINUATION: u8 = 9;
}

/// The frame ends its stream.
pub(crate) const END_STREAM: u8 = 1;
/// The frame ends its head.
pub(crate) const END_HEADERS: u8 = 4;

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header line as HPACK has it (RFC 7541, section 6.2.2): written out, and not remembered.
pub(crate) fn line(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        length(text.len(), &mut bytes);
        bytes.extend_from_slice(text);
    }
    bytes
}

/// A string's length in groups of seven bits, after the first 127 (RFC 7541, section 5.1).
fn length(of: usize, bytes: &mut Vec<u8>) {
    let Some(mut rest) = of.checked_sub(127) else {
        bytes.push(u8::try_from(of).unwrap());
        return;
    };
    bytes.push(127);
    while rest >= 128 {
        bytes.push(0x80 | u8::try_from(rest % 128).unwrap());
        rest /= 128;
    }
    bytes.push(u8::try_from(rest).unwrap());
}

/// A head of these lines.
pub(crate) fn head(lines: &[(&[u8], &[u8])]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|(name, value)| line(name, value))
        .collect()
}

/// What becomes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An answer's head, and its status where HPACK has a number for it.
    Answer(Option<u16>),
    /// The stream was reset, or the connection is over.
    Refused,
}

/// One end of an HTTP/2 connection.
pub(crate) struct Http2 {
    stream: TlsStream<TcpStream>,
}

impl Http2 {
    /// A connection to a relay with TLS, its settings said: no table for answers' heads.
    pub(crate) async fn to(relay: &TestRelay) -> Self {
        let tls = Tls::trusting(&relay.ca().unwrap()).offering(&["h2"]);
        let stream = tls.connect(relay.address()).await.unwrap();
        let mut connection = Self { stream };
        let settings = frame(kind::SETTINGS, 0, 0, &[0, 1, 0, 0, 0, 0]);
        connection
            .write(&[PREFACE, &settings].concat())
            .await
            .unwrap();
        connection
    }

    /// Writes these bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// What becomes of this stream.
    pub(crate) async fn hears(&mut self, stream: u32) -> Heard {
        within("an answer or a refusal", DEADLINE, async {
            loop {
                let Ok((kind, on, payload)) = self.frame().await else {
                    return Heard::Refused;
                };
                match kind {
                    kind::HEADERS if on == stream => return Heard::Answer(status(&payload)),
                    kind::RST_STREAM if on == stream => return Heard::Refused,
                    kind::GOAWAY => return Heard::Refused,
                    _ => {}
                }
            }
        })
        .await
    }

    /// The next frame: its kind, its stream, and what is in it.
    pub(crate) async fn frame(&mut self) -> io::Result<(u8, u32, Vec<u8>)> {
        let mut header = [0; 9];
        self.stream.read_exact(&mut header).await?;
        let [a, b, c, kind, _, stream @ ..] = header;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        self.stream.read_exact(&mut payload).await?;
        Ok((kind, u32::from_be_bytes(stream), payload))
    }

    /// Waits until the relay has ended the connection, reading what comes until then.
    pub(crate) async fn ends(mut self) {
        within("the end of the connection", DEADLINE, async {
            while self.frame().await.is_ok() {}
        })
        .await;
    }
}

/// The status of a head that begins with one of the seven in HPACK's own table, behind changes of
/// the table's size.
fn status(head: &[u8]) -> Option<u16> {
    const OF_INDEX: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    let first = head.iter().find(|byte| **byte & 0xe0 != 0x20)?;
    OF_INDEX.get(usize::from(first.checked_sub(0x88)?)).copied()
}
