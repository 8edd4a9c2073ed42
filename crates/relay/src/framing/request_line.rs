//! The request line: exactly a method, a target and a version, with single spaces between them.

use kreel_wire::is_token;
use memchr::memchr;

use super::Refusal;
use super::host::is_host;

/// What a request line says about what follows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    /// Whether it is HTTP/1.1, and not 1.0.
    pub(super) is_11: bool,
    /// Whether the method is `GET`.
    pub(super) is_get: bool,
    /// The host, and perhaps port, of a target in absolute form.
    pub(super) authority: Option<Box<[u8]>>,
}

impl RequestLine {
    /// Reads a line, which comes without its line end.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Refusal> {
        let (method, rest) = split_at_space(line)?;
        let (target, version) = split_at_space(rest)?;
        if !is_token(method) {
            return Err(Refusal::Method);
        }
        let is_11 = parse_version(version)?;
        if method == b"CONNECT" {
            return Err(Refusal::Connect);
        }
        Ok(Self {
            is_11,
            is_get: method == b"GET",
            authority: authority_of(target)?.map(Box::from),
        })
    }
}

fn split_at_space(line: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    let space = memchr(b' ', line).ok_or(Refusal::RequestLine)?;
    Ok((&line[..space], &line[space + 1..]))
}

fn parse_version(version: &[u8]) -> Result<bool, Refusal> {
    match version {
        b"HTTP/1.1" => Ok(true),
        b"HTTP/1.0" => Ok(false),
        [b'H', b'T', b'T', b'P', b'/', number @ ..] if !number.contains(&b' ') => {
            Err(Refusal::Version)
        }
        _ => Err(Refusal::RequestLine),
    }
}

/// Checks a target; the authority is that of an absolute one.
fn authority_of(target: &[u8]) -> Result<Option<&[u8]>, Refusal> {
    match target {
        [] => Err(Refusal::RequestLine),
        b"*" => Err(Refusal::Asterisk),
        target if !has_target_bytes(target) => Err(Refusal::Target),
        [b'/', ..] => Ok(None),
        target => {
            let rest = after_scheme(target).ok_or(Refusal::Target)?;
            let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?'));
            let authority = &rest[..end.unwrap_or(rest.len())];
            let is_fit = is_host(authority);
            is_fit.then_some(Some(authority)).ok_or(Refusal::Target)
        }
    }
}

/// Neither spaces nor controls nor a fragment. RFC 3986 has no bytes above 0x7f either, but
/// senders do send UTF-8, and hyper takes it; what is not UTF-8 it refuses.
pub(crate) fn has_target_bytes(target: &[u8]) -> bool {
    let is_fit = |byte: &u8| *byte > b' ' && *byte != 0x7f && *byte != b'#';
    target.iter().all(is_fit) && (target.is_ascii() || str::from_utf8(target).is_ok())
}

fn after_scheme(target: &[u8]) -> Option<&[u8]> {
    ["http://", "https://"].into_iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start
            .eq_ignore_ascii_case(scheme.as_bytes())
            .then_some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> Option<Refusal> {
        RequestLine::parse(line.as_bytes()).err()
    }

    #[test]
    fn tells_the_version_method_and_authority() {
        assert_eq!(
            RequestLine::parse(b"GET /a?b=c HTTP/1.1"),
            Ok(RequestLine {
                is_11: true,
                is_get: true,
                authority: None
            })
        );
        assert_eq!(
            RequestLine::parse(b"get HTTPS://a.example:8443?b HTTP/1.0"),
            Ok(RequestLine {
                is_11: false,
                is_get: false,
                authority: Some(Box::from(*b"a.example:8443"))
            })
        );
    }

    #[test]
    fn has_exactly_three_parts() {
        for line in [
            "",
            "GET",
            "GET /",
            "GET  HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET /  HTTP/1.1",
            "GET / a HTTP/1.1",
            "GET / http/1.1",
            "GET / 1.1",
        ] {
            assert_eq!(refusal(line), Some(Refusal::RequestLine), "{line}");
        }
    }

    #[test]
    fn each_part_has_its_refusal() {
        for (line, refused) in [
            (" / HTTP/1.1", Refusal::Method),
            ("G\u{e9}T / HTTP/1.1", Refusal::Method),
            ("PRI * HTTP/2.0", Refusal::Version),
            ("GET / HTTP/1.2", Refusal::Version),
            ("GET / HTTP/1.10", Refusal::Version),
            ("CONNECT a:443 HTTP/1.1", Refusal::Connect),
            ("OPTIONS * HTTP/1.1", Refusal::Asterisk),
            ("GET a HTTP/1.1", Refusal::Target),
            ("GET ?a HTTP/1.1", Refusal::Target),
            ("GET /#a HTTP/1.1", Refusal::Target),
            ("GET /\u{7f} HTTP/1.1", Refusal::Target),
            ("GET /\t HTTP/1.1", Refusal::Target),
            ("GET ftp://a/ HTTP/1.1", Refusal::Target),
            ("GET http:///a HTTP/1.1", Refusal::Target),
            ("GET http://u@a/ HTTP/1.1", Refusal::Target),
        ] {
            assert_eq!(refusal(line), Some(refused), "{line}");
        }
    }

    #[test]
    fn targets_may_hold_utf_8_and_nothing_else_beyond_ascii() {
        assert_eq!(refusal("GET /b\u{fc}cher?\u{2603} HTTP/1.1"), None);
        let latin_1 = RequestLine::parse(b"GET /b\xfccher HTTP/1.1");
        assert_eq!(latin_1, Err(Refusal::Target));
    }
}
