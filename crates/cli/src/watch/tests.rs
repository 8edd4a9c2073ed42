//! What a watch tells, and when. The clock is paused; the file is a real one.

use tokio::time::timeout;

use super::*;
use crate::testing::{Home, arrive, arrive_from, paths};

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
    let mut numbers: Vec<i64> = Vec::new();
    loop {
        let page = watch.fresh().unwrap();
        assert!(page.len() <= WATCH_PAGE, "one page at a time");
        numbers.extend(page.iter().map(|row| row.number));
        if !watch.is_amid() {
            break;
        }
    }
    assert_eq!(numbers.len(), 3 * WATCH_PAGE + 7);
    assert!(numbers.is_sorted_by(|one, next| one < next), "each once");
    assert_eq!(watch.fresh().unwrap().len(), 0);
    assert_eq!(watch.misfits(5).unwrap().0, 0);
}

/// The history is not in the order in which relays received: a backlog comes after what is live.
#[tokio::test(start_paused = true)]
async fn one_that_fits_is_found_before_many_that_are_older() {
    let (_home, path) = history();
    let mut all = vec![("/401", NOON)];
    all.resize(1 + WATCH_PAGE + 1, ("/old", NOON - 1));
    arrive(&path, &all);
    let mut watch = watch(&path, "", Start::At(NOON));
    assert_eq!(paths(&watch.fresh().unwrap()), ["/401"]);
    while watch.is_amid() {
        assert_eq!(paths(&watch.fresh().unwrap()), Vec::<String>::new());
    }
}

/// What the user puts into the history meanwhile, nobody has sent.
#[tokio::test(start_paused = true)]
async fn what_came_from_a_cassette_or_was_made_here_is_not_told() {
    let (_home, path) = history();
    for start in [Start::At(0), Start::Now] {
        let mut watch = watch(&path, "", start);
        arrive_from(cassette::RELAY, &path, &[("/recorded", NOON)]);
        arrive_from(kreel_client::MADE_HERE, &path, &[("/made", NOON)]);
        assert_eq!(paths(&watch.fresh().unwrap()), Vec::<String>::new());
        arrive(&path, &[("/sent", NOON)]);
        assert_eq!(paths(&watch.fresh().unwrap()), ["/sent"]);
        assert_eq!(watch.misfits(5).unwrap().0, 0);
    }
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
