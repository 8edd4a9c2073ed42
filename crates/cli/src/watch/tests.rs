//! What a watch tells, and when. The clock is paused; the file is a real one.

use tokio::time::timeout;

use super::*;
use crate::testing::{Home, arrive, paths};

const NOON: u64 = 1_795_608_000_000_000;

fn filter(text: &str) -> Filter {
    crate::filters::parse_alone(text).unwrap()
}

fn history() -> (Home, PathBuf) {
    let home = Home::new();
    let path = home.path("data/history.db");
    (home, path)
}

fn watch(path: &std::path::Path, words: &str, start: Start) -> Watch {
    Watch::begin(path.to_owned(), filter(words), start).unwrap()
}

/// Whether nothing changes for a long time.
async fn is_still(watch: &mut Watch) -> bool {
    timeout(Duration::from_secs(30), watch.change())
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn what_came_before_is_not_told_and_what_comes_is_told_once() {
    let (_home, path) = history();
    arrive(&path, &[("/hook/old", NOON)]);
    let mut watch = watch(&path, "path:/hook", Start::Now);
    assert_eq!(paths(&watch.fresh().unwrap()), Vec::<String>::new());
    assert!(is_still(&mut watch).await);
    // Received long ago, but it comes to this machine only now.
    arrive(&path, &[("/hook/new", NOON - 1), ("/other", NOON)]);
    watch.change().await.unwrap();
    assert_eq!(paths(&watch.fresh().unwrap()), ["/hook/new"]);
    assert_eq!(paths(&watch.fresh().unwrap()), Vec::<String>::new());
    assert!(is_still(&mut watch).await, "a look is no change");
    let (count, rows) = watch.misfits(5).unwrap();
    assert_eq!((count, paths(&rows)), (1, vec!["/other".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn what_was_received_since_then_is_told_in_the_order_in_which_it_came() {
    let (_home, path) = history();
    let times = [
        ("/1", NOON - 1),
        ("/2", NOON + 5),
        ("/3", NOON - 2),
        ("/4", NOON),
    ];
    arrive(&path, &times);
    let mut watch = watch(&path, "", Start::At(NOON));
    assert_eq!(paths(&watch.fresh().unwrap()), ["/2", "/4"]);
    arrive(&path, &[("/5", NOON - 9)]);
    assert_eq!(
        paths(&watch.fresh().unwrap()),
        ["/5"],
        "what comes counts, however old it is"
    );
    assert_eq!(
        watch.misfits(5).unwrap().0,
        0,
        "what came before is none of its business"
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_past_is_told_whole() {
    let (_home, path) = history();
    let tunnel = "my-app".parse().unwrap();
    kreel_client::fill_history(&path, &tunnel, 3 * WATCH_PAGE as u64 + 7).unwrap();
    let mut watch = watch(&path, "", Start::At(0));
    let numbers: Vec<i64> = watch
        .fresh()
        .unwrap()
        .iter()
        .map(|row| row.number)
        .collect();
    assert_eq!(numbers.len(), 3 * WATCH_PAGE + 7);
    assert!(numbers.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_not_there_yet_is_waited_for() {
    let (_home, path) = history();
    let mut watch = watch(&path, "path:/hook", Start::Now);
    assert!(watch.past().is_none());
    assert_eq!(watch.fresh().unwrap().len(), 0);
    assert!(is_still(&mut watch).await);
    assert!(!path.exists(), "looking makes no file");
    arrive(&path, &[("/hook", NOON), ("/other", NOON)]);
    watch.change().await.unwrap();
    assert_eq!(
        paths(&watch.fresh().unwrap()),
        ["/hook"],
        "all of it has come since"
    );
    assert_eq!(watch.misfits(5).unwrap().0, 1);
}

/// An age passes without anything being written.
#[tokio::test(start_paused = true)]
async fn filters_over_ages_look_again_by_themselves() {
    let (_home, path) = history();
    arrive(&path, &[("/hook", NOON)]);
    let mut aged = watch(&path, "age<1h", Start::At(0));
    aged.fresh().unwrap();
    let began = Instant::now();
    aged.change().await.unwrap();
    assert!(began.elapsed() >= WATCH_AGES);
    let mut plain = watch(&path, "path:/hook", Start::At(0));
    plain.fresh().unwrap();
    assert!(is_still(&mut plain).await);
}

#[test]
fn starts_are_times() {
    assert_eq!(Start::of(None).unwrap(), Start::Now);
    let at = Start::of(Some("2026-11-24T12:00:00Z".parse().unwrap())).unwrap();
    assert!(matches!(at, Start::At(_)));
    for never in [When::Last, When::Never] {
        assert!(Start::of(Some(never)).is_err());
    }
}
