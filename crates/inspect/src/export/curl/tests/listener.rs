//! A small HTTP server that tells what it was sent, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

/// What arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) method: String,
    pub(super) target: Vec<u8>,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

/// A listener on a free port; it serves until the test's process ends.
pub(super) struct Listener {
    pub(super) port: u16,
    received: mpsc::Receiver<Received>,
}

impl Listener {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (send, received) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .unwrap();
                if let Some(request) = serve(stream)
                    && send.send(request).is_err()
                {
                    return;
                }
            }
        });
        Self { port, received }
    }

    pub(super) fn next(&self) -> Received {
        self.received.recv_timeout(Duration::from_secs(20)).unwrap()
    }
}

fn serve(stream: TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let line = line(&mut reader)?;
    let mut parts = line.split(|byte| *byte == b' ');
    let method = String::from_utf8(parts.next()?.to_vec()).ok()?;
    let target = parts.next()?.to_vec();
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let line = self::line(&mut reader)?;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = String::from_utf8(line[..colon].to_vec()).ok()?;
        let value = line[colon + 1..]
            .strip_prefix(b" ")
            .unwrap_or(&line[colon + 1..])
            .to_vec();
        if name.eq_ignore_ascii_case("content-length") {
            length = String::from_utf8(value.clone()).ok()?.parse().ok()?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    reader.get_mut().write_all(answer).ok()?;
    Some(Received {
        method,
        target,
        headers,
        body,
    })
}

fn line(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line).ok()?;
    line.pop().filter(|byte| *byte == b'\n')?;
    line.pop().filter(|byte| *byte == b'\r')?;
    Some(line)
}
