//! Addresses last, are each project's own, and survive other processes and damage.

use std::fs;
use std::thread;

use super::*;

const RELAY: &str = "https://relay.example";

fn set_up() -> (tempfile::TempDir, Tunnels, Project) {
    let folder = tempfile::tempdir().unwrap();
    let tunnels = Tunnels::of(&Paths::below(folder.path()));
    (folder, tunnels, Project::at(Path::new("/work/app")))
}

#[test]
fn a_project_keeps_its_tunnel() {
    let (_folder, tunnels, app) = set_up();
    assert_eq!(tunnels.recall(RELAY, &app).unwrap(), None);
    let first = tunnels.recall_or_make(RELAY, &app).unwrap();
    assert_eq!(tunnels.recall_or_make(RELAY, &app).unwrap(), first);
    assert_eq!(first.as_str().len(), 16);
}

#[test]
fn projects_and_relays_do_not_share_tunnels() {
    let (_folder, tunnels, app) = set_up();
    let other = Project::at(Path::new("/work/other"));
    let names = [
        tunnels.recall_or_make(RELAY, &app).unwrap(),
        tunnels.recall_or_make(RELAY, &other).unwrap(),
        tunnels
            .recall_or_make("https://second.example", &app)
            .unwrap(),
    ];
    assert!(names[0] != names[1] && names[0] != names[2] && names[1] != names[2]);
}

#[test]
fn a_new_tunnel_takes_the_place_of_the_old() {
    let (_folder, tunnels, app) = set_up();
    let old = tunnels.recall_or_make(RELAY, &app).unwrap();
    let new = tunnels.make(RELAY, &app).unwrap();
    assert_ne!(old, new);
    assert_eq!(tunnels.recall_or_make(RELAY, &app).unwrap(), new);
}

#[test]
fn an_address_is_noted_for_the_projects_own_tunnel_only() {
    let (_folder, tunnels, app) = set_up();
    let own = tunnels.recall_or_make(RELAY, &app).unwrap();
    let chosen = "my-app".parse().unwrap();
    tunnels
        .note_url(RELAY, &app, &chosen, "https://relay.example/my-app")
        .unwrap();
    assert_eq!(tunnels.recall(RELAY, &app).unwrap().unwrap().url, None);
    tunnels
        .note_url(RELAY, &app, &own, "https://relay.example/own")
        .unwrap();
    let known = tunnels.recall(RELAY, &app).unwrap().unwrap();
    assert_eq!(known.tunnel, own);
    assert_eq!(known.url.as_deref(), Some("https://relay.example/own"));
}

#[test]
fn processes_that_start_together_agree() {
    let (folder, _, app) = set_up();
    let name = || {
        Tunnels::of(&Paths::below(folder.path()))
            .recall_or_make(RELAY, &app)
            .unwrap()
    };
    let names = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(name)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}

#[test]
fn a_damaged_file_is_set_aside() {
    let (_folder, tunnels, app) = set_up();
    private_file::replace(&tunnels.path, "{ not JSON").unwrap();
    tunnels.recall_or_make(RELAY, &app).unwrap();
    let aside = tunnels.path.with_extension("json.damaged");
    assert_eq!(fs::read_to_string(aside).unwrap(), "{ not JSON");
}
