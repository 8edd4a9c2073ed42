//! Whole comparisons, as they are shown.

mod bodies;
mod heads;

use kreel_wire::{Headers, HeadersBuilder};

use super::*;

fn headers(lines: &[(&str, &str)]) -> Headers {
    let mut builder = HeadersBuilder::default();
    for (name, value) in lines {
        builder.push(name.as_bytes(), value.as_bytes());
    }
    builder.build()
}

fn side<'a>(headers: &'a Headers, body: &'a [u8]) -> Side<'a> {
    Side {
        label: "a".to_owned(),
        method: None,
        target: None,
        status: None,
        failure: None,
        headers,
        body,
        is_whole: true,
        took: None,
        at_us: None,
    }
}

/// The comparison of two bodies.
fn bodies(left: impl AsRef<[u8]>, right: impl AsRef<[u8]>, rules: &[&str]) -> Comparison {
    let none = Headers::default();
    let (left, right) = (side(&none, left.as_ref()), side(&none, right.as_ref()));
    compare(&left, &right, &Ignore::parse(rules).unwrap())
}

/// Its lines in 80 columns.
fn shown(comparison: &Comparison) -> Vec<String> {
    let lines = comparison.lines(80, false);
    lines.iter().map(DiffLine::text).collect()
}
