//! Signatures that senders put on their webhooks, made anew with a secret the user has.
//!
//! What is changed or old does not verify any more; signed again, an app takes it like a new one.

use bytes::Bytes;
use kreel_client::{DeliveryId, Edited};
use kreel_signatures::Key;
use kreel_wire::HeadersBuilder;
use kreel_wire::rules::Scheme;

use crate::args::Secret;
use crate::problem::{Code, Problem, Result};

/// How to sign, and with what.
#[derive(Debug, Clone)]
pub(crate) struct Signer(Key);

impl Signer {
    /// With this secret, as the sender's settings show it.
    pub(crate) fn new(scheme: Scheme, secret: &Secret) -> Result<Self> {
        key(scheme, &secret.0).map(Self)
    }

    /// Signs a request as if it were sent at this time: seconds since 1970.
    pub(crate) fn sign(&self, request: &mut Edited, id: DeliveryId, now: i64) {
        let (names, id) = match self.0.scheme() {
            Scheme::StandardWebhooks => standard_names(request, id),
            _ => ("webhook", Bytes::new()),
        };
        for (name, value) in self.0.sign(&id, now, &request.body) {
            set(request, &name.replacen("webhook", names, 1), &value);
        }
        if self.0.scheme() == Scheme::Github {
            // Of SHA-1, superseded by the other; it would be wrong for a changed body.
            remove(request, "x-hub-signature");
        }
    }
}

/// A secret for a scheme, or why it is none.
pub(crate) fn key(scheme: Scheme, secret: &str) -> Result<Key> {
    Key::new(scheme, secret).map_err(|error| {
        Problem::new(
            Code::SecretUnusable,
            "the secret can't be used for this scheme",
            error,
            "copy it from the sender's settings; for standard-webhooks it is base64, often behind whsec_",
        )
    })
}

/// What the names of a Standard Webhook's headers begin with, those of the standard or those Svix
/// had before there was one, and the message's id, made if there is none.
fn standard_names(request: &mut Edited, id: DeliveryId) -> (&'static str, Bytes) {
    let has = |name: &str| request.headers.first(name).is_some();
    let names = match has("svix-id") && !has("webhook-id") {
        true => "svix",
        false => "webhook",
    };
    let name = format!("{names}-id");
    if let Some(known) = request.headers.first(&name) {
        return (names, Bytes::copy_from_slice(known));
    }
    let made = format!("msg_{id}");
    set(request, &name, &made);
    (names, Bytes::from(made))
}

/// Puts a value in the place of the first line of this name, and takes the others out; at the end
/// if there is none.
fn set(request: &mut Edited, name: &str, value: &str) {
    let mut lines = HeadersBuilder::with_capacity(request.headers.len() + 1);
    let mut is_there = false;
    for line in &request.headers {
        if !line.is(name) {
            lines.push(line.name, line.value);
        } else if !std::mem::replace(&mut is_there, true) {
            lines.push(name.as_bytes(), value.as_bytes());
        }
    }
    if !is_there {
        lines.push(name.as_bytes(), value.as_bytes());
    }
    request.headers = lines.checked().expect("names and values of ours are valid");
}

fn remove(request: &mut Edited, name: &str) {
    let mut others = HeadersBuilder::with_capacity(request.headers.len());
    for line in request.headers.iter().filter(|line| !line.is(name)) {
        others.push(line.name, line.value);
    }
    request.headers = others.build();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(scheme: Scheme, secret: &str, body: &str, lines: &[(&str, &str)]) -> Edited {
        let mut headers = HeadersBuilder::default();
        for (name, value) in lines {
            headers.push(name.as_bytes(), value.as_bytes());
        }
        let mut request = Edited {
            method: "POST".to_owned(),
            target: Bytes::new(),
            headers: headers.build(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            senders: None,
        };
        let signer = Signer::new(scheme, &Secret(secret.to_owned())).unwrap();
        let id = DeliveryId::from_bytes([0x55; 16]);
        signer.sign(&mut request, id, 1_614_265_330);
        request
    }

    fn value(request: &Edited, name: &str) -> String {
        let value = request
            .headers
            .first(name)
            .unwrap_or_else(|| panic!("{name}"));
        String::from_utf8(value.to_vec()).unwrap()
    }

    /// The example of docs.github.com, "Validating webhook deliveries".
    #[test]
    fn github_as_documented() {
        let lines = [
            ("x-hub-signature", "sha1=old"),
            ("x-hub-signature-256", "sha256=old"),
        ];
        let request = signed(
            Scheme::Github,
            "It's a Secret to Everybody",
            "Hello, World!",
            &lines,
        );
        assert_eq!(
            value(&request, "x-hub-signature-256"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
        assert_eq!(request.headers.len(), 1, "{:?}", request.headers);
    }

    /// The example of the Standard Webhooks specification, "Signature scheme".
    #[test]
    fn standard_webhooks_as_documented() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let lines = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("x-last", "1"),
        ];
        let body = r#"{"test": 2432232314}"#;
        let request = signed(Scheme::StandardWebhooks, secret, body, &lines);
        assert_eq!(
            value(&request, "webhook-signature"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(value(&request, "webhook-timestamp"), "1614265330");
        let svix = signed(
            Scheme::StandardWebhooks,
            secret,
            body,
            &[("svix-id", "m"), ("svix-signature", "v1,x")],
        );
        assert!(value(&svix, "svix-signature").len() > 40);
        let bare = signed(Scheme::StandardWebhooks, secret, body, &[]);
        assert!(value(&bare, "webhook-id").starts_with("msg_5555"));
    }

    #[test]
    fn lines_keep_their_places() {
        let lines = [
            ("a", "1"),
            ("stripe-signature", "x"),
            ("b", "2"),
            ("stripe-signature", "y"),
        ];
        let request = signed(Scheme::Stripe, "whsec_x", "{}", &lines);
        let names: Vec<_> = request.headers.iter().map(|line| line.name).collect();
        assert_eq!(names, [&b"a"[..], b"stripe-signature", b"b"]);
        assert!(value(&request, "stripe-signature").starts_with("t=1614265330,v1="));
    }

    #[test]
    fn secrets_are_checked_and_not_shown() {
        for (scheme, secret) in [
            (Scheme::StandardWebhooks, "whsec_not base64!"),
            (Scheme::StandardWebhooks, "whsec_"),
            (Scheme::Github, ""),
        ] {
            let problem = Signer::new(scheme, &Secret(secret.to_owned())).unwrap_err();
            assert_eq!(problem.code, Code::SecretUnusable);
        }
        let signer = Signer::new(Scheme::Stripe, &Secret("s3cret".to_owned())).unwrap();
        assert_eq!(format!("{signer:?}"), "Signer(Key(stripe))");
    }
}
