//! The gate for heads that came as HTTP/2: what [`Framing`](crate::framing) sees to in HTTP/1, so
//! that a request is the same whichever way it came, and no client is sent what it can't take.
//!
//! h2 has seen to the rest: which bytes names and values have, that no line belongs to the hop,
//! that the body is as long as was told.

use http::header::{CONTENT_LENGTH, HOST};
use http::{Request, Version};

use super::problem::Problem;
use crate::config::Limits;
use crate::framing::{Refusal, has_target_bytes, is_host, parse_length};

/// Lets a head pass, or says what is wrong with it.
pub(super) fn check<B>(request: &Request<B>, limits: &Limits) -> Result<(), Problem> {
    if request.version() != Version::HTTP_2 {
        return Ok(());
    }
    within(request, limits)
        .and_then(|()| is_meant_for_one(request))
        .and_then(|()| has_one_length(request))
        .map_err(Problem::Framing)
}

/// Whether it is no larger than a head may be, with the host it is about to get.
fn within<B>(request: &Request<B>, limits: &Limits) -> Result<(), Refusal> {
    let (uri, headers) = (request.uri(), request.headers());
    let authority = uri.authority().filter(|_| !headers.contains_key(HOST));
    let lines = headers.len() + usize::from(authority.is_some());
    if lines > limits.max_header_lines {
        let limit = limits.max_header_lines;
        return Err(Refusal::TooManyLines { limit });
    }
    let target = uri.path_and_query().map_or(0, |it| it.as_str().len());
    let first = request.method().as_str().len() + target;
    let host = authority.map_or(0, |it| HOST.as_str().len() + it.as_str().len());
    let in_lines = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    if first + host + in_lines.sum::<usize>() > limits.max_head_bytes {
        let limit = limits.max_head_bytes;
        return Err(Refusal::HeadTooLarge { limit });
    }
    Ok(())
}

/// Whether there is one host, said once or twice alike, and a target that can stand in a line.
fn is_meant_for_one<B>(request: &Request<B>) -> Result<(), Refusal> {
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| !has_target_bytes(target.as_str().as_bytes())) {
        return Err(Refusal::Target);
    }
    let authority = request.uri().authority().map(|it| it.as_str().as_bytes());
    if authority.is_some_and(|authority| !is_host(authority)) {
        return Err(Refusal::Host);
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    match (authority, hosts.next(), hosts.next()) {
        (None, None, _) => Err(Refusal::NoHost),
        (_, _, Some(_)) => Err(Refusal::RepeatedHost),
        (_, Some(host), None) if !is_host(host.as_bytes()) => Err(Refusal::Host),
        (Some(authority), Some(host), None) if !authority.eq_ignore_ascii_case(host.as_bytes()) => {
            Err(Refusal::HostMismatch)
        }
        _ => Ok(()),
    }
}

/// Whether a length is told once at the most, and is one.
fn has_one_length<B>(request: &Request<B>) -> Result<(), Refusal> {
    let mut lengths = request.headers().get_all(CONTENT_LENGTH).iter();
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(()),
        (Some(length), None) => parse_length(length.as_bytes()).map(drop),
        (Some(_), Some(_)) => Err(Refusal::RepeatedContentLength),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(uri: &str, lines: &[(&str, &str)]) -> Option<Refusal> {
        let mut request = Request::builder().version(Version::HTTP_2).uri(uri);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let limits = Limits {
            max_header_lines: 4,
            max_head_bytes: 64,
            ..Limits::default()
        };
        match check(&request.body(()).unwrap(), &limits) {
            Ok(()) => None,
            Err(Problem::Framing(refusal)) => Some(refusal),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_says_one_thing_passes() {
        for (uri, lines) in [
            ("https://a.example/x?y", &[][..]),
            ("https://a.example:8443/x", &[("host", "A.example:8443")]),
            ("https://[::1]/x", &[("content-length", "12")]),
            ("/x", &[("host", "a.example")]),
            (
                "https://a/b\u{fc}cher",
                &[("x", "1"), ("x", "2"), ("x", "3")],
            ),
        ] {
            assert_eq!(refusal(uri, lines), None, "{uri} {lines:?}");
        }
    }

    #[test]
    fn what_two_could_read_in_two_ways_does_not() {
        let at = "https://a/x";
        for (uri, lines, expected) in [
            ("/x", &[][..], Refusal::NoHost),
            ("https://u@a/x", &[], Refusal::Host),
            ("https://u:p@a/x", &[("host", "a")], Refusal::Host),
            (at, &[("host", "b")], Refusal::HostMismatch),
            (at, &[("host", "a"), ("host", "a")], Refusal::RepeatedHost),
            (at, &[("host", "")], Refusal::Host),
            (at, &[("host", "a b")], Refusal::Host),
            (at, &[("content-length", "")], Refusal::ContentLength),
            (at, &[("content-length", "+1")], Refusal::ContentLength),
            (at, &[("content-length", "1, 1")], Refusal::ContentLength),
            (
                at,
                &[("content-length", "1"), ("content-length", "1")],
                Refusal::RepeatedContentLength,
            ),
            (
                at,
                &[("content-length", "9223372036854775808")],
                Refusal::ContentLengthOverflow,
            ),
        ] {
            assert_eq!(refusal(uri, lines), Some(expected), "{uri} {lines:?}");
        }
    }

    #[test]
    fn the_host_to_come_counts_as_a_line() {
        let four = [("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")];
        let too_many = Refusal::TooManyLines { limit: 4 };
        assert_eq!(refusal("https://a/x", &four), Some(too_many));
        assert_eq!(refusal("https://a/x", &four[..3]), None);
        let long = "y".repeat(60);
        let too_large = Refusal::HeadTooLarge { limit: 64 };
        assert_eq!(refusal("https://a/x", &[("x", &long)]), Some(too_large));
    }
}
