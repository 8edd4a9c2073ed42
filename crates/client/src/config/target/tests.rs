//! Every form of a target, and what is said about the others.

use super::*;

#[test]
fn every_form_names_one_place() {
    for (typed, shown, address, host_header) in [
        (
            "3000",
            "http://localhost:3000",
            "localhost:3000",
            "localhost:3000",
        ),
        (
            ":3000",
            "http://localhost:3000",
            "localhost:3000",
            "localhost:3000",
        ),
        (
            "3000/api/hook",
            "http://localhost:3000/api/hook",
            "localhost:3000",
            "localhost:3000",
        ),
        (
            ":3000/x",
            "http://localhost:3000/x",
            "localhost:3000",
            "localhost:3000",
        ),
        (
            "localhost:3000/x",
            "http://localhost:3000/x",
            "localhost:3000",
            "localhost:3000",
        ),
        (
            "LOCALHOST:3000/X",
            "http://localhost:3000/X",
            "localhost:3000",
            "localhost:3000",
        ),
        (
            "127.0.0.1:8000/",
            "http://127.0.0.1:8000",
            "127.0.0.1:8000",
            "127.0.0.1:8000",
        ),
        (
            "[::1]:8000/a",
            "http://[::1]:8000/a",
            "[::1]:8000",
            "[::1]:8000",
        ),
        (
            "api.internal/hook",
            "http://api.internal/hook",
            "api.internal:80",
            "api.internal",
        ),
        (
            "http://web_1:3000/x?y=z",
            "http://web_1:3000/x?y=z",
            "web_1:3000",
            "web_1:3000",
        ),
        (
            "https://host.example/x",
            "https://host.example/x",
            "host.example:443",
            "host.example",
        ),
        (
            "HTTPS://Host.Example:443",
            "https://host.example",
            "host.example:443",
            "host.example",
        ),
        (
            "http://h.example:443/",
            "http://h.example:443",
            "h.example:443",
            "h.example:443",
        ),
        ("80", "http://localhost", "localhost:80", "localhost"),
        (
            "3000?a=b",
            "http://localhost:3000?a=b",
            "localhost:3000",
            "localhost:3000",
        ),
    ] {
        let target: Target = typed.parse().unwrap();
        assert_eq!(target.to_string(), shown, "{typed}");
        assert_eq!(target.address(), address, "{typed}");
        assert_eq!(target.authority(), host_header, "{typed}");
        assert_eq!(shown.parse(), Ok(target), "{shown} is read back");
    }
}

#[test]
fn what_can_not_be_a_target_is_told_apart() {
    let port = |got: &str| InvalidTarget::Port { got: got.into() };
    let host = |got: &str| InvalidTarget::Host { got: got.into() };
    let mixed = |number: &str, rest: &str| InvalidTarget::Mixed {
        number: number.into(),
        rest: rest.into(),
    };
    for (typed, error) in [
        ("", InvalidTarget::Empty),
        ("0", port("0")),
        ("65536", port("65536")),
        ("localhost:", port("")),
        ("localhost:http", port("http")),
        ("localhost:+80", port("+80")),
        ("localhost:99999/x", port("99999")),
        (
            "ftp://localhost",
            InvalidTarget::Scheme { got: "ftp".into() },
        ),
        ("http://", host("")),
        ("/api", host("")),
        ("my host:80", host("my host")),
        ("3901x", mixed("3901", "x")),
        ("3901api/hook", mixed("3901", "api")),
        ("::1", host("::1")),
        ("[::1", host("[::1")),
        (
            "http://me:secret@localhost",
            InvalidTarget::Excess { what: "user name" },
        ),
        ("3000/#top", InvalidTarget::Excess { what: "fragment" }),
        ("3000/a b", InvalidTarget::Path { got: ' ' }),
        ("3000/\u{e9}", InvalidTarget::Path { got: '\u{e9}' }),
    ] {
        assert_eq!(typed.parse::<Target>(), Err(error), "{typed}");
    }
}

#[test]
fn a_host_may_begin_with_a_digit_where_it_can_be_nothing_else() {
    for typed in ["3scale:8080", "http://3scale", "3com.example/x"] {
        assert!(typed.parse::<Target>().is_ok(), "{typed}");
    }
    let error = "3901x/y".parse::<Target>().unwrap_err().to_string();
    assert!(error.contains("did you mean 3901/x?"), "{error}");
}

#[test]
fn the_senders_part_is_appended_byte_for_byte() {
    for (target, rest, joined) in [
        ("3000", "", "/"),
        ("3000", "/", "/"),
        ("3000", "/x", "/x"),
        ("3000", "?q=1", "/?q=1"),
        ("3000/", "/x", "/x"),
        ("3000/api/hook", "", "/api/hook"),
        ("3000/api/hook", "/", "/api/hook/"),
        ("3000/api/hook", "/x?q=1", "/api/hook/x?q=1"),
        ("3000/api/hook", "?q=1", "/api/hook?q=1"),
        ("3000/api/hook/", "", "/api/hook/"),
        ("3000/api/hook/", "/x", "/api/hook/x"),
        ("3000/x?y=z", "", "/x?y=z"),
        ("3000/x?y=z", "/a?q=1", "/x/a?y=z&q=1"),
        ("3000/x?y=z", "?", "/x?y=z&"),
        (
            "3000",
            "/%7Euser/%2e%2e/a%20b?q=%C3%A9+%2B&&=",
            "/%7Euser/%2e%2e/a%20b?q=%C3%A9+%2B&&=",
        ),
        ("3000", "/a//b/../c?x=/?y", "/a//b/../c?x=/?y"),
        ("3000/p", "/..;/a?b?c", "/p/..;/a?b?c"),
    ] {
        let target_parsed: Target = target.parse().unwrap();
        let got = target_parsed
            .base
            .join(&Bytes::from_static(rest.as_bytes()));
        assert_eq!(got.unwrap().as_str(), joined, "{target} + {rest}");
    }
}
