//! A manual page for each command, which `man` renders without a complaint.

use std::collections::BTreeSet;

use super::tree;
use crate::support::{Home, Kreel, packages, programs};

#[tokio::test]
async fn each_command_has_a_manual_page_that_man_renders() {
    let home = Home::new();
    let folder = home.path().join("man1");
    let made = Kreel::new(&["man", &folder.display().to_string()]);
    made.run().await.success();
    let known = tree::all().await;
    let file = |command: &tree::Known| {
        let words = ["kreel".to_owned()]
            .into_iter()
            .chain(command.words.clone());
        words.collect::<Vec<_>>().join("-") + ".1"
    };
    let wanted: BTreeSet<String> = known.iter().map(file).collect();
    let there = std::fs::read_dir(&folder).unwrap();
    let there: BTreeSet<String> = there
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, wanted);
    let Some(man) = programs::find("man") else {
        return;
    };
    for command in &known {
        let page = file(command);
        let width = "MANWIDTH=100".to_owned();
        let words = [
            "LC_ALL=C.UTF-8",
            "MANROFFOPT=-c",
            &width,
            man.to_str().unwrap(),
            "--warnings",
            "--pager=cat",
            "--local-file",
            &page,
        ];
        let env = programs::find("env").unwrap();
        let output = packages::run(&env, &words, &folder).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{page}: {stderr}");
        assert_eq!(stderr, "", "{page}");
        let text = without_overstrikes(&String::from_utf8_lossy(&output.stdout));
        for part in ["NAME", "SYNOPSIS", "Examples:"] {
            assert!(text.contains(part), "no {part} in {page}:\n{text}");
        }
        for option in command.options() {
            assert!(text.contains(&option), "no {option} in {page}:\n{text}");
        }
        for inner in &command.inner {
            let name = format!("{}-{inner}(1)", page.trim_end_matches(".1"));
            assert!(text.contains(&name), "no {name} in {page}:\n{text}");
        }
    }
}

/// What is bold is a character, a step back, and the character again.
fn without_overstrikes(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\u{8}' => drop(plain.pop()),
            c => plain.push(c),
        }
    }
    plain
}
