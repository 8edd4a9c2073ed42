//! Requests the app found unfit: 400, 411, 413, 415, 422, 426, 429 and their like.

use super::page::Page;
use super::{Facts, Why, denied, quote};

pub(super) fn explain(status: u16, facts: &Facts<'_>, page: &Page) -> Why {
    let denied = denied::signature(facts, page).or_else(|| denied::forgery(status, page));
    if let Some(why) = denied {
        return why;
    }
    let said = page.said_that();
    match status {
        400 => bad(facts, page),
        408 => Why::new(
            format!("The app gave up waiting for the rest of the request{said}."),
            "Replay it; if it happens again, something in the app reads the body before the \
                route does.",
        ),
        409 => Why::new(
            format!(
                "The app sees a conflict with what it has{said}; a delivery that was handled \
                    before looks like that."
            ),
            "If it was, answer 200 to repeats: senders send again until they see one.",
        ),
        411 => Why::new(
            "The app wants a Content-Length, and the sender sent the body in chunks of \
                unknown number.",
            "Let the app or the proxy in front of it accept Transfer-Encoding: chunked, as \
                HTTP/1.1 has it.",
        ),
        413 => too_large(facts, page),
        414 | 431 => Why::new(
            format!("The app finds the address or the headers too long{said}."),
            "Raise its limit: node --max-http-header-size, nginx large_client_header_buffers.",
        ),
        415 => Why::new(
            format!("The app does not take {}{said}.", facts.content_type()),
            "Let the route accept this type, in its body parser or its decorator; to try \
                another, edit Content-Type and replay.",
        ),
        422 => invalid(facts, page),
        429 => too_many(facts),
        451 => Why::new(
            format!("The app refuses for legal reasons{said}."),
            "Ask whoever runs it.",
        ),
        _ => Why::new(
            format!("The app answered {status} to {}{said}.", facts.route()),
            "Look for where the app says that, starting from its output at that moment.",
        ),
    }
}

/// 101 to what asked for no upgrade, or 426 to what came without one.
pub(super) fn upgrade(facts: &Facts<'_>) -> Why {
    let wanted = facts.answer_header("upgrade");
    let wanted = wanted.map_or("another protocol".to_owned(), |wanted| quote(&wanted));
    Why::new(
        format!(
            "The app wants to change to {wanted} at {}, and webhooks are plain HTTP.",
            facts.route()
        ),
        "Check that the path is the webhook's and not that of a websocket or of a dev \
            server's reload channel.",
    )
}

fn bad(facts: &Facts<'_>, page: &Page) -> Why {
    if page.has(&[
        "plain http request was sent to https port",
        "http request to an https server",
    ]) {
        let target = facts
            .target
            .unwrap_or("https://localhost")
            .replacen("http://", "https://", 1);
        return Why::new(
            "The app wants TLS on that port and was addressed in the clear.",
            format!(
                "kreel listen {}, with --insecure for a certificate made for development.",
                quote(&target)
            ),
        );
    }
    if page.has(&[
        "disallowedhost",
        "invalid http_host header",
        "invalid host",
        "allowed_hosts",
    ]) {
        return denied::host();
    }
    let said = page.said_that();
    if page.has(&[
        "unexpected token",
        "unexpected end of json",
        "json parse",
        "json_parse",
        "parse json",
        "invalid json",
        "jsondecode",
        "json decode",
        "not valid json",
        "malformed json",
        "syntaxerror: ",
        "parsing json",
        "request body could not be parsed",
        "deserialize the json",
        "looking for beginning of value",
    ]) {
        let content_type = facts.content_type();
        let is_json = content_type.to_lowercase().contains("json");
        if is_json {
            return Why::new(
                format!("The app could not read the body as JSON{said}."),
                "Look at the Body tab, which shows where JSON breaks. If it is whole there, \
                    something in the app read the body first or parses it twice.",
            );
        }
        return Why::new(
            format!("The app tried to read {content_type} as JSON{said}."),
            "Let the route parse the type that is sent, or set the sender to JSON; to try, \
                edit Content-Type and replay.",
        );
    }
    let next = if facts.request_bytes == 0 && facts.method != "GET" {
        "The request has no body: check whether the app wants one."
    } else {
        "Compare with a delivery that worked (m to mark it, d to see the difference)."
    };
    Why::new(
        format!("The app did not understand the request{said}."),
        next,
    )
}

/// Whose limit it is, as far as it shows.
fn too_large(facts: &Facts<'_>, page: &Page) -> Why {
    let size = size(facts.request_bytes);
    let server = facts
        .answer_header("server")
        .unwrap_or_default()
        .to_lowercase();
    let powered = facts
        .answer_header("x-powered-by")
        .unwrap_or_default()
        .to_lowercase();
    let (whose, next) = if server.contains("nginx") || page.has(&["<center>nginx"]) {
        (
            "nginx takes 1 MB by default",
            "Raise client_max_body_size in nginx's configuration.",
        )
    } else if powered.contains("next.js") || page.has(&["body exceeded 1mb limit", "body exceeded"])
    {
        (
            "Next.js takes 1 MB in an API route by default",
            "Raise it: export const config = { api: { bodyParser: { sizeLimit: '10mb' } } }, \
                or use a route handler, which has no such limit.",
        )
    } else if page.has(&["payloadtoolargeerror", "request entity too large"])
        || powered.contains("express")
    {
        (
            "Express' body parser takes 100 kB by default",
            "Raise it: express.json({ limit: '10mb' }).",
        )
    } else if page.has(&["fst_err_ctp_body_too_large", "request body is too large"]) {
        (
            "Fastify takes 1 MiB by default",
            "Raise bodyLimit, for the server or for the route.",
        )
    } else if page.has(&["length limit exceeded"]) {
        (
            "axum takes 2 MB by default",
            "Raise it: DefaultBodyLimit::max.",
        )
    } else {
        (
            "it has a limit for bodies",
            "Raise the limit of its body parser, or of the proxy in front of it.",
        )
    };
    Why::new(
        format!("The body of {size} is too large for the app: {whose}."),
        next,
    )
}

/// A body's size as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn invalid(facts: &Facts<'_>, page: &Page) -> Why {
    let fields = page.invalid_fields();
    if fields.is_empty() {
        return Why::new(
            format!(
                "The app read the body and finds it invalid{}.",
                page.said_that()
            ),
            "Compare with a delivery that worked (m to mark it, d to see the difference).",
        );
    }
    let content_type = facts.content_type().to_lowercase();
    let next = if fields.iter().any(|field| field.starts_with("body:"))
        && !content_type.contains("json")
    {
        "The body was not read as JSON: check Content-Type."
    } else {
        "Let the app's model allow what is sent there, or edit that field and replay."
    };
    Why::new(
        format!("The app finds the body invalid: {}.", fields.join("; ")),
        next,
    )
}

fn too_many(facts: &Facts<'_>) -> Why {
    let after = match facts.answer_header("retry-after") {
        Some(after) if after.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!(" and wants {} s of rest", quote(&after))
        }
        Some(after) => format!(" until {}", quote(&after)),
        None => String::new(),
    };
    Why::new(
        format!("The app, or what it calls, limits how many requests it takes{after}."),
        "Take the webhook's route out of the limit in development, or replay with less at once.",
    )
}
