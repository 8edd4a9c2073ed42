//! `kreel`: catch webhooks on localhost.
//!
//! [`main`] parses what was typed, runs the one command it names, and gives its exit code.

mod args;
mod cassette;
mod commands;
mod embedded;
mod exit;
mod filters;
mod group;
mod krea;
mod limits;
mod log;
mod made;
mod options;
mod past;
mod paths;
mod private_file;
mod problem;
mod project;
mod rows;
mod rules;
mod runtime;
mod secrets;
mod settings;
mod shape;
mod sign;
mod signals;
mod sink;
mod terminal;
#[cfg(test)]
mod testing;
mod tunnels;
mod watch;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::args::{Cli, Command};
use crate::exit::Exit;
use crate::problem::Result;

/// Does what the process was started for; the code it shall end with.
pub fn main() -> ExitCode {
    let (command, matches) = match typed() {
        Ok(typed) => typed,
        Err(error) => {
            // A reader that has left is no reason to fail.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(1).into();
        }
    };
    let scripts_read = command.is_json();
    let exit = run(command, &matches).unwrap_or_else(|problem| {
        problem.tell(scripts_read);
        problem.exit()
    });
    exit.into()
}

/// The command, and what clap knows about where its words came from.
fn typed() -> std::result::Result<(Command, ArgMatches), clap::Error> {
    let mut matches = Cli::command().try_get_matches()?;
    let cli = Cli::from_arg_matches(&matches)?;
    let of_command = matches.remove_subcommand().map(|(_, matches)| matches);
    Ok((cli.command, of_command.unwrap_or_default()))
}

fn run(command: Command, matches: &ArgMatches) -> Result<Exit> {
    match command {
        Command::Listen(args) => commands::listen::run(&args, matches),
        Command::Requests(args) => commands::requests::run(args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Idempotency(args) => commands::idempotency::run(&args),
        Command::Wait(args) => commands::wait::run(&args),
        Command::Assert(args) => commands::assert::run(&args),
        Command::Exec(args) => commands::exec::run(&args),
        Command::Record(args) => commands::record::run(&args),
        Command::Types(args) => commands::types::run(&args),
        Command::Trigger(args) => commands::trigger::run(&args, matches),
        Command::Mock(args) => commands::mock::run(args),
        Command::Proxy(args) => commands::proxy::run(args),
        Command::Jobs(args) => commands::jobs::run(args),
        Command::Demo(args) => commands::demo::run(&args),
        Command::Login(args) => commands::login::run(args, matches),
        Command::Logout => commands::login::forget(),
        Command::Doctor(args) => commands::doctor::run(&args, matches),
        Command::Status(args) => commands::status::run(&args, matches),
        Command::Relay(args) => commands::relay::run(*args, matches),
        Command::Token(args) => commands::token::run(args),
        Command::Tunnels(args) => commands::tunnels::run(&args, matches),
        Command::Completion(args) => commands::completion::run(&args),
        Command::Man(args) => commands::man::run(&args),
    }
}
