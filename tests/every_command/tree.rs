//! All commands, as their helps name them.

use crate::support::Kreel;

/// A command and what its help says.
#[derive(Debug)]
pub(super) struct Known {
    /// Its words: none for `kreel` itself.
    pub(super) words: Vec<String>,
    /// Its help.
    pub(super) help: String,
    /// The commands within it.
    pub(super) inner: Vec<String>,
}

/// Every command, `kreel` itself first.
pub(super) async fn all() -> Vec<Known> {
    let mut known = Vec::new();
    let mut to_ask = vec![Vec::new()];
    while let Some(words) = to_ask.pop() {
        let typed: Vec<&str> = words.iter().map(String::as_str).collect();
        let told = Kreel::new(&typed).args(&["--help"]).run().await;
        let help = told.success().to_owned();
        let inner = inner(&help);
        to_ask.extend(inner.iter().map(|name| {
            let mut words = words.clone();
            words.push(name.clone());
            words
        }));
        known.push(Known { words, help, inner });
    }
    assert!(known.len() > 30, "{known:?}");
    known
}

impl Known {
    /// Its words on one line.
    pub(super) fn name(&self) -> String {
        self.words.join(" ")
    }

    /// Its long options.
    pub(super) fn options(&self) -> Vec<String> {
        let lines = self.help.lines().filter(|line| line.starts_with("  "));
        let named = lines.filter_map(|line| {
            let line = line.trim_start();
            let long = match line.as_bytes() {
                [b'-', b'-', ..] => line,
                [b'-', _, b',', b' ', ..] => &line[4..],
                _ => return None,
            };
            let end = long.find(|c: char| c != '-' && !c.is_ascii_alphanumeric());
            Some(long[..end.unwrap_or(long.len())].to_owned())
        });
        named.collect()
    }
}

/// What stands under `Commands:`, each on a line of its own, its words further in.
fn inner(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect()
}
