//! What `kreel status` found, for people and for scripts.

use std::path::PathBuf;

use kreel_client::inert::inert;
use kreel_client::{Health, Totals};
use serde_json::{Value, json};

use crate::problem::Result;
use crate::settings::Source;
use crate::terminal::Paint;

/// All that was found.
#[derive(Debug)]
pub(super) struct Report {
    /// The relay, if one is configured.
    pub(super) relay: Option<Relay>,
    /// The project's folder.
    pub(super) project: PathBuf,
    /// The tunnel `listen` would open here.
    pub(super) tunnel: Option<Tunnel>,
    /// What became of what came through it.
    pub(super) counters: Option<Totals>,
}

/// A relay as it is configured, and how it is.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) url: Set,
    /// Its beginning only.
    pub(super) token: Option<Set>,
    pub(super) relay_ca: Option<Set>,
    pub(super) health: Result<Health>,
}

/// A value and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) value: String,
    source: Source,
}

/// A tunnel and its address, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tunnel {
    pub(super) name: String,
    pub(super) url: Option<String>,
    /// Where its name was set; none if it is remembered from the last time.
    pub(super) source: Option<Source>,
}

impl Set {
    /// A value set there.
    pub(super) fn new(value: String, source: &Source) -> Self {
        let source = source.clone();
        Self { value, source }
    }

    fn object(&self) -> Value {
        json!({
            "value": self.value,
            "from": self.source.as_str(),
        })
    }
}

impl Report {
    /// One object for scripts.
    pub(super) fn object(&self) -> Value {
        let set = |set: &Option<Set>| set.as_ref().map(Set::object);
        let relay = self.relay.as_ref().map(|relay| {
            json!({
                "url": relay.url.object(),
                "token": set(&relay.token),
                "relay_ca": set(&relay.relay_ca),
                "reachable": relay.health.is_ok(),
                "latency_ms": relay.health.as_ref().ok().map(milliseconds),
                "token_name": relay.health.as_ref().ok().and_then(|health| health.token_name.clone()),
                "problem": relay.health.as_ref().err().map(|problem| problem.code.as_str()),
            })
        });
        let tunnel = self.tunnel.as_ref().map(|tunnel| {
            json!({
                "name": tunnel.name,
                "url": tunnel.url,
                "from": tunnel.source.as_ref().map_or("memory", Source::as_str),
            })
        });
        let counters = self.counters.map(|counters| {
            json!({
                "received": counters.received,
                "delivered": delivered(counters),
                "waiting": waiting(counters),
                "failed": counters.failed,
                "broken_off": counters.broken_off,
                "lost": counters.lost,
                "duplicates": counters.duplicates,
            })
        });
        json!({
            "type": "status",
            "version": env!("CARGO_PKG_VERSION"),
            "relay": relay,
            "project": self.project.to_string_lossy(),
            "tunnel": tunnel,
            "counters": counters,
        })
    }

    /// Lines for people.
    pub(super) fn text(&self, paint: Paint) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str, note: &str| {
            let note = match note {
                "" => String::new(),
                note => format!("  {}", paint.dim(&format!("({note})"))),
            };
            text += &format!(
                "{}  {}{note}\n",
                paint.bold(&format!("{name:<8}")),
                inert(value)
            );
        };
        line("kreel", env!("CARGO_PKG_VERSION"), "");
        match &self.relay {
            None => line(
                "relay",
                "none: `kreel listen` runs one itself, for this machine only",
                "",
            ),
            Some(relay) => {
                let mut set = |name: &str, set: &Set| {
                    line(name, &set.value, &format!("from {}", set.source));
                };
                set("relay", &relay.url);
                relay.token.iter().for_each(|token| set("token", token));
                relay.relay_ca.iter().for_each(|file| set("trusts", file));
                line("state", &state(&relay.health), "");
            }
        }
        line("project", &self.project.to_string_lossy(), "");
        match &self.tunnel {
            None => line(
                "tunnel",
                "none yet: the first `kreel listen` here makes one",
                "",
            ),
            Some(tunnel) => {
                let source = tunnel.source.as_ref();
                let from = source.map(|source| format!("from {source}"));
                line(
                    "tunnel",
                    &tunnel.name,
                    from.as_deref().unwrap_or("remembered"),
                );
                if let Some(url) = &tunnel.url {
                    line("address", url, "");
                }
            }
        }
        if let Some(counters) = self.counters {
            line("so far", &counted(counters), "");
        }
        text
    }
}

/// The counters in words.
fn counted(counters: Totals) -> String {
    let mut text = format!(
        "received {} · delivered {} · waiting {}",
        counters.received,
        delivered(counters),
        waiting(counters)
    );
    for (name, count) in [
        ("failed", counters.failed),
        ("broken off", counters.broken_off),
        ("duplicates", counters.duplicates),
    ] {
        if count > 0 {
            text += &format!(" · {name} {count}");
        }
    }
    text + &format!(" · lost {}", counters.lost)
}

fn delivered(counters: Totals) -> u64 {
    counters.answered + counters.captured
}

fn waiting(counters: Totals) -> u64 {
    counters.waiting + counters.live
}

fn state(health: &Result<Health>) -> String {
    match health {
        Ok(health) => {
            let known = health.token_name.as_ref();
            let known = known.map(|name| format!("; it knows the token as {name:?}"));
            format!(
                "answers in {:.1} ms{}",
                milliseconds(health),
                known.unwrap_or_default()
            )
        }
        Err(problem) => format!("{} ({})", problem.cause(), problem.code),
    }
}

fn milliseconds(health: &Health) -> f64 {
    (health.latency.as_secs_f64() * 1e4).round() / 10.0
}

#[cfg(test)]
mod tests;
