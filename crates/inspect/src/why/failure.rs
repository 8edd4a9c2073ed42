//! No complete answer: what the connection's end tells.

use super::refused::{self, Target};
use super::{Facts, Why, quote};

pub(super) fn explain(code: &str, facts: &Facts<'_>) -> Why {
    match code {
        "refused" => refused::explain(facts),
        "unreachable" => unreachable(facts),
        "timed_out" => Why::new(
            format!(
                "The app took the request and did not finish its answer{}.",
                within(facts)
            ),
            "Look where it hangs (a debugger's breakpoint, a call it waits for, an answer \
                that is never sent), or raise --timeout.",
        ),
        "died" => died(facts),
        "died_mid_answer" => Why::new(
            "The app closed the connection in the middle of its answer: it crashed, was \
                restarted (a file watcher does that), or announced a longer body than it \
                sent.",
            "Look at the app's own output at that moment, and replay.",
        ),
        "garbled" => garbled(facts),
        "sender_left" => Why::new(
            "The sender broke off before its request was complete, so the app never had all of it.",
            "Nothing to mend in the app: a sender that gives up usually sends again.",
        ),
        "withheld" => Why::new(
            format!(
                "The app was not given it: {}.",
                quote(facts.failure_text.unwrap_or("it is not known to be true"))
            ),
            "If you trust it all the same, replay it: that goes to the app.",
        ),
        "given_up" => Why::new(
            "The attempt was given up because kreel was stopped or lost its link; the app may \
                have worked on it.",
            "Replay it.",
        ),
        _ => Why::new(
            format!(
                "The attempt failed: {}.",
                quote(facts.failure_text.unwrap_or(code))
            ),
            "Replay it; if it fails again, look at the app's own output.",
        ),
    }
}

fn within(facts: &Facts<'_>) -> String {
    let took = facts.took.map(|took| format!(" within {took:.1?}"));
    took.unwrap_or_default()
}

/// Name, route or TLS, told apart by the words of the system and of rustls.
fn unreachable(facts: &Facts<'_>) -> Why {
    let text = facts.failure_text.unwrap_or_default();
    let lower = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let address = facts.target.map_or("the app's address".to_owned(), quote);
    if has(&[
        "corrupt message",
        "invalidcontenttype",
        "wrong version number",
    ]) {
        let plain = address.replacen("https://", "http://", 1);
        return Why::new(
            "The app does not speak TLS on that port: it was addressed with https and \
                answered in the clear.",
            format!("Use plain HTTP: kreel listen {plain}"),
        );
    }
    if has(&["certificate", "unknownissuer", "notvalidforname"]) {
        return Why::new(
            format!("The app's certificate was not accepted: {}.", quote(text)),
            "For a certificate made for development: kreel listen --insecure, which trusts \
                whatever the local app shows.",
        );
    }
    if has(&[
        "lookup",
        "name or service",
        "nodename",
        "no address",
        "resolve",
    ]) {
        return Why::new(
            format!("The name in {address} is not known here."),
            "Check its spelling; inside a container, localhost is the container itself and \
                the host is host.docker.internal.",
        );
    }
    if has(&["timed out", "timeout", "deadline"]) {
        return Why::new(
            format!(
                "Nothing at {address} took the connection in time: a firewall swallows it, or \
                    the machine is off."
            ),
            "Check that the address can be reached from here, for instance with curl -v.",
        );
    }
    if has(&["no route", "unreachable"]) {
        return Why::new(
            format!("There is no way from here to {address}."),
            "Check the address, and the network or VPN it is in.",
        );
    }
    Why::new(
        format!("The connection could not be made: {}.", quote(text)),
        format!("Check that {address} can be reached from here, for instance with curl -v."),
    )
}

fn died(facts: &Facts<'_>) -> Why {
    if let Some(target) = facts.target.and_then(Target::of)
        && !target.is_tls
        && matches!(target.port, 443 | 8443)
    {
        return tls_on(&target);
    }
    Why::new(
        "The app took the request and closed the connection without an answer: it crashed, or \
            was restarted just then (a file watcher does that).",
        "Look at the app's own output at that moment, and replay.",
    )
}

fn garbled(facts: &Facts<'_>) -> Why {
    match facts.target.and_then(Target::of) {
        Some(target) if !target.is_tls => {
            let mut why = tls_on(&target);
            why.cause = format!(
                "What listens on port {} did not answer in HTTP: perhaps it wants TLS, or it \
                    is another kind of server, a database for instance.",
                target.port
            );
            why
        }
        _ => Why::new(
            format!(
                "The app's answer is not valid HTTP: {}.",
                quote(facts.failure_text.unwrap_or("it broke off"))
            ),
            "Look at what the app sends, for instance with curl -v.",
        ),
    }
}

fn tls_on(target: &Target<'_>) -> Why {
    let (host, port) = (quote(target.host), target.port);
    Why::new(
        format!("The app closed the connection without an answer; port {port} probably wants TLS."),
        format!(
            "If so: kreel listen https://{host}:{port}, with --insecure for a certificate \
                made for development."
        ),
    )
}
