//! What an answer's body says, whether it is JSON, a page or plain text.

use serde_json::Value;

use super::trace::Trace;
use super::{Facts, quote};
use crate::limits;

/// The members of a JSON error that hold words, most telling first.
const MESSAGES: [&str; 8] = [
    "message",
    "error_description",
    "detail",
    "error",
    "title",
    "reason",
    "msg",
    "errors",
];

/// The body of an answer, read.
pub(super) struct Page {
    /// The beginning as text; without its tags if it is a page.
    pub(super) text: String,
    /// Whether it is a page for people.
    pub(super) is_html: bool,
    /// All of it in lower case, tags included, to look for words in.
    lower: String,
    title: Option<String>,
    json: Option<Value>,
}

impl Page {
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let body = facts.answer_body;
        let body = &body[..body.len().min(limits::CAUSE_BYTES)];
        let source = String::from_utf8_lossy(body);
        let content_type = facts.answer_header("content-type").unwrap_or_default();
        let start = source.trim_start().to_ascii_lowercase();
        let is_html = content_type.to_ascii_lowercase().contains("html")
            || start.starts_with("<!doctype html")
            || start.starts_with("<html");
        let json = if is_html {
            None
        } else {
            serde_json::from_slice(body).ok()
        };
        Self {
            lower: source.to_lowercase(),
            title: is_html.then(|| title(&source)).flatten(),
            text: if is_html {
                stripped(&source)
            } else {
                source.into_owned()
            },
            is_html,
            json,
        }
    }

    /// Whether one of these, in lower case, occurs.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.lower.contains(word))
    }

    /// Whether it says nothing.
    pub(super) fn is_bare(&self) -> bool {
        self.said().is_none()
    }

    /// The title of a page.
    pub(super) fn title(&self) -> Option<String> {
        self.title.as_deref().map(quote)
    }

    /// The app's own words, if it has any.
    pub(super) fn said(&self) -> Option<String> {
        if let Some(json) = &self.json {
            return words(json, 4).map(|words| quote(&words));
        }
        let first = self
            .text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty());
        self.title().or_else(|| first.map(quote))
    }

    /// The same as the end of a sentence.
    pub(super) fn said_that(&self) -> String {
        match self.said() {
            Some(said) => format!(", saying “{}”", said.trim_end_matches('.')),
            None => String::new(),
        }
    }

    /// Where in the app it went wrong, if the body tells.
    pub(super) fn trace(&self) -> Option<Trace> {
        match &self.json {
            Some(json) => Trace::in_json(json),
            None => Trace::in_text(&self.text),
        }
    }

    /// The fields a validation complains about, each with the complaint, as FastAPI, Laravel,
    /// Rails and validators of JavaScript write them.
    pub(super) fn invalid_fields(&self) -> Vec<String> {
        let Some(json) = &self.json else {
            return Vec::new();
        };
        let lists = ["detail", "errors", "issues", "error"];
        let list = lists.iter().find_map(|name| {
            json.get(name)
                .filter(|found| found.is_array() || found.is_object())
        });
        let mut fields = match list {
            Some(Value::Array(list)) => list.iter().filter_map(complaint).collect(),
            Some(Value::Object(fields)) => {
                let named = |(name, what): (&String, &Value)| {
                    Some(format!("{}: {}", quote(name), quote(&words(what, 3)?)))
                };
                fields.iter().filter_map(named).collect()
            }
            _ => Vec::new(),
        };
        fields.truncate(3);
        fields
    }
}

/// One entry of a list of complaints.
fn complaint(entry: &Value) -> Option<String> {
    let what = quote(&words(entry, 3)?);
    let place = ["loc", "path", "field", "instancePath", "param"];
    let place = place.iter().find_map(|name| entry.get(name)).map(place_of);
    Some(match place.filter(|place| !place.is_empty()) {
        Some(place) => format!("{}: {what}", quote(&place)),
        None => what,
    })
}

/// `["body","user","id"]` as `body.user.id`.
fn place_of(place: &Value) -> String {
    let part = |part: &Value| match part {
        Value::String(part) => part.clone(),
        part => part.to_string(),
    };
    match place {
        Value::Array(parts) => parts.iter().map(part).collect::<Vec<_>>().join("."),
        place => part(place),
    }
}

/// The words of a JSON error.
fn words(json: &Value, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    match json {
        Value::String(words) => Some(words.clone()).filter(|words| !words.trim().is_empty()),
        Value::Array(list) => list.iter().find_map(|one| words(one, depth)),
        Value::Object(members) => {
            let known = MESSAGES.iter().filter_map(|name| members.get(*name));
            known.into_iter().find_map(|one| words(one, depth))
        }
        _ => None,
    }
}

fn title(html: &str) -> Option<String> {
    // ASCII lower case keeps the offsets.
    let lower = html.to_ascii_lowercase();
    let inside = |tag: &str| {
        let open = lower.find(&format!("<{tag}"))?;
        let start = open + lower[open..].find('>')? + 1;
        let end = start + lower[start..].find(&format!("</{tag}"))?;
        let text = stripped(&html[start..end]);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    };
    let title = inside("title").filter(|title| title != "Error");
    title.or_else(|| inside("h1")).or_else(|| inside("pre"))
}

/// The text of a page, a line for each block.
fn stripped(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut text = String::with_capacity(html.len() / 2);
    let mut at = 0;
    while let Some(open) = html[at..].find('<') {
        text.push_str(&html[at..at + open]);
        let tag = at + open;
        let end = ["script", "style"].iter().find_map(|name| {
            let is_it = lower[tag + 1..].starts_with(name);
            let close = format!("</{name}");
            is_it.then(|| {
                lower[tag..]
                    .find(&close)
                    .map_or(html.len(), |end| tag + end)
            })
        });
        let from = end.unwrap_or(tag);
        at = html[from..]
            .find('>')
            .map_or(html.len(), |close| from + close + 1);
        let is_inline = [
            "b>", "/b>", "span", "/span", "i>", "/i>", "a ", "/a", "code", "/code", "em", "/em",
        ];
        if !is_inline
            .iter()
            .any(|name| lower[tag + 1..].starts_with(name))
        {
            text.push('\n');
        }
    }
    text.push_str(html.get(at..).unwrap_or_default());
    let entities = [
        ("&nbsp;", " "),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#34;", "\""),
        ("&amp;", "&"),
    ];
    entities
        .iter()
        .fold(text, |text, (entity, c)| text.replace(entity, c))
}
