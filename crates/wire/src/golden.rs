//! The byte examples of `docs/protocol.md`, each against the message it stands for.
//!
//! An example is a fenced block whose first line is `golden` and the message's name, and whose
//! other lines are bytes in hexadecimal, with a comment after `#`. A message without an example
//! fails here, and one that [`Named`] does not list fails to compile.

mod expected;

use std::collections::BTreeSet;
use std::fmt::Debug;

use bytes::Bytes;

use crate::{
    AnswerMode, Failure, GoodbyeReason, Hello, Kind, Policy, Reject, RejectReason, Request,
    ToClient, ToRelay, WelcomeOrReject, Wire,
};

const PAGE: &str = include_str!("../../../docs/protocol.md");

/// Messages of one direction, each under the name its example has on the page.
trait Named: Wire + Clone + PartialEq + Debug + 'static {
    /// Every name there is.
    const NAMES: &[&str];

    fn name(&self) -> &'static str;
}

macro_rules! named {
    ($message:ty { $($pattern:pat $(if $guard:expr)? => $name:literal,)* }) => {
        impl Named for $message {
            const NAMES: &[&str] = &[$($name),*];

            fn name(&self) -> &'static str {
                match self {
                    $($pattern $(if $guard)? => $name,)*
                }
            }
        }
    };
}

named!(Hello {
    Self { policy: Policy { answer: AnswerMode::App, .. }, .. } => "Hello App",
    Self { policy: Policy { answer: AnswerMode::Now(_), .. }, .. } => "Hello Now",
});

named!(WelcomeOrReject {
    Self::Welcome(_) => "WelcomeOrReject::Welcome",
    Self::Reject(Reject { reason: RejectReason::NameTaken, .. }) => "WelcomeOrReject::Reject NameTaken",
    Self::Reject(Reject { reason: RejectReason::BadHello, .. }) => "WelcomeOrReject::Reject BadHello",
    Self::Reject(Reject { reason: RejectReason::Full, .. }) => "WelcomeOrReject::Reject Full",
    Self::Reject(Reject { reason: RejectReason::Revoked, .. }) => "WelcomeOrReject::Reject Revoked",
    Self::Reject(Reject { reason: RejectReason::Unknown, .. }) => "WelcomeOrReject::Reject Unknown",
});

named!(ToClient {
    Self::Request(request) if is_live(request) => "ToClient::Request Live",
    Self::Request(_) => "ToClient::Request Queued",
    Self::RequestBody(_) => "ToClient::RequestBody",
    Self::Credit { .. } => "ToClient::Credit",
    Self::Cancel { .. } => "ToClient::Cancel",
    Self::Answered { status: Some(_), .. } => "ToClient::Answered Told",
    Self::Answered { status: None, .. } => "ToClient::Answered Left",
    Self::Goodbye { reason: GoodbyeReason::Draining, .. } => "ToClient::Goodbye Draining",
    Self::Goodbye { reason: GoodbyeReason::Replaced, .. } => "ToClient::Goodbye Replaced",
    Self::Goodbye { reason: GoodbyeReason::Revoked, .. } => "ToClient::Goodbye Revoked",
    Self::Goodbye { reason: GoodbyeReason::Protocol, .. } => "ToClient::Goodbye Protocol",
    Self::Goodbye { reason: GoodbyeReason::Unknown, .. } => "ToClient::Goodbye Unknown",
});

/// Another kind would need an example of its own.
fn is_live(request: &Request) -> bool {
    match request.delivery.kind {
        Kind::Live => true,
        Kind::Queued => false,
    }
}

named!(ToRelay {
    Self::Answer(_) => "ToRelay::Answer",
    Self::AnswerBody(_) => "ToRelay::AnswerBody",
    Self::Failed { failure: Failure::Refused { .. }, .. } => "ToRelay::Failed Refused",
    Self::Failed { failure: Failure::Unreachable { .. }, .. } => "ToRelay::Failed Unreachable",
    Self::Failed { failure: Failure::TimedOut { .. }, .. } => "ToRelay::Failed TimedOut",
    Self::Failed { failure: Failure::Died, .. } => "ToRelay::Failed Died",
    Self::Failed { failure: Failure::DiedMidAnswer { .. }, .. } => "ToRelay::Failed DiedMidAnswer",
    Self::Failed { failure: Failure::Garbled { .. }, .. } => "ToRelay::Failed Garbled",
    Self::Failed { failure: Failure::SenderLeft, .. } => "ToRelay::Failed SenderLeft",
    Self::Failed { failure: Failure::GivenUp { .. }, .. } => "ToRelay::Failed GivenUp",
    Self::Credit { .. } => "ToRelay::Credit",
    Self::Ack { .. } => "ToRelay::Ack",
    Self::Goodbye { .. } => "ToRelay::Goodbye",
});

#[test]
fn hellos_are_as_the_page_has_them() {
    check(expected::hellos());
}

#[test]
fn first_answers_are_as_the_page_has_them() {
    check(expected::first_answers());
}

#[test]
fn messages_to_the_client_are_as_the_page_has_them() {
    check(expected::to_client());
}

#[test]
fn messages_to_the_relay_are_as_the_page_has_them() {
    check(expected::to_relay());
}

#[test]
fn no_example_stands_for_nothing() {
    let kinds = [
        Hello::NAMES,
        WelcomeOrReject::NAMES,
        ToClient::NAMES,
        ToRelay::NAMES,
    ];
    let names = BTreeSet::from_iter(kinds.concat());
    for (name, _) in examples() {
        assert!(names.contains(name), "no message is called {name}");
    }
}

fn check<M: Named>(expected: Vec<M>) {
    let examples = examples();
    for name in M::NAMES {
        let messages: Vec<&M> = expected
            .iter()
            .filter(|message| message.name() == *name)
            .collect();
        let bytes: Vec<&Bytes> = examples
            .iter()
            .filter(|(of, _)| of == name)
            .map(|(_, bytes)| bytes)
            .collect();
        let ([message], [bytes]) = (&messages[..], &bytes[..]) else {
            panic!(
                "{name}: {} messages, {} examples instead of one each",
                messages.len(),
                bytes.len()
            );
        };
        let decoded = M::decode((*bytes).clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(&decoded, *message, "{name}");
        let encoded = decoded.encode();
        assert_eq!(hex(&encoded), hex(bytes), "{name}");
    }
}

/// The page's examples: name and bytes.
fn examples() -> Vec<(&'static str, Bytes)> {
    let blocks = PAGE.split("\n```golden ").skip(1);
    let example = |block: &'static str| {
        let (name, rest) = block.split_once('\n').expect("a name");
        let (lines, _) = rest.split_once("```").expect("a closing fence");
        (name, lines.lines().flat_map(bytes_of_line).collect())
    };
    blocks.map(example).collect()
}

fn bytes_of_line(line: &str) -> Vec<u8> {
    let (bytes, _) = line.split_once('#').unwrap_or((line, ""));
    let byte =
        |text: &str| u8::from_str_radix(text, 16).unwrap_or_else(|_| panic!("{text} in: {line}"));
    bytes.split_whitespace().map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x} ")).collect()
}
