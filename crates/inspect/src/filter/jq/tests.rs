//! What programs accept, and that none of them runs away.

use super::*;

fn accepts(program: &str, body: &str) -> bool {
    Program::compile(program).unwrap().accepts(body.as_bytes())
}

#[test]
fn the_first_output_decides() {
    let body = r#"{"status":"failed","urls":["a","b"],"n":12345678901234567890,"id":"job_42"}"#;
    for (program, is_accepted) in [
        (r#".status == "failed""#, true),
        (r#".status == "completed""#, false),
        (".urls | length > 1", true),
        (".missing", false),
        (".missing.deeper", false),
        (".status", true),
        ("empty", false),
        ("false, true", false),
        ("error", false),
        (".n == 12345678901234567890", true),
        (r#".id | test("^job_\\d+$")"#, true),
        (r#"any(.urls[]; . == "b")"#, true),
        (".urls | length * 100 == 200", true),
        ("reduce .urls[] as $url (0; . + 1) | . == 2", true),
    ] {
        assert_eq!(accepts(program, body), is_accepted, "{program}");
    }
    assert!(!accepts(".", "not json"));
    assert!(!accepts(".", ""));
    assert!(!accepts("true", "{} {}"), "two values are no JSON");
}

#[test]
fn runs_that_would_not_end_end() {
    for program in [
        "[repeat(.)]",
        "last(range(1e12))",
        "[range(1e12)]",
        "[range(0; 1; 0)]",
        "def f: f; f",
        "def f: 1 + f; f",
        "[recurse(.)]",
        "until(false; .)",
        "[limit(1e12; repeat(1))]",
        "last(while(true; . + 1))",
        "reduce range(1e9) as $i (.; [.]) | tojson",
        "until(false; [.])",
        "last(repeat([.]))",
        "first(repeat(empty))",
    ] {
        let began = Instant::now();
        assert!(!accepts(program, "1"), "{program}");
        assert!(
            began.elapsed() < JQ_TIME * 30,
            "{program}: {:?}",
            began.elapsed()
        );
    }
}

#[test]
fn bodies_can_do_no_harm() {
    let deep = "[".repeat(200_000);
    assert!(!accepts("true", &deep));
    let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!accepts("true", &closed));
    let hidden = format!("#\"\n{closed}");
    assert!(!accepts("true", &hidden), "brackets behind a comment");
    let shallow = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(accepts("true", &shallow));
    assert!(accepts("[..] | length > 50", &shallow));
    let text = format!("\"{}\"", "[".repeat(1_000));
    assert!(accepts("length == 1000", &text));
    let number = "9".repeat(10_000);
    assert!(accepts(". > 1", &number));
    let large = format!("\"{}\"", "x".repeat(JQ_BODY_BYTES));
    assert!(!accepts("true", &large));
    let wide = format!("[{}1]", "1,".repeat(100_000));
    let began = Instant::now();
    accepts("map(select(. > 2)) | length == 0", &wide);
    assert!(began.elapsed() < JQ_TIME * 30);
    let inner = format!("\"{}{}\"", "[".repeat(500_000), "]".repeat(500_000));
    assert!(!accepts("fromjson | true", &inner));
    assert!(accepts("fromjson | .[0] == 1", "\"[1]\""));
}

#[test]
fn nothing_outside_is_reached() {
    for program in [
        "halt",
        "halt(0)",
        "env | true",
        "$ENV.PATH",
        "halt_error",
        "input",
    ] {
        match Program::compile(program) {
            Ok(program) => assert!(!program.accepts(b"{}"), "{program:?}"),
            Err(fault) => assert!(!fault.what.is_empty()),
        }
    }
    assert!(accepts("debug | stderr | true", "{}"));
    assert!(Program::compile("include \"x\"; .").is_err());
}

#[test]
fn faults_are_pointed_at() {
    for (program, part) in [
        (".a | foo", "foo"),
        (".a ==", ""),
        ("(.a", ""),
        (".a * .b", "*"),
        (".a * 5000", "*"),
        ("$x", "$x"),
        (".a &", "&"),
    ] {
        let fault = Program::compile(program).unwrap_err();
        assert_eq!(&program[fault.range.clone()], part, "{program}: {fault:?}");
    }
    for deep in ["-".repeat(4_000), "(".repeat(4_000), "[".repeat(60)] {
        assert!(Program::compile(&deep).is_err());
    }
}
