//! The values of options, as people write them on the command line and in files alike.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytesize::ByteSize;
use clap::ValueEnum;
use http::{HeaderName, HeaderValue};
use jiff::tz::TimeZone;
use jiff::{SpanRelativeTo, Timestamp};
use kreel_client::{HostHeader, Since};
use kreel_tui::Theme;
use kreel_wire::AnswerMode;
use kreel_wire::rules::{Pace, Scheme};
use serde::Deserialize;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Secret(pub(crate) String);

/// Colours of the inspector, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ThemeName(pub(crate) Theme);

impl FromStr for ThemeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Theme::ALL.map(|(name, _)| name).join(", ");
        Theme::named(text)
            .map(Self)
            .ok_or_else(|| format!("there are {names}"))
    }
}

/// A length of time: `500ms`, `10s`, `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A number of bytes: `65536`, `100MB`, `64MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

/// A domain name: `relay.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain(pub(crate) String);

/// Whose answer senders get: `app`, `now` or `now=202`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer(pub(crate) AnswerMode);

/// A header line: `Name: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header(pub(crate) HeaderName, pub(crate) HeaderValue);

/// Which of what waits is handed over: `last`, `none`, `42m`, `2026-11-23T10:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// All of it.
    Last,
    /// Nothing.
    Never,
    /// What came in this time.
    Ago(Duration),
    /// What came from then on.
    At(Timestamp),
}

/// How many in a time: `10`, `0.5`, `30/m`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// How long it is from one to the next.
    pub(crate) every: Duration,
}

/// How many requests in a time: `10`, `30/m`, `500/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posts(pub(crate) Pace);

/// What the app sees as `Host`: `rewrite`, `preserve` or the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host(pub(crate) HostHeader);

/// How deliveries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Output {
    /// The inspector, on a full screen
    Tui,
    /// One line a delivery, for people
    Compact,
    /// One JSON object a line, for scripts
    Json,
    /// Nothing but the address and errors
    Quiet,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || "a length of time has a unit, like 500ms, 10s, 2m or 30d".to_owned();
        let span: jiff::Span = text.parse().map_err(|_| hint())?;
        let days = SpanRelativeTo::days_are_24_hours();
        let span = span.to_duration(days).map_err(|_| hint())?;
        span.try_into().map(Self).map_err(|_| hint())
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "last" => return Ok(Self::Last),
            "none" => return Ok(Self::Never),
            _ => {}
        }
        if let Ok(Span(ago)) = text.parse() {
            return Ok(Self::Ago(ago));
        }
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        // Without an offset it is meant as the clock on the wall.
        let local: jiff::civil::DateTime = text.parse().map_err(|_| {
            "it is last, none, a length of time like 42m, or a time like 2026-11-23T10:00"
                .to_owned()
        })?;
        let at = TimeZone::system().to_timestamp(local);
        at.map(Self::At).map_err(|error| error.to_string())
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || "a rate is a number a second, like 10 or 0.5, or 30/m".to_owned();
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(hint()),
        };
        let count: f64 = count.parse().map_err(|_| hint())?;
        match Duration::try_from_secs_f64(seconds / count) {
            Ok(every) if !every.is_zero() && every <= Duration::from_secs(3600) => {
                Ok(Self { every })
            }
            _ => Err(hint()),
        }
    }
}

impl FromStr for Posts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || "it is a number in a time, like 10/s, 30/m or 500/h".to_owned();
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return Err(hint()),
        };
        let requests = count.parse().map_err(|_| hint())?;
        Ok(Self(Pace { requests, seconds }))
    }
}

/// How senders sign, by name.
pub(crate) fn scheme(text: &str) -> Result<Scheme, String> {
    let found = Scheme::ALL
        .into_iter()
        .find(|scheme| scheme.as_str() == text);
    found.ok_or_else(|| {
        let names = Scheme::ALL.map(Scheme::as_str).join(", ");
        format!("there are {names}")
    })
}

impl When {
    /// As a client takes it.
    pub(crate) fn since(self, now: Timestamp) -> Since {
        let at = |time: Timestamp| Since::At(u64::try_from(time.as_microsecond()).unwrap_or(0));
        match self {
            Self::Last => Since::Last,
            Self::Never => Since::Never,
            Self::Ago(ago) => at(now.saturating_sub(ago).unwrap_or(Timestamp::MIN)),
            Self::At(time) => at(time),
        }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<ByteSize>() {
            Ok(size) if size.as_u64() > 0 => Ok(Self(size.as_u64())),
            _ => Err("a size is a number of bytes, like 65536, 100MB or 64MiB".to_owned()),
        }
    }
}

impl FromStr for Domain {
    type Err = String;

    /// Labels as in RFC 1035, section 2.3.1, at least two of them.
    fn from_str(text: &str) -> Result<Self, String> {
        let domain = text.trim_end_matches('.').to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(fits)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        match domain.contains('.') && domain.len() <= 253 && domain.split('.').all(is_label) {
            true => Ok(Self(domain)),
            false => {
                Err("a domain is a name like relay.example, without scheme or port".to_owned())
            }
        }
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hint = || "it is app, now, or now=STATUS with a status from 200 to 599".to_owned();
        let status = match text.split_once('=') {
            None if text == "app" => return Ok(Self(AnswerMode::App)),
            None if text == "now" => 200,
            Some(("now", status)) => status.parse().map_err(|_| hint())?,
            _ => return Err(hint()),
        };
        match status {
            200..=599 => Ok(Self(AnswerMode::Now(status))),
            _ => Err(hint()),
        }
    }
}

impl FromStr for Header {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once(':')
            .ok_or("a header is written as Name: value")?;
        let name = HeaderName::from_str(name.trim())
            .map_err(|_| format!("{:?} can't be the name of a header", name.trim()))?;
        let value = HeaderValue::from_str(value.trim())
            .map_err(|_| format!("the value of {name} holds characters a header can't"))?;
        Ok(Self(name, value))
    }
}

impl FromStr for Host {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(match text {
            "rewrite" => HostHeader::Rewrite,
            "preserve" => HostHeader::Preserve,
            other => HostHeader::Custom(other.to_owned()),
        }))
    }
}

/// How connections are secured, unless certificate files are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlsChoice {
    /// By a certificate the relay makes for itself
    SelfSigned,
    /// By one from a certificate authority
    Acme,
    /// Not at all
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        let span = |text: &str| text.parse::<Span>().map(|span| span.0);
        assert_eq!(span("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(span("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(span("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(span("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert!(span("10").is_err());
        assert!(span("-1s").is_err());
        assert!(span("soon").is_err());
    }

    #[test]
    fn rates_are_numbers_in_a_time() {
        let every = |text: &str| text.parse::<Rate>().map(|rate| rate.every);
        assert_eq!(every("10"), Ok(Duration::from_millis(100)));
        assert_eq!(every("0.5"), Ok(Duration::from_secs(2)));
        assert_eq!(every("30/m"), Ok(Duration::from_secs(2)));
        for bad in ["", "0", "-1", "nan", "inf", "1/d", "fast", "0.0001"] {
            assert!(every(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn posts_are_counted_in_a_time() {
        let posts = |text: &str| text.parse::<Posts>().map(|posts| posts.0);
        for (text, requests, seconds) in [("10", 10, 1), ("30/m", 30, 60), ("500/h", 500, 3600)] {
            assert_eq!(posts(text), Ok(Pace { requests, seconds }));
        }
        for bad in ["", "/s", "-1", "1.5", "10/d", "10/"] {
            assert!(posts(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_bytes() {
        let size = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(size("65536"), Ok(65_536));
        assert_eq!(size("100MB"), Ok(100_000_000));
        assert_eq!(size("64MiB"), Ok(64 * 1024 * 1024));
        assert!(size("0").is_err());
        assert!(size("big").is_err());
    }

    #[test]
    fn domains_are_names_alone() {
        let domain = |text: &str| text.parse::<Domain>().map(|domain| domain.0);
        assert_eq!(domain("Relay.Example."), Ok("relay.example".to_owned()));
        for bad in [
            "",
            "relay",
            "https://relay.example",
            "relay.example:443",
            "a..b",
            "-a.b",
        ] {
            assert!(domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn answers_are_the_apps_or_a_status() {
        let answer = |text: &str| text.parse::<Answer>().map(|answer| answer.0);
        assert_eq!(answer("app"), Ok(AnswerMode::App));
        assert_eq!(answer("now"), Ok(AnswerMode::Now(200)));
        assert_eq!(answer("now=202"), Ok(AnswerMode::Now(202)));
        for bad in ["", "later", "now=", "now=99", "now=600", "app=200", "202"] {
            assert!(answer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn headers_keep_colons_in_their_values() {
        let Header(name, value) = "X-Origin: http://localhost:3000".parse().unwrap();
        assert_eq!(
            (name.as_str(), value.to_str().unwrap()),
            ("x-origin", "http://localhost:3000")
        );
        assert!("X-Origin".parse::<Header>().is_err());
        assert!("X Origin: 1".parse::<Header>().is_err());
        assert!("X-Origin: a\nb".parse::<Header>().is_err());
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let secret: Secret = " kreel_abc\n".parse().unwrap();
        assert_eq!(secret.0, "kreel_abc");
        assert!(!format!("{secret:?}").contains("abc"));
    }
}
