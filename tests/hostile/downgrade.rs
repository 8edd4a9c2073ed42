//! Requests in HTTP/2 that would be something else as HTTP/1, on their way to an app that speaks
//! nothing else: never two out of one, never a line that was not sent.

use crate::support::h2::{END_HEADERS, END_STREAM, Heard, Http2, frame, head, kind};
use crate::support::{Listen, LocalApp, Received, Sender, TestClient, TestRelay};

/// What must become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is refused, and no app sees it.
    Refused,
    /// It reaches the app once, with this many lines of the sender's besides its length.
    Passed(usize),
}

use Fate::{Passed, Refused};

type Lines = Vec<(Vec<u8>, Vec<u8>)>;

/// A request to be sent.
struct Case {
    what: String,
    lines: Lines,
    /// What follows the head, if anything.
    body: Option<&'static [u8]>,
    trailers: Lines,
    fate: Fate,
}

/// What would be a second request, and lines nobody sent.
const INJECTED: &str = "x\r\nx-forged: 1\r\n\r\nGET /abc/forged HTTP/1.1\r\nhost: a\r\n\r\n";

fn lines(of: &[(&str, &[u8])]) -> Lines {
    of.iter()
        .map(|(name, value)| (name.as_bytes().to_owned(), value.to_vec()))
        .collect()
}

/// What makes a good request.
fn good() -> Lines {
    lines(&[
        (":method", b"POST"),
        (":scheme", b"https"),
        (":authority", b"relay.example"),
        (":path", b"/abc/case"),
    ])
}

impl Case {
    fn new(what: impl Into<String>, lines: Lines, fate: Fate) -> Self {
        Self {
            what: what.into(),
            lines,
            body: None,
            trailers: Vec::new(),
            fate,
        }
    }

    /// A good request with more lines.
    fn more(what: &str, more: &[(&str, &[u8])], fate: Fate) -> Self {
        Self::new(what, [good(), lines(more)].concat(), fate)
    }

    /// A good request with one of its lines changed.
    fn changed(what: impl Into<String>, name: &str, value: &[u8], fate: Fate) -> Self {
        let mut lines = good();
        let place = lines.iter().position(|line| line.0 == name.as_bytes());
        lines[place.unwrap()].1 = value.to_owned();
        Self::new(what, lines, fate)
    }

    /// A good request without one of its lines.
    fn without(name: &str, more: &[(&str, &[u8])], fate: Fate) -> Self {
        let kept = good()
            .into_iter()
            .filter(|line| line.0 != name.as_bytes())
            .collect();
        Self::new(
            format!("no {name}, {more:?}"),
            [kept, lines(more)].concat(),
            fate,
        )
    }

    fn body(mut self, body: &'static [u8]) -> Self {
        self.body = Some(body);
        self
    }

    fn trailers(mut self, of: &[(&str, &[u8])]) -> Self {
        self.trailers = lines(of);
        self
    }

    /// Its frames.
    fn bytes(&self) -> Vec<u8> {
        let encoded = |lines: &Lines| {
            let lines: Vec<_> = lines.iter().map(|(a, b)| (&a[..], &b[..])).collect();
            head(&lines)
        };
        let ends = |last: bool| if last { END_STREAM } else { 0 };
        let (has_body, has_trailers) = (self.body.is_some(), !self.trailers.is_empty());
        let flags = END_HEADERS | ends(!has_body && !has_trailers);
        let mut bytes = frame(kind::HEADERS, flags, 1, &encoded(&self.lines));
        if let Some(body) = self.body {
            bytes.extend(frame(kind::DATA, ends(!has_trailers), 1, body));
        }
        if has_trailers {
            let flags = END_HEADERS | END_STREAM;
            bytes.extend(frame(kind::HEADERS, flags, 1, &encoded(&self.trailers)));
        }
        bytes
    }
}

/// Bytes that end a line, or a text, in every place that becomes a part of a head.
fn injected() -> Vec<Case> {
    let mut cases = Vec::new();
    for (named, end) in [("CR LF", "\r\n"), ("LF", "\n"), ("CR", "\r"), ("NUL", "\0")] {
        let text = INJECTED.replace("\r\n", end);
        for place in [":path", ":authority", ":method", ":scheme"] {
            let value = match place {
                ":path" => format!("/abc/case HTTP/1.1{text}"),
                _ => format!("x{text}"),
            };
            let what = format!("{named} in {place}");
            cases.push(Case::changed(what, place, value.as_bytes(), Refused));
        }
        for (what, line) in [
            ("value", ("x-a", &*text)),
            ("name", (&*format!("x-a{text}"), "b")),
        ] {
            let more = lines(&[(line.0, line.1.as_bytes())]);
            let what = format!("{named} in a {what}");
            cases.push(Case::new(what, [good(), more].concat(), Refused));
        }
    }
    cases
}

/// Lines that frame, route or belong to one connection.
fn framing() -> Vec<Case> {
    let more = Case::more;
    vec![
        more("a good one", &[], Passed(1)).body(b"body"),
        more("an upper-case name", &[("X-A", b"1")], Refused),
        more("a space in a name", &[("x a", b"1")], Refused),
        more("a colon in a name", &[("x:a", b"1")], Refused),
        more("no name", &[("", b"1")], Refused),
        more("an encoding", &[("transfer-encoding", b"chunked")], Refused).body(b"0\r\n\r\n"),
        more("a connection", &[("connection", b"x-a")], Refused),
        more("a kept connection", &[("keep-alive", b"1")], Refused),
        more("a proxy's", &[("proxy-connection", b"close")], Refused),
        more("an upgrade", &[("upgrade", b"websocket")], Refused),
        more("te: gzip", &[("te", b"gzip")], Refused),
        more("te: trailers", &[("te", b"trailers")], Passed(1)),
        more("a length", &[("content-length", b"4")], Passed(1)).body(b"body"),
        more("no length", &[("content-length", b"")], Refused).body(b"body"),
        more("a signed length", &[("content-length", b"+4")], Refused).body(b"body"),
        more("a spaced length", &[("content-length", b"4 4")], Refused).body(b"body"),
        more("a list of lengths", &[("content-length", b"4, 4")], Refused).body(b"body"),
        more(
            "a length past all numbers",
            &[("content-length", b"99999999999999999999")],
            Refused,
        )
        .body(b"body"),
        more(
            "two equal lengths",
            &[("content-length", b"4"), ("content-length", b"4")],
            Refused,
        )
        .body(b"body"),
        more(
            "two lengths",
            &[("content-length", b"4"), ("content-length", b"5")],
            Refused,
        )
        .body(b"body"),
        more("too little data", &[("content-length", b"5")], Refused).body(b"body"),
        more("too much data", &[("content-length", b"3")], Refused).body(b"body"),
        more("a length and nothing", &[("content-length", b"3")], Refused),
        more("a host", &[("host", b"relay.example")], Passed(1)),
        more("another host", &[("host", b"other.example")], Refused),
        more(
            "two hosts",
            &[("host", b"relay.example"), ("host", b"relay.example")],
            Refused,
        ),
        more("an empty host", &[("host", b"")], Refused),
        more("a host with a space", &[("host", b"a b")], Refused),
        Case::without(":authority", &[("host", b"relay.example")], Passed(1)),
        Case::without(":authority", &[], Refused),
    ]
}

/// What stands where HTTP/1 has its first line.
fn first_lines() -> Vec<Case> {
    let twice = |name: &'static str, value: &[u8]| {
        let mut lines = lines(&[(name, value)]);
        lines.extend(good());
        Case::new(format!("two of {name}"), lines, Refused)
    };
    let mut late = lines(&[("x-a", b"1")]);
    late.extend(good());
    let mut cases = vec![
        twice(":method", b"GET"),
        twice(":path", b"/abc/other"),
        twice(":authority", b"other.example"),
        twice(":scheme", b"http"),
        Case::new("a pseudo-header behind a line", late, Refused),
        Case::more("an unknown pseudo-header", &[(":x", b"1")], Refused),
        Case::more("an answer's pseudo-header", &[(":status", b"200")], Refused),
        Case::without(":method", &[], Refused),
        Case::without(":path", &[], Refused),
        Case::changed("a method with a space", ":method", b"POST /x", Refused),
        Case::changed("an empty method", ":method", b"", Refused),
        Case::changed("CONNECT", ":method", b"CONNECT", Refused),
    ];
    for path in [
        &b""[..],
        b"*",
        b"abc/case",
        b"?abc",
        b"https://other.example/abc/case",
        b"/abc/case HTTP/1.1",
        b"/abc/\tcase",
        b"/abc/\x7fcase",
        b"/abc/\x80case",
    ] {
        let what = format!("the path {}", path.escape_ascii());
        cases.push(Case::changed(what, ":path", path, Refused));
    }
    for authority in [
        &b"user@relay.example"[..],
        b"user:secret@relay.example",
        b"relay.example relay.example",
        b"relay.example/abc",
        b"relay.example:99999",
        b"",
    ] {
        let what = format!("the authority {}", authority.escape_ascii());
        cases.push(Case::changed(what, ":authority", authority, Refused));
    }
    cases
}

fn trailing() -> Vec<Case> {
    let with = |what, trailers: &[(&str, &[u8])], fate| {
        Case::more(what, &[], fate).body(b"body").trailers(trailers)
    };
    vec![
        with("a trailer", &[("x-late", b"1")], Passed(1)),
        with("a late length", &[("content-length", b"4")], Passed(1)),
        with("a late host", &[("host", b"other.example")], Passed(1)),
        with(
            "a late pseudo-header",
            &[(":path", b"/abc/forged")],
            Passed(1),
        ),
        with(
            "a late encoding",
            &[("transfer-encoding", b"chunked")],
            Refused,
        ),
        with(
            "CR LF in a trailer",
            &[("x-late", b"1\r\nx-forged: 1")],
            Refused,
        ),
    ]
}

/// The lines of a sender's in a request that came: without those that are kreel's, or the length.
fn senders_lines(visit: &Received) -> Vec<(String, Vec<u8>)> {
    let is_ours = |name: &str| {
        name.starts_with("x-forwarded-") || name.starts_with("kreel-") || name == "content-length"
    };
    let lines = visit.head.lines().into_iter();
    lines.filter(|(name, _)| !is_ours(name)).collect()
}

async fn listen(relay: &TestRelay, app: &LocalApp) -> TestClient {
    Listen::on(relay)
        .flags(&["--tunnel", "abc"])
        .to(app)
        .start()
        .await
}

#[tokio::test]
async fn nothing_in_http2_becomes_more_than_it_was() {
    let relay = TestRelay::secure().await;
    let app = LocalApp::answering(200).await;
    let client = listen(&relay, &app).await;
    let cases: Vec<Case> = [injected(), framing(), first_lines(), trailing()]
        .into_iter()
        .flatten()
        .collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    let mut seen = 0;
    for case in cases {
        let mut connection = Http2::to(&relay).await;
        connection.write(&case.bytes()).await.unwrap();
        let heard = connection.hears(1).await;
        assert_eq!(client.sender().post("/good", "good").await.status(), 200);
        let all = app.received();
        let came: Vec<_> = all[seen..]
            .iter()
            .filter(|visit| visit.head.target() != b"/good")
            .collect();
        seen = all.len();
        let what = &case.what;
        match case.fate {
            Refused => {
                assert!(came.iter().all(|visit| !visit.complete), "{what}: {came:?}");
                assert_ne!(heard, Heard::Answer(Some(200)), "{what}");
            }
            Passed(lines) => {
                assert_eq!(heard, Heard::Answer(Some(200)), "{what}");
                let [visit] = &came[..] else {
                    panic!("{what}: {came:?}");
                };
                assert!(visit.complete, "{what}: {visit:?}");
                assert_eq!(visit.head.target(), b"/case", "{what}");
                assert_eq!(visit.body, case.body.unwrap_or_default(), "{what}");
                let sent = senders_lines(visit);
                assert_eq!(sent.len(), lines, "{what}: {sent:?}");
            }
        }
        let text = format!("{came:?}");
        assert!(
            came.len() <= 1 && !text.contains("forged"),
            "{what}: {text}"
        );
    }
}

/// A head that the relay takes and no client would: it ended each link, once it was kept.
#[tokio::test]
async fn a_head_no_client_can_take_is_refused_whether_one_listens_or_not() {
    let relay = TestRelay::secure().await;
    let app = LocalApp::answering(200).await;
    let mut client = listen(&relay, &app).await;
    let many = vec![("a", &b""[..]); 600];
    let case = Case::more("600 lines", &many, Refused);
    let refused = async || {
        let mut connection = Http2::to(&relay).await;
        connection.write(&case.bytes()).await.unwrap();
        let heard = connection.hears(1).await;
        // 431 has no number in HPACK's table.
        assert_eq!(heard, Heard::Answer(None));
    };
    refused().await;
    let events = client.events();
    assert!(events.iter().all(|event| event["type"] != "reconnecting"));
    client.terminate().await;
    refused().await;
    let sender = Sender::to(relay.url(), relay.ca().as_deref());
    assert_eq!(sender.post("/abc/kept", "kept").await.status(), 202);
    let _client = listen(&relay, &app).await;
    app.receives(1).await;
    assert_eq!(app.texts(), ["kept"]);
}

/// What raised limits could let through is bounded where they are read.
#[tokio::test]
async fn limits_can_not_be_raised_above_what_a_client_takes() {
    for limit in ["max_header_lines=513", "max_head_bytes=131073"] {
        let check = crate::support::Kreel::new(&["relay", "check", "--limit", limit]);
        let (name, _) = limit.split_once('=').unwrap();
        check.run().await.failed(2, "KR0308", &[name, "at most"]);
    }
}
