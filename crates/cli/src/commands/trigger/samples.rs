//! Webhooks of senders other than Krea, in the shapes their documentation gives, with made-up
//! contents: enough for a handler to tell the event, find its fields and check the signature.

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use uuid::Uuid;

use super::post::Posting;
use super::sign::{ID, Scheme};

/// A webhook of another sender.
#[derive(Debug)]
pub(super) struct Sample {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it is, in one line.
    pub(super) about: &'static str,
    /// How its sender signs.
    scheme: Scheme,
    /// The event's name on the wire.
    event: &'static str,
    /// What it is about.
    object: fn(&str) -> Value,
}

/// Every sample.
pub(super) static ALL: &[Sample] = &[
    Sample {
        name: "github.ping",
        about: "GitHub: a webhook was set up",
        scheme: Scheme::GitHub,
        event: "ping",
        object: |id| json!({"zen": "Keep it logically awesome.", "hook_id": number(id)}),
    },
    Sample {
        name: "github.push",
        about: "GitHub: someone pushed a commit",
        scheme: Scheme::GitHub,
        event: "push",
        object: |id| {
            json!({
                "ref": "refs/heads/main",
                "before": "0".repeat(40),
                "after": id.repeat(2)[..40],
                "pusher": {"name": "octo-dev"},
                "commits": [{"id": id.repeat(2)[..40], "message": "Fix the webhook handler"}],
            })
        },
    },
    Sample {
        name: "github.pull_request",
        about: "GitHub: a pull request was opened",
        scheme: Scheme::GitHub,
        event: "pull_request",
        object: |id| {
            json!({
                "action": "opened",
                "number": 7,
                "pull_request": {"id": number(id), "title": "Add a handler", "state": "open"},
            })
        },
    },
    Sample {
        name: "stripe.payment_intent.succeeded",
        about: "Stripe: a payment went through",
        scheme: Scheme::Stripe,
        event: "payment_intent.succeeded",
        object: |id| {
            json!({
                "id": format!("pi_{}", &id[..24]),
                "object": "payment_intent",
                "amount": 4990,
                "currency": "eur",
                "status": "succeeded",
            })
        },
    },
    Sample {
        name: "stripe.checkout.session.completed",
        about: "Stripe: a checkout was paid",
        scheme: Scheme::Stripe,
        event: "checkout.session.completed",
        object: |id| {
            json!({
                "id": format!("cs_test_{id}"),
                "object": "checkout.session",
                "amount_total": 4990,
                "currency": "eur",
                "payment_status": "paid",
                "status": "complete",
            })
        },
    },
    Sample {
        name: "stripe.invoice.payment_failed",
        about: "Stripe: an invoice could not be paid",
        scheme: Scheme::Stripe,
        event: "invoice.payment_failed",
        object: |id| {
            json!({
                "id": format!("in_{}", &id[..24]),
                "object": "invoice",
                "amount_due": 4990,
                "currency": "eur",
                "status": "open",
                "attempt_count": 1,
            })
        },
    },
    Sample {
        name: "standard.user.created",
        about: "Standard Webhooks: an event, signed as their specification says",
        scheme: Scheme::Standard,
        event: "user.created",
        object: |id| json!({"id": format!("usr_{}", &id[..16]), "email": "ada@example.com"}),
    },
];

impl Sample {
    /// The sample with this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|sample| sample.name == name)
    }

    /// One of them, new.
    pub(super) fn make(&self) -> Posting {
        let id = Uuid::new_v4();
        let simple = id.simple().to_string();
        let mut object = (self.object)(&simple);
        let now = jiff::Timestamp::now();
        let (body, headers) = match self.scheme {
            Scheme::GitHub => {
                let repository =
                    json!({"id": 1296269, "full_name": "octo-org/hooks", "private": false});
                object["repository"] = repository;
                object["sender"] = json!({"login": "octo-dev", "type": "User"});
                let headers = vec![
                    ("x-github-event", self.event.to_owned()),
                    ("x-github-delivery", id.to_string()),
                    ("x-github-hook-id", number(&simple).to_string()),
                ];
                (object, headers)
            }
            Scheme::Stripe => {
                let event = json!({
                    "id": format!("evt_{}", &simple[..24]),
                    "object": "event",
                    "api_version": "2025-10-29.clover",
                    "created": now.as_second(),
                    "livemode": false,
                    "type": self.event,
                    "data": {"object": object},
                });
                (event, Vec::new())
            }
            Scheme::Standard | Scheme::None => {
                let event = json!({
                    "type": self.event,
                    "timestamp": format!("{now:.3}"),
                    "data": object,
                });
                (event, vec![(ID, format!("msg_{}", &simple[..27]))])
            }
        };
        let mut posting = Posting::json(body.to_string(), self.scheme);
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).expect("letters and digits make a header");
            posting.headers.insert(HeaderName::from_static(name), value);
        }
        posting
    }
}

/// A number made of an id's digits.
fn number(id: &str) -> u32 {
    u32::from_str_radix(&id[..7], 16).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_sample_is_new_each_time_and_tells_its_event() {
        let names: HashSet<_> = ALL.iter().map(|sample| sample.name).collect();
        assert_eq!(names.len(), ALL.len());
        for sample in ALL {
            assert_eq!(Sample::named(sample.name).unwrap().name, sample.name);
            let (one, two) = (sample.make(), sample.make());
            assert_ne!(
                (&one.body, one.headers.get("x-github-delivery")),
                (&two.body, two.headers.get("x-github-delivery")),
                "{}",
                sample.name
            );
            let body: Value = serde_json::from_slice(&one.body).unwrap();
            let told = match sample.scheme {
                Scheme::GitHub => one.headers["x-github-event"].to_str().unwrap(),
                _ => body["type"].as_str().unwrap(),
            };
            assert_eq!(told, sample.event);
        }
    }
}
