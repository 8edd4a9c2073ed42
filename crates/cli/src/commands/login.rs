//! `kreel login` and `kreel logout`: a relay and a token, kept for later.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use kreel_client::inert::inert;
use kreel_client::{ProbeConfig, RelayUrl, Token, probe};

use crate::args::LoginArgs;
use crate::exit::Exit;
use crate::options::{certificates, conflict, is_typed, parse_token, read_token};
use crate::paths::Paths;
use crate::private_file;
use crate::problem::{Code, Problem, Result, of_link};
use crate::runtime;
use crate::settings::Login;
use crate::terminal::{can_ask, say};

/// The most bytes of a token on standard input: 4 KiB, which no token has.
const TOKEN_BYTES: u64 = 4096;

/// Tries a relay and a token, and saves them if they are good.
pub(crate) fn run(args: LoginArgs, matches: &ArgMatches) -> Result<Exit> {
    if args.token_stdin && is_typed(matches, "token_file") {
        let why = "there is one token";
        return Err(conflict("--token-stdin", "--token-file", why));
    }
    let paths = Paths::find()?;
    let relay = match args.relay {
        Some(relay) => relay,
        None => ask_relay()?,
    };
    let ca = args.relay_ca.as_deref().map(certificates).transpose()?;
    let relay_ca = args.relay_ca.as_deref().map(absolute).transpose()?;
    let token = token(args.token_file.as_deref(), args.token_stdin, &relay)?;
    let config = ProbeConfig {
        relay: relay.clone(),
        relay_ca: ca,
        token: Some(token.clone()),
    };
    let probed = runtime::on_this_thread()?.block_on(probe(config));
    let health = probed.map_err(|error| of_link(&error, &relay))?;
    let file = paths.user_settings();
    let login = Login {
        relay: &relay.to_string(),
        token: token.secret(),
        relay_ca: relay_ca.as_deref(),
    };
    login.save(&file)?;
    let name = health.token_name.unwrap_or_default();
    say(&format!(
        "The relay {relay} knows this token as {:?}.",
        inert(&name)
    ));
    say(&format!(
        "Saved in {}. Next: kreel listen 3000",
        file.display()
    ));
    Ok(Exit::Success)
}

/// Takes a saved relay and token away.
pub(crate) fn forget() -> Result<Exit> {
    let file = Paths::find()?.user_settings();
    match Login::remove(&file)? {
        true => say(&format!(
            "Relay and token are gone from {}.",
            file.display()
        )),
        false => say("There was nothing saved."),
    }
    Ok(Exit::Success)
}

/// The token from where it was said to be, or from the user.
fn token(file: Option<&Path>, from_stdin: bool, relay: &RelayUrl) -> Result<Token> {
    if from_stdin {
        let mut text = String::new();
        let read = io::stdin().take(TOKEN_BYTES).read_to_string(&mut text);
        read.map_err(|error| unreadable("standard input", &error))?;
        return parse_token(&text, "standard input");
    }
    match file {
        Some(file) => read_token(file),
        None if can_ask() => {
            let prompt = format!("Token for {relay} (it does not show): ");
            let text = rpassword::prompt_password(prompt);
            let text = text.map_err(|error| unreadable("the terminal", &error))?;
            parse_token(&text, "the terminal")
        }
        None => Err(nobody("token", "--token-file FILE or --token-stdin")),
    }
}

fn ask_relay() -> Result<RelayUrl> {
    if !can_ask() {
        return Err(nobody("relay", "--relay URL"));
    }
    let mut line = String::new();
    let _ = write!(
        io::stderr(),
        "Address of the relay, like https://relay.example: "
    );
    let read = io::stdin().read_line(&mut line);
    read.map_err(|error| unreadable("the terminal", &error))?;
    line.trim().parse().map_err(|error| {
        Problem::new(
            Code::OptionUnusable,
            format!("{:?} is not the address of a relay", line.trim()),
            error,
            "write it whole, like https://relay.example or https://203.0.113.7:4433",
        )
    })
}

fn nobody(what: &str, next: &str) -> Problem {
    Problem::new(
        Code::NobodyToAsk,
        format!("the {what} is not known"),
        "standard input is not a terminal, so there is nobody to ask",
        format!("give it with {next}"),
    )
}

fn unreadable(place: &str, error: &io::Error) -> Problem {
    Problem::new(
        Code::SystemRefused,
        format!("can't read from {place}"),
        error,
        "check where the input comes from, or use --token-file",
    )
}

/// The path as it is from every folder.
fn absolute(file: &Path) -> Result<PathBuf> {
    fs::canonicalize(file).map_err(|error| private_file::unusable("find", file, &error))
}
