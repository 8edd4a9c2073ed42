//! Attempts without a complete answer.

use super::*;

fn failed(code: &str, text: &str, target: &str, listening: &[u16]) -> Option<Why> {
    explain(&Facts {
        failure: Some(code),
        failure_text: Some(text),
        target: Some(target),
        listening,
        ..facts()
    })
}

#[test]
fn refused_looks_around() {
    let refused = |target, listening: &[u16]| failed("refused", "", target, listening);
    let local = "http://localhost:3000";
    says(
        refused(local, &[22, 5432]),
        &["Nothing listens on port 3000"],
        &["Start the app"],
    );
    says(
        refused(local, &[22, 8000, 5173, 3001, 3001, 3007]),
        &["on port 3000", "something does on 3001, 3007, 5173"],
        &["kreel listen 3001"],
    );
    says(
        refused(local, &[3000]),
        &["Something listens on port 3000", "127.0.0.1 for some"],
        &["[::1]:3000"],
    );
    says(
        refused("http://127.0.0.1:3000/x", &[3000]),
        &["but not on IPv4"],
        &["kreel listen http://[::1]:3000"],
    );
    says(
        refused("http://[::1]:3000", &[3000]),
        &["but not on IPv6"],
        &["kreel listen http://127.0.0.1:3000"],
    );
    says(
        refused("http://10.0.0.7:3000", &[3000]),
        &["10.0.0.7 refused"],
        &["all addresses"],
    );
    says(
        refused("https://localhost", &[8443]),
        &["port 443 of this machine."],
        &["Start"],
    );
}

#[test]
fn other_failures_have_a_next_step() {
    let app = "https://localhost:3000";
    for (code, text, target, cause, next) in [
        (
            "timed_out",
            "",
            app,
            "did not finish its answer within 12.0ms",
            "--timeout",
        ),
        (
            "died",
            "",
            app,
            "without an answer: it crashed",
            "own output",
        ),
        (
            "died",
            "",
            "http://localhost:8443",
            "port 8443 probably wants TLS",
            "https://localhost:8443",
        ),
        (
            "died_mid_answer",
            "",
            app,
            "in the middle of its answer",
            "replay",
        ),
        (
            "garbled",
            "invalid HTTP version parsed",
            "http://localhost:5432",
            "port 5432 did not answer in HTTP",
            "https://localhost:5432",
        ),
        (
            "garbled",
            "invalid header name",
            app,
            "not valid HTTP: invalid header name",
            "curl -v",
        ),
        (
            "sender_left",
            "",
            app,
            "The sender broke off",
            "sends again",
        ),
        ("given_up", "", app, "kreel was stopped", "Replay"),
        (
            "unreachable",
            "could not connect to the app at localhost:3000: received corrupt message of type \
                InvalidContentType",
            app,
            "does not speak TLS",
            "kreel listen http://localhost:3000",
        ),
        (
            "unreachable",
            "invalid peer certificate: UnknownIssuer",
            app,
            "certificate was not accepted",
            "--insecure",
        ),
        (
            "unreachable",
            "failed to lookup address information: Name or service not known",
            "http://myapp:3000",
            "The name in http://myapp:3000 is not known",
            "host.docker.internal",
        ),
        (
            "unreachable",
            "Connection timed out (os error 110)",
            app,
            "firewall",
            "curl -v",
        ),
        (
            "unreachable",
            "No route to host (os error 113)",
            app,
            "no way from here",
            "VPN",
        ),
        (
            "unreachable",
            "Permission denied\x1b[2J",
            app,
            "Permission denied\\u{1b}[2J",
            "curl -v",
        ),
        (
            "new_code",
            "something else",
            app,
            "something else",
            "Replay",
        ),
    ] {
        says(failed(code, text, target, &[]), &[cause], &[next]);
    }
}
