//! What the API says when it refuses a call, wherever it says it, and what that means.

use serde_json::Value;

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
}
