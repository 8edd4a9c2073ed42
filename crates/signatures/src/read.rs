//! What a head says of its signature, by the recipe of its sender. Any bytes may be in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use kreel_wire::Verdict;
use kreel_wire::rules::Scheme;

/// A head's signature, read but not checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signed<'a> {
    /// The message's id; empty where none is signed.
    pub(crate) id: &'a [u8],
    /// The time, as it was written and as it was meant; nothing where none is signed.
    pub(crate) time: Option<(&'a [u8], i64)>,
    /// What it may be: a sender that changes its secret signs with both for a while.
    pub(crate) sums: Vec<[u8; 32]>,
}

/// The most signatures that are looked at: 16. Nobody changes secrets as often.
const SIGNATURES: usize = 16;

/// Reads a head, or says what is wrong with it.
pub(crate) fn read(scheme: Scheme, headers: &HeaderMap) -> Result<Signed<'_>, Verdict> {
    match scheme {
        Scheme::Github => {
            let value = one(headers, "x-hub-signature-256")?;
            let sum = value.strip_prefix(b"sha256=").and_then(from_hex);
            untimed(sum)
        }
        Scheme::Shopify => untimed(from_base64(one(headers, "x-shopify-hmac-sha256")?)),
        Scheme::Stripe => stripe(one(headers, "stripe-signature")?),
        Scheme::Slack => slack(headers),
        Scheme::StandardWebhooks => standard(headers),
    }
}

fn untimed<'a>(sum: Option<[u8; 32]>) -> Result<Signed<'a>, Verdict> {
    Ok(Signed {
        id: b"",
        time: None,
        sums: vec![sum.ok_or(Verdict::Malformed)?],
    })
}

/// `t=1492774577,v1=5257a869…,v1=6ffbb59b…,v0=…`: other schemes than v1 are none of ours.
fn stripe(value: &[u8]) -> Result<Signed<'_>, Verdict> {
    let (mut time, mut sums) = (None, Vec::new());
    for part in value.split(|byte| *byte == b',') {
        let part = part.trim_ascii();
        if let Some(text) = part.strip_prefix(b"t=") {
            let read = (text, seconds(text).ok_or(Verdict::Malformed)?);
            if time.replace(read).is_some() {
                return Err(Verdict::Malformed);
            }
        } else if let Some(sum) = part.strip_prefix(b"v1=") {
            add(&mut sums, from_hex(sum))?;
        }
    }
    match (time, sums.is_empty()) {
        (Some(_), false) => Ok(Signed {
            id: b"",
            time,
            sums,
        }),
        _ => Err(Verdict::Malformed),
    }
}

fn slack(headers: &HeaderMap) -> Result<Signed<'_>, Verdict> {
    let value = one(headers, "x-slack-signature")?;
    let time = one(headers, "x-slack-request-timestamp")?;
    let sum = value.strip_prefix(b"v0=").and_then(from_hex);
    Ok(Signed {
        id: b"",
        time: Some((time, seconds(time).ok_or(Verdict::Malformed)?)),
        sums: vec![sum.ok_or(Verdict::Malformed)?],
    })
}

/// By the names of the standard, or those Svix had before there was one.
fn standard(headers: &HeaderMap) -> Result<Signed<'_>, Verdict> {
    let names = match headers.contains_key("webhook-signature") {
        true => ["webhook-id", "webhook-timestamp", "webhook-signature"],
        false => ["svix-id", "svix-timestamp", "svix-signature"],
    };
    let [id, time, value] = names.map(|name| one(headers, name));
    let (value, id, time) = (value?, id?, time?);
    let mut sums = Vec::new();
    for part in value.split(|byte| *byte == b' ') {
        // `v1a` and whatever comes later is none of ours.
        if let Some(sum) = part.strip_prefix(b"v1,") {
            add(&mut sums, from_base64(sum))?;
        }
    }
    // A dot in an id would be where the time begins.
    if sums.is_empty() || id.is_empty() || id.contains(&b'.') {
        return Err(Verdict::Malformed);
    }
    Ok(Signed {
        id,
        time: Some((time, seconds(time).ok_or(Verdict::Malformed)?)),
        sums,
    })
}

fn add(sums: &mut Vec<[u8; 32]>, sum: Option<[u8; 32]>) -> Result<(), Verdict> {
    sums.push(sum.ok_or(Verdict::Malformed)?);
    match sums.len() <= SIGNATURES {
        true => Ok(()),
        false => Err(Verdict::Malformed),
    }
}

/// The value of the one line of this name. With two, an app might read the other.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a [u8], Verdict> {
    let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        (None, _) => Err(Verdict::Missing),
        (Some(value), None) => Ok(value),
        (Some(_), Some(_)) => Err(Verdict::Malformed),
    }
}

/// Seconds since 1970: digits alone.
fn seconds(text: &[u8]) -> Option<i64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| digits)?
        .parse()
        .ok()
}

fn from_hex(text: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut sum = [0; 32];
    if text.len() != sum.len() * 2 {
        return None;
    }
    for (to, pair) in sum.iter_mut().zip(text.chunks_exact(2)) {
        *to = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    Some(sum)
}

fn from_base64(text: &[u8]) -> Option<[u8; 32]> {
    // What is longer is none, and need not be decoded.
    let text = Some(text).filter(|text| text.len() <= 44)?;
    STANDARD.decode(text).ok()?.try_into().ok()
}
