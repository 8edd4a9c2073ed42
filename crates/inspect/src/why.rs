//! Why an attempt failed or was answered badly: the likely cause in one sentence, and the next
//! step in another.
//!
//! Judged from what is known of the attempt alone: nothing is tried, and what the app said is
//! quoted, inert and short. Where nothing is wrong, nothing is said.

mod denied;
mod failure;
mod framework;
mod missing;
mod page;
mod redirect;
mod refused;
mod server;
mod trace;
mod unfit;

use std::time::Duration;

use kreel_wire::Headers;

use crate::inert::inert;
use crate::limits;
use page::Page;
pub use refused::{NEARBY_PORTS, USUAL_PORTS};

/// What is known of an attempt.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// The code of its `Failure`, if it brought no complete answer.
    pub failure: Option<&'a str>,
    /// The sentence of that failure, which names the system's own words.
    pub failure_text: Option<&'a str>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// The header lines of the answer.
    pub answer_headers: Option<&'a Headers>,
    /// The beginning of the answer's body.
    pub answer_body: &'a [u8],
    /// The method of the request.
    pub method: &'a str,
    /// Path and query as the app got them.
    pub path: &'a str,
    /// The header lines of the request.
    pub request_headers: Option<&'a Headers>,
    /// The size of the request's body in bytes.
    pub request_bytes: u64,
    /// The address of the app.
    pub target: Option<&'a str>,
    /// The ports on which something listens on this machine, gathered by the caller.
    pub listening: &'a [u16],
    /// Method and path of requests that were answered with 2xx.
    pub paths_that_worked: &'a [(&'a str, &'a str)],
    /// How long the attempt took.
    pub took: Option<Duration>,
    /// How long the sender of it waited for this answer before it got 202 (`--wait`); none if it
    /// got something else, or nobody waited.
    pub wait: Option<Duration>,
    /// Whether the request was edited before it was sent.
    pub is_edited: bool,
}

/// The likely cause of what happened, and what to do about it. Both are inert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The cause, a sentence.
    pub cause: String,
    /// The next step, a sentence or two.
    pub next: String,
}

/// Explains an attempt; none if there is nothing to explain.
pub fn explain(facts: &Facts<'_>) -> Option<Why> {
    let mut why = cause(facts)?;
    if facts.is_edited && facts.failure.is_none() && !is_fine(facts) {
        why.next.push_str(
            " This request was edited: replay the original to see whether the edit is the cause.",
        );
    }
    Some(Why {
        cause: inert(&why.cause).into_owned(),
        next: inert(&why.next).into_owned(),
    })
}

fn cause(facts: &Facts<'_>) -> Option<Why> {
    if let Some(code) = facts.failure {
        return Some(failure::explain(code, facts));
    }
    let page = Page::of(facts);
    match facts.status? {
        200..=299 => web_page(facts, &page).or_else(|| slow(facts)),
        101 | 426 => Some(unfit::upgrade(facts)),
        status @ 300..=399 => redirect::explain(status, facts),
        status @ (401 | 403 | 407 | 419) => Some(denied::explain(status, facts, &page)),
        status @ (404 | 405 | 410) => Some(missing::explain(status, facts, &page)),
        status @ 400..=499 => Some(unfit::explain(status, facts, &page)),
        status => Some(server::explain(status, facts, &page)),
    }
}

fn is_fine(facts: &Facts<'_>) -> bool {
    matches!(facts.status, Some(200..=299))
}

/// A page for people, where a program expected an answer: some route for all took it.
fn web_page(facts: &Facts<'_>, page: &Page) -> Option<Why> {
    let is_page = page.is_html && !matches!(facts.method, "GET" | "HEAD");
    is_page.then(|| {
        let title = page
            .title()
            .map(|title| format!(" “{title}”"))
            .unwrap_or_default();
        Why::new(
            format!(
                "The app answered with a web page{title}, not as an API would: probably a \
                catch-all route or a dev server's index page took the request."
            ),
            format!(
                "Check that {} is handled by your webhook's route.",
                facts.route()
            ),
        )
    })
}

fn slow(facts: &Facts<'_>) -> Option<Why> {
    let took = facts.took.filter(|took| *took >= limits::SLOW)?;
    let wait = facts.wait.filter(|wait| took >= *wait);
    let mut next = "Answer first and work afterwards (a queue or a background task)".to_owned();
    if facts.wait.is_some() {
        next.push_str("; or raise --wait, as far as the sender waits");
    }
    next.push('.');
    let cause = match wait {
        Some(wait) => format!(
            "The app took {took:.1?}, longer than the {wait:.0?} that a sender waits \
                (--wait), so the sender got 202 from the relay instead of this answer."
        ),
        None => format!(
            "The app took {took:.1?} to answer, and many senders give up after 5 to 10 s and \
                send again."
        ),
    };
    Some(Why::new(cause, next))
}

impl Why {
    fn new(cause: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            next: next.into(),
        }
    }
}

impl Facts<'_> {
    /// Method and path, as people write a route.
    fn route(&self) -> String {
        format!("{} {}", quote(self.method), quote(self.path_alone()))
    }

    /// The path without its query.
    fn path_alone(&self) -> &str {
        match self.path.split_once(['?', '#']) {
            Some(("", _)) => "/",
            Some((path, _)) => path,
            None if self.path.is_empty() => "/",
            None => self.path,
        }
    }

    /// A header of the answer, as text.
    fn answer_header(&self, name: &str) -> Option<String> {
        header(self.answer_headers, name)
    }

    /// A header of the request, as text.
    fn request_header(&self, name: &str) -> Option<String> {
        header(self.request_headers, name)
    }

    /// The content type of the request, or what its absence is called.
    fn content_type(&self) -> String {
        match self.request_header("content-type") {
            Some(value) => quote(&value),
            None => "no Content-Type".to_owned(),
        }
    }
}

fn header(headers: Option<&Headers>, name: &str) -> Option<String> {
    let value = headers?.first(name)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Somebody's words, inert and short.
fn quote(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = inert(&words);
    match shown.char_indices().nth(limits::QUOTE_CHARS) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown.into_owned(),
    }
}

#[cfg(test)]
mod tests;
