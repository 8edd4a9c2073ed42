//! Help as people read it at 80 columns, and what may be typed.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::*;

mod examples;

/// What a command, given by its words, says to `--help` in a terminal of 80 columns.
fn help(words: &[String]) -> String {
    asked(words, "--help")
}

fn asked(words: &[String], how: &str) -> String {
    let typed = ["kreel"]
        .into_iter()
        .chain(words.iter().map(String::as_str))
        .chain([how]);
    let answer = Cli::command().term_width(80).try_get_matches_from(typed);
    answer.unwrap_err().to_string()
}

/// Every command by its words, those within others too: `[]` is `kreel` itself.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, words: &[String], found: &mut Vec<Vec<String>>) {
        found.push(words.to_owned());
        for inner in command.get_subcommands() {
            walk(
                inner,
                &[words, &[inner.get_name().to_owned()]].concat(),
                found,
            );
        }
    }
    let mut found = Vec::new();
    walk(&Cli::command(), &[], &mut found);
    found
}

#[test]
fn every_command_is_walked_to() {
    let names: Vec<String> = commands().iter().map(|words| words.join(" ")).collect();
    for one in ["", "listen", "requests list", "token revoke", "mock krea"] {
        assert!(names.iter().any(|name| name == one), "{one}: {names:?}");
    }
    assert!(names.len() >= 40, "{names:?}");
}

#[test]
fn help_reads_well() {
    for words in commands() {
        let name = match words.join("-") {
            name if name.is_empty() => "kreel".to_owned(),
            name => name,
        };
        insta::assert_snapshot!(name, help(&words));
    }
}

#[test]
fn help_fits_80_columns() {
    for words in commands() {
        for line in help(&words).lines() {
            assert!(line.chars().count() <= 80, "{words:?}: {line}");
        }
    }
}

#[test]
fn both_ways_to_ask_for_help_get_the_same() {
    for words in commands() {
        assert_eq!(asked(&words, "-h"), asked(&words, "--help"), "{words:?}");
    }
}

#[test]
fn every_help_has_two_examples_or_more_that_can_be_typed() {
    for words in commands() {
        let calls = examples::calls(&help(&words));
        for call in &calls {
            let parsed = Cli::try_parse_from(call);
            assert!(parsed.is_ok(), "{call:?} of {words:?}: {parsed:?}");
        }
        let own = calls.iter().filter(|call| call[1..].starts_with(&words));
        assert!(own.count() >= 2, "{words:?} has too few: {calls:?}");
    }
}

#[test]
fn every_option_can_be_set_in_the_environment_by_its_name() {
    // These say what to do now, not how things are.
    const MOMENTARY: [&str; 26] = [
        "action",
        "file",
        "new",
        "json",
        "print_url",
        "no_tui",
        "token_stdin",
        "once",
        "target",
        "name",
        "shell",
        "event",
        "list",
        "save",
        "from",
        "to",
        "path",
        "overrides",
        "add",
        "remove",
        "edit",
        "raw",
        "header",
        "count",
        "interval",
        "dry_run",
    ];
    const OF_THE_MOMENT: [&str; 9] = [
        "replay",
        "diff",
        "idempotency",
        "wait",
        "assert",
        "exec",
        "record",
        "types",
        "man",
    ];
    let command = Cli::command();
    let args = command
        .get_subcommands()
        .filter(|command| !OF_THE_MOMENT.contains(&command.get_name()))
        .flat_map(clap::Command::get_arguments);
    for arg in args.filter(|arg| !MOMENTARY.contains(&arg.get_id().as_str())) {
        let name = arg.get_long().unwrap().replace('-', "_").to_uppercase();
        let variable = arg.get_env().unwrap_or_else(|| panic!("{name} has none"));
        assert_eq!(variable.to_str(), Some(format!("KREEL_{name}").as_str()));
    }
}

#[test]
fn clap_finds_no_fault() {
    Cli::command().debug_assert();
}

#[test]
fn every_form_of_a_target_is_taken() {
    for target in [
        "3000",
        ":3000",
        "3000/api",
        "app.test:8080/hook",
        "https://app.test/hook?x=1",
    ] {
        let cli = Cli::try_parse_from(["kreel", "listen", target]).unwrap();
        assert!(matches!(cli.command, Command::Listen(args) if args.target.is_some()));
    }
}

#[test]
fn other_programs_names_for_options_are_taken() {
    for words in [
        ["--forward-to", "3000"],
        ["--target", "3000"],
        ["-f", "3000"],
        ["-t", "3000"],
    ] {
        let cli = Cli::try_parse_from(["kreel", "listen"].iter().chain(&words)).unwrap();
        assert!(matches!(cli.command, Command::Listen(args) if args.forward_to.is_some()));
    }
    let cli = Cli::try_parse_from(["kreel", "listen", "--skip-verify"]).unwrap();
    assert!(matches!(cli.command, Command::Listen(args) if args.insecure));
}

#[test]
fn half_a_certificate_is_refused() {
    let kind = |words: &[&str]| {
        let words = ["kreel", "relay"].iter().chain(words);
        Cli::try_parse_from(words).unwrap_err().kind()
    };
    assert_eq!(
        kind(&["--tls-cert", "c.pem"]),
        ErrorKind::MissingRequiredArgument
    );
    assert_eq!(
        kind(&["--tls-key", "k.pem"]),
        ErrorKind::MissingRequiredArgument
    );
    assert_eq!(kind(&["--tls", "maybe"]), ErrorKind::InvalidValue);
}

#[test]
fn a_token_never_shows_in_a_usage_error() {
    let words = [
        "kreel",
        "listen",
        "--token",
        "kreel_secret",
        "--wait",
        "soon",
    ];
    let error = Cli::try_parse_from(words).unwrap_err().to_string();
    assert!(error.contains("soon"), "{error}");
    assert!(!error.contains("kreel_secret"), "{error}");
}
