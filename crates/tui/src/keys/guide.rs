//! The table of keys in the guide is the table of keys.

use std::fmt::Write as _;

use super::{BINDINGS, KeyMap, Place};

const GUIDE: &str = include_str!("../../../../docs/guide.md");

/// The table as the guide has it.
fn table() -> String {
    let map = KeyMap::default();
    let mut table = String::from("| keys | in `[keys]` | |\n|---|---|---|\n");
    let mut group = "";
    for binding in BINDINGS {
        if binding.group != group {
            group = binding.group;
            let _ = writeln!(table, "| **{group}** | | |");
        }
        let keys = map.keys.get(&binding.action).map_or(&[][..], Vec::as_slice);
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let place = match binding.place {
            Place::Everywhere => "",
            Place::Rows => " (in the rows)",
            Place::Detail => " (in the detail)",
        };
        let (keys, name, says) = (keys.join(" "), binding.name, binding.says);
        let _ = writeln!(table, "| {keys} | `{name}` | {says}{place} |");
    }
    table
}

#[test]
fn the_guide_has_every_key() {
    let table = table();
    assert!(
        GUIDE.contains(&table),
        "docs/guide.md has to have:\n{table}"
    );
}

#[test]
fn the_guide_has_every_theme_and_sign_and_way_to_show_images() {
    let chapter = GUIDE
        .split("\n## ")
        .find(|chapter| chapter.starts_with("The inspector\n"));
    let chapter = chapter.expect("it has a chapter on the inspector");
    for (name, _) in crate::Theme::ALL {
        assert!(chapter.contains(&format!("`{name}`")), "{name}");
    }
    for (name, _) in crate::Images::ALL {
        assert!(chapter.contains(&format!("`{name}`")), "{name}");
    }
    for (sign, _) in crate::view::SIGNS {
        for sign in sign.split(' ') {
            assert!(chapter.contains(&format!("`{sign}`")), "{sign}");
        }
    }
}
