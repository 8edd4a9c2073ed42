//! A webhook as bytes, made once; only the request id is written anew.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use super::connection::Target;

/// The header by which the app tells requests apart.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// One sender's request.
#[derive(Debug)]
pub(super) struct Post {
    bytes: Vec<u8>,
    id_at: usize,
    answer: Vec<u8>,
    body_bytes: usize,
    kept: bool,
}

impl Post {
    /// A webhook for this target with a body of exactly this length.
    pub(super) fn new(target: &Target, body_bytes: usize) -> Self {
        let mut bytes = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             content-length: {body_bytes}\r\n{REQUEST_ID}: ",
            target.path, target.host
        )
        .into_bytes();
        let id_at = bytes.len();
        bytes.extend_from_slice(&[b'0'; ID_DIGITS]);
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(&job(body_bytes));
        Self {
            bytes,
            id_at,
            answer: Vec::new(),
            body_bytes,
            kept: target.kept,
        }
    }

    /// Gives the request an id no other request of this process has.
    pub(super) fn renew(&mut self) {
        let id = format!("{:0ID_DIGITS$x}", NEXT_ID.fetch_add(1, Ordering::Relaxed));
        self.bytes[self.id_at..self.id_at + ID_DIGITS].copy_from_slice(id.as_bytes());
        self.answer.clear();
        write!(self.answer, "{id} {}", self.body_bytes).expect("a Vec takes every byte");
    }

    /// What goes over the socket.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the relay answers it, and not the app.
    pub(super) fn kept(&self) -> bool {
        self.kept
    }

    /// The only body that answers it.
    pub(super) fn answer(&self) -> &[u8] {
        &self.answer
    }
}

/// A finished job as Krea posts it, padded to the length; cut off where it is too short for that.
pub(crate) fn job(length: usize) -> Vec<u8> {
    let mut body = br#"{"job_id":"0193d1ce-0b1f-7000-8000-000000000000","status":"completed","created_at":"2026-01-15T10:30:00.000Z","completed_at":"2026-01-15T10:30:12.000Z","result":{"urls":["https://gen.krea.ai/images/0193d1ce-0b1f-7000-8000-000000000000.png"],"note":""#.to_vec();
    let end = br#""}}"#;
    body.resize(length.saturating_sub(end.len()), b'x');
    body.extend_from_slice(end);
    body.truncate(length);
    body
}

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// Enough for every `u64`.
const ID_DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_its_length_and_is_json() {
        for length in [600, 64 * 1024, 1024 * 1024] {
            let body = job(length);
            assert_eq!(body.len(), length);
            serde_json::from_slice::<serde_json::Value>(&body).unwrap();
        }
    }

    #[test]
    fn every_request_has_an_id_of_its_own() {
        let target = Target {
            addr: ([127, 0, 0, 1], 80).into(),
            host: "localhost".into(),
            path: "/hook".into(),
            tls: None,
            kept: false,
        };
        let mut post = Post::new(&target, 600);
        post.renew();
        let first = (post.bytes().to_vec(), post.answer().to_vec());
        post.renew();
        assert_ne!(first.0, post.bytes());
        assert_ne!(first.1, post.answer());
        assert_eq!(first.0.len(), post.bytes().len());
        let id = String::from_utf8(post.answer()[..ID_DIGITS].to_vec()).unwrap();
        let sent = String::from_utf8(post.bytes().to_vec()).unwrap();
        assert!(sent.contains(&format!("{REQUEST_ID}: {id}\r\n\r\n{{")));
    }
}
