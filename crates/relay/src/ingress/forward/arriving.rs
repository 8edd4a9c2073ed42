//! A request on its way in: what is known of it, from its head to its position.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use hyper::body::Incoming;
use kreel_wire::limits::CHUNK_BYTES;
use kreel_wire::{Delivery, DeliveryId, Headers, HeadersBuilder, Kind, Verdict};

use super::Forward;
use crate::admission::Held;
use crate::framing::Order;
use crate::ingress::body::SenderBody;
use crate::ingress::problem::Problem;
use crate::ingress::retained::Retained;
use crate::proxies::Origin;
use crate::rules::Rules;

/// Who a request comes from.
pub(in crate::ingress) struct Sender {
    pub(in crate::ingress) origin: Origin,
    /// Its address, as deliveries have it.
    pub(in crate::ingress) forwarded_for: Arc<str>,
}

/// What is known of a request before it is read.
pub(in crate::ingress) struct Arriving {
    /// What it is called from now on.
    pub(in crate::ingress) id: DeliveryId,
    /// Who it comes from.
    pub(in crate::ingress) sender: Sender,
    /// The limits it is under.
    pub(in crate::ingress) held: Arc<Held>,
    /// Path and query behind the tunnel's name, and behind what is secret of its address.
    pub(in crate::ingress) target: Bytes,
    /// Who may post, if not everybody.
    pub(in crate::ingress) rules: Option<Arc<Rules>>,
    /// The rest of the head. Boxed, as what is made of it: it is handed on many times.
    pub(in crate::ingress) head: Box<Parts>,
    /// The body.
    pub(in crate::ingress) incoming: Incoming,
}

/// A request whose beginning is here, before it has a position.
pub(in crate::ingress) struct Begun {
    id: DeliveryId,
    sender: Sender,
    target: Bytes,
    head: Box<Parts>,
    /// What the sender said it is.
    pub(in crate::ingress) body_bytes: Option<u64>,
    /// `Authorization` was for the relay.
    hides_authorization: bool,
    pub(in crate::ingress) beginning: Vec<Bytes>,
    pub(in crate::ingress) body: SenderBody,
}

/// A request whose beginning is here.
pub(in crate::ingress) struct Arrived {
    pub(in crate::ingress) delivery: Box<Delivery>,
    pub(in crate::ingress) beginning: Vec<Bytes>,
    pub(in crate::ingress) body: SenderBody,
    /// Where it was read to its end first, all of it: those bytes are in the beginning, too.
    pub(in crate::ingress) held: Option<Retained>,
}

impl Forward<'_> {
    /// Waits for a request's beginning.
    pub(in crate::ingress) async fn begin(arriving: Arriving) -> Result<Begun, Problem> {
        let Arriving {
            id,
            sender,
            held,
            target,
            rules,
            head,
            incoming,
        } = arriving;
        let limits = &held.limits;
        let of_rules = rules.as_ref().and_then(|rules| rules.max_body_bytes());
        let most = of_rules.map_or(limits.max_body_bytes, |most| {
            most.min(limits.max_body_bytes)
        });
        let mut body = SenderBody::new(incoming, most, limits)?;
        let body_bytes = body.told_bytes();
        let beginning = body.beginning().await?;
        Ok(Begun {
            id,
            sender,
            target,
            head,
            body_bytes,
            hides_authorization: rules.is_some_and(|rules| rules.takes_authorization()),
            beginning,
            body,
        })
    }

    /// Makes a delivery of it, at its position.
    pub(in crate::ingress) async fn number(
        &self,
        begun: Begun,
        signature: Option<Verdict>,
    ) -> Result<Arrived, Problem> {
        let Begun {
            id,
            sender,
            target,
            head,
            body_bytes,
            hides_authorization,
            beginning,
            body,
        } = begun;
        let seq = self
            .tunnel
            .next_seq(&self.shared.store)
            .await
            .map_err(|error| Problem::store(&error))?;
        let delivery = Box::new(Delivery {
            id,
            seq,
            received_at_us: now_us(),
            kind: Kind::Live,
            method: head.method.as_str().into(),
            target,
            headers: lines(&head, hides_authorization),
            scheme: sender.origin.scheme,
            forwarded_for: sender.forwarded_for,
            body_bytes,
            attempted: false,
            signature,
        });
        Ok(Arrived {
            delivery,
            beginning,
            body,
            held: None,
        })
    }
}

/// What fits the first message: the first run, or all runs joined if they are small.
pub(super) fn take_first(runs: &mut Vec<Bytes>) -> Bytes {
    if let Some(whole) = join(runs) {
        runs.clear();
        return whole;
    }
    let mut first = runs.remove(0);
    let head = first.split_to(first.len().min(CHUNK_BYTES));
    if !first.is_empty() {
        runs.insert(0, first);
    }
    head
}

/// All runs as one, if together they fit a message.
pub(super) fn join(runs: &[Bytes]) -> Option<Bytes> {
    match runs {
        [] => Some(Bytes::new()),
        [one] if one.len() <= CHUNK_BYTES => Some(one.clone()),
        several if several.iter().map(Bytes::len).sum::<usize>() <= CHUNK_BYTES => {
            let mut whole = BytesMut::with_capacity(CHUNK_BYTES);
            several.iter().for_each(|run| whole.extend_from_slice(run));
            Some(whole.freeze())
        }
        _ => None,
    }
}

/// The header lines as sent, in their order (over HTTP/2, lines of one name together, since that is
/// how they are handed over). HTTP/2 says the host elsewhere; it is a header line like others for an
/// app (RFC 9113, section 8.3.1). What was shown to the relay alone is left out: nobody shall keep it.
fn lines(head: &Parts, hides_authorization: bool) -> Headers {
    let authority = head
        .uri
        .authority()
        .filter(|_| !head.headers.contains_key(HOST));
    let order = head.extensions.get::<Order>();
    let in_order = order.and_then(|order| order.of(&head.headers));
    if authority.is_none() && in_order.is_none() && !hides_authorization {
        return Headers::from_map(&head.headers);
    }
    let mut builder = HeadersBuilder::with_capacity(head.headers.len() + 1);
    if let Some(authority) = authority {
        builder.push(b"host", authority.as_str().as_bytes());
    }
    let mut push = |(name, value): (&HeaderName, &HeaderValue)| {
        if !(hides_authorization && *name == AUTHORIZATION) {
            builder.push(name.as_str().as_bytes(), value.as_bytes());
        }
    };
    match in_order {
        Some(lines) => lines.into_iter().for_each(&mut push),
        None => head.headers.iter().for_each(&mut push),
    }
    builder.build()
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
