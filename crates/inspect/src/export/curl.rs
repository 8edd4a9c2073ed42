//! A request as a command that any POSIX shell runs to send the same bytes.
//!
//! Words are single-quoted; what can't stand in a terminal goes through `printf` with octal
//! escapes. `Host`, `Content-Length` and the headers of the hop are curl's own business, and
//! what curl would add by itself is taken away.

mod shell;

use shell::{double_quoted, octal, quoted};

use super::Request;
use super::text::base64;
use crate::limits;
use crate::mask::{Masking, scheme};

/// Headers of one connection, which curl sets as its own connection needs them.
const HOP: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The command. A masked secret is a variable of the shell that the command insists on:
/// `${SECRET_AUTHORIZATION:?…}`.
pub fn curl(request: &Request<'_>, masking: &Masking) -> String {
    let body = Body::of(request);
    let mut words = vec!["curl".to_owned()];
    words.extend(method(request, &body));
    words.push(quoted(request.url.as_bytes()));
    if request.url.contains(['[', ']', '{', '}']) {
        words.push("--globoff".to_owned());
    }
    if request.url.contains("/.") {
        words.push("--path-as-is".to_owned());
    }
    words.extend(headers(request, &body, masking));
    words.extend(body.arguments());
    let command = words.join(" ");
    let command = match body {
        Body::Piped { source } => format!("{source} | {command}"),
        Body::None | Body::Argument { .. } => command,
    };
    if request.is_whole {
        return command;
    }
    let kept = request.body.len();
    format!(": 'only the first {kept} bytes of the body were kept' && {command}")
}

/// How a body gets to curl.
enum Body {
    /// There is none.
    None,
    /// As a quoted argument.
    Argument { word: String },
    /// From the output of this command.
    Piped { source: String },
}

impl Body {
    fn of(request: &Request<'_>) -> Self {
        let body = request.body;
        if body.is_empty() {
            // Such a method without a length is answered with 411 by some apps.
            return match request.method {
                "POST" | "PUT" | "PATCH" => Self::Argument {
                    word: "''".to_owned(),
                },
                _ => Self::None,
            };
        }
        let is_argument = body.len() <= limits::ARGUMENT_BYTES;
        match shell::plain(body) {
            Some(word) if is_argument => Self::Argument { word },
            Some(word) => Self::Piped {
                source: format!("printf %s {word}"),
            },
            None => Self::Piped {
                source: printed(body),
            },
        }
    }

    fn arguments(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Argument { word } => Some(format!("--data-raw {word}")),
            Self::Piped { .. } => Some("--data-binary @-".to_owned()),
        }
    }
}

/// A command that prints these bytes, whichever form is shorter.
fn printed(body: &[u8]) -> String {
    let octal = format!("printf {}", octal(body));
    if octal.len() <= body.len() * 3 / 2 + 16 {
        return octal;
    }
    format!("printf %s '{}' | base64 -d", base64(body))
}

/// What tells curl the method, where it would not take it by itself.
fn method(request: &Request<'_>, body: &Body) -> Option<String> {
    match (request.method, body) {
        ("GET", Body::None) => None,
        ("POST", Body::Argument { .. } | Body::Piped { .. }) => None,
        // With `-X HEAD` curl would wait for a body that never comes.
        ("HEAD", Body::None) => Some("--head".to_owned()),
        (method, _) => Some(format!("-X {}", quoted(method.as_bytes()))),
    }
}

fn headers(request: &Request<'_>, body: &Body, masking: &Masking) -> Vec<String> {
    let mut words = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for header in request.headers {
        let name = String::from_utf8_lossy(header.name);
        if HOP.contains(&name.as_ref()) {
            continue;
        }
        let word = if masking.hides(header.name) {
            masked(&name, header.value, &mut seen)
        } else if header.value.is_empty() {
            quoted(format!("{name};").as_bytes())
        } else {
            let line = [name.as_bytes(), b": ", header.value].concat();
            quoted(&line)
        };
        words.push(format!("-H {word}"));
    }
    words.extend(unwanted(request, body).map(|name| format!("-H '{name}:'")));
    words
}

/// What curl adds by itself and the sender did not send.
fn unwanted<'a>(request: &'a Request<'_>, body: &Body) -> impl Iterator<Item = &'static str> + 'a {
    let has_body = !matches!(body, Body::None);
    let expects = request.body.len() >= limits::EXPECT_BYTES;
    [
        ("Accept", true),
        ("User-Agent", true),
        ("Content-Type", has_body),
        ("Expect", expects),
    ]
    .into_iter()
    .filter(|(name, is_added)| {
        let sent = request.headers.first(&name.to_ascii_lowercase());
        *is_added && (sent.is_none() || *name == "Expect")
    })
    .map(|(name, _)| name)
}

/// A header whose value the user fills in; the shell says so if they forget.
fn masked(name: &str, value: &[u8], seen: &mut Vec<String>) -> String {
    let upper = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    let mut variable: String = "SECRET_".chars().chain(name.chars().map(upper)).collect();
    let before = seen.iter().filter(|seen| **seen == variable).count();
    seen.push(variable.clone());
    if before > 0 {
        variable.push_str(&format!("_{}", before + 1));
    }
    let scheme = scheme(value).map(|scheme| format!("{scheme} "));
    let front = double_quoted(&format!("{name}: {}", scheme.unwrap_or_default()));
    format!("\"{front}${{{variable}:?is masked, set it}}\"")
}

#[cfg(test)]
mod tests;
