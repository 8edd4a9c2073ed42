//! What may be typed, and its help. clap stops here: what the rest of the program needs is in
//! `options`.

use clap::builder::Styles;
use clap::builder::styling::AnsiColor;
use clap::{Parser, Subcommand};

mod admission;
pub(crate) mod api;
mod authority;
pub(crate) mod connection;
mod doctor;
pub(crate) mod fixtures;
pub(crate) mod jobs;
pub(crate) mod krea;
pub(crate) mod lab;
pub(crate) mod listen;
pub(crate) mod local;
pub(crate) mod picked;
pub(crate) mod relay;
pub(crate) mod replay;
pub(crate) mod requests;
pub(crate) mod rules;
pub(crate) mod scripts;
#[cfg(test)]
mod tests;
pub(crate) mod token;
pub(crate) mod trigger;
pub(crate) mod tunnels;
mod values;

pub(crate) use admission::{HeaderChoice, LimitValue, Network};
pub(crate) use api::ApiPlace;
pub(crate) use authority::{AcmeDirectory, Mail};
pub(crate) use connection::{Connection, LoginArgs, StatusArgs};
pub(crate) use doctor::DoctorArgs;
pub(crate) use fixtures::{Language, RecordArgs, TypesArgs};
pub(crate) use jobs::{
    DeliverMissed, JobsArgs, JobsCommand, JobsDeliverArgs, JobsGetArgs, JobsListArgs, JobsPlace,
};
pub(crate) use krea::{
    MockArgs, MockCommand, MockKreaArgs, ProxyArgs, ProxyCommand, ProxyKreaArgs,
};
pub(crate) use lab::{DiffArgs, IdempotencyArgs};
pub(crate) use listen::ListenArgs;
pub(crate) use local::{CompletionArgs, DemoArgs, ManArgs};
pub(crate) use picked::{Filtered, Picked};
pub(crate) use relay::{LogFormat, RelayAction, RelayArgs};
pub(crate) use replay::{ReplayArgs, ShapeArgs};
pub(crate) use requests::{
    ExportArgs, ExportFormat, GetArgs, HistoryPlace, ListArgs, MarkArgs, NoteArgs, Page,
    RequestsArgs, RequestsCommand, RmArgs, SearchArgs,
};
pub(crate) use rules::RuleArgs;
pub(crate) use scripts::{AssertArgs, Count, ExecArgs, Flow, ReportArgs, WaitArgs};
pub(crate) use token::{Place, ScopeChoice, TokenArgs, TokenCommand};
pub(crate) use trigger::TriggerArgs;
pub(crate) use tunnels::{RuleName, RulesArgs, TunnelsArgs, TunnelsCommand};
pub(crate) use values::{
    Answer, Domain, Header, Host, Output, Rate, Secret, Size, Span, ThemeName, TlsChoice, When,
};

/// Catch webhooks on localhost
#[derive(Debug, Parser)]
#[command(
    name = "kreel",
    version,
    styles = STYLES,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = EXAMPLES
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Listen(Box<ListenArgs>),
    Requests(RequestsArgs),
    Replay(Box<ReplayArgs>),
    Diff(DiffArgs),
    Idempotency(Box<IdempotencyArgs>),
    Wait(WaitArgs),
    Assert(AssertArgs),
    Exec(ExecArgs),
    Record(RecordArgs),
    Types(TypesArgs),
    Trigger(Box<TriggerArgs>),
    Mock(MockArgs),
    Proxy(ProxyArgs),
    Jobs(JobsArgs),
    Demo(DemoArgs),
    Login(LoginArgs),
    /// Forget the relay and the token that `kreel login` saved
    #[command(after_help = ABOUT_LOGOUT)]
    Logout,
    Status(StatusArgs),
    Doctor(Box<DoctorArgs>),
    Relay(Box<RelayArgs>),
    Token(TokenArgs),
    Tunnels(TunnelsArgs),
    Completion(CompletionArgs),
    Man(ManArgs),
}

impl Command {
    /// Whether scripts read the output: faults are told on standard output too.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Listen(args) => args.output() == Some(Output::Json),
            Self::Relay(args) => args.json,
            Self::Token(args) => args.command.is_json(),
            Self::Tunnels(args) => args.command.is_json(),
            Self::Status(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Requests(args) => args.command.place().json,
            Self::Replay(args) => args.place.json,
            Self::Diff(args) => args.place.json,
            Self::Idempotency(args) => args.place.json,
            Self::Wait(args) => args.place.json,
            Self::Assert(args) => args.place.json,
            Self::Exec(args) => args.place.json,
            Self::Record(args) => args.place.json,
            Self::Types(args) => args.place.json,
            Self::Demo(_) | Self::Login(_) | Self::Logout => false,
            Self::Completion(_) | Self::Man(_) => false,
            Self::Trigger(args) => args.json,
            Self::Mock(args) => {
                let MockCommand::Krea(args) = &args.command;
                args.json
            }
            Self::Jobs(args) => args.command.place().history.json,
            Self::Proxy(args) => {
                let ProxyCommand::Krea(args) = &args.command;
                args.json
            }
        }
    }
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const ABOUT_LOGOUT: &str = "\
They leave ~/.config/kreel/config.toml; the rest of that file stays. The token
is good for others until `kreel token revoke` is run at the relay.

Examples:
  kreel logout
  kreel logout && kreel listen 3000    Without a relay, for this machine only
";

const EXAMPLES: &str = "\
A relay gives you a public HTTPS address. What is posted there travels to
`kreel listen` on your machine and on to your app; the app's answer travels back.

Examples:
  kreel demo           See it work: no account, no network, nothing to set up
  kreel listen 3000    Hand webhooks to the app on port 3000
  kreel relay          Run the public end on a server of yours
  kreel login          Save that relay's address and token on this machine

Exit codes:
  0 success   1 failure   2 usage   3 token   4 not found   5 network or relay
  6 timed out
  130, 143 stopped by Ctrl-C or SIGTERM, once running work is done
";
