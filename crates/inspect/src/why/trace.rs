//! Stack traces of Node, Python, Ruby and PHP: what went wrong, and where in the app's own code.

use serde_json::Value;

use super::quote;

/// What parts of paths tell that a file is not the app's own.
const FOREIGN: [&str; 8] = [
    "node_modules",
    "node:",
    "internal/",
    "site-packages",
    "dist-packages",
    "/gems/",
    "/vendor/",
    "lib/python",
];

/// What a stack trace says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trace {
    /// Its error.
    pub(super) error: String,
    /// File and line, the app's own if one is there.
    pub(super) place: Option<String>,
}

impl Trace {
    /// The trace in a text, if there is one.
    pub(super) fn in_text(text: &str) -> Option<Self> {
        python(text)
            .or_else(|| php(text))
            .or_else(|| node(text))
            .or_else(|| ruby(text))
    }

    /// The trace in a JSON error: a `stack` (Node), `trace` with `file` and `line` (Laravel), or
    /// `traces` (Rails).
    pub(super) fn in_json(json: &Value) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        let error = json
            .get("error")
            .filter(|error| error.is_object())
            .unwrap_or(json);
        if let Some(trace) = text(error, "stack")
            .or_else(|| text(error, "traceback"))
            .or_else(|| text(error, "trace"))
        {
            return Self::in_text(&trace);
        }
        if let (Some(message), Some(file)) = (text(json, "message"), text(json, "file")) {
            let line = json
                .get("line")
                .map(|line| format!(":{line}"))
                .unwrap_or_default();
            let exception = text(json, "exception")
                .map(|name| format!("{name}: "))
                .unwrap_or_default();
            return Some(Self {
                error: quote(&format!("{exception}{message}")),
                place: Some(quote(&format!("{file}{line}"))),
            });
        }
        let exception = text(json, "exception")?;
        let frames = json.pointer("/traces/Application Trace/0/trace");
        let frame = frames.and_then(Value::as_str).and_then(ruby_place);
        let error = exception.trim_start_matches("#<").trim_end_matches('>');
        Some(Self {
            error: quote(error),
            place: frame.map(quote),
        })
    }
}

/// `Error: words` and below it `at name (file:line:column)`.
fn node(text: &str) -> Option<Trace> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let frame = |line: &&str| {
        line.strip_prefix("at ")
            .filter(|rest| rest.contains(':'))
            .is_some()
    };
    let first = lines.iter().position(frame)?;
    let error = lines.get(first.checked_sub(1)?)?;
    let frames = lines[first..].iter().take_while(|line| frame(line));
    let places: Vec<&str> = frames.filter_map(|line| node_place(line)).collect();
    Some(Trace {
        error: quote(error),
        place: own(&places),
    })
}

fn node_place(line: &str) -> Option<&str> {
    let place = line.strip_prefix("at ")?;
    let place = match place.rsplit_once('(') {
        Some((_, inside)) => inside.trim_end_matches(')'),
        None => place.trim_start_matches("async "),
    };
    let place = place.trim_start_matches("file://");
    // Line and column stand at its end; the line is enough.
    let (file, column) = place.rsplit_once(':')?;
    let is_line = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_both = file.rsplit_once(':').is_some_and(|(_, line)| is_line(line));
    (is_line(column) && has_both).then_some(file)
}

/// `File "path", line N, in name`, the innermost last, and the error behind it.
fn python(text: &str) -> Option<Trace> {
    let start = text.find("Traceback (most recent call last)")?;
    let mut places: Vec<String> = Vec::new();
    let mut error = None;
    for line in text[start..].lines().skip(1) {
        if let Some(rest) = line.trim_start().strip_prefix("File \"") {
            let (file, rest) = rest.split_once('"')?;
            let line = rest
                .trim_start_matches(", line ")
                .split([',', ' '])
                .next()?;
            places.push(format!("{file}:{line}"));
            error = None;
        } else if error.is_none() && is_python_error(line) {
            error = Some(line.trim());
        }
    }
    places.reverse();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    Some(Trace {
        error: quote(error?),
        place: own(&places),
    })
}

/// `KeyError: 'x'`, at the beginning of its line.
fn is_python_error(line: &str) -> bool {
    let name = line.split([':', ' ']).next().unwrap_or_default();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    let last = name.rsplit('.').next().unwrap_or_default();
    !name.is_empty()
        && name.chars().all(is_name)
        && last.starts_with(|c: char| c.is_ascii_uppercase())
}

/// `words in /file.php:3` or `in /file.php on line 3`.
fn php(text: &str) -> Option<Trace> {
    let kinds = ["Fatal error:", "Parse error:", "Uncaught "];
    let start = kinds.iter().find_map(|kind| text.find(kind))?;
    let words = text[start..].split("Stack trace:").next()?;
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words
        .split_once("error: ")
        .map_or(words.as_str(), |(_, words)| words);
    let words = words.trim_start_matches("Uncaught ");
    let (error, place) = words.rsplit_once(" in ")?;
    let place = place.replace(" on line ", ":");
    let place = place.split_whitespace().next()?;
    place.contains(".php").then(|| Trace {
        error: quote(error),
        place: Some(quote(place)),
    })
}

/// `NoMethodError (words):` and below it ``app/file.rb:5:in `create'``.
fn ruby(text: &str) -> Option<Trace> {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let first = lines.iter().position(|line| ruby_place(line).is_some())?;
    // Rack puts the words behind the place of the first line.
    let behind = lines[first].split_once("': ").map(|(_, words)| words);
    let before = first.checked_sub(1).and_then(|at| lines.get(at).copied());
    let error = behind.or(before)?.trim_end_matches(':');
    let places: Vec<&str> = lines[first..]
        .iter()
        .filter_map(|line| ruby_place(line))
        .collect();
    Some(Trace {
        error: quote(error),
        place: own(&places),
    })
}

fn ruby_place(line: &str) -> Option<&str> {
    let (place, _) = line.trim().split_once(":in ")?;
    let (file, line) = place.rsplit_once(':')?;
    let is_line = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit());
    (is_line && (file.ends_with(".rb") || file.ends_with(".ru"))).then_some(place)
}

/// The first place that is the app's own, or the first.
fn own(places: &[&str]) -> Option<String> {
    let is_own = |place: &&&str| !FOREIGN.iter().any(|part| place.contains(part));
    let place = places.iter().find(is_own).or(places.first())?;
    Some(quote(place))
}
