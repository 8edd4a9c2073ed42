//! Completion: the five scripts, and the shells that are here made to complete by them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use super::tree::{self, Known};
use crate::support::{Home, Kreel, packages, programs};

/// What is typed up to where Tab is pressed, and what must be offered there.
struct Ask {
    words: Vec<String>,
    wants: Vec<String>,
}

/// After each command its commands, or its options.
fn asks(known: &[Known]) -> Vec<Ask> {
    let ask = |command: &Known| {
        let (begun, wants) = match command.inner.is_empty() {
            true => ("--", command.options()),
            false => ("", command.inner.clone()),
        };
        let words = ["kreel"]
            .into_iter()
            .chain(command.words.iter().map(String::as_str));
        Ask {
            words: words.chain([begun]).map(str::to_owned).collect(),
            wants,
        }
    };
    known.iter().map(ask).collect()
}

/// Asks a shell by a program in its language, which tells each line it was asked after `>> ` and
/// then what was offered, a line each.
struct Shell {
    name: &'static str,
    /// Its program, with the options to run a file.
    run: &'static [&'static str],
    /// What defines `ask`.
    program: &'static str,
    /// What the program's file is called.
    file: &'static str,
}

const SHELLS: [Shell; 5] = [
    Shell {
        name: "bash",
        run: &["bash", "--norc"],
        program: include_str!("shells/ask.bash"),
        file: "ask.bash",
    },
    Shell {
        name: "zsh",
        run: &["zsh", "-f"],
        program: include_str!("shells/ask.zsh"),
        file: "ask.zsh",
    },
    Shell {
        name: "fish",
        run: &["fish", "--no-config"],
        program: include_str!("shells/ask.fish"),
        file: "ask.fish",
    },
    Shell {
        name: "elvish",
        run: &["elvish", "-norc"],
        program: include_str!("shells/ask.elv"),
        file: "ask.elv",
    },
    Shell {
        name: "powershell",
        run: &["pwsh", "-NoProfile", "-File"],
        program: include_str!("shells/ask.ps1"),
        file: "ask.ps1",
    },
];

async fn script(shell: &str) -> String {
    let told = Kreel::new(&["completion", shell]).run().await;
    told.success().to_owned()
}

#[tokio::test]
async fn each_name_is_in_all_five_scripts() {
    let known = tree::all().await;
    for shell in &SHELLS {
        let script = script(shell.name).await;
        let words: Vec<&str> = script
            .split(|c: char| c != '-' && !c.is_alphanumeric())
            .collect();
        for command in &known {
            for name in command.inner.iter().chain(&command.options()) {
                // fish has options without their dashes.
                let is_there =
                    words.contains(&name.as_str()) || words.contains(&name.trim_start_matches('-'));
                assert!(is_there, "{name} for {}", shell.name);
            }
        }
    }
}

#[tokio::test]
async fn bash_completes_each_command() {
    completes(&SHELLS[0]).await;
}

#[tokio::test]
async fn zsh_completes_each_command() {
    completes(&SHELLS[1]).await;
}

#[tokio::test]
async fn fish_completes_each_command() {
    completes(&SHELLS[2]).await;
}

#[tokio::test]
async fn elvish_completes_each_command() {
    completes(&SHELLS[3]).await;
}

#[tokio::test]
async fn powershell_completes_each_command() {
    // Debian has none, so CI does without.
    match programs::look("pwsh") {
        Some(_) => completes(&SHELLS[4]).await,
        None => programs::skipped("pwsh, which is not installed"),
    }
}

async fn completes(shell: &Shell) {
    let Some(program) = programs::find(shell.run[0]) else {
        return;
    };
    let home = Home::new();
    let asks = asks(&tree::all().await);
    let folder = home.project();
    std::fs::write(folder.join("_kreel"), script(shell.name).await).unwrap();
    std::fs::write(folder.join(shell.file), questions(shell, &asks)).unwrap();
    let offered = offered(&program, shell, &folder).await;
    for ask in &asks {
        let line = ask.words.join(" ");
        let got = offered.get(&line);
        let got = got.unwrap_or_else(|| panic!("{} was not asked {line:?}", shell.name));
        for want in &ask.wants {
            assert!(got.contains(want), "{line:?} offers no {want}: {got:?}");
        }
    }
}

fn questions(shell: &Shell, asks: &[Ask]) -> String {
    let mut text = shell.program.to_owned();
    for ask in asks {
        let words: Vec<String> = ask.words.iter().map(|word| format!("'{word}'")).collect();
        writeln!(text, "ask {}", words.join(" ")).unwrap();
    }
    text
}

async fn offered(program: &Path, shell: &Shell, folder: &Path) -> HashMap<String, Vec<String>> {
    let words = [&shell.run[1..], &[shell.file]].concat();
    let output = packages::run(program, &words, folder).await;
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}: {stderr}", shell.name);
    let mut offered: HashMap<String, Vec<String>> = HashMap::new();
    let mut line = String::new();
    for told in stdout.lines() {
        match told.strip_prefix(">> ") {
            Some(asked) => line = asked.to_owned(),
            None => offered.entry(line.clone()).or_default().push(
                // Some say behind it what it is.
                told.split(['\t', ' ']).next().unwrap().to_owned(),
            ),
        }
    }
    assert!(!offered.is_empty(), "{}: {stdout}{stderr}", shell.name);
    offered
}
