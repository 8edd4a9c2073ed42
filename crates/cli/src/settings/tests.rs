//! Which place counts, what files may say, and how their faults are told.

use std::fs;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::problem::{Code, Problem};
use crate::testing::{Home, text_like};

fn problem(home: &Home) -> Problem {
    home.layers(&[]).unwrap_err()
}

#[test]
fn the_nearest_place_counts() {
    let home = Home::new()
        .user("wait = \"1s\"\ntimeout = \"1s\"\nrelay = \"https://user.example\"")
        .project("wait = \"2s\"\ntimeout = \"2s\"");
    let layers = home.layers(&["--wait", "3s"]).unwrap();
    let seconds = |span: Span| span.0.as_secs();
    assert_eq!(layers.value(|s| &s.wait).map(seconds), Some(3));
    let (timeout, source) = layers.pick(|s| &s.timeout).unwrap();
    assert_eq!(timeout.0, Duration::from_secs(2));
    assert_eq!(source, &Source::Project(home.project.settings()));
    let (relay, source) = layers.pick(|s| &s.relay).unwrap();
    assert_eq!(relay.to_string(), "https://user.example");
    assert_eq!(source.as_str(), "user");
    assert!(layers.pick(|s| &s.strict).is_none());
}

#[test]
fn switches_count_only_where_they_were_set() {
    let home = Home::new().project("strict = true\noutput = \"quiet\"");
    let layers = home.layers(&["--json"]).unwrap();
    assert_eq!(layers.value(|s| &s.strict), Some(true));
    assert_eq!(layers.value(|s| &s.output), Some(Output::Json));
    assert_eq!(layers.value(|s| &s.insecure), None);
}

#[test]
fn every_key_is_understood() {
    let home = Home::new().user(
        r#"
        relay = "https://relay.example"
        token = "kreel_abcdefghijklmnopqrstuvwxyz"
        token_file = "token"
        relay_ca = "~/cert.pem"
        tunnel = "my-app"
        forward_to = "3000/api"
        timeout = "30s"
        headers = ["X-A: 1", "X-B: 2"]
        host_header = "preserve"
        insecure = true
        answer = "now=202"
        wait = "500ms"
        strict = false
        output = "json"
        "#,
    );
    let layers = home.layers(&[]).unwrap();
    let headers = layers.value(|s| &s.headers).unwrap();
    assert_eq!(headers.len(), 2);
    let beside = home.path("config/kreel/token");
    assert_eq!(layers.value(|s| &s.token_file), Some(beside));
    let relay_ca = layers.value(|s| &s.relay_ca).unwrap();
    assert!(relay_ca.is_absolute() && !relay_ca.starts_with("~"));
}

#[test]
fn an_unknown_key_is_told_with_its_line() {
    let home = Home::new().project("# mine\nwait = \"2s\"\nrelai = \"https://relay.example\"");
    let problem = problem(&home);
    assert_eq!(problem.code, Code::SettingsInvalid);
    assert!(problem.what.contains("kreel.toml:3"), "{}", problem.what);
    assert!(problem.why.contains("relai"), "{}", problem.why);
}

#[test]
fn a_bad_value_is_told_with_its_line() {
    let problem = problem(&Home::new().user("\nwait = \"soon\""));
    assert_eq!(problem.code, Code::SettingsInvalid);
    assert!(problem.what.contains("config.toml:2"), "{}", problem.what);
    assert!(problem.why.contains("500ms"), "{}", problem.why);
}

#[test]
fn a_projects_file_holds_no_secret() {
    let home = Home::new().project("token = \"kreel_abc\"");
    assert_eq!(problem(&home).code, Code::SecretInProject);
    let home = Home::new()
        .project("token_file = \"../key\"")
        .file("key", "private");
    assert_eq!(problem(&home).code, Code::SecretInProject);
    let home = Home::new()
        .project("token_file = \"key\"")
        .file("app/key", "private");
    assert!(home.layers(&[]).is_ok());
}

#[test]
fn a_login_leaves_the_rest_of_the_file_alone() {
    let home = Home::new().user("# mine\nwait = \"2s\" # short\nrelay_ca = \"old.pem\"\n");
    let path = home.paths.user_settings();
    let login = Login {
        relay: "https://relay.example",
        token: "kreel_abc",
        relay_ca: None,
    };
    login.save(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# mine\nwait = \"2s\" # short\n"),
        "{text}"
    );
    assert!(
        !text.contains("old.pem"),
        "another relay's certificate stays: {text}"
    );
    let layers = home.layers(&[]).unwrap();
    assert_eq!(layers.value(|s| &s.token).unwrap().0, "kreel_abc");
    assert!(Login::remove(&path).unwrap());
    assert!(!Login::remove(&path).unwrap());
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "# mine\nwait = \"2s\" # short\n"
    );
}

const PARTS: [&str; 8] = [
    "relay = \"https://relay.example\"",
    "tunnel = \"my-app\"",
    "forward_to = \"3000\"",
    "timeout = \"30s\"",
    "headers = [\"x-a: b\"]",
    "[filters]\nbad = \"status:5xx\"",
    "[mask]\nheaders = [\"x-secret\"]",
    "[keys]\nreplay = [\"r\"]",
];

proptest! {
    #[test]
    fn any_text_is_understood_or_refused_in_words((text, is_untouched) in text_like(&PARTS)) {
        match toml::from_str::<Settings>(&text) {
            Ok(_) => {}
            Err(error) => {
                prop_assert!(!is_untouched, "{error}");
                prop_assert!(!error.message().is_empty());
            }
        }
    }
}
