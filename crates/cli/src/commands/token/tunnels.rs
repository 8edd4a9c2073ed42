//! Tunnels of the relay on this machine: whose they are, kept, given up.

use kreel_client::inert::inert;
use kreel_relay::NameRow;
use kreel_wire::TunnelName;
use serde_json::json;

use super::{minute, open};
use crate::args::Place;
use crate::problem::{Code, Problem, Result, of_relay};
use crate::terminal::{print, say};

/// Keeps a name for a token.
pub(super) fn reserve(tunnel: &TunnelName, token: &str, take: bool, place: &Place) -> Result<()> {
    let kept = open(place)?.reserve(tunnel, token, take);
    kept.map_err(|error| of_relay(&error))?;
    if place.json {
        let said = json!({"tunnel": tunnel.as_str(), "token": token});
        return print(&format!("{said}\n"));
    }
    say(&format!(
        "The tunnel {tunnel} is kept for {}.",
        inert(token)
    ));
    Ok(())
}

/// Gives a name up.
pub(super) fn release(tunnel: &TunnelName, discard: bool, place: &Place) -> Result<()> {
    let mut tokens = open(place)?;
    let names = tokens.names().map_err(|error| of_relay(&error))?;
    let waiting = names.iter().find(|row| row.name == tunnel.as_str());
    let waiting = waiting.map_or(0, |row| row.waiting);
    if waiting > 0 && !discard {
        return Err(Problem::new(
            Code::OptionsConflict,
            format!("{waiting} deliveries wait in the tunnel {tunnel}"),
            "they were acknowledged to their senders, and would be lost",
            "let a client fetch them first, or say --discard",
        ));
    }
    tokens.release(tunnel).map_err(|error| of_relay(&error))?;
    if place.json {
        let said = json!({"tunnel": tunnel.as_str(), "discarded": waiting});
        return print(&format!("{said}\n"));
    }
    say(&format!(
        "The tunnel {tunnel} is given up. For 30 days only the token that had it gets it back."
    ));
    Ok(())
}

/// Lists the tunnels.
pub(super) fn list(place: &Place) -> Result<()> {
    let rows = open(place)?.names().map_err(|error| of_relay(&error))?;
    if place.json {
        let object = |row: &NameRow| {
            json!({
                "tunnel": row.name,
                "token": row.token,
                "created_at": format!("{:.3}", row.created_at),
                "waiting": row.waiting,
            })
        };
        let lines: String = rows
            .iter()
            .map(|row| format!("{}\n", object(row)))
            .collect();
        return print(&lines);
    }
    let width = rows
        .iter()
        .map(|row| row.name.len())
        .max()
        .unwrap_or(6)
        .max(6);
    let mut text = format!("{:width$}  {:16}  WAITING  TOKEN\n", "TUNNEL", "CREATED");
    for row in &rows {
        let created = minute(Some(row.created_at));
        text += &format!(
            "{:width$}  {created:16}  {:7}  {}\n",
            row.name,
            row.waiting,
            inert(&row.token)
        );
    }
    print(&text)
}
