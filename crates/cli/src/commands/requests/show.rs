//! One delivery as text for people: its head, its body, and every attempt.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kreel_client::inert::{inert, inert_bytes};
use kreel_client::plain::{duration, size};
use kreel_client::{KeptAttempt, Whole};
use kreel_inspect::mask::Masking;
use kreel_wire::Headers;

use super::object::MASK;
use crate::terminal::Paint;

/// The text; `first` is the first piece of the body.
pub(super) fn text(whole: &Whole, first: Option<&[u8]>, masking: &Masking, paint: Paint) -> String {
    let (row, delivery) = (&whole.row, &whole.delivery);
    let target = match delivery.target.is_empty() {
        true => Cow::Borrowed("/"),
        false => inert_bytes(&delivery.target),
    };
    let head = format!("{} {target}", inert(&delivery.method));
    let mut text = format!("{}\n", paint.bold(&head));
    let mut line = |name: &str, value: &str| {
        text += &format!("{}  {value}\n", paint.dim(&format!("{name:<8}")));
    };
    line("id", &delivery.id.to_string());
    let (tunnel, relay) = (inert(&row.tunnel), inert(&row.relay));
    line(
        "tunnel",
        &format!("{tunnel} at {relay}, its number {}", delivery.seq.0),
    );
    if row.is_synthesised() {
        let says = "kreel itself, of what Krea's API says: the webhook never came";
        line("made by", says);
    }
    line("received", &time(delivery.received_at_us));
    let scheme = delivery.scheme.as_str();
    line(
        "from",
        &format!("{} over {scheme}", inert(&delivery.forwarded_for)),
    );
    if let Some(verdict) = row.summary.signature {
        line("signed", &format!("signature {}", verdict.as_str()));
    }
    let begun = match row.attempts {
        0 => "no attempt".to_owned(),
        1 => "1 attempt".to_owned(),
        several => format!("{several} attempts"),
    };
    let standing = row.standing.as_str().replace('_', " ");
    line("stands", &format!("{standing}, {begun}"));
    text.push('\n');
    push_headers(&mut text, &delivery.headers, masking, "");
    push_body(&mut text, first, row.summary.size_bytes, paint);
    for attempt in &whole.attempts {
        push_attempt(&mut text, attempt, masking, paint);
    }
    text
}

fn push_body(text: &mut String, first: Option<&[u8]>, all: Option<u64>, paint: Paint) {
    let (Some(first), Some(all)) = (first, all) else {
        return;
    };
    let note = |note: String| paint.dim(&format!("({note}; --body prints it)"));
    text.push('\n');
    match std::str::from_utf8(first) {
        Ok(_) if all == first.len() as u64 => *text += &lines(first),
        Ok(_) => {
            *text += &lines(first);
            let more = all.saturating_sub(first.len() as u64);
            let _ = write!(text, "\n{}", note(format!("and {} more", size(Some(more)))));
        }
        Err(_) => *text += &note(format!("{} that are not text", size(Some(all)))),
    }
    text.push('\n');
}

fn push_attempt(text: &mut String, attempt: &KeptAttempt, masking: &Masking, paint: Paint) {
    let again = match (attempt.is_replay, attempt.is_edited) {
        (false, _) => "",
        (true, false) => ", a replay",
        (true, true) => ", an edited replay",
    };
    let end = match (attempt.status, &attempt.failure) {
        (_, Some((_, words))) => paint.red(&inert(words)),
        (Some(status), None) => status.to_string(),
        (None, None) => "no answer".to_owned(),
    };
    let title = paint.bold(&format!("attempt {}{again}", attempt.number));
    let total = duration(attempt.timings.total);
    let _ = writeln!(text, "\n{title}: {end} in {total}");
    let mut parts = vec![time(attempt.began_at_us)];
    if let Some((url, _)) = &attempt.request {
        parts.push(format!("{} to {}", inert(&attempt.method), inert(url)));
    }
    let spans = [
        ("connected after", attempt.timings.connect),
        ("first byte after", attempt.timings.first_byte),
    ];
    for (name, span) in spans {
        parts.extend(span.map(|span| format!("{name} {}", duration(span))));
    }
    let _ = writeln!(text, "  {}", paint.dim(&parts.join(", ")));
    if let Some((headers, body)) = &attempt.answer {
        push_headers(text, headers, masking, "  ");
        if !body.is_empty() {
            let body = match std::str::from_utf8(body) {
                Ok(_) => lines(body).replace('\n', "\n  "),
                Err(_) => paint.dim(&format!(
                    "({} that are not text)",
                    size(attempt.answer_bytes)
                )),
            };
            let _ = writeln!(text, "\n  {body}");
        }
    }
}

fn push_headers(text: &mut String, headers: &Headers, masking: &Masking, indent: &str) {
    for line in headers {
        let value = match masking.hides(line.name) {
            true => Cow::Borrowed(MASK),
            false => inert_bytes(line.value),
        };
        let _ = writeln!(text, "{indent}{}: {value}", inert_bytes(line.name));
    }
}

/// Bytes as inert text with its lines.
pub(super) fn lines(bytes: &[u8]) -> String {
    let shown = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| inert_bytes(line.strip_suffix(b"\r").unwrap_or(line)));
    shown.collect::<Vec<_>>().join("\n")
}

fn time(us_since_1970: u64) -> String {
    let time = i64::try_from(us_since_1970).ok();
    let time = time.and_then(|us| Timestamp::from_microsecond(us).ok());
    time.map_or_else(
        || "at an unknown time".to_owned(),
        |time| {
            let local = TimeZone::system().to_datetime(time);
            local.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
        },
    )
}
