//! Waiting costs next to nothing: no busy loop, with a history and without one.

use std::time::Duration;

use super::{over, past};
use crate::support::{DEADLINE, Finished, Home, Kreel, LocalApp, Process, TestRelay, eventually};

/// How much of a processor it may take to wait for two seconds: 100 ms. It is some 3 ms; a loop
/// without a pause takes nearly all of it.
const AT_MOST: Duration = Duration::from_millis(100);

/// What it took of the processor between its first moments and its end, which it chooses itself.
async fn idling(mut waiting: Process) -> Duration {
    // What a start takes is no part of it: it waits once it has taken the signals over.
    waiting.catches(rustix::process::Signal::INT).await;
    let first = waiting.cpu().expect("it has not ended yet");
    let mut last = first;
    eventually("the end of a wait", DEADLINE, || {
        last = waiting.cpu().unwrap_or(last);
        !waiting.is_running()
    })
    .await;
    let told = Finished::of(&mut waiting, DEADLINE).await;
    assert_eq!(told.code, Some(6), "{told}");
    last - first
}

#[tokio::test]
async fn waiting_leaves_the_processor_alone() {
    let (relay, app) = (TestRelay::start().await, LocalApp::answering(200).await);
    let client = past(&relay, &app, &["/old", "/old"]).await;
    let none = Home::new();
    let wait = ["wait", "path:/never", "--timeout", "2s"];
    let aged = [
        "assert",
        "path:/never age<1h",
        "--within",
        "2s",
        "--since",
        "1h",
    ];
    let exec = [
        "exec",
        "--filter",
        "path:/never",
        "--count",
        "1",
        "--for",
        "2s",
    ];
    let with = |words: &[&str]| over(&client, words);
    let without = |words: &[&str]| Kreel::new(words).home(&none);
    let all = [
        with(&wait).start(),
        with(&aged).start(),
        client.beside(&exec).args(&["--", "true"]).start(),
        without(&wait).start(),
        without(&aged).start(),
        without(&exec).args(&["--", "true"]).start(),
    ];
    let mut running = tokio::task::JoinSet::new();
    for waiting in all {
        running.spawn(idling(waiting));
    }
    for took in running.join_all().await {
        assert!(
            took < AT_MOST,
            "{took:?} of processor time for 2 s of waiting"
        );
    }
}
