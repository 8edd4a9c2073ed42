use http::{HeaderMap, HeaderName, HeaderValue};
use kreel_wire::Verdict;
use kreel_wire::rules::Scheme;
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_700_000_000;

fn key(scheme: Scheme) -> Key {
    // Base64 of "a secret of ours"; for the other schemes it is that text.
    Key::new(scheme, "YSBzZWNyZXQgb2Ygb3Vycw==").unwrap()
}

fn head(lines: &[(&'static str, String)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn signed(key: &Key, time: i64, body: &[u8]) -> HeaderMap {
    let mut headers = head(&key.sign(b"msg_1", time, body));
    if key.scheme() == Scheme::StandardWebhooks {
        headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
    }
    headers
}

fn verdict(key: &Key, headers: &HeaderMap, body: &[u8]) -> Verdict {
    let mut check = match key.check(headers, NOW) {
        Ok(check) => check,
        Err(verdict) => return verdict,
    };
    // In pieces, as it comes.
    body.chunks(3).for_each(|piece| check.update(piece));
    check.finish()
}

#[test]
fn what_is_signed_is_good_and_no_other_bytes() {
    for scheme in Scheme::ALL {
        let key = key(scheme);
        let body = br#"{"job_id":"1"}"#;
        let headers = signed(&key, NOW, body);
        assert_eq!(verdict(&key, &headers, body), Verdict::Good, "{key:?}");
        let other = br#"{"job_id":"2"}"#;
        assert_eq!(verdict(&key, &headers, other), Verdict::Wrong, "{key:?}");
        assert_eq!(verdict(&key, &headers, b""), Verdict::Wrong, "{key:?}");
        let others = Key::new(scheme, "YSBzZWNyZXQgb2YgdGhlaXJz").unwrap();
        assert_eq!(verdict(&others, &headers, body), Verdict::Wrong, "{key:?}");
        assert_eq!(
            verdict(&key, &HeaderMap::new(), body),
            Verdict::Missing,
            "{key:?}"
        );
    }
}

#[test]
fn what_is_old_or_of_the_future_is_not_good() {
    for scheme in [Scheme::Stripe, Scheme::StandardWebhooks, Scheme::Slack] {
        let key = key(scheme);
        for (off, expected) in [
            (-300, Verdict::Good),
            (300, Verdict::Good),
            (-301, Verdict::Stale),
            (301, Verdict::Stale),
            (-NOW, Verdict::Stale),
        ] {
            let headers = signed(&key, NOW + off, b"{}");
            assert_eq!(verdict(&key, &headers, b"{}"), expected, "{key:?} {off}");
        }
    }
}

/// A time that is moved is not the one that was signed.
#[test]
fn a_time_made_new_makes_the_signature_wrong() {
    for (scheme, name) in [
        (Scheme::StandardWebhooks, "webhook-timestamp"),
        (Scheme::Slack, "x-slack-request-timestamp"),
    ] {
        let key = key(scheme);
        let mut headers = signed(&key, NOW - 1000, b"{}");
        headers.insert(name, NOW.to_string().parse().unwrap());
        assert_eq!(verdict(&key, &headers, b"{}"), Verdict::Wrong, "{key:?}");
    }
    let key = key(Scheme::Stripe);
    let old = key.sign(b"", NOW - 1000, b"{}").remove(0).1;
    let moved = old.replace(&(NOW - 1000).to_string(), &NOW.to_string());
    let headers = head(&[("stripe-signature", moved)]);
    assert_eq!(verdict(&key, &headers, b"{}"), Verdict::Wrong);
}

#[test]
fn one_of_several_signatures_is_enough() {
    let key = key(Scheme::Stripe);
    let good = key.sign(b"", NOW, b"{}").remove(0).1;
    let zeros = "0".repeat(64);
    let several = good.replace(",v1=", &format!(",v1={zeros},v0=ab,v1="));
    let headers = head(&[("stripe-signature", several)]);
    assert_eq!(verdict(&key, &headers, b"{}"), Verdict::Good);

    let key = self::key(Scheme::StandardWebhooks);
    let mut headers = signed(&key, NOW, b"{}");
    let good = headers["webhook-signature"].to_str().unwrap().to_owned();
    let wrong = format!("v1,{}=", "A".repeat(43));
    let several = format!("{wrong} v1a,x {good}");
    headers.insert("webhook-signature", several.parse().unwrap());
    assert_eq!(verdict(&key, &headers, b"{}"), Verdict::Good);
    let many = [wrong.as_str(); 17].join(" ");
    headers.insert("webhook-signature", many.parse().unwrap());
    assert_eq!(verdict(&key, &headers, b"{}"), Verdict::Malformed);
}

#[test]
fn svix_has_names_of_its_own() {
    let key = key(Scheme::StandardWebhooks);
    let mut headers = HeaderMap::new();
    for (name, value) in &signed(&key, NOW, b"{}") {
        let name = name.as_str().replace("webhook", "svix");
        headers.insert(name.parse::<HeaderName>().unwrap(), value.clone());
    }
    assert_eq!(verdict(&key, &headers, b"{}"), Verdict::Good);
    headers.remove("svix-timestamp");
    assert_eq!(verdict(&key, &headers, b"{}"), Verdict::Missing);
}

#[test]
fn what_two_could_read_in_two_ways_is_malformed() {
    for scheme in Scheme::ALL {
        let key = key(scheme);
        let mut headers = signed(&key, NOW, b"{}");
        for (name, value) in &headers.clone() {
            headers.append(name, value.clone());
        }
        assert_eq!(
            verdict(&key, &headers, b"{}"),
            Verdict::Malformed,
            "{key:?}"
        );
    }
    let zeros = "0".repeat(64);
    for (scheme, name, value) in [
        (Scheme::Github, "x-hub-signature-256", zeros.clone()),
        (
            Scheme::Github,
            "x-hub-signature-256",
            "sha256=00".to_owned(),
        ),
        (Scheme::Shopify, "x-shopify-hmac-sha256", "AAAA".to_owned()),
        (Scheme::Stripe, "stripe-signature", format!("v1={zeros}")),
        (Scheme::Stripe, "stripe-signature", format!("t={NOW}")),
        (
            Scheme::Stripe,
            "stripe-signature",
            format!("t={NOW},t={NOW},v1={zeros}"),
        ),
        (
            Scheme::Stripe,
            "stripe-signature",
            format!("t=+{NOW},v1={zeros}"),
        ),
        (
            Scheme::Stripe,
            "stripe-signature",
            format!("t=99999999999999999999,v1={zeros}"),
        ),
    ] {
        let headers = head(&[(name, value)]);
        let verdict = verdict(&key(scheme), &headers, b"{}");
        assert_eq!(verdict, Verdict::Malformed, "{headers:?}");
    }
}

/// The example of docs.github.com, "Validating webhook deliveries".
#[test]
fn github_as_documented() {
    let key = Key::new(Scheme::Github, "It's a Secret to Everybody").unwrap();
    let documented = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let body = b"Hello, World!";
    assert_eq!(key.sign(b"", 0, body)[0].1, documented);
    let headers = head(&[("x-hub-signature-256", documented.to_owned())]);
    assert_eq!(verdict(&key, &headers, body), Verdict::Good);
}

/// The example of docs.slack.dev, "Verifying requests from Slack".
#[test]
fn slack_as_documented() {
    let key = Key::new(Scheme::Slack, "8f742231b10e8888abcd99yyyzzz85a5").unwrap();
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow\
        &channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner\
        &command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands\
        %2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = &key.sign(b"", 1_531_420_618, body)[1].1;
    assert_eq!(
        signature,
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    );
}

/// The example of the Standard Webhooks specification, "Signature scheme".
#[test]
fn standard_webhooks_as_documented() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let key = Key::new(Scheme::StandardWebhooks, secret).unwrap();
    let id = b"msg_p5jXN8AQM9LWM0D4loKWxJek";
    let lines = key.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(
        lines[1].1,
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
}

#[test]
fn secrets_are_checked_and_not_shown() {
    for (scheme, secret) in [
        (Scheme::StandardWebhooks, "whsec_not base64!"),
        (Scheme::StandardWebhooks, "whsec_"),
        (Scheme::Github, ""),
    ] {
        assert!(Key::new(scheme, secret).is_err(), "{secret}");
    }
    let key = Key::new(Scheme::Stripe, "s3cret").unwrap();
    assert_eq!(format!("{key:?}"), "Key(stripe)");
    let check = key.check(&signed(&key, NOW, b""), NOW).unwrap();
    assert!(!format!("{check:?}").contains("s3cret"));
}

const NAMES: [&str; 11] = [
    "x-hub-signature-256",
    "stripe-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "svix-id",
    "svix-timestamp",
    "svix-signature",
    "x-slack-signature",
    "x-slack-request-timestamp",
    "x-shopify-hmac-sha256",
];

/// Bytes that look like a signature for a while.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let likely =
        "(sha256=|t=|v1=|v0=|v1,|v1a,|[0-9a-f]{64}|[A-Za-z0-9+/]{43}=|[,.: =]|1700000000){0,12}";
    prop_oneof![
        likely.prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever a head says, it comes to a verdict, and never to a good one.
    #[test]
    fn any_bytes_come_to_a_verdict(
        lines in proptest::collection::vec((0..NAMES.len(), value()), 0..14),
        body in proptest::collection::vec(any::<u8>(), 0..40),
        now in prop_oneof![Just(NOW), any::<i64>()],
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(NAMES[name], value);
            }
        }
        for scheme in Scheme::ALL {
            let verdict = match key(scheme).check(&headers, now) {
                Ok(mut check) => {
                    check.update(&body);
                    check.finish()
                }
                Err(verdict) => verdict,
            };
            prop_assert!(!verdict.is_good(), "{headers:?}");
        }
    }

    /// What is signed is good, whatever it is, and after any change it is not.
    #[test]
    fn any_change_of_the_body_is_noticed(
        body in proptest::collection::vec(any::<u8>(), 1..200),
        at in any::<prop::sample::Index>(),
        flip in 1..=255u8,
    ) {
        for scheme in Scheme::ALL {
            let key = key(scheme);
            let headers = signed(&key, NOW, &body);
            prop_assert_eq!(verdict(&key, &headers, &body), Verdict::Good);
            let mut other = body.clone();
            other[at.index(body.len())] ^= flip;
            prop_assert_eq!(verdict(&key, &headers, &other), Verdict::Wrong);
        }
    }
}
