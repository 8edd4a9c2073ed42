//! Files as they are written, as editors leave them, and as they are read.

use proptest::prelude::*;

use super::*;

fn headers(lines: &[(&str, &[u8])]) -> Headers {
    Headers::checked(lines.iter().copied()).unwrap()
}

fn request(body: &'static [u8]) -> Request {
    Request {
        method: "POST".into(),
        target: Bytes::from_static(b"/hook?n=1"),
        headers: headers(&[("host", b"public.example"), ("x-a", b"1")]),
        body: Bytes::from_static(body),
    }
}

fn written(request: &Request) -> String {
    String::from_utf8(write(request).unwrap()).unwrap()
}

fn fault(file: &str) -> Fault {
    read(file.as_bytes(), &request(b"body")).unwrap_err()
}

#[test]
fn a_request_is_a_readable_file() {
    let file = written(&request(b"{\n  \"a\": 1\n}\n"));
    let (head, rest) = file.split_once("POST ").unwrap();
    assert!(head.lines().all(|line| line.starts_with("# ")), "{head}");
    assert!(head.contains("ends with a line feed"), "{head}");
    assert_eq!(
        rest,
        "/hook?n=1\nhost: public.example\nx-a: 1\n\n{\n  \"a\": 1\n}\n"
    );
}

#[test]
fn what_was_edited_is_what_is_read() {
    let original = request(b"first");
    let file = "# a comment\n\nPUT  /other HTTP/1.1\r\nX-B:  2 \nhost: public.example\n\nsecond\n";
    let edited = read(file.as_bytes(), &original).unwrap();
    let expected = Request {
        method: "PUT".into(),
        target: Bytes::from_static(b"/other"),
        headers: headers(&[("x-b", b"2"), ("host", b"public.example")]),
        body: Bytes::from_static(b"second"),
    };
    assert_eq!(edited, expected);
    assert_eq!(
        changes(&original, &edited),
        [
            "method POST → PUT",
            "path /hook?n=1 → /other",
            "header x-a removed",
            "header x-b added",
            "body 5 → 6 bytes"
        ]
    );
}

#[test]
fn a_line_feed_an_editor_adds_is_not_sent() {
    for (came, left, sent) in [
        ("x", "x", "x"),
        ("x", "x\n", "x"),
        ("x", "x\n\n", "x\n"),
        ("x\n", "x\n", "x\n"),
        ("x\n", "x\ny\n", "x\ny\n"),
        ("", "", ""),
        ("", "y\n", "y"),
    ] {
        let mut original = request(b"");
        original.body = Bytes::from_static(came.as_bytes());
        let file = format!("POST /\n\n{left}");
        let edited = read(file.as_bytes(), &original).unwrap();
        assert_eq!(edited.body, sent, "{came:?} left as {left:?}");
    }
}

#[test]
fn what_is_no_text_stays_and_the_rest_can_be_edited() {
    let mut original = request(b"\xff\x00\x1b[31m");
    original.headers = headers(&[
        ("x-a", b"\xff"),
        ("x-b", b"@b"),
        ("x-a", b"2"),
        ("x-a", b"\x01"),
    ]);
    original.target = Bytes::from_static(b"/caf\xe9");
    let file = written(&original);
    let (_, rest) = file.split_once("POST ").unwrap();
    let expected = "@unchanged\nx-a: @unchanged 1\nx-b: @@b\nx-a: 2\nx-a: @unchanged 3\n\n\
        @body unchanged\n";
    assert_eq!(rest, expected);
    let other = file.replace("POST ", "PUT ").replace("x-a: 2\n", "");
    let edited = read(other.as_bytes(), &original).unwrap();
    assert_eq!(
        (&edited.body, &edited.target),
        (&original.body, &original.target)
    );
    let left = headers(&[("x-a", b"\xff"), ("x-b", b"@b"), ("x-a", b"\x01")]);
    assert_eq!(edited.headers, left);
    let text = file.replace("@body unchanged", "now text");
    assert_eq!(read(text.as_bytes(), &original).unwrap().body, "now text");
}

#[test]
fn a_body_that_looks_like_one_of_our_words_is_a_body() {
    for body in [
        &b"@body unchanged"[..],
        b"@body unchanged\n",
        b"@",
        b"@@x",
        b"# no comment",
        b"\n\n",
    ] {
        let request = request(body);
        let file = write(&request).unwrap();
        assert_eq!(read(&file, &request).unwrap().body, body);
    }
}

#[test]
fn faults_say_where_and_what_to_do() {
    for (file, line, what) in [
        ("", 1, "no request line"),
        ("# only\n# comments\n", 2, "no request line"),
        ("P@ST /\n\nx", 1, "can't be a method"),
        ("CONNECT /\n\nx", 1, "CONNECT"),
        ("POST hook\n\nx", 1, "can't be a path"),
        ("POST /a b\n\nx", 1, "can't be a path"),
        ("POST /a#b\n\nx", 1, "can't be a path"),
        (
            "# c\nPOST /\nx-a: 1\n{\"a\": 1}",
            4,
            "can't be the name of a header",
        ),
        ("POST /\nx-a: 1\n{}", 3, "is no header"),
        ("POST /\nx a: 1\n\nx", 2, "can't be the name of a header"),
        ("POST /\nx-a: 1\rx-b: 2\n\nx", 2, "can't be sent"),
        ("POST /\nx-a: @unchanged 2\n\nx", 2, "stands for nothing"),
        ("POST /\nx-a: @other\n\nx", 2, "stands for nothing"),
        ("POST /\nx-a: 1\n", 2, "no blank line"),
        ("POST /\n\n@what", 3, "begins with @"),
        (
            "POST /\nx-a: 1\ncontent-length: 9\n\nx",
            3,
            "Content-Length says 9",
        ),
    ] {
        let fault = fault(file);
        assert_eq!(fault.line, line, "{file:?}: {fault}");
        assert!(
            fault.what.contains(what) && !fault.hint.is_empty(),
            "{file:?}: {fault}"
        );
    }
}

#[test]
fn a_length_that_came_or_is_true_is_none_of_the_users_lies() {
    let mut original = request(b"12345");
    original.headers = headers(&[("content-length", b"5")]);
    for length in ["5", "3"] {
        let file = format!("POST /\ncontent-length: {length}\n\nabc");
        assert!(read(file.as_bytes(), &original).is_ok(), "{length}");
    }
}

#[test]
fn a_faulty_file_is_edited_again_with_its_fault_at_the_top() {
    let file = "POST /\nno header\n\nmy long work";
    let first = with_fault(file.as_bytes(), &fault(file));
    let text = String::from_utf8(first).unwrap();
    assert!(
        text.starts_with("#! line 4: ") && text.ends_with(file),
        "{text}"
    );
    assert_eq!(
        text.lines().nth(3),
        Some("no header"),
        "where it is said to be"
    );
    // Mended in one place and broken in another.
    let again = text.replace("no header", "x-a: 1").replace("POST", "P(ST");
    let second = with_fault(again.as_bytes(), &fault(&again));
    let text = String::from_utf8(second).unwrap();
    assert!(
        text.starts_with("#! line 3: P(ST can't be a method\n#! write a method"),
        "{text}"
    );
    assert_eq!(text.lines().nth(2), Some("P(ST /"));
    assert!(text.ends_with("x-a: 1\n\nmy long work"), "{text}");
}

#[test]
fn a_method_that_looks_like_a_comment_can_not_be_edited() {
    let mut odd = request(b"");
    odd.method = "#POST".into();
    assert!(matches!(write(&odd), Err(NotEditable::Method { .. })));
}

#[test]
fn an_order_that_changed_is_told() {
    let original = request(b"");
    let mut edited = original.clone();
    edited.headers = headers(&[("x-a", b"1"), ("host", b"public.example")]);
    assert_eq!(changes(&original, &edited), ["headers in another order"]);
    assert!(changes(&original, &original).is_empty());
}

fn any_request() -> impl Strategy<Value = Request> {
    let method = "[A-Z]{1,7}|[!$%&'*+.^_`|~a-z0-9-]{1,5}";
    let method = method.prop_filter("it is for proxies", |method| method != "CONNECT");
    let target = prop_oneof![
        Just(Vec::new()),
        "[/?][ -~é\t]{0,20}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|rest| [b"/", &rest[..]].concat()),
    ];
    let value = prop_oneof![
        "[ -~é@\t]{0,20}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    let value = value.prop_map(|mut value| {
        value.retain(|byte| !matches!(byte, 0 | b'\r' | b'\n'));
        value
    });
    let name = "x-[abc]|host|#|content-length";
    let lines = prop::collection::vec((name, value), 0..6);
    let body = prop_oneof![
        "[@#a-c\n\r\t é\u{1b}\u{202e}]{0,30}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    (method, target, lines, body).prop_map(|(method, target, lines, body)| Request {
        method,
        target: target.into(),
        headers: headers(
            &lines
                .iter()
                .map(|(name, value)| (name.as_str(), &value[..]))
                .collect::<Vec<_>>(),
        ),
        body: body.into(),
    })
}

proptest! {
    #[test]
    fn what_is_not_edited_is_not_changed(request in any_request()) {
        let file = write(&request).unwrap();
        prop_assert!(std::str::from_utf8(&file).is_ok());
        let again = read(&file, &request);
        prop_assert_eq!(again.as_ref(), Ok(&request));
        prop_assert!(changes(&request, &request).is_empty());
        // Nor by an editor that wants a line feed at the end.
        if !file.ends_with(b"\n") {
            let ended = [&file[..], b"\n"].concat();
            prop_assert_eq!(read(&ended, &request), Ok(request));
        }
    }

    #[test]
    fn whatever_is_read_has_a_line_for_its_fault(file in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(fault) = read(&file, &request(b"x")) {
            let lines = file.split_inclusive(|byte| *byte == b'\n').count();
            prop_assert!((1..=lines.max(1)).contains(&fault.line), "{}", fault);
            let again = with_fault(&file, &fault);
            prop_assert!(again.ends_with(file.strip_prefix(b"#! ").unwrap_or(&file)) || file.starts_with(b"#! "));
        }
    }
}
