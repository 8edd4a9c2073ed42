use super::*;

/// What may be read of an answer, and what is wrong with the rest, however it is split.
fn reading(answer: &str, to_head: bool) -> (usize, Option<Fault>) {
    let verdict = |run: usize| {
        let mut answers = Answers::default();
        answers.expect(to_head);
        let mut passed = 0;
        for piece in answer.as_bytes().chunks(run) {
            let (bytes, fault) = answers.advance(piece);
            passed += bytes;
            if fault.is_some() {
                return (passed, fault);
            }
        }
        (passed, None)
    };
    let whole = verdict(answer.len().max(1));
    for run in [1, 3, 64] {
        assert_eq!(verdict(run).1, whole.1, "{answer:?} in {run}s");
    }
    whole
}

#[test]
fn whole_answers_pass_and_nothing_behind_them() {
    for (answer, to_head) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", false),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", false),
        (
            "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
            false,
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", false),
        ("HTTP/1.1 304 \r\ncontent-length: 5\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", true),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            true,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nlink: x\r\n\r\n\
             HTTP/1.1 404 Gr\u{fc}\u{df}e\r\ncontent-length: 2\r\n\r\nno",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\ncontent-length: 3\r\n\r\n\
             5;a=\"b\"\r\nhello\r\n00A \r\n0123456789\r\n0\r\nx: y\r\n\r\n",
            false,
        ),
    ] {
        assert_eq!(reading(answer, to_head), (answer.len(), None), "{answer:?}");
        let more = format!("{answer}HTTP/1.1 200 OK\r\n\r\n");
        let expected = (answer.len(), Some(Fault::Unasked));
        assert_eq!(reading(&more, to_head), expected, "{answer:?}");
    }
    let endless = "HTTP/1.1 200 OK\r\n\r\nall of this\r\nHTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(reading(endless, false), (endless.len(), None));
}

#[test]
fn each_fault_is_found() {
    let ok = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}");
    let chunked = |rest: &str| ok(&format!("transfer-encoding: chunked\r\n\r\n{rest}"));
    for (answer, fault) in [
        ("HTTP/2 200 OK\r\n".to_owned(), Fault::StatusLine),
        ("http/1.1 200 OK\r\n".to_owned(), Fault::StatusLine),
        ("HTTP/1.1  200 OK\r\n".to_owned(), Fault::StatusLine),
        ("HTTP/1.1 20 OK\r\n".to_owned(), Fault::StatusLine),
        ("HTTP/1.1 099 OK\r\n".to_owned(), Fault::StatusLine),
        ("HTTP/1.1 2000 OK\r\n".to_owned(), Fault::StatusLine),
        ("HTTP/1.1 200 a\rb\r\n".to_owned(), Fault::StatusLine),
        ("\r\nHTTP/1.1 200 OK\r\n".to_owned(), Fault::StatusLine),
        ("HTTP/1.1 200 OK\n".to_owned(), Fault::BareLf),
        (ok("x: y\n"), Fault::BareLf),
        (ok("x: y\r\n\n"), Fault::BareLf),
        (ok("x\r\n"), Fault::Field),
        (ok("x : y\r\n"), Fault::Field),
        (ok(": y\r\n"), Fault::Field),
        (ok("x: y\r\n z\r\n"), Fault::Field),
        (ok("x: a\rb\r\n"), Fault::Field),
        (ok("x: a\0b\r\n"), Fault::Field),
        (ok("content-length: +5\r\n"), Fault::Length),
        (ok("content-length: 5, 5\r\n"), Fault::Length),
        (ok("content-length:\r\n"), Fault::Length),
        (ok("content-length: 9223372036854775808\r\n"), Fault::Length),
        (
            ok("content-length: 5\r\ncontent-length: 5\r\n"),
            Fault::Length,
        ),
        (ok("transfer-encoding: gzip, chunked\r\n"), Fault::Encoding),
        (ok("transfer-encoding: xchunked\r\n"), Fault::Encoding),
        (
            ok("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"),
            Fault::Encoding,
        ),
        (
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n".to_owned(),
            Fault::Encoding,
        ),
        (chunked("x\r\n"), Fault::Chunk),
        (chunked("\r\n"), Fault::Chunk),
        (chunked(" 5\r\n"), Fault::Chunk),
        (chunked("0x5\r\n"), Fault::Chunk),
        (chunked("ffffffffffffffff\r\n"), Fault::Chunk),
        (chunked("5;a\rb\r\n"), Fault::Chunk),
        (chunked("5\r\nhello, more\r\n"), Fault::Chunk),
        (chunked("5\nhello\n"), Fault::BareLf),
        (chunked("0\r\nx\r\n"), Fault::Field),
        (ok(&"y".repeat(HEAD_BYTES + 1)), Fault::LongLine),
    ] {
        let found = reading(&answer, false).1;
        assert_eq!(found, Some(fault), "{:?}", &answer[..answer.len().min(99)]);
    }
}
