//! What the API says when it refuses a call, wherever it says it, and what that means.

use std::borrow::Cow;
use std::io::Read as _;

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use serde_json::Value;

use crate::limits::KEPT_BYTES;
use crate::proxy::Gone;

/// How many characters of a page that is no JSON are worth showing.
const SHOWN: usize = 200;

/// The words of an error body: `message`, `error` as text or object, `detail` as text or list,
/// lists of issues, or the beginning of whatever else it is.
pub(crate) fn words(body: &[u8]) -> String {
    let found = serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|value| of(&value, 0));
    found.unwrap_or_else(|| {
        let text = String::from_utf8_lossy(body);
        text.split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(SHOWN)
            .collect()
    })
}

/// Depth is bounded: the parser has bounded it already, and three levels are the deepest seen.
fn of(value: &Value, depth: usize) -> Option<String> {
    const NAMES: [&str; 8] = [
        "message", "msg", "error", "detail", "details", "errors", "issues", "code",
    ];
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Array(items) if depth < 4 => {
            let all: Vec<String> = items
                .iter()
                .take(3)
                .filter_map(|item| of(item, depth + 1))
                .collect();
            (!all.is_empty()).then(|| all.join("; "))
        }
        Value::Object(object) if depth < 4 => {
            let mut found = NAMES.iter().filter_map(|name| object.get(*name));
            found.find_map(|value| of(value, depth + 1))
        }
        _ => None,
    }
}

/// A body as it was before it was compressed, as far as it is shown; of one that can't be unpacked
/// only how it is compressed.
pub(crate) fn unpacked<'a>(coding: Option<&str>, body: &'a [u8]) -> Cow<'a, [u8]> {
    let read = |mut reader: Box<dyn std::io::Read + 'a>| {
        let mut plain = Vec::new();
        let most = u64::try_from(KEPT_BYTES).unwrap_or(u64::MAX);
        // What breaks off is shown up to there: only its beginning was kept.
        let _ = reader.by_ref().take(most).read_to_end(&mut plain);
        plain
    };
    let plain = match coding {
        None | Some("identity" | "") => return body.into(),
        Some("gzip" | "x-gzip") => read(Box::new(MultiGzDecoder::new(body))),
        Some("deflate") => read(Box::new(ZlibDecoder::new(body))),
        Some(_) => Vec::new(),
    };
    match (plain.is_empty(), coding) {
        (true, Some(coding)) if !body.is_empty() => {
            let words = format!("(a body compressed with {coding})");
            words.into_bytes().into()
        }
        _ => plain.into(),
    }
}

/// What a 410 says of a model that is gone, where it has Krea's structure.
pub(crate) fn gone(status: u16, body: &[u8]) -> Option<Gone> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| body.get(name)?.as_str().map(str::to_owned);
    let gone = Gone {
        replacement: text("replacement"),
        sunset_date: text("sunset_date"),
        migration_url: text("migration_url"),
    };
    (status == 410 && gone != Gone::default()).then_some(gone)
}

/// What a status of the API means for whoever made the call; nothing for those that explain
/// themselves.
pub(crate) fn meaning(status: u16) -> Option<&'static str> {
    Some(match status {
        400 | 422 => "the body was refused: Krea takes no fields it does not know",
        401 => "the token was not taken",
        402 => "the API balance is empty; it is separate from the workspace's compute units",
        404 => "there is no such thing, or it belongs to another workspace",
        410 => "the model is past its end; asking again does not help",
        429 => "too many jobs at once, or too many calls; wait and try again",
        524 => "the call took longer than Cloudflare waits; the job may run all the same",
        502..=504 | 520..=530 => "something between here and the API failed",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_wherever_they_are() {
        for (body, expected) in [
            (r#"{"error":"no"}"#, "no"),
            (r#"{"message":"Unauthorized"}"#, "Unauthorized"),
            (r#"{"error":{"code":"x","message":"no"}}"#, "no"),
            (r#"{"error":"model_unavailable","message":"gone"}"#, "gone"),
            (r#"{"detail":"no"}"#, "no"),
            (
                r#"{"detail":[{"loc":["body"],"msg":"a"},{"msg":"b"}]}"#,
                "a; b",
            ),
            (r#"{"issues":[{"message":"a"}]}"#, "a"),
            (r#"{"code":7}"#, r#"{"code":7}"#),
            ("<h1>502\n\n Bad</h1>", "<h1>502 Bad</h1>"),
            ("", ""),
        ] {
            assert_eq!(words(body.as_bytes()), expected, "{body}");
        }
        assert_eq!(words(&b"x".repeat(10_000)).len(), 200);
        assert!(!words(b"\xff\xfe").is_empty());
    }

    #[test]
    fn compressed_words_are_read_or_said_to_be_so() {
        use std::io::Write as _;
        let plain = br#"{"error":"no"}"#;
        let level = flate2::Compression::default();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), level);
        gzip.write_all(plain).unwrap();
        let gzip = gzip.finish().unwrap();
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(plain).unwrap();
        let zlib = zlib.finish().unwrap();
        assert_eq!(unpacked(None, plain), &plain[..]);
        assert_eq!(unpacked(Some("gzip"), &gzip), &plain[..]);
        assert_eq!(unpacked(Some("deflate"), &zlib), &plain[..]);
        for (coding, body) in [("br", &gzip[..]), ("gzip", b"\xff"), ("gzip", &gzip[..5])] {
            let words = words(&unpacked(Some(coding), body));
            assert_eq!(words, format!("(a body compressed with {coding})"));
        }
        assert_eq!(unpacked(Some("br"), b""), &b""[..]);
        // A bomb is opened no further than it is looked at.
        let mut bomb = flate2::write::GzEncoder::new(Vec::new(), level);
        bomb.write_all(&vec![b' '; 10_000_000]).unwrap();
        assert_eq!(
            unpacked(Some("gzip"), &bomb.finish().unwrap()).len(),
            KEPT_BYTES
        );
    }

    #[test]
    fn a_model_that_is_gone_says_what_comes_instead() {
        let body = br#"{"error":"model_unavailable","replacement":"video/a/b","sunset_date":"2026-04-27"}"#;
        let told = gone(410, body).unwrap();
        assert_eq!(told.replacement.as_deref(), Some("video/a/b"));
        assert_eq!(told.sunset_date.as_deref(), Some("2026-04-27"));
        assert_eq!(told.migration_url, None);
        assert_eq!(gone(404, body), None);
        assert_eq!(gone(410, b"<html>"), None);
        assert_eq!(gone(410, b"{}"), None);
    }
}
