//! The relay's file of settings: what stands in it counts as if it were typed, after what really
//! was and after the environment.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use toml::Value;

use crate::args::{Cli, Command, RelayArgs};
use crate::problem::{Code, Problem, Result};

/// The arguments with those of the file they name, if they name one.
pub(crate) fn with_file(args: RelayArgs, matches: &ArgMatches) -> Result<(RelayArgs, ArgMatches)> {
    let Some(path) = args.config.clone() else {
        return Ok((args, matches.clone()));
    };
    // As a service may, and a supervisor's `cd` shall not matter on a reload.
    let path = std::path::absolute(&path).unwrap_or(path);
    let typed: Vec<OsString> = std::env::args_os().collect();
    read(&path, typed, matches)
}

fn read(
    path: &Path,
    typed: Vec<OsString>,
    matches: &ArgMatches,
) -> Result<(RelayArgs, ArgMatches)> {
    let text = fs::read_to_string(path).map_err(|error| {
        Problem::new(
            Code::SettingsUnreadable,
            format!("can't read {}", path.display()),
            error,
            "check the path, and that whoever runs the relay may read it",
        )
    })?;
    understand(path, &text, typed, matches)
}

/// What this text says, as if it were typed.
fn understand(
    path: &Path,
    text: &str,
    typed: Vec<OsString>,
    matches: &ArgMatches,
) -> Result<(RelayArgs, ArgMatches)> {
    let table: toml::Table =
        toml::from_str(text).map_err(|error| invalid(path, error.message().to_owned()))?;
    let mut words = typed;
    // Behind `kreel relay`, in front of what was typed, which then counts more.
    let behind = words
        .iter()
        .position(|word| word == "relay")
        .map_or(words.len(), |at| at + 1);
    let mut said = Vec::new();
    for (name, value) in table {
        said.extend(option(path, &name, value, matches)?);
    }
    words.splice(behind..behind, said);
    let mut all = Cli::command()
        .try_get_matches_from(words)
        .map_err(|error| invalid(path, plain(&error)))?;
    let cli = Cli::from_arg_matches(&all).map_err(|error| invalid(path, plain(&error)))?;
    let Command::Relay(args) = cli.command else {
        return Err(invalid(path, "it is not a relay's"));
    };
    let (_, of_relay) = all.remove_subcommand().unwrap_or_default();
    Ok((*args, of_relay))
}

/// The words that say what one key says; none if it was typed, or is in the environment.
fn option(path: &Path, name: &str, value: Value, matches: &ArgMatches) -> Result<Vec<OsString>> {
    if name == "limits" {
        let Value::Table(limits) = value else {
            return Err(invalid(path, "limits is a table: [limits]"));
        };
        let words = limits.into_iter().map(|(name, value)| {
            let value = scalar(&value)
                .ok_or_else(|| invalid(path, format!("limits.{name} is one value")))?;
            Ok([OsString::from("--limit"), format!("{name}={value}").into()])
        });
        return Ok(words
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect());
    }
    let unknown = || {
        invalid(
            path,
            format!(
                "there is no option {name:?}; `kreel relay --help` names them, with _ for - in files"
            ),
        )
    };
    let command = Cli::command();
    let relay = command.find_subcommand("relay").ok_or_else(unknown)?;
    let arg = relay.get_arguments().find(|arg| arg.get_id() == name);
    let arg = arg
        .filter(|arg| arg.get_long().is_some() && name != "config")
        .ok_or_else(unknown)?;
    let set = matches.value_source(name);
    if matches!(
        set,
        Some(ValueSource::CommandLine | ValueSource::EnvVariable)
    ) {
        return Ok(Vec::new());
    }
    let long = OsString::from(format!("--{}", name.replace('_', "-")));
    if !arg.get_action().takes_values() {
        return match value {
            Value::Boolean(true) => Ok(vec![long]),
            Value::Boolean(false) => Ok(Vec::new()),
            _ => Err(invalid(path, format!("{name} is true or false"))),
        };
    }
    let values = match value {
        Value::Array(values) => values,
        one => vec![one],
    };
    let words = values.iter().map(|value| {
        let value = scalar(value)
            .ok_or_else(|| invalid(path, format!("{name} is one value, or a list of them")))?;
        let mut word = long.clone();
        word.push("=");
        word.push(value);
        Ok(word)
    });
    words.collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// What clap says, as one line.
fn plain(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text.lines().take_while(|line| !line.is_empty());
    let said = said.map(str::trim).collect::<Vec<_>>().join(" ");
    said.trim_start_matches("error: ").to_owned()
}

fn invalid(path: &Path, why: impl Into<String>) -> Problem {
    Problem::new(
        Code::SettingsInvalid,
        format!("{} is not what kreel understands", path.display()),
        why.into(),
        "correct the file, and look with `kreel relay check --config FILE`",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::text_like;

    fn settle(text: &str, words: &[&str]) -> Result<RelayArgs> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("relay.toml");
        fs::write(&path, text).unwrap();
        let typed: Vec<OsString> = ["kreel", "relay"]
            .iter()
            .chain(words)
            .map(OsString::from)
            .collect();
        let mut matches = Cli::command().try_get_matches_from(&typed).unwrap();
        let (_, matches) = matches.remove_subcommand().unwrap();
        read(&path, typed, &matches).map(|(args, _)| args)
    }

    #[test]
    fn a_file_says_what_nobody_typed() {
        let text = "listen = \"0.0.0.0:443\"\nbehind_proxy = true\nproxy_protocol = false\n\
                    retain_count = 7\nmax_body = \"1MiB\"\ncontact = [\"a@b.example\", \"c@d.example\"]\n\
                    [limits]\nidle_time = \"9s\"\nhttp2_streams = 3\n";
        let args = settle(text, &["--max-body", "2MiB", "--limit", "http2_streams=4"]).unwrap();
        assert_eq!(args.listen, "0.0.0.0:443");
        assert!(args.behind_proxy && !args.proxy_protocol);
        assert_eq!(args.retain_count, Some(7));
        assert_eq!(
            args.max_body.unwrap().0,
            2 << 20,
            "what was typed counts more"
        );
        assert_eq!(args.contact.len(), 2);
        let named = |name: &str| {
            args.limit
                .iter()
                .filter(|limit| limit.name == name)
                .map(|limit| limit.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(named("idle_time"), [9000]);
        assert_eq!(named("http2_streams"), [3, 4]);
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for (text, told) in [
            ("listne = \"x\"", "listne"),
            ("listen = [", ""),
            ("behind_proxy = \"yes\"", "true or false"),
            ("tls = \"maybe\"", "maybe"),
            ("[limits]\nidle = 3", "idle"),
            ("limits = 3", "[limits]"),
            ("config = \"other.toml\"", "config"),
            ("retain_count = { a = 1 }", "one value"),
            ("tls_cert = \"a.pem\"", "--tls-key"),
        ] {
            let problem = settle(text, &[]).unwrap_err();
            assert_eq!(problem.code, Code::SettingsInvalid, "{text}");
            assert!(problem.why.contains(told), "{text}: {}", problem.why);
        }
    }

    const PARTS: [&str; 6] = [
        "listen = \"0.0.0.0:443\"",
        "behind_proxy = true",
        "retain_count = 7",
        "max_body = \"1MiB\"",
        "contact = [\"a@b.example\"]",
        "[limits]\nidle_time = \"9s\"\nhttp2_streams = 3",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_text_is_understood_or_refused_in_words((text, is_untouched) in text_like(&PARTS)) {
            if let Err(problem) = settle(&text, &[]) {
                prop_assert!(!is_untouched, "{}", problem.why);
                prop_assert!(!problem.why.is_empty());
            }
        }
    }
}
