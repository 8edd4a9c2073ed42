//! Options that make sense, those that do not, and whose token goes where.

use std::time::Duration;

use clap::FromArgMatches;
use kreel_client::{AnswerMode, HostHeader, RelayUrl};
use kreel_relay::Tls;

use super::*;
use crate::args::{Output, RelayArgs};
use crate::problem::{Code, Problem, Result};
use crate::testing::{Home, listen, typed};

const TOKEN: &str = "kreel_abcdefghijklmnopqrstuvwxyz";

fn settle(home: &Home, words: &[&str]) -> Result<ListenOptions> {
    let (args, matches) = listen(words);
    ListenOptions::settle(&args, &matches, home.project.clone(), home.paths.clone())
}

fn problem(home: &Home, words: &[&str]) -> Problem {
    settle(home, words).unwrap_err()
}

fn logged_in() -> Home {
    Home::new().user(&format!(
        "relay = \"https://mine.example\"\ntoken = \"{TOKEN}\""
    ))
}

#[test]
fn nothing_set_means_our_own_relay_and_the_usual() {
    let options = settle(&Home::new(), &[]).unwrap();
    assert!(options.remote.is_none());
    assert_eq!(options.tunnel, Choice::Remembered);
    assert_eq!(options.target, None);
    assert_eq!(options.timeout, None);
    assert_eq!(options.output, Output::Compact);
    assert_eq!(options.host_header, HostHeader::Rewrite);
    assert_eq!(options.policy.answer, AnswerMode::App);
    assert_eq!(options.policy.wait, Duration::from_secs(10));
}

#[test]
fn a_login_is_used() {
    let remote = settle(&logged_in(), &["3000"]).unwrap().remote.unwrap();
    assert_eq!(remote.url.to_string(), "https://mine.example");
    assert_eq!(remote.token.secret(), TOKEN);
    assert!(remote.ca.is_none());
}

#[test]
fn words_that_contradict_each_other_are_refused() {
    for words in [
        &["--new", "--tunnel", "my-app"][..],
        &["3000", "--forward-to", "4000"],
        &["--json", "--output", "quiet"],
        &["--json", "--print-url"],
        &["--strict", "--answer", "now"],
        &["--token", TOKEN],
        &[
            "--relay",
            "https://a.example",
            "--token",
            TOKEN,
            "--token-file",
            "x",
        ],
    ] {
        let problem = problem(&Home::new(), words);
        assert_eq!(problem.code, Code::OptionsConflict, "{words:?}");
        assert_eq!(problem.exit().number(), 2);
    }
}

#[test]
fn words_that_say_the_same_twice_are_not() {
    let options = settle(
        &Home::new(),
        &["3000", "-f", "3000", "--json", "--output", "json"],
    )
    .unwrap();
    assert_eq!(options.target.unwrap().to_string(), "http://localhost:3000");
}

#[test]
fn a_typed_word_overrules_a_file() {
    let home = Home::new().project("tunnel = \"my-app\"\nforward_to = \"4000\"");
    let options = settle(&home, &["3000", "--new"]).unwrap();
    assert_eq!(options.tunnel, Choice::New);
    assert_eq!(options.target.unwrap().to_string(), "http://localhost:3000");
    let options = settle(&home, &[]).unwrap();
    assert_eq!(options.tunnel, Choice::Named("my-app".parse().unwrap()));
}

#[test]
fn a_saved_token_goes_to_its_own_relay_only() {
    let home = logged_in().project("relay = \"https://theirs.example\"");
    assert_eq!(problem(&home, &[]).code, Code::TokenForOtherRelay);
    let typed = problem(&logged_in(), &["--relay", "https://theirs.example"]);
    assert_eq!(typed.code, Code::TokenForOtherRelay);
    let same = logged_in().project("relay = \"https://mine.example/\"");
    assert!(settle(&same, &[]).is_ok());
}

#[test]
fn a_saved_token_of_no_relay_goes_where_its_owner_says() {
    let home = || Home::new().user(&format!("token = \"{TOKEN}\""));
    assert!(settle(&home(), &["--relay", "https://a.example"]).is_ok());
    let drawn = home().project("relay = \"https://theirs.example\"");
    assert_eq!(problem(&drawn, &[]).code, Code::TokenForOtherRelay);
}

#[test]
fn a_typed_token_overrules_a_saved_one() {
    let home = logged_in().file("app/other", "kreel_zyxwvutsrqponmlkjihgfedcba\n");
    let file = home.path("app/other");
    let words = [
        "--relay",
        "https://theirs.example",
        "--token-file",
        file.to_str().unwrap(),
    ];
    let remote = settle(&home, &words).unwrap().remote.unwrap();
    assert_eq!(remote.token.secret(), "kreel_zyxwvutsrqponmlkjihgfedcba");
}

#[test]
fn another_relays_certificate_is_not_used() {
    let home = Home::new().user("relay = \"https://mine.example\"\nrelay_ca = \"mine.pem\"");
    let layers = home.layers(&[]).unwrap();
    let ca = |url: &str| relay_ca(&layers, &url.parse::<RelayUrl>().unwrap());
    assert_eq!(
        ca("https://mine.example").unwrap().0,
        home.path("config/kreel/mine.pem")
    );
    assert!(ca("https://theirs.example").is_none());
}

#[test]
fn what_is_missing_or_no_token_is_told_apart() {
    let relay = ["--relay", "https://relay.example"];
    let with = |more: &[&str]| problem(&Home::new(), &[&relay[..], more].concat()).code;
    assert_eq!(with(&[]), Code::TokenMissing);
    assert_eq!(with(&["--token", ""]), Code::TokenMalformed);
    assert_eq!(with(&["--token", "two words"]), Code::TokenMalformed);
    assert_eq!(
        with(&["--token-file", "/nowhere/token"]),
        Code::TokenFileUnreadable
    );
    let token = ["--token", TOKEN, "--relay-ca"];
    assert_eq!(
        with(&[&token[..], &["/nowhere/cert.pem"]].concat()),
        Code::RelayCaUnusable
    );
    let home = Home::new().file("empty.pem", "no certificate");
    let empty = home.path("empty.pem");
    let words = [&relay[..], &token, &[empty.to_str().unwrap()]].concat();
    assert_eq!(problem(&home, &words).code, Code::RelayCaUnusable);
}

fn relay_tls(words: &[&str]) -> Result<Tls> {
    let matches = typed("relay", words);
    let args = RelayArgs::from_arg_matches(&matches).unwrap();
    RelayOptions::resolve(args, &matches).map(|options| options.config.tls)
}

#[test]
fn a_relay_has_one_kind_of_tls() {
    let files = ["--tls-cert", "c.pem", "--tls-key", "k.pem"];
    let given = Tls::Files {
        cert: "c.pem".into(),
        key: "k.pem".into(),
    };
    assert_eq!(relay_tls(&[]).unwrap(), Tls::SelfSigned);
    assert_eq!(relay_tls(&["--tls", "off"]).unwrap(), Tls::Off);
    assert_eq!(relay_tls(&files).unwrap(), given);
    let both = relay_tls(&[&["--tls", "off"], &files[..]].concat());
    assert_eq!(both.unwrap_err().code, Code::OptionsConflict);
}

#[test]
fn a_relays_address_may_be_a_name() {
    let listen = |text: &str| {
        let matches = typed("relay", &["--listen", text]);
        let args = RelayArgs::from_arg_matches(&matches).unwrap();
        RelayOptions::resolve(args, &matches).map(|options| options.config.listen)
    };
    assert!(listen("localhost:0").unwrap().ip().is_loopback());
    assert_eq!(listen("[::1]:4433").unwrap().to_string(), "[::1]:4433");
    for bad in ["4433", "127.0.0.1", "127.0.0.1:99999"] {
        assert_eq!(listen(bad).unwrap_err().code, Code::OptionUnusable, "{bad}");
    }
}

#[test]
fn a_problem_with_a_token_does_not_show_it() {
    let home = Home::new();
    let words = [
        "--relay",
        "https://relay.example",
        "--token",
        "kreel_se cret",
    ];
    let problem = problem(&home, &words);
    assert!(!format!("{problem:?}").contains("cret"), "{problem:?}");
}
