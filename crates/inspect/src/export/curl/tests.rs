//! Commands, as they read and as a real shell runs them with a real curl.

mod listener;
mod run;

use kreel_wire::{Headers, HeadersBuilder};

use super::*;

fn headers(lines: &[(&str, &[u8])]) -> Headers {
    let mut builder = HeadersBuilder::default();
    for (name, value) in lines {
        builder.push(name.as_bytes(), value);
    }
    builder.build()
}

fn request<'a>(method: &'a str, url: &'a str, headers: &'a Headers, body: &'a [u8]) -> Request<'a> {
    Request {
        method,
        url,
        headers,
        body,
        is_whole: true,
    }
}

#[test]
fn commands_read_as_people_write_them() {
    let json = headers(&[
        ("host", b"relay.example"),
        ("user-agent", b"krea/1"),
        ("accept", b"*/*"),
        ("content-type", b"application/json"),
        ("content-length", b"11"),
        ("x-empty", b""),
    ]);
    let url = "https://relay.example/hook?a=b&c";
    assert_eq!(
        curl(
            &request("POST", url, &json, b"{\"it's\":1}"),
            &Masking::standard()
        ),
        "curl 'https://relay.example/hook?a=b&c' -H 'user-agent: krea/1' -H 'accept: */*' \
         -H 'content-type: application/json' -H 'x-empty;' --data-raw '{\"it'\\''s\":1}'"
    );
    let none = headers(&[]);
    assert_eq!(
        curl(
            &request("GET", "http://localhost:3000/a/../[x]", &none, b""),
            &Masking::off()
        ),
        "curl 'http://localhost:3000/a/../[x]' --globoff --path-as-is -H 'Accept:' -H 'User-Agent:'"
    );
    let all = headers(&[("accept", b"*/*"), ("user-agent", b"x")]);
    assert_eq!(
        curl(&request("DELETE", "http://a/", &all, b""), &Masking::off()),
        "curl -X 'DELETE' 'http://a/' -H 'accept: */*' -H 'user-agent: x'"
    );
    assert_eq!(
        curl(&request("HEAD", "http://a/", &all, b""), &Masking::off()),
        "curl --head 'http://a/' -H 'accept: */*' -H 'user-agent: x'"
    );
}

#[test]
fn a_masked_secret_is_asked_for() {
    let secrets = headers(&[
        ("accept", b"*/*"),
        ("user-agent", b"x"),
        ("authorization", b"Bearer s3cret"),
        ("x-my-key", b"s3cret"),
        ("x-my-key", b"t3cret"),
    ]);
    let command = curl(
        &request("GET", "http://a/", &secrets, b""),
        &Masking::standard().with(["X-My-Key"]),
    );
    assert!(
        !command.contains("cret\"") && !command.contains("s3cret"),
        "{command}"
    );
    for part in [
        "-H \"authorization: Bearer ${SECRET_AUTHORIZATION:?is masked, set it}\"",
        "-H \"x-my-key: ${SECRET_X_MY_KEY:?is masked, set it}\"",
        "-H \"x-my-key: ${SECRET_X_MY_KEY_2:?is masked, set it}\"",
    ] {
        assert!(command.contains(part), "{part} is not in {command}");
    }
}

#[test]
fn a_body_that_was_not_kept_whole_is_said() {
    let none = headers(&[]);
    let cut = Request {
        is_whole: false,
        ..request("POST", "http://a/", &none, b"abc")
    };
    let command = curl(&cut, &Masking::off());
    assert!(
        command.starts_with(": 'only the first 3 bytes of the body were kept' && curl "),
        "{command}"
    );
}

#[test]
fn commands_are_inert() {
    let nasty = headers(&[("x-nasty", b"a\x1b[2J\t\xff\xe2\x80\xae")]);
    let body = "\u{202e}\x1b]52;c;x\x07\u{9b}".as_bytes();
    let command = curl(
        &request("POST", "http://a/\u{1b}\u{202e}", &nasty, body),
        &Masking::off(),
    );
    assert!(command.chars().all(crate::inert::is_inert), "{command:?}");
}
