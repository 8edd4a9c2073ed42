//! An app with a bug: it does not expect jobs that failed.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// An app on a port of its own, for as long as this process runs.
#[derive(Debug)]
pub(crate) struct App {
    address: SocketAddr,
}

impl App {
    pub(crate) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // One connection that breaks is no matter.
                thread::spawn(move || drop(serve(stream)));
            }
        });
        Ok(Self { address })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

fn serve(stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            if line.trim().is_empty() {
                break;
            }
            let value = line.to_ascii_lowercase();
            if let Some(value) = value.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let path = first.split(' ').nth(1).unwrap_or("/");
        let (status, answer) = answer(path, &String::from_utf8_lossy(&body));
        work(length);
        let size = answer.len();
        // In one piece: small ones would wait for each other.
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-powered-by: Express\r\n"
        );
        stream.write_all(format!("{head}content-length: {size}\r\n\r\n{answer}").as_bytes())?;
    }
}

/// An app takes its time.
#[expect(
    clippy::disallowed_methods,
    reason = "it waits for nothing: it is at work"
)]
fn work(length: usize) {
    thread::sleep(Duration::from_millis(4 + 7 * (length as u64 % 5)));
}

fn answer(path: &str, body: &str) -> (&'static str, &'static str) {
    match path.split('?').next() {
        Some("/nowhere") => ("404 Not Found", r#"{"error":"Cannot POST /nowhere"}"#),
        Some("/moved") => ("307 Temporary Redirect\r\nlocation: /moved/", "{}"),
        _ if body.contains(r#""failed""#) => (
            "500 Internal Server Error",
            r#"{"error":"TypeError: Cannot read properties of undefined (reading '0')"}"#,
        ),
        _ => ("200 OK", r#"{"ok":true}"#),
    }
}
