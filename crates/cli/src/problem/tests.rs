//! Problems as people and scripts read them, and the page that explains them.

use std::collections::BTreeSet;

use super::*;

fn refused() -> Problem {
    Problem::new(
        Code::ConnectionRefused,
        "can't reach the relay https://relay.example",
        "the connection was refused",
        "start the relay",
    )
}

#[test]
fn people_get_three_lines() {
    let mut text = Vec::new();
    refused()
        .explain(&mut text, Paint::Plain, usize::MAX)
        .unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "error KR0102: can't reach the relay https://relay.example\n  \
         why:  the connection was refused\n  \
         next: start the relay\n"
    );
}

#[test]
fn lines_break_between_words() {
    let mut text = Vec::new();
    refused().explain(&mut text, Paint::Plain, 40).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "error KR0102: can't reach the relay\n        \
           https://relay.example\n  \
         why:  the connection was refused\n  \
         next: start the relay\n"
    );
}

#[test]
fn an_address_without_tls_is_corrected() {
    let relay = "https://relay.example:8080".parse().unwrap();
    let address = "relay.example:8080".to_owned();
    let problem = of_link(&kreel_client::LinkError::NotTls { address }, &relay);
    assert_eq!(problem.code, Code::TlsFailed);
    assert!(problem.why.contains("does not speak TLS"), "{problem:?}");
    assert!(
        problem.next.contains("http://relay.example:8080"),
        "{problem:?}"
    );
}

#[test]
fn scripts_get_one_object() {
    let mut text = Vec::new();
    refused().report(&mut text).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "{\"type\":\"error\",\"code\":\"KR0102\",\
         \"message\":\"can't reach the relay https://relay.example: the connection was refused\",\
         \"advice\":\"start the relay\"}\n"
    );
}

#[test]
fn every_code_is_explained_and_no_other() {
    let page = include_str!("../../../../docs/errors.md");
    let explained: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### KR"))
        .map(|rest| &rest[..4])
        .collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| &code.as_str()[2..]).collect();
    assert_eq!(
        explained, codes,
        "docs/errors.md and the table of codes differ"
    );
    let unique: BTreeSet<_> = codes.iter().collect();
    assert_eq!(unique.len(), codes.len(), "a number is used twice");
}

#[test]
fn every_code_says_in_the_page_how_the_program_ends() {
    let page = include_str!("../../../../docs/errors.md");
    for code in Code::ALL {
        let section = page.split(&format!("### {code}")).nth(1).unwrap();
        let section = section.split("\n#").next().unwrap();
        let said = format!("Exit code {}.", code.exit().number());
        assert!(section.contains(&said), "{code}: {said}");
    }
}

#[test]
fn causes_are_chained_without_repeating() {
    let inner = io::Error::other("disk full");
    let outer = io::Error::other(inner);
    assert_eq!(chain(&outer), "disk full");
}
