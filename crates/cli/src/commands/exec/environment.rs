//! What a command learns of its delivery from its environment.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use kreel_client::Whole;
use kreel_client::plain::rfc3339;
use kreel_wire::Headers;

/// The variables and their values. Bytes stay bytes; no header can hold a NUL.
pub(super) fn facts(whole: &Whole) -> Vec<(String, OsString)> {
    let delivery = &whole.delivery;
    let target = &delivery.target[..];
    let at = target.iter().position(|byte| *byte == b'?');
    let (path, query) = target.split_at(at.unwrap_or(target.len()));
    let path = if path.is_empty() { b"/" } else { path };
    let query = query.get(1..).unwrap_or_default();
    let last = whole.row.last.as_ref();
    let status = last.and_then(|last| last.status);
    let mut facts = vec![
        named("ID", delivery.id.to_string()),
        named("SEQ", delivery.seq.0.to_string()),
        named("METHOD", delivery.method.to_string()),
        named("PATH", path.to_vec()),
        named("QUERY", query.to_vec()),
        named("RECEIVED_AT", rfc3339(delivery.received_at_us)),
    ];
    let size = whole.row.summary.size_bytes;
    facts.extend(size.map(|size| named("SIZE_BYTES", size.to_string())));
    facts.extend(status.map(|status| named("STATUS", status.to_string())));
    facts.extend(of_headers(&delivery.headers));
    facts
}

fn named(name: &str, value: impl Into<Vec<u8>>) -> (String, OsString) {
    let value = OsString::from_vec(value.into());
    (format!("KREEL_{name}"), value)
}

/// One variable for each name; the values of repeats are joined as RFC 9110, section 5.3, allows.
fn of_headers(headers: &Headers) -> Vec<(String, OsString)> {
    let mut facts: Vec<(String, Vec<u8>)> = Vec::new();
    for line in headers {
        let name = format!("HEADER_{}", variable(line.name));
        match facts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, value)) => {
                value.extend_from_slice(b", ");
                value.extend_from_slice(line.value);
            }
            None => facts.push((name, line.value.to_vec())),
        }
    }
    let fact = |(name, value): (String, Vec<u8>)| named(&name, value);
    facts.into_iter().map(fact).collect()
}

/// A header's name as a variable's: letters, digits and underscores.
fn variable(name: &[u8]) -> String {
    let plain = |byte: &u8| match byte.is_ascii_alphanumeric() {
        true => char::from(byte.to_ascii_uppercase()),
        false => '_',
    };
    name.iter().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use kreel_wire::HeadersBuilder;

    use super::*;

    #[test]
    fn headers_become_variables() {
        let mut builder = HeadersBuilder::default();
        for (name, value) in [
            ("content-type", &b"text/plain"[..]),
            ("x-a", b"1"),
            ("x_a", b"\xff"),
            ("x-a", b"$(rm)"),
        ] {
            builder.push(name.as_bytes(), value);
        }
        let facts = of_headers(&builder.build());
        assert_eq!(
            facts,
            [
                named("HEADER_CONTENT_TYPE", "text/plain"),
                named("HEADER_X_A", b"1, \xff, $(rm)".to_vec()),
            ]
        );
    }
}
