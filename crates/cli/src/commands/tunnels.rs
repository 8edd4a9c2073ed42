//! `kreel tunnels`: the tunnels of your token at the relay, and who may post to them.

use clap::ArgMatches;
use kreel_client::inert::inert;
use kreel_client::{OwnTunnel, RulesAsked, own_tunnels, tunnel_rules};
use kreel_wire::rules::{Change, RulesChange};
use serde_json::{Value, json};

use crate::args::{Connection, RuleName, RulesArgs, TunnelsArgs, TunnelsCommand};
use crate::exit::Exit;
use crate::options::{Remote, conflict};
use crate::paths::Paths;
use crate::problem::{Code, Problem, Result};
use crate::project::Project;
use crate::rules::{self, change, lines, of_rules, probe_of};
use crate::runtime;
use crate::settings::{Layers, Settings};
use crate::terminal::{object_line, print, say};

/// Lists tunnels, or looks at the rules of one and changes them.
pub(crate) fn run(args: &TunnelsArgs, matches: &ArgMatches) -> Result<Exit> {
    // What was typed stands one command further in.
    let matches = matches.subcommand().map_or(matches, |(_, inner)| inner);
    match &args.command {
        TunnelsCommand::List { connection, json } => list(connection, *json, matches),
        TunnelsCommand::Rules(args) => rules(args, matches),
    }?;
    Ok(Exit::Success)
}

fn list(connection: &Connection, for_scripts: bool, matches: &ArgMatches) -> Result<()> {
    let remote = remote(connection, matches)?;
    let asked = runtime::on_this_thread()?.block_on(own_tunnels(probe_of(&remote)));
    let tunnels = asked.map_err(|error| of_rules(&error, &remote))?;
    if for_scripts {
        let lines = tunnels.iter().map(|own| object_line(&object(own)));
        return print(&lines.collect::<String>());
    }
    if tunnels.is_empty() {
        say("This token has no tunnels yet; `kreel listen` makes one.");
        return Ok(());
    }
    print(&table(&tunnels))
}

fn rules(args: &RulesArgs, matches: &ArgMatches) -> Result<()> {
    let mut change = change(&args.rules)?;
    let sets = !change.is_empty();
    for name in &args.remove {
        remove(&mut change, *name)?;
    }
    if args.clear && sets {
        let why = "one takes all rules away, the others set some";
        return Err(conflict("--clear", "rules to set", why));
    }
    let asked = match (args.clear, change.is_empty()) {
        (true, _) => RulesAsked::Clear,
        (false, true) => RulesAsked::Look,
        (false, false) => RulesAsked::Change {
            change,
            claim: false,
        },
    };
    let remote = remote(&args.connection, matches)?;
    let asked = tunnel_rules(probe_of(&remote), &args.tunnel, asked);
    let own = runtime::on_this_thread()?.block_on(asked);
    let own = own.map_err(|error| of_rules(&error, &remote))?;
    match args.json {
        true => print(&object_line(&object(&own))),
        false => print(&text(&own)),
    }
}

/// The relay elsewhere that is meant.
fn remote(connection: &Connection, matches: &ArgMatches) -> Result<Remote> {
    let (project, paths) = (Project::find()?, Paths::find()?);
    let typed = |from| Settings::of_connection(connection, matches, from);
    let layers = Layers::gather(typed, &project, &paths)?;
    Remote::resolve(&layers)?.ok_or_else(|| {
        Problem::new(
            Code::RelayMissing,
            "no relay is configured",
            "the relay that `kreel listen` runs itself is there only while it listens",
            "add --relay URL, or `kreel login` once; `kreel listen` takes the same rules",
        )
    })
}

fn remove(change: &mut RulesChange, name: RuleName) -> Result<()> {
    fn clear<T>(rule: &mut Change<T>) -> bool {
        let is_set = matches!(rule, Change::Set(_));
        *rule = Change::Clear;
        is_set
    }
    let is_set = match name {
        RuleName::Method => clear(&mut change.methods),
        RuleName::Ip => clear(&mut change.allow),
        RuleName::BasicAuth => clear(&mut change.basic_auth),
        RuleName::SecretPath => clear(&mut change.secret_path),
        RuleName::Signature => clear(&mut change.signature),
        RuleName::Body => clear(&mut change.max_body_bytes),
        RuleName::Rate => clear(&mut change.rate),
    };
    match is_set {
        true => Err(conflict("--remove", "the same rule", "it is set, too")),
        false => Ok(()),
    }
}

fn object(own: &OwnTunnel) -> Value {
    json!({
        "type": "tunnel",
        "tunnel": own.tunnel,
        "url": own.url,
        "created_at": own.created_at,
        "listening": own.listening,
        "waiting": own.waiting,
        "rules": own.rules,
        "unreadable": own.unreadable,
        "refused": own.refused,
    })
}

fn table(tunnels: &[OwnTunnel]) -> String {
    let width = tunnels.iter().map(|own| own.tunnel.chars().count()).max();
    let width = width.unwrap_or_default().max(6);
    let mut text = format!("{:width$}  STATE      WAITING  WHO MAY POST\n", "TUNNEL");
    for own in tunnels {
        let state = if own.listening { "listening" } else { "quiet" };
        let who = match (own.unreadable, own.rules.is_empty()) {
            (true, _) => "nobody: its rules can't be read".to_owned(),
            (false, true) => "everybody".to_owned(),
            (false, false) => rules::in_brief(&own.rules),
        };
        let name = inert(&own.tunnel);
        text += &format!("{name:width$}  {state:9}  {:7}  {who}\n", own.waiting);
    }
    text
}

fn text(own: &OwnTunnel) -> String {
    let name = inert(&own.tunnel);
    let mut text = match (own.unreadable, own.rules.is_empty()) {
        (true, _) => format!(
            "Nobody may post to {name}: the relay can't read its rules. --clear takes them away.\n"
        ),
        (false, true) => format!("Everybody may post to {name}.\n"),
        (false, false) => format!("Who may post to {name}:\n"),
    };
    for (name, line) in lines(&own.rules) {
        text += &format!("  {name:11}  {line}\n");
    }
    if !own.refused.is_empty() {
        let counts = own.refused.iter();
        let counts =
            counts.map(|(rule, count)| format!("{count} by {}", inert(rule).replace('_', " ")));
        let counts: Vec<String> = counts.collect();
        text += &format!("Refused since the relay began: {}.\n", counts.join(", "));
    }
    text
}

#[cfg(test)]
mod tests {
    use kreel_wire::rules::RulesShown;

    use super::*;

    fn own(rules: RulesShown) -> OwnTunnel {
        OwnTunnel {
            tunnel: "mine\x1b[31m".into(),
            url: None,
            created_at: "2026-11-01T10:00:00.000Z".into(),
            listening: true,
            waiting: 2,
            rules,
            unreadable: false,
            refused: [("secret_path".to_owned(), 3)].into(),
        }
    }

    #[test]
    fn what_a_relay_says_is_shown_inert() {
        let rules = RulesShown {
            methods: Some(vec!["PO\x1b[31mST".into()]),
            basic_auth_user: Some("ho\x07ok".into()),
            ..RulesShown::default()
        };
        let own = own(rules);
        for shown in [text(&own), table(std::slice::from_ref(&own))] {
            let acts = |c: char| c.is_control() && c != '\n';
            assert!(!shown.contains(acts), "{shown:?}");
        }
        assert!(text(&own).ends_with("Refused since the relay began: 3 by secret path.\n"));
    }

    #[test]
    fn without_rules_everybody_may_post() {
        let own = own(RulesShown::default());
        assert!(text(&own).starts_with("Everybody may post"));
        let table = table(&[own]);
        assert!(
            table.lines().nth(1).unwrap().ends_with("2  everybody"),
            "{table}"
        );
    }

    #[test]
    fn a_rule_is_not_set_and_taken_away_at_once() {
        let mut change = RulesChange::default();
        remove(&mut change, RuleName::Rate).unwrap();
        assert_eq!(change.rate, Change::Clear);
        change.max_body_bytes = Change::Set(7);
        assert!(remove(&mut change, RuleName::Body).is_err());
    }
}
