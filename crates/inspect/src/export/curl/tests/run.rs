//! What arrives when the command is run.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use proptest::prelude::*;

use super::listener::{Listener, Received};
use super::*;

const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "GET",
];

/// Has the shell `sh` run a script, far from the user's configuration of curl.
fn run(script: &str, variables: &[(&str, &str)]) -> Output {
    let home = std::env::temp_dir();
    let mut shell = Command::new("sh")
        .arg("-s")
        .envs(variables.iter().copied())
        .env("CURL_HOME", &home)
        .env("HOME", &home)
        .env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = format!("{script}\nexit $?\n");
    // A shell that stops at a mistake does not read the rest.
    let _ = shell.stdin.take().unwrap().write_all(script.as_bytes());
    shell.wait_with_output().unwrap()
}

/// Exports a request, runs it, and says what came.
fn sent(
    listener: &Listener,
    method: &str,
    target: &str,
    headers: &Headers,
    body: &[u8],
) -> Received {
    let url = format!("http://127.0.0.1:{}{target}", listener.port);
    let command = curl(&request(method, &url, headers, body), &Masking::off());
    let output = run(&command, &[]);
    assert!(output.status.success(), "{output:?}");
    listener.next()
}

#[track_caller]
fn arrives(listener: &Listener, method: &str, target: &str, lines: &[(&str, &[u8])], body: &[u8]) {
    let received = sent(listener, method, target, &headers(lines), body);
    assert_eq!(received.method, method);
    assert_eq!(received.target, target.as_bytes());
    let own = ["host", "content-length"];
    let others = received
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&&*name.to_lowercase()));
    let others: Vec<(&str, &[u8])> = others
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    assert_eq!(others, lines);
    assert!(
        received.body == body,
        "{:?} is not {:?}",
        received.body,
        body
    );
}

#[test]
fn the_same_bytes_arrive() {
    let listener = Listener::start();
    let all: Vec<u8> = (0..=255).collect();
    let in_header: Vec<u8> = (1..=255)
        .filter(|byte| !matches!(byte, b'\r' | b'\n'))
        .collect();
    let in_header = in_header.trim_ascii();
    let line: &[(&str, &[u8])] = &[
        ("x-all", in_header),
        ("x-empty", b""),
        ("x-repeat", b"1"),
        ("a'b`c$d", b"$(id) `id` \\ \" ' ! %s ; &"),
        ("x-repeat", b"2"),
        ("accept-encoding", b"gzip"),
        ("x-at", b"@/etc/passwd"),
    ];
    for body in [
        &b""[..],
        b"{\"a\": 1}",
        b"@/etc/passwd",
        b"it's \"quoted\" `id` $(id) ${HOME} !! %s %d \\n \\\\",
        b"\n\nlines\r\nand\n\n",
        b"a\0b",
        b"-n",
        b"-\0",
        b"--\x01%",
        "é日本語🦀".as_bytes(),
        "\u{202e}\x1b[2J".as_bytes(),
        b"\xff\xfe mostly text, but for this \xff",
        b"\\0101 \x07 7\x007",
        &all,
        &all.repeat(40),
    ] {
        arrives(&listener, "POST", "/hook", line, body);
    }
}

#[test]
fn large_bodies_go_through_a_pipe() {
    let listener = Listener::start();
    let text = "it's a line\n".repeat(30_000);
    arrives(
        &listener,
        "POST",
        "/",
        &[("content-type", b"text/plain")],
        text.as_bytes(),
    );
    let binary: Vec<u8> = (0..400_000u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    arrives(
        &listener,
        "PUT",
        "/",
        &[("content-type", b"application/octet-stream")],
        &binary,
    );
}

#[test]
fn methods_and_addresses_arrive() {
    let listener = Listener::start();
    for method in METHODS {
        arrives(&listener, method, "/", &[("x", b"1")], b"");
        arrives(&listener, method, "/", &[("x", b"1")], b"body");
    }
    arrives(&listener, "HEAD", "/", &[], b"");
    for target in [
        "/a?b=c&d='e'",
        "/a/../b/./c",
        "/[1-3]{a,b}",
        "/%00%ff?q=%20",
        "/$(id)`id`;!",
        "/~*?\\\"<>|^",
    ] {
        arrives(&listener, "GET", target, &[("user-agent", b"")], b"");
    }
}

#[test]
fn a_masked_command_wants_its_secret() {
    let listener = Listener::start();
    let url = format!("http://127.0.0.1:{}/", listener.port);
    let secret = headers(&[("authorization", b"Bearer s3cret")]);
    let command = curl(&request("GET", &url, &secret, b""), &Masking::standard());
    let refused = run(&command, &[]);
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        words.contains("SECRET_AUTHORIZATION: is masked, set it"),
        "{words}"
    );
    assert!(
        run(&command, &[("SECRET_AUTHORIZATION", "it's $me")])
            .status
            .success()
    );
    let received = listener.next();
    let found = received
        .headers
        .iter()
        .find(|(name, _)| name == "authorization");
    assert_eq!(found.unwrap().1, b"Bearer it's $me");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_arrive(
        body in proptest::collection::vec(prop_oneof![
            proptest::sample::select(b"'\"\\%!@$`\n\r\0-{}[]&;# \t~*?7a".as_slice()),
            any::<u8>(),
        ], 0..80),
        value in proptest::collection::vec(prop_oneof![
            proptest::sample::select(b"'\"\\%!@$`-{}[]&;# \t~*?7a".as_slice()),
            any::<u8>(),
        ], 0..40),
    ) {
        thread_local!(static LISTENER: Listener = Listener::start());
        let value: Vec<u8> = value.into_iter().filter(|byte| !matches!(byte, 0 | b'\r' | b'\n')).collect();
        // Header values have no white space around them.
        let value = value.trim_ascii();
        let lines = [("content-type", b"x/y".as_slice()), ("x-any", value)];
        LISTENER.with(|listener| arrives(listener, "POST", "/", &lines, &body));
    }
}
