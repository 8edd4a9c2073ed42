//! `kreel token`: who may open tunnels at the relay on this machine.

mod tunnels;

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use kreel_client::inert::inert;
use kreel_relay::{RelayError, Scope, TokenRow, Tokens};
use serde_json::{Value, json};

use crate::args::{Place, ScopeChoice, TokenArgs, TokenCommand};
use crate::exit::Exit;
use crate::paths::Paths;
use crate::problem::{Result, of_relay};
use crate::terminal::{print, quoted, say};

/// Makes, lists or revokes tokens. The relay may be running beside.
pub(crate) fn run(args: TokenArgs) -> Result<Exit> {
    match args.command {
        TokenCommand::Create {
            name,
            scope,
            expires,
            place,
        } => {
            let scope = match scope {
                ScopeChoice::Listen => Scope::Listen,
                ScopeChoice::Admin => Scope::Admin,
            };
            create(&name, scope, expires.map(|span| span.0), &place)
        }
        TokenCommand::Reserve {
            token,
            tunnel,
            take,
            place,
        } => tunnels::reserve(&tunnel, &token, take, &place),
        TokenCommand::Release {
            tunnel,
            discard,
            place,
        } => tunnels::release(&tunnel, discard, &place),
        TokenCommand::Tunnels { place } => tunnels::list(&place),
        TokenCommand::List { place } => list(&place),
        TokenCommand::Revoke { name, place } => revoke(&name, &place),
    }?;
    Ok(Exit::Success)
}

fn create(name: &str, scope: Scope, expires: Option<Duration>, place: &Place) -> Result<()> {
    let folder = folder(place)?;
    let (tokens, is_new) = open_or_make(&folder)?;
    let expires = expires
        .map(|span| Timestamp::now().saturating_add(span))
        .transpose();
    let expires = expires.unwrap_or_default();
    let made = tokens.create_with(name, scope, expires);
    let token = made.map_err(|error| of_relay(&error))?;
    if is_new {
        say(&format!(
            "warning: no relay has used {0} yet: a new relay folder was made there. The token is good \
             for a relay that runs with --data {0}.",
            quoted(&folder.to_string_lossy())
        ));
    }
    if place.json {
        return print(&format!("{}\n", json!({"name": name, "token": token})));
    }
    say("This token is shown now and never again; `kreel login` wants it:");
    print(&format!("{token}\n"))
}

fn list(place: &Place) -> Result<()> {
    let rows = open(place)?.list().map_err(|error| of_relay(&error))?;
    if place.json {
        let lines: String = rows
            .iter()
            .map(|row| format!("{}\n", object(row)))
            .collect();
        return print(&lines);
    }
    if rows.is_empty() {
        say("There are no tokens yet; `kreel token create NAME` makes one.");
        return Ok(());
    }
    print(&table(&rows))
}

fn revoke(name: &str, place: &Place) -> Result<()> {
    let row = open(place)?
        .revoke(name)
        .map_err(|error| of_relay(&error))?;
    if place.json {
        return print(&format!("{}\n", object(&row)));
    }
    say(&format!(
        "The token {:?} is worthless now. Who is connected with it is being disconnected.",
        row.name
    ));
    Ok(())
}

/// The tokens in this folder, and whether it was made just now.
fn open_or_make(folder: &Path) -> Result<(Tokens, bool)> {
    match Tokens::open_existing(folder) {
        Err(RelayError::Absent { .. }) => Tokens::open(folder).map(|tokens| (tokens, true)),
        tokens => tokens.map(|tokens| (tokens, false)),
    }
    .map_err(|error| of_relay(&error))
}

fn open(place: &Place) -> Result<Tokens> {
    Tokens::open_existing(&folder(place)?).map_err(|error| of_relay(&error))
}

fn folder(place: &Place) -> Result<PathBuf> {
    match &place.data {
        Some(data) => Ok(data.clone()),
        None => Ok(Paths::find()?.relay()),
    }
}

fn object(row: &TokenRow) -> Value {
    let time = |time: Option<Timestamp>| time.map(|time| format!("{time:.3}"));
    json!({
        "id": row.id,
        "name": row.name,
        "created_at": time(Some(row.created_at)),
        "last_used_at": time(row.last_used_at),
        "revoked_at": time(row.revoked_at),
        "scope": row.scope.as_str(),
        "expires_at": time(row.expires_at),
    })
}

/// The rows under headings, as wide as they need to be.
fn table(rows: &[TokenRow]) -> String {
    let names: Vec<_> = rows.iter().map(|row| inert(&row.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max();
    let width = width.unwrap_or_default().max(4);
    let mut text = format!(
        "{:>4}  {:width$}  {:16}  {:16}  STATE\n",
        "ID", "NAME", "CREATED", "LAST USED"
    );
    for (row, name) in rows.iter().zip(names) {
        let state = match row.revoked_at {
            Some(at) => format!("revoked {}", minute(Some(at))),
            None => standing(row),
        };
        let (created, used) = (minute(Some(row.created_at)), minute(row.last_used_at));
        text += &format!(
            "{:>4}  {name:width$}  {created:16}  {used:16}  {state}\n",
            row.id
        );
    }
    text
}

/// What a token that was not revoked is worth.
fn standing(row: &TokenRow) -> String {
    let scope = match row.scope {
        Scope::Listen => "good".to_owned(),
        Scope::Admin => "good, admin".to_owned(),
    };
    match row.expires_at {
        Some(at) if at <= Timestamp::now() => format!("expired {}", minute(Some(at))),
        Some(at) => format!("{scope} until {}", minute(Some(at))),
        None => scope,
    }
}

/// A time to the minute, in UTC.
fn minute(time: Option<Timestamp>) -> String {
    match time {
        Some(time) => time.strftime("%Y-%m-%d %H:%M").to_string(),
        None => "never".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_known_to_be_new_once() {
        let folder = std::env::temp_dir().join(format!("kreel-new-{}", std::process::id()));
        assert!(open_or_make(&folder).unwrap().1);
        assert!(!open_or_make(&folder).unwrap().1);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_table_tells_good_from_revoked() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let rows = [
            TokenRow {
                id: 1,
                name: "first".into(),
                created_at: at("2026-11-01T10:00:00Z"),
                last_used_at: Some(at("2026-11-02T11:30:59Z")),
                revoked_at: None,
                scope: Scope::Listen,
                expires_at: None,
            },
            TokenRow {
                id: 2,
                name: "lap\x1b[31mtop".into(),
                created_at: at("2026-11-01T10:00:00Z"),
                last_used_at: None,
                revoked_at: Some(at("2026-11-03T00:00:00Z")),
                scope: Scope::Listen,
                expires_at: None,
            },
        ];
        let table = table(&rows);
        assert!(!table.contains('\x1b'), "{table:?}");
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[1].ends_with("2026-11-02 11:30  good"), "{table}");
        assert!(
            lines[2].ends_with("never             revoked 2026-11-03 00:00"),
            "{table}"
        );
    }
}
