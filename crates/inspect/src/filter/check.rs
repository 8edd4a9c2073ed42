//! Filter × delivery → yes, no, or that it can't be said.

use std::borrow::Cow;
use std::time::Duration;

use super::expression::{Expression, Status, Term};
use super::subject::Subject;
use super::words::Words;
use crate::limits::WORDS_BYTES;

/// None if what is not at hand decides.
pub(super) fn decide(expression: &Expression, subject: &Subject<'_>) -> Option<bool> {
    match expression {
        Expression::Term(term) => holds(term, subject),
        Expression::Not(part) => decide(part, subject).map(|is_so| !is_so),
        Expression::All(parts) => first_or(parts, subject, false),
        Expression::Any(parts) => first_or(parts, subject, true),
    }
}

/// What the first part says that decides alone, or the opposite if all say the opposite.
fn first_or(parts: &[Expression], subject: &Subject<'_>, decisive: bool) -> Option<bool> {
    let mut all = Some(!decisive);
    for part in parts {
        match decide(part, subject) {
            Some(is_so) if is_so == decisive => return Some(decisive),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

fn holds(term: &Term, subject: &Subject<'_>) -> Option<bool> {
    Some(match term {
        Term::Words(words) => return has_words(words, subject),
        Term::Status(kinds) => kinds.iter().any(|kind| is_status(*kind, subject.status)),
        Term::Method(methods) => methods
            .iter()
            .any(|method| method.eq_ignore_ascii_case(subject.method)),
        Term::Path(pattern) => {
            let target = match subject.target {
                b"" => b"/",
                target => target,
            };
            let is_path = |byte: &u8| *byte != b'?';
            let path = target.iter().position(|byte| !is_path(byte));
            match (pattern.is_whole(), path) {
                (true, Some(end)) if !pattern.text().contains('?') => pattern.is_in(&target[..end]),
                _ => pattern.is_in(target),
            }
        }
        Term::Header(name, pattern) => {
            let mut values = subject.headers?.iter();
            values.any(|line| {
                line.name.eq_ignore_ascii_case(name.as_bytes())
                    && pattern
                        .as_ref()
                        .is_none_or(|pattern| pattern.is_in(line.value))
            })
        }
        Term::Body(pattern) => pattern.is_in(subject.body?),
        Term::Jq(program) => program.accepts(subject.body?),
        Term::Age(how, age) => {
            let us = subject.now_us.saturating_sub(subject.received_at_us);
            how.holds(Duration::from_micros(us), *age)
        }
        Term::Size(how, bytes) => how.holds(subject.size_bytes?, *bytes),
        Term::Took(how, took) => subject.took.is_some_and(|it| how.holds(it, *took)),
        Term::Is(flags) => flags.iter().any(|flag| subject.flags.has(*flag)),
        Term::Tunnel(patterns) => {
            let name = subject.tunnel.as_bytes();
            patterns.iter().any(|pattern| pattern.is_in(name))
        }
        Term::Id(digits) => has_id(digits, subject.id.as_bytes()),
        Term::Seq(how, seq) => how.holds(subject.seq, *seq),
        Term::Note(pattern) => subject
            .note
            .is_some_and(|note| pattern.is_in(note.as_bytes())),
    })
}

fn has_words(words: &Words, subject: &Subject<'_>) -> Option<bool> {
    if words.are_in(subject.method) || words.are_in(&String::from_utf8_lossy(subject.target)) {
        return Some(true);
    }
    let is_in_header = subject.headers.map(|headers| {
        let mut values = headers.iter();
        values.any(|line| words.are_in(&String::from_utf8_lossy(line.value)))
    });
    if is_in_header == Some(true) {
        return Some(true);
    }
    let is_in_body = subject.body.map(|body| words.are_in(&beginning(body)));
    if is_in_body == Some(true) {
        return Some(true);
    }
    is_in_header.and(is_in_body)
}

/// As much of a body as is searched for words, if that is text.
fn beginning(body: &[u8]) -> Cow<'_, str> {
    let body = &body[..body.len().min(WORDS_BYTES)];
    match std::str::from_utf8(body) {
        Ok(text) => text.into(),
        // A character may be cut in two.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&body[..error.valid_up_to()])
        }
        Err(_) => "".into(),
    }
}

fn is_status(kind: Status, status: Option<u16>) -> bool {
    match (kind, status) {
        (Status::None, status) => status.is_none(),
        (_, None) => false,
        (Status::Class(class), Some(status)) => status / 100 == class,
        (Status::Compared(how, than), Some(status)) => how.holds(status, than),
    }
}

fn has_id(digits: &str, id: &[u8; 16]) -> bool {
    let nibbles = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .chars()
        .zip(nibbles)
        .all(|(digit, nibble)| digit.to_digit(16) == Some(nibble.into()))
}
