//! The head of a request: the sender's lines in their order, without those of the hop.
//!
//! The list is built by going through it once; `HeaderMap::remove` would change the order. Where
//! the map has another order than the list, the list's goes along with the request.
//! Trailers do not travel, and neither does `Upgrade`.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use kreel_wire::{Delivery, Headers, HeadersBuilder};

use super::Work;
use super::body::{Body, Framing, RequestBody};
use super::order::Lines;
use super::replay::Special;
use crate::{ConfigError, HostHeader, ReplayConfig, Target};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const DELIVERY_ID: HeaderName = HeaderName::from_static("kreel-delivery-id");
const ATTEMPT: HeaderName = HeaderName::from_static("kreel-attempt");
const REPLAY: HeaderName = HeaderName::from_static("kreel-replay");
const SYNTHESISED: HeaderName = HeaderName::from_static("kreel-synthesised");

/// What the user wants changed in heads.
#[derive(Debug)]
pub(super) struct HeadRules {
    /// Lines that replace the sender's of the same name.
    set: Vec<(HeaderName, HeaderValue)>,
    /// The `Host` the app sees; the sender's if none.
    host: Option<HeaderValue>,
    /// It is the target's.
    rewrites_host: bool,
}

impl HeadRules {
    pub(super) fn new(config: &ReplayConfig) -> Result<Self, ConfigError> {
        let mut set = config.checked_headers()?;
        let mut host = config.host_value()?;
        let mut rewrites_host = config.host_header == HostHeader::Rewrite;
        // `-H 'Host: …'` is another way to say `--host-header …`.
        for (_, value) in set.extract_if(.., |(name, _)| *name == header::HOST) {
            host = Some(value);
            rewrites_host = false;
        }
        Ok(Self {
            set,
            host,
            rewrites_host,
        })
    }

    /// The `Host` for this request; the one that is in it if none.
    fn host(&self, work: &Work, target: &Target) -> Result<Option<HeaderValue>, String> {
        // Without one it would not be HTTP/1.1: one that was taken out is the target's.
        let has_host = work.delivery.headers.first("host").is_some();
        if has_host && !is_as_sent(work, &header::HOST) {
            return Ok(None);
        }
        match work.special.as_deref() {
            Some(special) if special.is_elsewhere && self.rewrites_host => {
                value(Bytes::from(target.authority())).map(Some)
            }
            _ => Ok(self.host.clone()),
        }
    }

    /// The request for the app, or why these bytes can't be one. `attempt` is what the app is told.
    pub(super) fn request(
        &self,
        work: &Work,
        attempt: u32,
        target: &Target,
        body: Body,
    ) -> Result<Request<RequestBody>, String> {
        let delivery = &work.delivery;
        let framing = framing(delivery, &body);
        let path = target
            .base
            .join(&delivery.target)
            .map_err(|error| format!("the path can't be sent: {error}"))?;
        let mut request = Request::new(RequestBody::new(body, framing));
        *request.method_mut() = method(&delivery.method)?;
        *request.uri_mut() = Uri::from(path);
        let (headers, order) = self.headers(work, attempt, target, framing)?.finish();
        *request.headers_mut() = headers;
        if let Some(order) = order {
            request.extensions_mut().insert(order);
        }
        Ok(request)
    }

    fn headers(
        &self,
        work: &Work,
        attempt: u32,
        target: &Target,
        framing: Framing,
    ) -> Result<Lines, String> {
        let delivery = &work.delivery;
        let host = self.host(work, target)?;
        let mut headers = Lines::with_capacity(delivery.headers.len() + 8);
        let senders_host = delivery.headers.first("host");
        if senders_host.is_none()
            && let Some(host) = &host
        {
            headers.append(header::HOST, host.clone());
        }
        let nominated = Nominated::of(&delivery.headers);
        for line in &delivery.headers {
            let name = HeaderName::from_bytes(line.name)
                .map_err(|error| format!("a header can't be sent: {error}"))?;
            if name == header::TRANSFER_ENCODING && matches!(framing, Framing::Chunked { .. }) {
                if !headers.contains(&name) {
                    headers.append(name, HeaderValue::from_static("chunked"));
                }
            } else if is_dropped(name.as_str())
                || nominated.contains(line.name)
                || is_of_a_proxy(name.as_str()) && is_as_sent(work, &name)
            {
                continue;
            } else if self.sets(&name) && is_as_sent(work, &name) {
                if !headers.contains(&name) {
                    self.append_set(&name, &mut headers);
                }
            } else if name == header::HOST
                && let Some(host) = &host
            {
                if !headers.contains(&name) {
                    headers.append(name, host.clone());
                }
            } else if name == header::HOST && headers.contains(&name) && is_as_sent(work, &name) {
                // No relay of ours passes them (RFC 9112, section 3.2).
                return Err("two Host lines can't be sent: an app may read either".to_owned());
            } else if name == header::COOKIE && headers.contains(&name) {
                // Joined with the first one already.
            } else if name == header::COOKIE {
                headers.append(name, cookies(&delivery.headers, line.shared_value())?);
            } else {
                headers.append(name, value(line.shared_value())?);
            }
        }
        self.append_ours(&mut headers, work, attempt, framing)?;
        Ok(headers)
    }

    /// Whether the user has set lines of this name.
    fn sets(&self, name: &HeaderName) -> bool {
        self.set.iter().any(|(set, _)| set == name)
    }

    /// The lines the user has set of this name, in their order.
    fn append_set(&self, name: &HeaderName, headers: &mut Lines) {
        for (name, value) in self.set.iter().filter(|(set, _)| set == name) {
            headers.append(name.clone(), value.clone());
        }
    }

    /// The lines that are set and were not there, and those kreel adds.
    fn append_ours(
        &self,
        headers: &mut Lines,
        work: &Work,
        attempt: u32,
        framing: Framing,
    ) -> Result<(), String> {
        match framing {
            Framing::Chunked { .. } if !headers.contains(&header::TRANSFER_ENCODING) => {
                let chunked = HeaderValue::from_static("chunked");
                headers.append(header::TRANSFER_ENCODING, chunked);
            }
            Framing::Length(bytes) if !headers.contains(&header::CONTENT_LENGTH) => {
                headers.append(header::CONTENT_LENGTH, bytes.into());
            }
            _ => {}
        }
        for (name, _) in &self.set {
            if !headers.contains(name) {
                self.append_set(name, headers);
            }
        }
        let delivery = &work.delivery;
        let scheme = HeaderValue::from_static(delivery.scheme.as_str());
        let forwarded_for = HeaderValue::from_str(&delivery.forwarded_for)
            .map_err(|error| format!("the sender's address can't be sent: {error}"))?;
        let id = value(Bytes::from(delivery.id.to_string()))?;
        let host = senders(work).iter().find(|line| line.is("host"));
        let host = host.map(|line| value(line.shared_value())).transpose()?;
        let is_replay = work.special.is_some();
        let is_made_here = work
            .special
            .as_deref()
            .is_some_and(|special| special.is_synthesised);
        let yes = |is_so: bool| is_so.then(|| HeaderValue::from_static("1"));
        let ours = [
            (FORWARDED_FOR, Some(forwarded_for)),
            (FORWARDED_PROTO, Some(scheme)),
            (FORWARDED_HOST, host),
            (DELIVERY_ID, Some(id)),
            (ATTEMPT, Some(attempt.into())),
            (REPLAY, yes(is_replay)),
            (SYNTHESISED, yes(is_made_here)),
        ];
        for (name, value) in ours {
            if let Some(value) = value
                && !self.sets(&name)
            {
                headers.append(name, value);
            }
        }
        Ok(())
    }
}

/// The lines as they came, whatever became of them since.
fn senders(work: &Work) -> &Headers {
    let special = work.special.as_deref();
    let senders = special.and_then(|special| special.senders.as_ref());
    senders.unwrap_or(&work.delivery.headers)
}

/// Whether the lines of this name are the sender's: the user's own are sent as they are.
fn is_as_sent(work: &Work, name: &HeaderName) -> bool {
    let is_edited = |special: &Special| special.senders.is_some();
    if !work.special.as_deref().is_some_and(is_edited) {
        return true;
    }
    let (sent, senders) = (&work.delivery.headers, senders(work));
    sent.all(name.as_str()).eq(senders.all(name.as_str()))
}

fn method(text: &str) -> Result<Method, String> {
    match Method::from_bytes(text.as_bytes()) {
        // What follows it on the connection would not be HTTP any more.
        Ok(Method::CONNECT) => Err("CONNECT is for proxies, and this is none".to_owned()),
        Ok(method) => Ok(method),
        Err(error) => Err(format!("the method can't be sent: {error}")),
    }
}

/// How the body is framed for the app: as the sender did, as far as is known.
fn framing(delivery: &Delivery, body: &Body) -> Framing {
    match (delivery.body_bytes, body) {
        _ if delivery.headers.first("transfer-encoding").is_some() => {
            Framing::Chunked { done: false }
        }
        (Some(0), _) => Framing::Empty,
        (Some(bytes), _) => Framing::Length(bytes),
        (None, Body::Whole(bytes)) if bytes.is_empty() => Framing::Empty,
        // From HTTP/2, where a length may be left out; plenty of apps read no chunks.
        (None, Body::Whole(bytes)) => Framing::Length(bytes.len() as u64),
        (None, Body::Streamed(_)) => Framing::Chunked { done: false },
        (None, Body::Stored(stored)) => Framing::Length(stored.size_bytes()),
    }
}

/// The names that `Connection` lines call hop-by-hop (RFC 9110, section 7.6.1). Those that
/// frame and route the message stay, or a sender could take them away.
struct Nominated<'a>(Vec<&'a [u8]>);

impl<'a> Nominated<'a> {
    fn of(headers: &'a Headers) -> Self {
        let lines = headers.all("connection");
        let names = lines.flat_map(|value| value.split(|byte| *byte == b','));
        Self(names.map(<[u8]>::trim_ascii).collect())
    }

    fn contains(&self, name: &[u8]) -> bool {
        const STAY: [&[u8]; 2] = [b"content-length", b"host"];
        !STAY.contains(&name) && self.0.iter().any(|word| word.eq_ignore_ascii_case(name))
    }
}

/// Whether a line belongs to the sender's hop, or is one that only kreel may say.
fn is_dropped(name: &str) -> bool {
    is_of_the_hop(name)
        || matches!(
            name,
            "x-forwarded-for" | "x-forwarded-proto" | "x-forwarded-host"
        )
        || name.starts_with("kreel-")
}

/// Whether a line says where a request comes from, as proxies say it. An app that believes them
/// would believe a sender, too: kreel's own three lines say what is true. What the user wrote
/// goes.
fn is_of_a_proxy(name: &str) -> bool {
    name.starts_with("x-forwarded-")
        || matches!(
            name,
            "forwarded"
                | "x-forwarded"
                | "x-real-ip"
                | "x-client-ip"
                | "x-cluster-client-ip"
                | "x-original-forwarded-for"
                | "true-client-ip"
                | "cf-connecting-ip"
                | "cf-connecting-ipv6"
                | "fastly-client-ip"
                | "fly-client-ip"
        )
}

/// Whether a line belongs to one connection and not to the message (RFC 9110, section 7.6.1).
fn is_of_the_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// All cookies in one line, since HTTP/1.1 has only one (RFC 9113, section 8.2.3).
fn cookies(headers: &Headers, first: Bytes) -> Result<HeaderValue, String> {
    let values: Vec<&[u8]> = headers.all("cookie").collect();
    match values[..] {
        [_] => value(first),
        _ => value(values.join(&b"; "[..]).into()),
    }
}

fn value(bytes: Bytes) -> Result<HeaderValue, String> {
    HeaderValue::from_maybe_shared(bytes)
        .map_err(|error| format!("a header value can't be sent: {error}"))
}

/// The lines of an answer that travel back to the sender. A length beside an encoding is not the
/// body's, and stays behind (RFC 9112, section 6.3).
pub(super) fn answer_headers(headers: &HeaderMap) -> Headers {
    let nominated: Vec<&[u8]> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect();
    let nominated = Nominated(nominated);
    let is_encoded = headers.contains_key(header::TRANSFER_ENCODING);
    let mut lines = HeadersBuilder::with_capacity(headers.len());
    for (name, value) in headers {
        let is_false_length = is_encoded && name == header::CONTENT_LENGTH;
        let name = name.as_str();
        if !is_of_the_hop(name) && !nominated.contains(name.as_bytes()) && !is_false_length {
            lines.push(name.as_bytes(), value.as_bytes());
        }
    }
    lines.build()
}

/// The lines of an answer made here.
pub(super) fn own_headers(lines: &[(&'static str, String)]) -> Headers {
    let lines = lines.iter().map(|(name, value)| (name, value));
    Headers::checked(lines).expect("lines of our own are valid")
}

#[cfg(test)]
mod tests;
