//! A delivery with all that became of it, in the forms in which it is taken away.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use bytes::Bytes;
use jiff::tz::TimeZone;
use kreel_client::plain::size;
use kreel_client::{KeptAttempt, Whole};
use kreel_inspect::cassette::Masks;
use kreel_inspect::compare;
use kreel_inspect::export::{self, Answer, Exchange, Masking, Request, Timings};
use kreel_inspect::inert::{inert, inert_bytes};
use kreel_wire::{Header, Headers};

use super::ExportFormat;

/// A delivery with its body.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) whole: Whole,
    pub(super) body: Bytes,
    /// The public address it was posted to, as far as that is known.
    pub(super) url: String,
}

/// What is compared: the delivery, or the answer to one of its attempts.
#[derive(Debug)]
pub(super) struct TakenSide {
    taken: Taken,
    /// Which of its attempts.
    attempt: Option<usize>,
    zone: TimeZone,
}

impl Taken {
    /// Whether its body is here to the last byte.
    pub(super) fn is_whole(&self) -> bool {
        let size = self.whole.row.summary.size_bytes;
        self.whole.row.is_complete && size.is_none_or(|size| size == self.body.len() as u64)
    }

    /// How much of its body is here, if that is not all of it.
    pub(super) fn part(&self) -> Option<String> {
        if self.is_whole() {
            return None;
        }
        let here = self.body.len() as u64;
        let all = self.whole.row.summary.size_bytes.filter(|all| *all > here);
        Some(match all {
            Some(all) => format!("only the first {} of {}", size(Some(here)), size(Some(all))),
            None => format!("only the first {}", size(Some(here))),
        })
    }

    /// It, or the answer to one of its attempts.
    pub(super) fn into_side(
        self,
        attempt: Option<u32>,
        zone: TimeZone,
    ) -> Result<TakenSide, String> {
        let place = match attempt {
            None => None,
            Some(number) => {
                let mut attempts = self.whole.attempts.iter();
                let place = attempts.position(|attempt| attempt.number == number);
                Some(place.ok_or("that attempt is not in the history any more")?)
            }
        };
        Ok(TakenSide {
            taken: self,
            attempt: place,
            zone,
        })
    }

    /// It and what became of this attempt at it.
    fn exchange<'a>(&'a self, id: &'a str, attempt: Option<&'a KeptAttempt>) -> Exchange<'a> {
        let failure = attempt.and_then(|attempt| attempt.failure.as_ref());
        Exchange {
            id,
            received_at_us: self.whole.delivery.received_at_us,
            request: self.request(),
            answer: attempt.and_then(answer),
            failure: failure.map(|(code, text)| (code.as_str(), text.as_str())),
            started_at_us: attempt.map(|attempt| attempt.began_at_us),
            timings: attempt.map_or_else(Timings::default, |attempt| Timings {
                connect: attempt.timings.connect,
                first_byte: attempt.timings.first_byte,
                total: Some(attempt.timings.total),
            }),
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: &self.whole.delivery.method,
            url: &self.url,
            headers: &self.whole.delivery.headers,
            body: &self.body,
            is_whole: self.is_whole(),
        }
    }
}

impl TakenSide {
    /// What it is called.
    pub(super) fn label(&self) -> String {
        let row = &self.taken.whole.row;
        let clock = crate::view::clock(row.summary.received_at_us, &self.zone);
        match self.answer() {
            Some(attempt) => {
                let edited = if attempt.is_edited { ", edited" } else { "" };
                format!("answer {}{edited}", attempt.number)
            }
            None => format!(
                "#{} {} {clock}",
                row.summary.seq.0,
                inert(&row.summary.method)
            ),
        }
    }

    /// It, to be compared.
    pub(super) fn side(&self) -> compare::Side<'_> {
        let label = self.label();
        match self.answer() {
            Some(attempt) => answer_side(label, attempt),
            None => compare::Side {
                label,
                method: Some(&self.taken.whole.delivery.method),
                target: Some(&self.taken.whole.delivery.target),
                status: None,
                failure: None,
                headers: &self.taken.whole.delivery.headers,
                body: &self.taken.body,
                is_whole: self.taken.is_whole(),
                took: self.taken.whole.row.last.as_ref().map(|last| last.total),
                at_us: Some(self.taken.whole.row.summary.received_at_us),
            },
        }
    }

    fn answer(&self) -> Option<&KeptAttempt> {
        self.taken.whole.attempts.get(self.attempt?)
    }
}

fn answer_side(label: String, attempt: &KeptAttempt) -> compare::Side<'_> {
    static NO_HEADERS: std::sync::LazyLock<Headers> = std::sync::LazyLock::new(Headers::default);
    let (headers, body) = match &attempt.answer {
        Some((headers, body)) => (headers, &body[..]),
        None => (&*NO_HEADERS, &[][..]),
    };
    compare::Side {
        label,
        method: None,
        target: None,
        status: attempt.status,
        failure: attempt.failure.as_ref().map(|(_, text)| text.as_str()),
        headers,
        body,
        is_whole: attempt
            .answer_bytes
            .is_none_or(|bytes| bytes == body.len() as u64),
        took: Some(attempt.timings.total),
        at_us: Some(attempt.began_at_us),
    }
}

/// Where it was posted to. Which scheme and name the sender used is in its head.
pub(super) fn public_url(whole: &Whole) -> String {
    let delivery = &whole.delivery;
    let scheme = delivery.scheme.as_str();
    let host = delivery
        .headers
        .first("host")
        .map(|host| String::from_utf8_lossy(host));
    let host = host.unwrap_or(Cow::Borrowed("localhost"));
    let target = String::from_utf8_lossy(&delivery.target);
    let tunnel = &whole.row.tunnel;
    let is_subdomain = host.split('.').next() == Some(tunnel.as_str());
    match is_subdomain {
        true => format!("{scheme}://{host}{target}"),
        false => format!("{scheme}://{host}/{tunnel}{target}"),
    }
}

/// A curl command that sends it again.
pub(super) fn curl(taken: &Taken, masking: &Masking) -> String {
    export::curl(&taken.request(), masking)
}

/// Header lines as text.
pub(super) fn headers_text(headers: &Headers, masking: &Masking) -> String {
    let line = |header: Header<'_>| {
        let value = masking.shown(header.name, header.value);
        format!("{}: {value}\n", inert_bytes(header.name))
    };
    headers.iter().map(line).collect()
}

/// Writes it into a file that must not be there yet; what was done, or why not, in a sentence.
pub(super) fn write_export(
    taken: &Taken,
    format: ExportFormat,
    to: &Path,
    masking: &Masking,
) -> Result<String, String> {
    let id = taken.whole.delivery.id.to_string();
    let exchange = taken.exchange(&id, taken.whole.attempts.last());
    // The other formats say in themselves what is missing.
    if let (Some(part), ExportFormat::Raw | ExportFormat::Fixture) = (taken.part(), format) {
        let what = match format {
            ExportFormat::Raw => "a raw request",
            _ => "a fixture",
        };
        return Err(format!(
            "{what} needs the whole body, and {part} is here: json and har say so"
        ));
    }
    let mut text = match format {
        ExportFormat::Curl => curl(taken, masking).into_bytes(),
        ExportFormat::Har => export::har(&[exchange], masking).into_bytes(),
        ExportFormat::Json => export::json(&exchange, masking).into_bytes(),
        ExportFormat::Raw => export::raw(&exchange.request, masking),
        ExportFormat::Fixture => {
            let own = taken.exchange(&id, taken.whole.own_attempt());
            let masks = Masks::of(masking.clone());
            let line = masks.line(&own, &taken.whole.delivery.target);
            line.into_bytes()
        }
    };
    if format != ExportFormat::Raw && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    let shown = to.display().to_string();
    let shown = inert(&shown);
    // It may hold what others must not read.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to);
    file.and_then(|mut file| file.write_all(&text))
        .map(|()| format!("written to {shown}"))
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => format!("{shown} is there already: name another"),
            _ => format!("{shown} can't be written: {error}"),
        })
}

fn answer(attempt: &KeptAttempt) -> Option<Answer<'_>> {
    let (headers, body) = attempt.answer.as_ref()?;
    Some(Answer {
        status: attempt.status?,
        reason: None,
        headers,
        body,
        is_whole: attempt
            .answer_bytes
            .is_none_or(|bytes| bytes == body.len() as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{row, scene};

    #[test]
    fn a_part_of_a_body_is_told_and_passed_off_as_nothing_else() {
        let taken = |body: &'static [u8], size_bytes, is_complete| {
            let mut row = row(1);
            row.summary.size_bytes = size_bytes;
            row.is_complete = is_complete;
            Taken {
                whole: scene::whole(&row),
                body: Bytes::from_static(body),
                url: "https://relay.example/hook".to_owned(),
            }
        };
        assert_eq!(taken(b"12345", Some(5), true).part(), None);
        let part = |taken: &Taken| taken.part().unwrap();
        let cut = taken(b"12345", Some(5000), true);
        assert_eq!(part(&cut), "only the first 5 B of 5.0 kB");
        let broken_off = taken(b"12345", None, false);
        assert_eq!(part(&broken_off), "only the first 5 B");

        let dir = tempfile::tempdir().unwrap();
        for (format, is_refused) in [
            (ExportFormat::Raw, true),
            (ExportFormat::Fixture, true),
            (ExportFormat::Json, false),
            (ExportFormat::Har, false),
            (ExportFormat::Curl, false),
        ] {
            let to = dir.path().join(format!("{format:?}"));
            let written = write_export(&cut, format, &to, &Masking::standard());
            assert_eq!(written.is_err(), is_refused, "{format:?}: {written:?}");
            assert_eq!(to.exists(), !is_refused, "{format:?}");
            if let Err(fault) = written {
                assert!(fault.contains("only the first 5 B of"), "{fault}");
            }
        }
        let to = dir.path().join("whole");
        let whole = taken(b"12345", Some(5), true);
        assert!(write_export(&whole, ExportFormat::Raw, &to, &Masking::standard()).is_ok());
    }
}
